"""That no type of these libraries with methods in C has been overlooked: each is in one table or the other, with every method."""

import array  # noqa: F401 - the types are what is looked at
import builtins
import contextvars  # noqa: F401
import datetime  # noqa: F401
import importlib
import io  # noqa: F401
import random  # noqa: F401
import re  # noqa: F401
import sqlite3  # noqa: F401
import sys
import weakref  # noqa: F401
import xml.etree.ElementTree  # noqa: F401

import numpy  # noqa: F401
import numpy.random  # noqa: F401
import pandas  # noqa: F401
import pytest

from parallel.protection import effects, ungated

LIBRARIES = (
    "builtins collections _collections array io _io random _random datetime re _sre weakref _weakref contextvars _contextvars sqlite3 "
    "xml _elementtree pyexpat types itertools functools operator _operator _queue _struct mmap numpy pandas"
).split()
C_METHODS = ("method_descriptor", "classmethod_descriptor", "cython_function_or_method")


def methods_of(kind: type) -> list[str]:
    return [name for name, value in vars(kind).items() if type(value).__name__ in C_METHODS and not name.startswith("__")]


def module_of(kind: type) -> str:
    """What `__module__` is where no metaclass has its say: classes of other tests have what they like there."""
    module = type.__dict__["__module__"].__get__(kind)
    return module if isinstance(module, str) else ""


def types_of_libraries() -> list[type]:
    """Also those that no module has a name for."""
    test_modules = [module for name, module in list(sys.modules.items()) if name.startswith("_test")]  # others import them
    of_tests = {value for module in test_modules for value in vars(module).values() if isinstance(value, type)}
    of_tests -= {value for value in vars(builtins).values() if isinstance(value, type)}
    found, left = set(), [object]
    while left:
        for kind in type.__subclasses__(left.pop()):
            if kind not in found:
                found.add(kind)
                left.append(kind)
    found -= of_tests
    found = (kind for kind in found if module_of(kind).split(".")[0] in LIBRARIES)
    return sorted(found, key=lambda kind: (kind.__module__, kind.__qualname__))


def listed_types() -> dict[type, tuple[str, str]]:
    """The types of `effects`, by what they are."""
    listed = {}
    for module, name in effects.TYPES:
        first, *rest = name.split(".")
        kind = getattr(importlib.import_module(module), first)
        listed[type(kind) if rest else kind] = (module, name)
    return listed


def test_every_type_with_methods_in_c_is_classified():
    listed = listed_types()
    kinds = [kind for kind in types_of_libraries() if methods_of(kind)]
    assert len(kinds) > 150  # they are all loaded
    missing = [f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if kind not in listed and ungated.reason(kind) is None]
    assert not missing, f"neither in effects.TYPES nor in ungated.UNGATED: {' '.join(missing)}"


def test_no_type_is_in_both_tables():
    of_cython_too = ("memoryview", "generator")  # which has types of these names
    assert [kind for kind in listed_types() if ungated.reason(kind) and kind.__qualname__ not in of_cython_too] == []


def test_every_name_without_a_gate_is_a_type():
    known = {f"{kind.__module__}.{kind.__qualname__}" for kind in types_of_libraries()}
    modules = {kind.__module__ for kind in types_of_libraries()}
    for why, names in ungated.UNGATED.items():
        for name in names.split():
            if name.startswith("*."):
                continue
            exists = name.removesuffix(".*") in modules if name.endswith(".*") else name in known
            assert exists or name.startswith(("numpy", "pandas")), (why, name)  # other versions lack some


def test_a_type_that_is_in_neither_table_would_be_missed(monkeypatch):
    monkeypatch.setitem(ungated.UNGATED, "their objects cannot be changed", "")
    with pytest.raises(AssertionError, match="datetime.timedelta"):
        test_every_type_with_methods_in_c_is_classified()
