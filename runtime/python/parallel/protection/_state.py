"""Which mode protection is in, and telling C++ the rules, in the main process, before the first batch."""

from __future__ import annotations

import types
import warnings
from typing import TYPE_CHECKING, Any

from parallel import _core
from parallel.protection import coverage, effects, escapes, exemptions, messages, paths

if TYPE_CHECKING:
    from parallel.protection.twins.rewriting import Tree

MODES = ("strict", "scan", "off")
_SHOWN = 5  # names in a sentence

_mode = "strict"
_projects: tuple[str, ...] = ()
_libraries: tuple[str, ...] = ()
_prepared = False
_by_twins = False
_told: set[str] = set()  # what has been warned of as missing


class _Probe:
    """A class with every special method a gate could stand before: its slots are CPython's ways into Python code."""

    def _method(self, *arguments: Any) -> Any:
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
    return wanted


def set_folders(projects: tuple[str, ...] | None, libraries: tuple[str, ...] | None) -> None:
    """Whose code is whose in batches that start from now on; None: as before."""
    global _projects, _libraries
    _projects = _projects if projects is None else projects
    _libraries = _libraries if libraries is None else libraries
    _core.guard_set_projects(paths.rules(_projects, _libraries))


def _configure() -> None:
    global _prepared, _by_twins
    if _prepared:
        return
    from parallel._errors import UnprotectedError

    own, standard = paths.prefixes()
    _core.guard_configure(
        error=UnprotectedError,
        describe=messages.describe,
        exempt=frozenset(exemptions.EXEMPT),
        mutators=frozenset(exemptions.MUTATORS),
        methods=effects.table(),
        probe=_Probe,
        escape_warning=escapes.warning,
        own=own,
        library_folders=paths.LIBRARY_FOLDERS,
        standard=standard,
    )
    _by_twins = _core.guard_facts()["by_twins"]
    _prepared = True


def sentences() -> list[str]:
    """What the user is to know of this interpreter and the libraries that are loaded; empty when there is nothing."""
    said = status()
    found = []
    if said["obstacle"] is not None:
        found.append(f"works are protected by source twins, which see less than patches: {said['obstacle']}")
    if said["missing"]:
        found.append(_incomplete(said["missing"]))
    if said["unknown"]:
        found.append(f"newer than this version of xeus-parallel, and not looked at: {_shortened(said['unknown'])}")
    return found + [f"runs without checks: {name}, as {reason}" for name, reason in said["without_twin"].items()]


def _incomplete(missing: list[str]) -> str:
    return (
        f"protection is not complete: changes by {_shortened(missing)} are not seen, as the library that is installed "
        "does not have them where they are looked for (parallel.protection.status()['missing']). Most likely it is "
        "newer than this version of xeus-parallel"
    )


def _shortened(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def prepare() -> None:
    """In the main process, before a batch is forked: what its zygote will find."""
    _look()
    if _mode == "strict" and _by_twins:
        from parallel.protection import twins  # 10 ms, where they are needed

        twins.prepare()


def _look() -> None:
    """Find what is to be guarded in the modules that are loaded by now."""
    _configure()
    coverage.load_parts()
    has_looked = _core.guard_select(_mode == "strict", _mode != "off")
    if has_looked and (new := [name for name in coverage.missing() if name not in _told]):
        _told.update(new)
        warnings.warn(_incomplete(new), RuntimeWarning, stacklevel=2)


def compile_in_context(tree: Tree, filename: str, mode: str) -> types.CodeType:
    """What compile() makes of `tree`, in a context: the user's code, to run in a namespace that was made there."""
    if _mode == "strict" and _by_twins:
        from parallel.protection import twins

        return twins.compile_in_context(tree, filename, mode)
    return compile(tree, filename, mode, dont_inherit=True)


def _force_twins(on: bool) -> None:
    """For tests: whether batches from now on are protected by twins in an interpreter that could be patched."""
    global _by_twins
    _configure()
    _core.guard_force_twins(on)
    _by_twins = _core.guard_facts()["by_twins"]


def status() -> dict[str, Any]:
    """How works are protected, as a dict.

    `mode`; `active`, whether works are protected: True, False, or "partly" where something is missing; `by`, "patches"
    of the interpreter (CPython 3.11 only) or source "twins", None when they are not; `obstacle`, why a CPython 3.11
    cannot be patched, or None;
    `missing`, what was looked for in the libraries that are loaded and not found there, so that its changes are not
    seen; `unknown`, methods of theirs that are newer than this version of xeus-parallel, which are not looked at;
    `without_twin`, functions of yours that run without checks, and why, as far as batches have shown; `projects` and
    `libraries`, as configured.

    >>> status()["mode"], status()["by"] in ("patches", "twins")
    ('strict', True)
    """
    is_strict = _mode == "strict"
    _look()
    missing = coverage.missing() if is_strict else []
    without_twin = {}
    if is_strict and _by_twins:
        from parallel.protection import twins

        without_twin = twins.kept()
    return {
        "mode": _mode,
        "active": "partly" if missing else is_strict,
        "by": ("twins" if _by_twins else "patches") if is_strict else None,
        "obstacle": _core.guard_facts()["obstacle"],
        "missing": missing,
        "unknown": coverage.unknown(),
        "without_twin": without_twin,
        "projects": list(_projects),
        "libraries": list(_libraries),
    }
