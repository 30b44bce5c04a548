"""That every method of the types that can be changed is classified: what a new version adds must be looked at by somebody."""

import importlib

import numpy
import numpy.random
import pytest

import parallel
from parallel import _core
from parallel.protection import effects
from type_tables import found_type

LIBRARY = ("numpy",)  # of another version than the table was made for: it may lack what is listed


def _type_of(module: str, name: str) -> type:
    path = name.split(".")
    found = found_type(module, path[0])
    return type(found) if path[1:] else found


def _listed(of: effects.Effects) -> list[str]:
    named = [item.split(":")[0] for item in f"{of.outputs} {of.arguments}".split()]
    return f"{of.reads} {of.changes} {of.attributes}".split() + named


def _methods(kind: type) -> set[str]:
    methods = {name for name, value in vars(kind).items() if type(value).__name__ in ("method_descriptor", "classmethod_descriptor")}
    return {name for name in methods if name not in effects.READING_PROTOCOLS}


@pytest.mark.parametrize("module, name", effects.TYPES)
def test_every_method_is_classified_once(module, name):
    listed = _listed(effects.TYPES[module, name])
    assert len(listed) == len(set(listed))
    methods = _methods(_type_of(module, name))
    assert methods <= set(listed), f"unclassified: {sorted(methods - set(listed))}"
    unknown = {entry for entry in listed if not entry.startswith("__")} - methods
    assert not unknown or module.startswith(LIBRARY), f"no such methods: {sorted(unknown)}"


@pytest.mark.parametrize("module, name", [*effects.FUNCTIONS, *effects.PROCESS])
def test_every_function_exists(module, name):
    assert callable(getattr(importlib.import_module(module), name, None)) or module.startswith(LIBRARY)


def test_every_slot_and_method_got_its_gate():
    """Gates are a fixed number: a zygote must not run out of them, with everything loaded."""
    work = parallel.submit_work(_core.guard_facts)
    parallel.run()
    facts = work.result()
    assert facts["obstacle"] is None and facts["strict"] and facts["armed"] and facts["without_gate"] == 0


# ---- each entry of the table refuses what it says, and nothing else --------------------------------------------------

OBJECTS = {
    ("builtins", "list"): lambda: [3, 1, 2],
    ("builtins", "dict"): lambda: {"a": 1},
    ("builtins", "set"): lambda: {1, 2},
    ("builtins", "bytearray"): lambda: bytearray(b"abc"),
    ("_collections", "deque"): lambda: importlib.import_module("collections").deque([1, 2]),
    ("collections", "OrderedDict"): lambda: importlib.import_module("collections").OrderedDict(a=1),
    ("array", "array"): lambda: importlib.import_module("array").array("H", [1, 2]),
    ("_elementtree", "Element"): lambda: importlib.import_module("xml.etree.ElementTree").Element("a"),
    ("_queue", "SimpleQueue"): lambda: importlib.import_module("queue").SimpleQueue(),
    ("numpy.core._multiarray_umath", "ndarray"): lambda: numpy.array([3.0, 1.0]),
}
ARGUMENTS = ((), (1,), ([4],), (0, 1), ("a",), ("a", 1), (b"ab",), ({1: 2},), ("k", "v"))


@pytest.mark.parametrize("module, name", OBJECTS)
def test_methods_that_change_are_refused_before_they_begin(module, name):
    """With any arguments: whether they are right is the original's business, which is not reached."""
    changing = effects.TYPES[module, name].changes.split()
    target = OBJECTS[module, name]()

    def work():
        reached = []
        for method in changing:
            for arguments in ARGUMENTS:
                try:
                    getattr(target, method)(*arguments)
                    reached.append((method, arguments))
                except parallel.UnprotectedError:
                    break
                except TypeError:
                    pass  # so many arguments it never takes
            else:
                reached.append((method, "never refused"))
        return reached

    assert parallel.submit_work(work).result() == []
