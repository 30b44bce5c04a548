"""What is said when the extension module is not there for this Python: most often it was built for another one."""

from __future__ import annotations

import importlib.machinery
import os
import sys


def explanation(folder: str) -> str | None:
    """Which Python the module in `folder` was built for, and what to do; None when it is there for this one."""
    built = sorted(name for name in os.listdir(folder) if name.startswith("_core.") and name.endswith(".so"))
    if any(f"_core{suffix}" in built for suffix in importlib.machinery.EXTENSION_SUFFIXES):
        return None
    version = ".".join(map(str, sys.version_info[:3]))
    if not built:
        return f"the extension module of xeus-parallel is missing in {folder}: build it (make build), and import that"
    return (
        f"xeus-parallel in {folder} was built for another Python ({', '.join(built)}) than this one ({version}, "
        f"{sys.executable}): use that one, or build it with this one"
    )
