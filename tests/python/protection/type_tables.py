"""What the two tables of types lack, as a program of its own sees it.

Types are found as subclasses of `object`, so every type of the process is looked at, also those that no module has a name for.
A process that has run other tests has classes of theirs; and libraries like Pillow call their types `builtins.something`.
"""

import array  # noqa: F401 - the types are what is looked at
import contextvars  # noqa: F401
import datetime  # noqa: F401
import importlib
import io  # noqa: F401
import json
import random  # noqa: F401
import re  # noqa: F401
import sqlite3  # noqa: F401
import sys
import weakref  # noqa: F401
import xml.etree.ElementTree  # noqa: F401

import numpy  # noqa: F401
import numpy.random  # noqa: F401
import pandas  # noqa: F401

from parallel.protection import effects, ungated

LIBRARIES = (
    "builtins collections _collections array io _io random _random datetime re _sre weakref _weakref contextvars _contextvars sqlite3 "
    "xml _elementtree pyexpat types itertools functools operator _operator _queue _struct mmap numpy pandas"
).split()
C_METHODS = ("method_descriptor", "classmethod_descriptor", "cython_function_or_method")


def methods_of(kind: type) -> list[str]:
    return [name for name, value in vars(kind).items() if type(value).__name__ in C_METHODS and not name.startswith("__")]


def types_of_libraries() -> list[type]:
    found, left = set(), [object]
    while left:
        for kind in type.__subclasses__(left.pop()):
            if kind not in found:
                found.add(kind)
                left.append(kind)
    return sorted((kind for kind in found if kind.__module__.split(".")[0] in LIBRARIES), key=name_of)


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def listed_types() -> set[type]:
    """The types of `effects`, by what they are."""
    listed = set()
    for module, name in effects.TYPES:
        first, *rest = name.split(".")
        kind = getattr(importlib.import_module(module), first)
        listed.add(type(kind) if rest else kind)
    return listed


def unknown_names(known: set[str], modules: set[str]) -> list[str]:
    """The names of `ungated` that are no type here."""
    found = []
    for names in ungated.UNGATED.values():
        for name in names.split():
            if name.startswith(("*.", "numpy", "pandas")):  # other versions of these two lack some
                continue
            if not (name.removesuffix(".*") in modules if name.endswith(".*") else name in known):
                found.append(name)
    return found


def report() -> dict:
    listed, kinds = listed_types(), types_of_libraries()
    with_methods = [kind for kind in kinds if methods_of(kind)]
    return {
        "looked_at": len(with_methods),
        "in_neither": [name_of(kind) for kind in with_methods if kind not in listed and ungated.reason(kind) is None],
        "in_both": sorted(name_of(kind) for kind in listed if ungated.reason(kind)),
        "unknown": unknown_names({name_of(kind) for kind in kinds}, {kind.__module__ for kind in kinds}),
    }


if __name__ == "__main__":
    for forgotten in sys.argv[1:]:
        ungated.UNGATED[forgotten] = ""
    json.dump(report(), sys.stdout)
