"""Source twins: protection in an interpreter that cannot be patched. README.md says how."""

from __future__ import annotations

import gc
import sys

from parallel import _core
from parallel.protection.twins import building, callees, inside
from parallel.protection.twins.building import kept
from parallel.protection.twins.inside import compile_in_context

__all__ = ["compile_in_context", "kept", "prepare"]

_modules = 0  # how many were loaded when the callees were last looked for


def prepare() -> None:
    """In the main process, before a batch is forked and after `_core.guard_select`: make what contexts will run."""
    global _modules
    collects = gc.isenabled()
    gc.disable()  # trees are many objects, and none of them is garbage
    try:
        if len(sys.modules) != _modules:
            _core.guard_twin_hooks(inside.enter, inside.source, inside.compiled)
            _core.guard_know_callees(callees.table())
            building.build_library()
            _modules = len(sys.modules)
        building.build()
    finally:
        if collects:
            gc.enable()
