"""What the two tables of types lack, as a program of its own sees it.

Types are found as subclasses of `object`, so every type of the process is looked at, also those that no module has a
name for. A process that has run other tests has classes of theirs; and libraries like Pillow call their types
`builtins.something`.
"""

import importlib
import importlib.util
import json
import sys

import numpy
import numpy.random  # noqa: F401
import pandas  # noqa: F401

from parallel.protection import coverage, effects, ungated

# Modules, types and methods that some version of CPython does not have, or a build without what they need.
SOME_MODULES = ("_dbm", "_hmac", "_remote_debugging", "_sha2", "_sha256", "_sha512", "_zstd", "ossaudiodev")
SOME_TYPES = (
    *("_thread._ThreadHandle", "builtins.FrameLocalsProxy", "builtins.InstructionSequence", "builtins.uop_executor"),
)
SOME_METHODS = {
    *("GetReparseDeferralEnabled", "SetAllocTrackerActivationThreshold", "SetAllocTrackerMaximumAmplification"),
    *("SetBillionLaughsAttackProtectionActivationThreshold", "SetBillionLaughsAttackProtectionMaximumAmplification"),
    *("SetReparseDeferralEnabled", "_from_flags", "_isatty_open_only", "clear", "count", "enable_load_extension"),
    *("flush", "get_context", "getconfig", "index", "load_extension", "persistent_id", "persistent_load", "resize"),
    *("seekable", "setconfig"),
}
LIBRARIES = sys.stdlib_module_names - {"distutils"} | {"numpy", "pandas"}


def load(module: str) -> bool:
    """Import it; False where this Python has no such module, and need not have it."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        if module not in SOME_MODULES:
            raise
        return False
    return True


def load_standard_library() -> None:
    """All of its modules that are written in C, but for what needs a screen and what is there to be tested."""
    for name in sorted(sys.stdlib_module_names):
        if name.startswith(("_test", "_xx", "xx", "_ctypes_test", "_tkinter", "readline")):
            continue
        spec = importlib.util.find_spec(name) if name not in sys.modules else None
        if spec is not None and (spec.origin == "built-in" or str(spec.origin).endswith(".so")):
            importlib.import_module(name)


def methods_of(kind: type) -> list[str]:
    """Those that may change something. Of Cython's types without what only pickling calls."""
    is_cython = module_of(kind).startswith(("numpy", "pandas"))
    return [name for name in coverage.methods(kind) if not (is_cython and name.startswith("__"))]


def module_of(kind: type) -> str:
    """Its `__module__`, which a class may have as something else than text."""
    return str(type.__dict__["__module__"].__get__(kind))


def types_of_libraries() -> list[type]:
    found, left = set(), [object]
    while left:
        for kind in type.__subclasses__(left.pop()):
            if kind not in found:
                found.add(kind)
                left.append(kind)
    return sorted((kind for kind in found if module_of(kind).split(".")[0] in LIBRARIES), key=name_of)


def name_of(kind: type) -> str:
    return f"{module_of(kind)}.{kind.__qualname__}"


def listed_types() -> set[type]:
    """The types of `effects`, by what they are."""
    for module, _ in effects.TYPES:
        load(module)
    return {coverage.loaded_type(module, name) for module, name in effects.TYPES} - {None}


def unknown_names(known: set[str], modules: set[str]) -> list[str]:
    """The names of `ungated` that are no type here."""
    found = []
    for names in ungated.UNGATED.values():
        for name in names.split():
            if name.startswith(("*.", "numpy", "pandas")) or name in SOME_TYPES:  # versions of these two lack some
                continue
            if name.partition(".")[0] in SOME_MODULES and not load(name.partition(".")[0]):
                continue
            if not (name.removesuffix(".*") in modules if name.endswith(".*") else name in known):
                found.append(name)
    return found


def report() -> dict:
    load_standard_library()
    listed, kinds = listed_types(), types_of_libraries()
    with_methods = [kind for kind in kinds if methods_of(kind)]
    return {
        "looked_at": len(with_methods),
        "in_neither": [name_of(kind) for kind in with_methods if kind not in listed and ungated.reason(kind) is None],
        "in_both": sorted(name_of(kind) for kind in listed if ungated.reason(kind)),
        "unknown": unknown_names({name_of(kind) for kind in kinds}, {module_of(kind) for kind in kinds}),
    }


if __name__ == "__main__":
    for forgotten in sys.argv[1:]:
        ungated.UNGATED[forgotten] = ""
    json.dump(report(), sys.stdout)
