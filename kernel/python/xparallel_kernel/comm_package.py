"""Has the package `comm` make this kernel's comms, whenever it is imported.

Widgets bring it with them, and may be installed while the kernel runs. Left to itself it makes comms that go nowhere,
without a word.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from parallel._import_hooks import after_import


def serve(create_comm: Callable[..., Any], get_comm_manager: Callable[[], Any]) -> None:
    """From now on these two are `comm.create_comm` and `comm.get_comm_manager`, which are made to be replaced."""

    def replace(module: ModuleType) -> None:
        # A module of the user may have the same name.
        if hasattr(module, "create_comm") and hasattr(module, "get_comm_manager"):
            vars(module).update(create_comm=create_comm, get_comm_manager=get_comm_manager)

    after_import("comm", replace)
