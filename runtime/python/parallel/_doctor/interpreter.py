"""Facts about the interpreter: which one it is, how works are protected in it, and whether a work runs at all."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any

from parallel import _core

_SECONDS = 20.0  # a work that does nothing takes milliseconds


def python() -> dict[str, Any]:
    """Which Python this is, and which one this module was built for and with."""
    build = _core.build()
    return {
        "xeus-parallel": build["version"],
        "built for": f"CPython {build['python']}",
        "built with": f"GCC {build['compiler']}" if build["compiler"][0].isdigit() else build["compiler"],
        "folder": os.path.dirname(_core.__file__),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "build": f"{' '.join(platform.python_build())} {platform.python_compiler()}",
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base prefix": sys.base_prefix,
    }


def protection() -> dict[str, Any]:
    """`parallel.protection.status()`."""
    from parallel.protection import status

    return status()


def trial() -> dict[str, Any]:
    """Run a work that does nothing: the `seconds` it took, or the `error` that kept it from running.

    For a process of the doctor's own: in a user's, work that is pending would start, too.
    """
    import parallel

    began = time.perf_counter()
    try:
        context = parallel.submit_work(_core.context).result(timeout=_SECONDS)
    except Exception as error:  # whatever keeps works from running is what is asked for
        parallel.cancel()
        return {"seconds": None, "error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "error": None if context is not None else "it ran in the main process"}
