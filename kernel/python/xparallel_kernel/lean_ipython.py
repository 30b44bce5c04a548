"""Imports IPython without what a kernel needs later or never: 0.20 s of the 0.39 s that importing its shell takes.

The package imports its terminal shell, and prompt_toolkit, for the sake of one name, `IPython.embed`, and its completer
jedi, which nobody needs before the first completion. Later ones of IPython 9 leave both until they are used.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from collections.abc import Callable
from typing import Any

_TERMINAL = "IPython.terminal.embed"
_JEDI = ("jedi", "jedi.api", "jedi.api.helpers", "jedi.api.classes")


def import_ipython() -> None:
    """To be called before anything else imports IPython; does nothing after that."""
    if "IPython" in sys.modules:
        return
    terminal = types.ModuleType(_TERMINAL)
    vars(terminal)["embed"] = None
    package = _import_beside("IPython", [terminal])
    if vars(package).pop("embed", terminal) is None:
        vars(package)["__getattr__"] = _finder_of_embed(vars(package).get("__getattr__"))
    if "jedi" not in sys.modules and (found := importlib.util.find_spec("jedi")) is not None:
        jedi = _Jedi(_JEDI[0])
        jedi.__spec__ = found  # later versions only ask for it
        jedi.settings = types.SimpleNamespace()
        _import_beside("IPython.core.completer", [jedi, *map(types.ModuleType, _JEDI[1:])])


def _import_beside(name: str, stand_ins: list[types.ModuleType]) -> types.ModuleType:
    """Import a module that finds these where it looks for others."""
    names = {module.__name__: module for module in stand_ins}
    sys.modules.update(names)
    try:
        return importlib.import_module(name)
    finally:
        for stand_in in names:
            del sys.modules[stand_in]


def _finder_of_embed(others: Callable[[str], Any] | None) -> Callable[[str], Any]:
    """IPython's `__getattr__`: the name that was left out, and what its own, if it has one, knows."""

    def find(name: str) -> Any:
        if name == "embed":
            return importlib.import_module(_TERMINAL).embed
        if others is not None:
            return others(name)
        raise AttributeError(f"module 'IPython' has no attribute {name!r}")

    return find


class _Jedi(types.ModuleType):
    """What the completer has for jedi; keeps what is set in `settings`, and is jedi from the first other use on."""

    settings: types.SimpleNamespace

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for these
            raise AttributeError(name)
        for module in _JEDI:
            importlib.import_module(module)
        jedi = sys.modules["jedi"]
        vars(jedi.settings).update(vars(self.settings))
        vars(sys.modules["IPython.core.completer"])["jedi"] = jedi
        return getattr(jedi, name)
