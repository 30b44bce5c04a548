"""Methods that CPython makes of slots, called by name.

list.__setitem__(x, 0, v), x.__iadd__(y), super().__setitem__(i, v).
"""

import array
import collections
import ctypes
import re

import numpy
import pytest

import parallel


class Slotted:
    """With a member descriptor."""

    __slots__ = ("value",)


class Child(list):
    """A list of the user's."""


def _objects():
    slotted = Slotted()
    slotted.value = 1
    return {
        "numbers": [1, 2, 3],
        "table": {"a": 1},
        "ordered": collections.OrderedDict(a=1),
        "queue": collections.deque([1, 2]),
        "raw": bytearray(b"abc"),
        "packed": array.array("b", [1, 2]),
        "names": {"a", "b"},
        "matrix": numpy.ones(3),
        "child": Child([1, 2]),
        "slotted": slotted,
        "steps": iter([1, 2, 3]),
    }


objects = _objects()
bound = objects["numbers"].__setitem__


def _state():
    copied = {name: value for name, value in objects.items() if name not in ("slotted", "steps")}
    return repr(copied), objects["slotted"].value, objects["steps"].__length_hint__()


def _evaluate(expression, names):
    return eval(expression, {**names, **globals()})


CALLS = [
    "numbers.__setitem__(0, 9)",
    "list.__setitem__(numbers, 0, 9)",
    "numbers.__delitem__(0)",
    "numbers.__iadd__([4])",
    "list.__imul__(numbers, 2)",
    "numbers.__init__([4])",
    "table.__setitem__('b', 2)",
    "dict.__delitem__(table, 'a')",
    "table.__ior__({'b': 2})",
    "ordered.__delitem__('a')",
    "ordered.__ior__({'b': 2})",
    "queue.__iadd__([3])",
    "queue.__setitem__(0, 3)",
    "raw.__iadd__(b'd')",
    "raw.__setitem__(0, 3)",
    "packed.__imul__(2)",
    "names.__ior__({'c'})",
    "set.__isub__(names, {'a'})",
    "matrix.__setitem__(0, 3)",
    "numpy.ndarray.__iadd__(matrix, 1)",
    "matrix.__ipow__(2)",
    "child.__setitem__(0, 3)",
    "super(Child, child).__setitem__(0, 3)",
    "list.__iadd__(child, [3])",
    "Slotted.value.__set__(slotted, 2)",
    "Slotted.value.__delete__(slotted)",
    "object.__setattr__(slotted, 'value', 2)",
    "slotted.__delattr__('value')",
    "steps.__next__()",
    "steps.__setstate__(2)",
]


# Objects of the main thread whoever calls.
NEVER_OWN = ["bound(0, 9)", "type.__setattr__(Slotted, 'other', 2)"]


@pytest.mark.parametrize("call", [*CALLS, *NEVER_OWN])
def test_it_is_refused_for_what_the_main_thread_has_made(call):
    before = _state()

    def work():
        try:
            _evaluate(call, objects)
        except parallel.UnprotectedError:
            return _state()

    assert parallel.submit_work(work).result() == before == _state()


@pytest.mark.parametrize("call", CALLS)
def test_it_does_for_what_the_context_has_made_what_it_does_elsewhere(call):
    def work():
        own = _objects()
        result = _evaluate(call, own)
        slotted = own.pop("slotted")
        return repr(result), repr(own), getattr(slotted, "value", None)

    def shown(answer):
        return [re.sub(" at 0x[0-9a-f]+", "", str(part)) for part in answer]

    assert shown(parallel.submit_work(work).result()) == shown(work())


def _slots_in_use(kind):
    """Which pointers of a type, and of its tables of number, sequence and mapping slots, are set."""
    word = ctypes.sizeof(ctypes.c_void_p)
    pointers = list((ctypes.c_void_p * 40).from_address(id(kind) + 3 * word))
    tables = [(pointers[at], size) for at, size in ((9, 36), (10, 10), (11, 3))]
    in_tables = [list((ctypes.c_void_p * size).from_address(table)) for table, size in tables if table]
    return [[pointer is not None for pointer in each] for each in in_tables], pointers[25] is not None


@pytest.mark.parametrize(
    "base",
    [
        *(list, dict, set, bytearray, collections.OrderedDict, collections.defaultdict, collections.deque, array.array),
        *(numpy.ndarray, numpy.void, numpy.matrix, collections.Counter, Child, zip, map, enumerate),
    ],
    ids=lambda base: base.__name__,
)
def test_a_class_made_in_a_context_has_the_slots_that_it_would_have_elsewhere(base):
    def work():
        class plain(base):
            pass

        class own(base):
            def __setitem__(self, key, value):
                super().__setitem__(key, value)

            def __iadd__(self, other):
                return super().__iadd__(other)

            def __setattr__(self, name, value):
                super().__setattr__(name, value)

        class below(own):
            pass

        return [_slots_in_use(kind) for kind in (plain, own, below)]

    assert parallel.submit_work(work).result() == work()


def test_methods_that_call_the_ones_of_c_work_in_a_context():
    def work():
        class Rows(list):
            def __setitem__(self, at, value):
                super().__setitem__(at, value + 1)

            def __iadd__(self, other):
                return super().__iadd__(other)

        class Tables(collections.defaultdict):
            def __setattr__(self, name, value):
                super().__setattr__(name, value)

            def __delattr__(self, name):
                super().__delattr__(name)

        rows, tables = Rows([1, 2]), Tables(list)
        rows[0] = 5
        rows += [3]
        rows *= 2
        list.__setitem__(rows, 1, 7)
        tables.size = 1
        del tables.size
        tables["a"].append(1)
        return list(rows), dict(tables), vars(tables)

    assert parallel.submit_work(work).result() == work() == ([6, 7, 3, 6, 2, 3], {"a": [1]}, {})
