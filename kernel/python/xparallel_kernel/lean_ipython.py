"""Imports IPython without the half of it that is for terminals.

The package imports its terminal shell for the sake of one name, `IPython.embed`: with it come prompt_toolkit and jedi,
0.16 s of the 0.29 s that importing the shell takes. Here that name is found when somebody asks for it.
"""

from __future__ import annotations

import importlib
import sys
import types

_TERMINAL = "IPython.terminal.embed"


def import_ipython() -> None:
    """To be called before anything else imports IPython; does nothing after that."""
    if "IPython" in sys.modules:
        return
    stand_in = types.ModuleType(_TERMINAL)
    stand_in.embed = None
    sys.modules[_TERMINAL] = stand_in
    try:
        package = importlib.import_module("IPython")
    finally:
        del sys.modules[_TERMINAL]
    if vars(package).pop("embed", stand_in) is None:
        package.__getattr__ = _finder_of_embed(vars(package).get("__getattr__"))


def _finder_of_embed(others):
    """IPython's `__getattr__`: the name that was left out, and what its own, if it has one, knows."""

    def find(name: str):
        if name == "embed":
            return importlib.import_module(_TERMINAL).embed
        if others is not None:
            return others(name)
        raise AttributeError(f"module 'IPython' has no attribute {name!r}")

    return find
