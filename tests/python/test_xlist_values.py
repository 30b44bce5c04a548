"""What can be pushed to an xlist and what cannot, xlists in xlists, arrays, and the memory of it all."""

import datetime
import decimal
import fractions
import gc
import threading
import weakref

import numpy
import pytest

import parallel
from parallel import _core
from support import region_use

pytestmark = pytest.mark.packages


PUSHABLE = [
    None,
    True,
    False,
    0,
    -1,
    2**59,
    -(2**59),
    2**60,
    2**64,
    -(2**200),
    0.0,
    -1.5,
    1e308,
    float("inf"),
    1j,
    "",
    "a",
    "seven c",
    "eight ch",
    "é",
    "日本",
    "😀" * 2000,
    "x" * 10_000,
    b"",
    b"\0",
    b"1234567",
    b"12345678",
    b"y" * 10_000,
    bytearray(b"ab"),
    [],
    [1, "a", None],
    (),
    (1, (2, (3,))),
    {},
    {"a": [1], 2: {3: 4}},
    set(),
    {1, 2},
    frozenset({3}),
    [[[[[]]]]],
    datetime.datetime(2024, 2, 29, 12, 30),
    datetime.date(1970, 1, 1),
    datetime.timedelta(days=-1),
    datetime.UTC,
    decimal.Decimal("1.10"),
    fractions.Fraction(1, 3),
    range(3),
    slice(1, 2),
    ...,
    int,
    len,
    ValueError("x").args,
    complex(-0.0, 1),
]


@pytest.mark.parametrize("value", PUSHABLE, ids=range(len(PUSHABLE)))
def test_push_and_read_back(value):
    xl = parallel.xlist()
    assert xl.push(value) is None
    assert xl[0] == value and type(xl[0]) is type(value)
    assert list(xl) == [value] and xl.pop() == value and len(xl) == 0


def test_what_is_read_is_a_new_object():
    original = [1, {"a": [2]}]
    xl = parallel.xlist([original])
    original[1]["a"].append(3)
    first = xl[0]
    assert first == [1, {"a": [2]}] and first is not xl[0]
    first.clear()
    assert xl[0] == [1, {"a": [2]}]


def test_shared_and_cyclic_values():
    shared, cyclic = [1], []
    cyclic.append(cyclic)
    xl = parallel.xlist([[shared, shared], cyclic])
    item = xl[0]
    assert item is not xl[0]
    assert item[0] is item[1] and item == [[1], [1]]
    item = xl[1]
    assert item[0] is item


# ---- what cannot be pushed -------------------------------------------------------------------------------------------


class Stubborn:
    def __reduce__(self):
        raise LookupError("no")


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda: (n for n in ()), "generator"),
        (lambda: lambda: 0, "function"),
        (threading.Lock, "_thread.lock"),
        (lambda: open(__file__), "_io.TextIOWrapper"),
        (Stubborn, f"{__name__}.Stubborn"),
        (lambda: vars(int), "mappingproxy"),
    ],
    ids=range(6),
)
def test_what_cannot_be_pushed_is_named_and_nothing_is_pushed(make, name):
    xl = parallel.xlist()
    value = make()
    wanted = f"objects of type {name} cannot be pushed to xlists"
    with pytest.raises(ValueError) as caught:
        xl.push(value)
    assert str(caught.value) == wanted and caught.value.__cause__ is not None
    for nested in ([1, value], {"k": (1, value)}, [[[{"a": [value]}]]], {"a": 1, "b": value}):
        with pytest.raises(ValueError) as caught:
            xl.push(nested)
        assert str(caught.value).startswith(wanted + " (")
    with pytest.raises(ValueError, match="cannot be pushed"):
        parallel.dict(a=value)
    assert len(xl) == 0 and xl.heap["pushed"] == 0
    getattr(value, "close", lambda: None)()


def test_too_deep_for_pickle_is_an_error_too():
    class Node:
        def __init__(self, inner):
            self.inner = inner

    globals()["Node"] = Node
    Node.__qualname__ = "Node"
    value = None
    for _ in range(200_000):  # 3.14 goes deeper than others
        value = Node(value)
    xl = parallel.xlist()
    with pytest.raises(ValueError, match="objects of type .*Node cannot be pushed"):
        xl.push(value)
    assert len(xl) == 0
    while value is not None:  # from the outside in, or its deallocation recurses
        inner, value.inner = value.inner, None
        value = inner


def test_user_code_in_a_push_may_push():
    xl = parallel.xlist()

    class Pushes:
        def __reduce__(self):
            xl.push("before")
            return str, ("itself",)

    xl.push([Pushes(), "x" * 100])
    assert list(xl) == ["before", ["itself", "x" * 100]]


# ---- xlists in xlists ------------------------------------------------------------------------------------------------


def test_an_xlist_is_pushed_by_reference():
    inner = parallel.xlist([1])
    outer = parallel.xlist([inner, {"deep": [inner]}])
    assert outer[0] is inner and outer[1]["deep"][0] is inner
    outer[0].push(2)
    assert list(inner) == [1, 2]


def test_a_reference_keeps_the_list_alive():
    outer = parallel.xlist([parallel.xlist(["kept"])])
    gc.collect()
    assert list(outer[0]) == ["kept"] and outer[0].name is None
    outer[0].push("more")
    assert list(outer[0]) == ["kept", "more"]
    chain = parallel.xlist([outer])
    del outer
    assert list(chain[0][0]) == ["kept", "more"]


def test_a_list_that_holds_itself_goes_too():
    before = region_use()
    xl = parallel.xlist()
    xl.push(xl)
    xl.push([xl, "x" * 100_000])
    assert xl[0] is xl and xl[1][0] is xl
    del xl
    assert region_use() == before


def test_weak_references_and_their_callbacks():
    outer = parallel.xlist()
    xl = parallel.xlist([1])
    outer.push(xl)
    seen = []
    reference = weakref.ref(xl, lambda _: seen.append(list(outer[0])))
    assert reference() is xl
    del xl
    assert seen == [[1]] and reference() is None
    assert list(outer[0]) == [1]


# ---- arrays ----------------------------------------------------------------------------------------------------------


def test_an_array_is_read_in_place():
    xl = parallel.xlist([numpy.arange(1_000_000)])
    shared = _core.region()["allocated"]
    first, second = xl[0], xl[0]
    assert _core.region()["allocated"] == shared
    assert numpy.shares_memory(first, second) and not first.flags.owndata and not first.flags.writeable
    assert (first == numpy.arange(1_000_000)).all()
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_an_array_keeps_the_heap_alive():
    before = region_use()
    xl = parallel.xlist([{"array": numpy.full(100_000, 7.5)}])
    array = xl[0]["array"]
    part = array[10:20]
    del xl, array
    gc.collect()
    assert part.sum() == 75 and region_use()[1] == before[1] + 1
    del part
    assert region_use() == before


@pytest.mark.parametrize(
    "array",
    [
        numpy.arange(12).reshape(3, 4),
        numpy.arange(12).reshape(3, 4).T,
        numpy.arange(12)[::2],
        numpy.zeros((0, 3)),
        numpy.array(5),
        numpy.array(["a", "bc"]),
        numpy.array([1, None, "x"], object),
        numpy.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        numpy.array(["2020-01-01"], "datetime64[D]"),
        numpy.arange(6, dtype=">i4"),
        numpy.float32(1.5),
        numpy.bool_(True),
    ],
    ids=range(12),
)
def test_arrays_of_all_kinds(array):
    twin = parallel.xlist([array])[0]
    assert (
        type(twin) is type(array) and twin.dtype == array.dtype and twin.shape == array.shape and (twin == array).all()
    )


# ---- memory ----------------------------------------------------------------------------------------------------------


def test_the_heap_is_given_back_with_the_last_reference():
    before = region_use()
    xl = parallel.xlist(["x" * 1_000_000])
    assert region_use()[0] >= before[0] + 1_000_000
    del xl
    assert region_use() == before


def test_a_thousand_lists_leave_nothing():
    before = region_use()
    for n in range(1000):
        xl = parallel.xlist([n, "some text that needs a record", [], b"z" * 100_000])
        assert xl[0] == n and xl.pop() == n
    del xl
    assert region_use() == before


def test_a_failed_push_leaves_nothing_but_what_was_there():
    xl = parallel.xlist()
    bytes_before = xl.heap["bytes"]
    for _ in range(1000):
        with pytest.raises(ValueError):
            xl.push([b"y" * 100_000, Stubborn()])
    assert xl.heap["bytes"] == bytes_before and xl.heap["reserved"] == 0
