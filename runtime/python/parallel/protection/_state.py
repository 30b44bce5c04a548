"""Which mode protection is in, and telling C++ the rules, in the main process, before the first batch."""

from __future__ import annotations

import warnings

from parallel import _core
from parallel.protection import effects, escapes, exemptions, messages, paths

MODES = ("strict", "scan", "off")

_mode = "strict"
_projects: tuple[str, ...] = ()
_libraries: tuple[str, ...] = ()
_prepared = False
_obstacle: str | None = None


class _Probe:
    """A class with every special method a gate could stand before: its slots are CPython's ways into Python code."""

    def _method(self, *arguments):
        """Never called."""

    __setattr__ = __delattr__ = __setitem__ = __delitem__ = __init__ = __next__ = _method
    __iadd__ = __isub__ = __imul__ = __imod__ = __ipow__ = __ilshift__ = __irshift__ = _method
    __iand__ = __ixor__ = __ior__ = __ifloordiv__ = __itruediv__ = __imatmul__ = _method


def mode() -> str:
    """The mode that `configure(protection=)` has set: one of `MODES`."""
    return _mode


def select(wanted: str) -> None:
    """Set the mode of batches that start from now on; `configure` checks it first."""
    global _mode
    _mode = wanted


def check(wanted: object) -> str:
    """`wanted` if it is a mode that this interpreter can do; TypeError or ValueError otherwise."""
    if not isinstance(wanted, str):
        raise TypeError(f"protection must be one of {', '.join(MODES)}, not of type {type(wanted).__name__}")
    if wanted not in MODES:
        raise ValueError(f"protection must be one of {', '.join(MODES)}, not {wanted!r}")
    if wanted == "strict" and obstacle() is not None:
        raise ValueError(f"protection='strict' is not possible in this interpreter: {obstacle()}; use 'scan' or 'off'")
    return wanted


def set_folders(projects: tuple[str, ...] | None, libraries: tuple[str, ...] | None) -> None:
    """Whose code is whose in batches that start from now on; None: as before."""
    global _projects, _libraries
    _projects = _projects if projects is None else projects
    _libraries = _libraries if libraries is None else libraries
    _core.guard_set_projects(paths.rules(_projects, _libraries))


def obstacle() -> str | None:
    """Why this interpreter cannot be patched, or None when it can."""
    _configure()
    return _obstacle


def _configure() -> None:
    global _prepared, _obstacle
    if _prepared:
        return
    from parallel._errors import UnprotectedError

    own, third_party, standard = paths.prefixes()
    _obstacle = _core.guard_configure(
        error=UnprotectedError,
        describe=messages.describe,
        exempt=frozenset(exemptions.EXEMPT),
        mutators=frozenset(exemptions.MUTATORS),
        methods=effects.table(),
        probe=_Probe,
        scan=escapes.scan,
        own=own,
        third_party=third_party,
        standard=standard,
    )
    _prepared = True
    if _obstacle is not None:
        warnings.warn(f"works run without protection: {_obstacle}", RuntimeWarning, stacklevel=2)


def prepare() -> None:
    """In the main process, before a batch is forked: what its zygote will find."""
    _configure()
    _core.guard_select(_mode == "strict", _mode != "off")


def status() -> dict:
    """`mode`; `active`, whether works are protected; `obstacle`, why not, or None; `projects` and `libraries`, as configured.

    >>> status()["mode"]
    'strict'
    """
    return {
        "mode": _mode,
        "active": _mode == "strict" and obstacle() is None,
        "obstacle": obstacle(),
        "projects": list(_projects),
        "libraries": list(_libraries),
    }
