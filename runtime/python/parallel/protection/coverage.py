"""What protection has to do with the libraries that are loaded, in the versions they have.

What it looked for and did not find, and methods that no table knows.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import types

from parallel import _core
from parallel.protection import effects

_C_METHODS = ("method_descriptor", "classmethod_descriptor", "cython_function_or_method")


def missing() -> list[str]:
    """Names that protection has looked for in loaded modules and not found: what has been renamed there goes unseen."""
    slots = _core.guard_facts()["slots_without_gate"]
    return _core.guard_missing() + ([f"{slots} slots of types"] if slots else [])


def load_parts() -> None:
    """Import what loaded packages import when it is first used, which may be in a context, where nothing is looked for.

    numpy 2 does so with numpy.random.
    """
    for module, _ in effects.TYPES:
        package = sys.modules.get(module.rpartition(".")[0])
        if isinstance(package, types.ModuleType) and module not in sys.modules:
            with contextlib.suppress(ImportError):  # what cannot be imported changes nothing
                importlib.import_module(module)


def unknown() -> list[str]:
    """Methods of the types in `effects.TYPES` that a newer version has and the table does not.

    Whether they change something is not known, and they are not looked at.
    """
    found = []
    for (module, name), of in effects.TYPES.items():
        kind = loaded_type(module, name)
        if kind is not None:
            found += [f"{module}.{name}.{method}" for method in methods(kind) if method not in effects.listed(of)]
    return sorted(found)


def loaded_type(module: str, name: str) -> type | None:
    """As the protection finds it: by its module's name for it, or by its own.

    "type.__class__" is the type of a type.
    """
    name, _, of_metatype = name.partition(".")
    holder = sys.modules.get(module)
    if not isinstance(holder, types.ModuleType):
        return None
    found = vars(holder).get(name)
    if not isinstance(found, type):
        full = (name,) if module == "builtins" else (module, name)
        found = next((kind for kind in type.__subclasses__(object) if _own_name(kind) == ".".join(full)), None)
    return type(found) if of_metatype and found is not None else found


def _own_name(kind: type) -> str:
    module = type.__dict__["__module__"].__get__(kind)
    return kind.__name__ if module == "builtins" else f"{module}.{kind.__qualname__}"


def methods(kind: type) -> list[str]:
    """Those in C that may change something."""
    return [
        name
        for name, value in vars(kind).items()
        if type(value).__name__ in _C_METHODS and name not in effects.READING_PROTOCOLS
    ]
