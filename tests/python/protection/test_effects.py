"""That every method of the types that can be changed is classified: somebody must look at what a new version adds."""

import importlib

import numpy
import numpy.random
import pytest
import type_tables

import parallel
from parallel import _core
from parallel.protection import coverage, effects

LIBRARY = ("numpy",)  # of another version than the table was made for: it may lack what is listed


@pytest.mark.parametrize("module, name", effects.TYPES)
def test_every_method_is_classified_once(module, name):
    if not type_tables.load(module):
        pytest.skip(f"this Python has no {module}")
    listed = effects.listed(effects.TYPES[module, name])
    assert len(listed) == len(set(listed))
    methods = set(coverage.methods(coverage.loaded_type(module, name)))
    assert methods <= set(listed), f"unclassified: {sorted(methods - set(listed))}"
    unknown = {entry for entry in listed if not entry.startswith("__")} - methods
    unknown -= type_tables.SOME_METHODS
    assert not unknown or module.startswith(LIBRARY), f"no such methods: {sorted(unknown)}"


def test_everything_that_is_looked_for_is_found():
    """Where a library has moved it, its changes would go unseen."""
    for module, _ in [*effects.TYPES, *effects.FUNCTIONS, *effects.PROCESS, *effects.OUTPUTS]:
        type_tables.load(module.partition(":")[0])
    assert parallel.protection.status()["missing"] == []


def test_every_slot_and_method_got_its_gate():
    """Gates are a fixed number: a zygote must not run out of them, with everything loaded."""
    work = parallel.submit_work(_core.guard_facts)
    parallel.run()
    facts = work.result()
    assert facts["obstacle"] is None and facts["strict"] and facts["armed"] and facts["slots_without_gate"] == 0


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
    ("numpy", "ndarray"): lambda: numpy.array([3.0, 1.0]),
}
ARGUMENTS = ((), (1,), ([4],), (0, 1), ("a",), ("a", 1), (b"ab",), ({1: 2},), ("k", "v"))


@pytest.mark.parametrize("module, name", OBJECTS)
def test_methods_that_change_are_refused_before_they_begin(module, name):
    """With any arguments: whether they are right is the original's business, which is not reached."""
    target = OBJECTS[module, name]()
    changing = [method for method in effects.TYPES[module, name].changes.split() if hasattr(target, method)]

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
