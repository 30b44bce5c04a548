"""Why this Python cannot have the module, in one sentence: it is none that there could be one for, or there is none.

The build asks, too: it runs this file with the interpreter that it is to build for, whatever that is. So it is written
for every Python 3 and imports nothing of the package.
"""

import importlib.machinery
import os
import sys
import sysconfig


def unsupported() -> "str | None":
    """What this Python is that the project does not run on, as a sentence; None when it is supported."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.implementation.name != "cpython":
        return "xeus-parallel needs CPython, and this is " + sys.implementation.name
    if sys.version_info < (3, 11):  # noqa: UP036
        return "xeus-parallel needs CPython 3.11 or newer, and this is " + version
    if sys.maxsize < 1 << 32:
        return "xeus-parallel needs a 64-bit CPython, and this is one of 32 bits"
    if sys.platform != "linux":
        name = {"darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform)
        return "xeus-parallel needs Linux, and this is " + name
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
    except (ValueError, OSError):
        return "xeus-parallel needs a Linux with glibc, and this one has another C library (musl)"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "xeus-parallel needs the ordinary build of CPython, and this is the free-threaded one of " + version
    return None


def explanation(folder: str) -> "str | None":
    """What is said when the module in `folder` cannot be imported; None when it is there for this Python."""
    why = unsupported()
    if why is not None:
        return why
    built = sorted(name for name in os.listdir(folder) if name.startswith("_core.") and name.endswith(".so"))
    if any("_core" + suffix in built for suffix in importlib.machinery.EXTENSION_SUFFIXES):
        return None
    if not built:
        return f"the extension module of xeus-parallel is missing in {folder}: build it (make build), and import that"
    version = ".".join(map(str, sys.version_info[:3]))
    return (
        f"xeus-parallel in {folder} was built for another Python ({', '.join(built)}) than this one ({version}, "
        f"{sys.executable}): use that one, or build it with this one"
    )


if __name__ == "__main__":
    sys.exit(unsupported())
