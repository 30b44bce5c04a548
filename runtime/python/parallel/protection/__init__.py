"""Protection: in a context, what was made by the main thread can be read but not changed.

The work of looking is done in C++ (runtime/python/guard), in children only; this package holds what it needs to know:
which methods change what (`effects`) and which types need no look (`ungated`), which library code may (`exemptions`),
whose code is whose (`paths`), and what to say (`messages`).
"""

from __future__ import annotations

from parallel.protection._state import MODES, mode, prepare, select, status

__all__ = ["MODES", "mode", "prepare", "select", "status"]
