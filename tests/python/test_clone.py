"""The clone codec by itself (runtime/python/clone), through the test module _clone_probe."""

import collections
import datetime
import decimal
import enum
import gc
import math
import pickle
import random
import struct
import subprocess
import sys
import textwrap
import threading
import tracemalloc
import weakref

import pytest

import _clone_probe as probe

numpy = pytest.importorskip("numpy")


def clone(value):
    return probe.encode(value).decode()


def bits(number):
    return struct.pack("d", number)


class Plain:
    """A class whose instances pickle by their attributes."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __eq__(self, other):
        return type(other) is type(self) and other.__dict__ == self.__dict__

    __hash__ = object.__hash__


class Key:
    """Hashable by value, in Python: as a key it runs user code while a record is decoded."""

    def __init__(self, name):
        self.name = name

    def __hash__(self):
        return hash(self.name)

    def __eq__(self, other):
        return isinstance(other, Key) and other.name == self.name


class ListOf(list):
    pass


class DictOf(dict):
    pass


class Text(str):
    pass


class Number(int):
    pass


class Colour(enum.Enum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


# ---- values ------------------------------------------------------------------------------------------------------------------

INTS = sorted({sign * (1 << bit) + step for bit in (0, 5, 6, 7, 8, 15, 16, 30, 31, 32, 59, 60, 62, 63, 64, 65, 127, 4000)
               for sign in (1, -1) for step in (-1, 0, 1)})
STRINGS = ["", "a", "é", "日", "😀", "\0", "a\0b", "abcdefg", "abcdefgh", "\ud800", "a\udfff😀", "x" * 63, "x" * 64, "é" * 63,
           "é" * 64, "日" * 2047, "日" * 2048, "😀" * 1023, "😀" * 1024, "x" * 4095, "x" * 4096, "x" * 100_000]
BINARIES = [b"", b"a", b"\0" * 7, b"12345678", bytes(range(256)), b"x" * 4095, b"x" * 4096, b"y" * 100_000]


@pytest.mark.parametrize("value", INTS, ids=lambda value: f"{value.bit_length()} bits {value & 3}" + "-" * (value < 0))
def test_int(value):
    assert clone(value) == value
    assert clone([value] * 4) == [value] * 4
    assert clone([value, None]) == [value, None]


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, -1e308, 5e-324, math.inf, -math.inf, math.pi])
def test_float_is_bit_exact(value):
    assert bits(clone(value)) == bits(value)
    assert [bits(item) for item in clone([value] * 5)] == [bits(value)] * 5


def test_nan_keeps_its_payload():
    nan = struct.unpack("Q", b"\1\2\3\4\5\6\xf8\xff")[0]
    value = struct.unpack("d", struct.pack("Q", nan))[0]
    for twin in (clone((value, None))[0], clone([value] * 4)[3], clone({1: value})[1], clone(complex(0, value)).imag):
        assert bits(twin) == bits(value)


def test_complex_keeps_signed_zeros():
    twin = clone([complex(-0.0, 0.0), complex(0.0, -0.0)])
    assert [bits(part) for item in twin for part in (item.real, item.imag)] == [bits(part) for part in (-0.0, 0.0, 0.0, -0.0)]


@pytest.mark.parametrize("value", STRINGS, ids=range(len(STRINGS)))
def test_str_keeps_its_form(value):
    twin = clone([None, value])[1]
    assert twin == value and type(twin) is str
    assert hash(twin) == hash(value) and {value: 1}[twin] == 1
    assert sys.getsizeof(twin) <= sys.getsizeof(value)  # the same width for each character; a cached UTF-8 form is left behind


@pytest.mark.parametrize("value", BINARIES, ids=len)
def test_bytes_and_bytearray(value):
    assert clone(value) == value and type(clone(value)) is bytes
    twin = clone(bytearray(value))
    assert twin == value and type(twin) is bytearray
    twin += b"more"  # private to the reader


@pytest.mark.parametrize("value", [None, True, False, ..., NotImplemented, int, len, math.sin, Plain, Colour.RED, decimal.Decimal])
def test_singletons_and_names_stay_themselves(value):
    assert clone(value) is value
    assert clone([value, {1: value}])[1][1] is value


@pytest.mark.parametrize("value", [
    datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.timezone.utc), datetime.date.max, datetime.time(1, 2), datetime.timedelta(-1),
    decimal.Decimal("-1.10"), range(1, 10, 3), slice(1, None), Point(1, [2]), collections.OrderedDict(b=1, a=2),
    collections.Counter("hello"), collections.deque([1, 2], 5), ValueError("text", 3), memoryview, Plain(a=1, b=[{}])],
    ids=lambda value: type(value).__name__)
def test_what_pickle_knows(value):
    twin = clone((value, "and more"))[0]
    assert type(twin) is type(value)
    assert repr(twin) == repr(value) or twin == value


@pytest.mark.parametrize("value", [ListOf([1]), DictOf(a=1), Text("t"), Number(3), Point(1, 2)], ids=lambda v: type(v).__name__)
def test_subclasses_of_builtins_keep_their_type(value):
    if not isinstance(value, tuple):
        value.extra = "attribute"
    twin = clone([value])[0]
    assert type(twin) is type(value) and twin == value
    assert getattr(twin, "extra", None) == getattr(value, "extra", None)


@pytest.mark.parametrize("value", [
    [], (), {}, set(), frozenset(), [[]], ((),), {(): {}}, {frozenset()}, [1], (1,), [1, 2, 3], [1, 2, 3, 4], (1, 2, 3, 4), [True] * 5,
    [1, 2, 3, 4, True], [1, 2, 3, 4.0], [1.0, 2.0, 3.0, 4], (1, 2, 3, 2**70), [-1, 200, -40_000, 2**40], {1: 2, "a": [3], (4, 5): {6}},
    {1, "a", (2, frozenset([3]))}, frozenset([b"x", None]), [{"a": [(1, {"b": {2}})]}]], ids=repr)
def test_containers(value):
    def shape(of):
        if isinstance(of, dict):
            return [(shape(key), shape(item)) for key, item in of.items()]
        if isinstance(of, (list, tuple)):
            return type(of), [shape(item) for item in of]
        if isinstance(of, (set, frozenset)):
            return type(of), sorted(map(repr, of))
        return type(of), of

    assert clone(value) == value
    assert shape(clone(value)) == shape(value)


def test_dict_keeps_its_order_and_its_size():
    keys = [str(i) for i in range(1000)]
    random.Random(1).shuffle(keys)
    value = {key: i for i, key in enumerate(keys)}
    assert list(clone(value)) == keys
    assert sys.getsizeof(clone(value)) <= sys.getsizeof(value)


# ---- identity ----------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("shared", [[1], (1, []), {"a": 1}, {1}, frozenset([1]), bytearray(b"ab"), "some text", b"some bytes",
                                    Plain(a=1), numpy.arange(3), numpy.arange(9)[::2], []], ids=repr)
def test_what_is_shared_stays_shared(shared):
    twin = clone([shared, [shared], {1: shared}, (shared,)])
    assert twin[0] is twin[1][0] is twin[2][1] is twin[3][0]


def test_what_is_not_shared_stays_apart():
    twin = clone([[1], [1], [], []])
    assert len({id(item) for item in twin}) == 4


def test_a_clone_shares_nothing_mutable_with_its_original():
    value = {"list": [1], "set": {1}, "dict": {}, "bytearray": bytearray(b"x"), "object": Plain(a=[1])}
    record = probe.encode(value)
    value["list"].append(2)
    value["bytearray"][0] = 0
    value["object"].a.append(2)
    first, second = record.decode(), record.decode()
    assert first == {"list": [1], "set": {1}, "dict": {}, "bytearray": bytearray(b"x"), "object": Plain(a=[1])}
    first["list"].append(3)
    assert second["list"] == [1]


def test_cycles_through_lists_and_dicts():
    value = [1]
    value.append({"up": value})
    twin = clone(value)
    assert twin[1]["up"] is twin and twin[0] == 1

    value = {}
    value["self"] = value
    twin = clone(value)
    assert twin["self"] is twin


def test_cycles_through_tuples():
    value = ([], "tail")
    value[0].append(value)
    twin = clone(value)
    assert type(twin) is tuple and twin[0][0] is twin and twin[1] == "tail"
    inner = clone([value])[0]
    assert inner[0][0] is inner


def test_cycles_through_instances():
    value = Plain()
    value.children = [value]
    twin = clone(value)
    assert twin.children[0] is twin

    value = Plain()
    holder = {"object": value}
    value.holder = holder
    twin = clone(holder)
    assert twin["object"].holder is twin


def test_a_container_shared_with_an_instance_stays_one():
    shared = [1]
    twin = clone({"list": shared, "object": Plain(list=shared)})
    assert twin["object"].list is twin["list"]
    pair = (shared,)
    twin = clone([pair, Plain(pair=pair)])
    assert twin[1].pair is twin[0]


def test_instances_shared_between_instances_stay_one():
    inner = Plain(a=1)
    twin = clone([Plain(inner=inner), inner, [Plain(inner=inner)]])
    assert twin[0].inner is twin[1] is twin[2][0].inner


# ---- depth -------------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"k": inner}, lambda inner: [1, inner, 2]])
def test_depth_does_not_recurse(wrap):
    value, depth = None, 100_000
    for _ in range(depth):
        value = wrap(value)
    twin = clone(value)
    for _ in range(depth):
        assert type(twin) is type(value) and len(twin) == len(value)
        step = "k" if isinstance(twin, dict) else len(twin) // 2
        twin, value = twin[step], value[step]
    assert twin is None


def test_depth_in_keys():
    key = ()
    for _ in range(500):  # hash() itself recurses
        key = (key, frozenset([key]))
        if len(repr(key)) > 10_000:
            break
    assert clone({key: 1}) == {key: 1}


def test_depth_beyond_pickle_fails_cleanly():
    value = Plain()
    inner = value
    for _ in range(100_000):
        inner.next = Plain()
        inner = inner.next
    with pytest.raises(ValueError, match="objects of type Plain|objects of type test_clone.Plain") as caught:
        probe.encode(value)
    assert isinstance(caught.value.__cause__, RecursionError)
    while value is not None:  # taken apart from the outside: freeing it in one go would recurse
        value = value.__dict__.pop("next", None)


# ---- buffers -----------------------------------------------------------------------------------------------------------------

ARRAYS = {
    "empty": numpy.zeros(0), "empty 2d": numpy.zeros((0, 3)), "scalar": numpy.array(5), "small": numpy.arange(3),
    "large": numpy.arange(100_000.0), "fortran": numpy.asfortranarray(numpy.arange(6).reshape(2, 3)), "strided": numpy.arange(10)[::2],
    "reversed": numpy.arange(10)[::-1], "transposed block": numpy.arange(60).reshape(3, 4, 5)[1:, :, ::2].T,
    "broadcast": numpy.broadcast_to(numpy.arange(3), (4, 3)), "bool": numpy.array([True, False]), "half": numpy.arange(3, dtype="f2"),
    "long double": numpy.arange(3, dtype="g"), "complex": numpy.arange(3) * 1j, "big endian": numpy.arange(3, dtype=">i4"),
    "text": numpy.array(["a", "bcd"]), "bytes": numpy.array([b"a", b"bcd"]), "void": numpy.zeros(3, "V5"),
    "days": numpy.array(["2020-01-01", "NaT"], "M8[D]"), "days strided": numpy.arange(8).astype("M8[s]")[::2],
    "durations": numpy.arange(6).astype("m8[ms]").reshape(2, 3, order="F"),
    "records": numpy.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]), "records of days": numpy.zeros(3, [("a", "i2"), ("day", "M8[D]")]),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_array_comes_back_in_place(name):
    array = ARRAYS[name]
    record = probe.encode([array, None])
    twin = record.decode()[0]
    assert type(twin) is numpy.ndarray and twin.dtype == array.dtype and twin.shape == array.shape
    numpy.testing.assert_array_equal(twin, array)
    assert record.has_payloads()
    assert not twin.flags.owndata and not twin.flags.writeable
    assert twin.ctypes.data % 64 == 0 or twin.nbytes == 0
    if array.size:
        assert numpy.shares_memory(twin, record.decode()[0])
        with pytest.raises(ValueError, match="read-only"):
            twin[...] = twin
        with pytest.raises(ValueError):
            twin.flags.writeable = True
    twin.copy()[...] = twin


def test_fortran_order_survives():
    assert clone(ARRAYS["fortran"]).flags.f_contiguous and not clone(ARRAYS["fortran"]).flags.c_contiguous


@pytest.mark.parametrize("array", [numpy.array([1, None, "a", [2]], object), numpy.array([[1, {}], [(), 2]], object).T,
                                   numpy.zeros(3, [("a", "i4"), ("b", "O")])[::2]], ids=["flat", "transposed", "records"])
def test_arrays_of_objects_are_pickled(array):
    twin = clone(array)
    assert twin.dtype == array.dtype and (twin == array).all()


@pytest.mark.parametrize("value", [numpy.float64(1.5), numpy.int8(-3), numpy.bool_(True), numpy.datetime64("2020-01-01"), numpy.str_("x"),
                                   numpy.dtype("i4,f8"), numpy.ma.array([1, 2], mask=[0, 1]), numpy.rec.array([(1, 2.5)])], ids=repr)
def test_other_numpy_types(value):
    twin = clone(value)
    assert type(twin) is type(value) and repr(twin) == repr(value)


def test_pickle_buffer_comes_back_as_memoryview():
    twin = clone(pickle.PickleBuffer(bytearray(b"0123456789")))
    assert type(twin) is memoryview and twin.readonly and twin == b"0123456789"


def test_large_bytes_are_payloads_and_their_decoded_form_is_private():
    before = probe.live_records()
    record = probe.encode([b"x" * 5000, "y" * 5000, bytearray(5000)])
    assert record.has_payloads()
    twin = record.decode()
    del record
    assert probe.live_records() == before
    assert twin == [b"x" * 5000, "y" * 5000, bytearray(5000)]


def test_an_array_keeps_its_record():
    before = probe.live_records()
    array = probe.encode({"a": numpy.arange(1000)}).decode()["a"][10:20]
    assert probe.live_records() == before + 1
    numpy.testing.assert_array_equal(array, numpy.arange(10, 20))
    del array
    assert probe.live_records() == before


def test_a_clone_without_buffers_does_not_keep_its_record():
    before = probe.live_records()
    twin = probe.encode([[1], "text", Plain(a=1), b"x" * 5000]).decode()
    assert probe.live_records() == before and twin[2].a == 1


def test_bytearray_can_be_resized_again_after_the_encode():
    value = bytearray(10_000)
    probe.encode_reusing([value])
    value.append(1)
    with pytest.raises(ValueError):
        probe.encode_reusing([value, (i for i in ())])
    value.append(1)


# ---- values that fit a slot --------------------------------------------------------------------------------------------------

INLINE = [None, True, False, 0, 1, -1, 2**59 - 1, -2**59, 0.0, -0.0, 1.5, -2.0, math.inf, "", "a", "a\0", "abcdefg", b"", b"\0", b"\xff" * 7]
NOT_INLINE = [2**59, -2**59 - 1, 0.1, "é", "abcdefgh", b"12345678", [], (), 1j, Number(1), Text("a"), numpy.float64(1.0), numpy.bool_(True)]


@pytest.mark.parametrize("value", INLINE, ids=repr)
def test_inline(value):
    slot = probe.encode_inline(value)
    assert slot & 1 and slot not in (2**64 - 1, 2**64 - 3)
    twin = probe.decode_inline(slot)
    assert type(twin) is type(value) and twin == value and repr(twin) == repr(value)


@pytest.mark.parametrize("value", NOT_INLINE, ids=repr)
def test_not_inline(value):
    assert probe.encode_inline(value) is None


def test_inline_slots_are_distinct_and_never_reserved():
    values = [*range(-300, 300), *(float(i) for i in range(-300, 300)), *(chr(i) for i in range(128)), *(bytes([i]) for i in range(256))]
    slots = {probe.encode_inline(value) for value in values}
    assert len(slots) == len(values) and not slots & {0, 2**64 - 1, 2**64 - 3}


def test_damaged_slots_raise():
    for slot in [0, 2, 2**64 - 1, 2**64 - 3, 1 | 3 << 4, 1 | 2**63, *(1 | kind << 1 | 9 << 4 for kind in (3, 4)), 1 | 5 << 1]:
        with pytest.raises(ValueError, match="damaged record"):
            probe.decode_inline(slot)
    generator = random.Random(2)
    for _ in range(20_000):
        slot = generator.getrandbits(64)
        try:
            probe.decode_inline(slot)
        except ValueError as error:
            assert str(error) == "damaged record"


# ---- lists by reference ------------------------------------------------------------------------------------------------------

class FakeList:
    def __init__(self, id):
        self.id = id


class FakeListOfUser(FakeList):
    pass


LISTS = {}
probe.set_list_class(FakeList, LISTS)


@pytest.fixture
def fake_list():
    LISTS[7], LISTS[8] = FakeList(7), FakeListOfUser(8)
    yield LISTS[7]
    LISTS.clear()


def test_a_list_is_cloned_by_reference(fake_list):
    record = probe.encode({"list": fake_list, "again": [fake_list], "other": LISTS[8]})
    assert record.references() == (7, 8)
    twin = record.decode()
    assert twin["list"] is fake_list and twin["again"][0] is fake_list and twin["other"] is LISTS[8]
    assert probe.encode([fake_list] * 3).references() == (7,)
    assert probe.encode([1]).references() == ()


def test_a_list_inside_a_pickled_object_is_cloned_by_reference(fake_list):
    record = probe.encode([fake_list, Plain(list=fake_list, others=[LISTS[8]]), numpy.arange(5)])
    assert record.references() == (7, 8)
    twin = record.decode()
    assert twin[0] is twin[1].list is fake_list and twin[1].others[0] is LISTS[8]
    numpy.testing.assert_array_equal(twin[2], numpy.arange(5))


def test_a_list_that_is_gone(fake_list):
    records = [probe.encode([fake_list]), probe.encode(Plain(list=fake_list))]
    LISTS.clear()
    for record in records:
        with pytest.raises(ReferenceError):
            record.decode()


def test_a_list_that_refers_to_nothing():
    with pytest.raises(ValueError, match="not been initialised"):
        probe.encode([FakeList(0)])
    with pytest.raises(ValueError, match="objects of type .*Plain"):
        probe.encode([Plain(list=FakeList(0))])


# ---- what cannot be cloned ---------------------------------------------------------------------------------------------------

class Stubborn:
    def __reduce__(self):
        raise LookupError("no")


def generator():
    yield


@pytest.mark.parametrize("value, text", [
    (generator(), "objects of type generator cannot be pushed to xlists"),
    (lambda: 0, "objects of type function cannot be pushed to xlists"),
    (Stubborn(), f"objects of type {__name__}.Stubborn cannot be pushed to xlists"),
    (threading.Lock(), "objects of type _thread.lock cannot be pushed to xlists"),
    (Plain(lock=threading.Lock()), f"objects of type {__name__}.Plain cannot be pushed to xlists"),
    ({"x": generator()}, "objects of type generator cannot be pushed to xlists (in a dict, at key 'x')"),
    ([1, 2, 3, generator()], "objects of type generator cannot be pushed to xlists (in a list, at item 3)"),
    ({(1, generator()): 1}, "objects of type generator cannot be pushed to xlists (in a dict, as a key, in a tuple, at item 1)"),
    ({generator()}, "objects of type generator cannot be pushed to xlists (in a set)"),
    ({Key("k"): generator()}, "objects of type generator cannot be pushed to xlists (in a dict, as a value)"),
    ({10**5000: generator()}, "objects of type generator cannot be pushed to xlists (in a dict, as a value)"),
    ([Plain(), {5: [Stubborn()]}, generator()],
     f"objects of type {__name__}.Stubborn cannot be pushed to xlists (in a list, at item 1, in a dict, at key 5, in a list, at item 0)"),
    ([[[[[generator()]]]]], "objects of type generator cannot be pushed to xlists (..., " + ", ".join(["in a list, at item 0"] * 4) + ")"),
], ids=range(13))
def test_error_text(value, text):
    with pytest.raises(ValueError) as caught:
        probe.encode(value)
    assert str(caught.value) == text
    assert isinstance(caught.value.__cause__, Exception) and caught.value.__cause__ is not caught.value


def test_error_text_when_pickle_does_the_whole():
    shared = [1]
    with pytest.raises(ValueError, match=r"type generator .*\(in a list, at item 2\)"):
        probe.encode([shared, Plain(shared=shared), generator()])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_some_errors_pass_through(error):
    class Raises:
        def __reduce__(self):
            raise error

    with pytest.raises(error):
        probe.encode([Raises()])
    assert clone([1]) == [1]


def test_an_error_while_rebuilding_reaches_the_reader():
    with pytest.raises(ZeroDivisionError):
        probe.encode([FailsToLoad()]).decode()


class FailsToLoad:
    def __reduce__(self):
        return divmod, (1, 0)


def traced_growth(action, repeats=1000):
    """Bytes that `repeats` calls leave allocated: the least of four rounds, as caches and free lists fill up in some of them.
    An object lost in each call would be 16 bytes a call at least, in every round."""
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(5):
            for _ in range(repeats):
                action()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        return min(after - before for before, after in zip(sizes, sizes[1:]))
    finally:
        tracemalloc.stop()


def test_failures_leave_nothing_behind():
    leaf, text, array, buffer = Plain(a=1), "some text " * 1000, numpy.arange(1000), bytearray(10_000)
    value = {"a": [leaf, text, array, buffer, (leaf,)], "b": generator()}
    objects = [leaf, text, array, buffer, value, value["a"], value["b"]]
    counts = [sys.getrefcount(item) for item in objects]

    def fail():
        for encode in (probe.encode, probe.encode_reusing):
            try:
                encode(value)
            except ValueError:
                pass

    gc.disable()  # nothing may wait in a cycle either
    try:
        for _ in range(20):
            fail()
        assert [sys.getrefcount(item) for item in objects] == counts
    finally:
        gc.enable()
    assert traced_growth(fail) < 8 * 1000
    assert [sys.getrefcount(item) for item in objects] == counts


def test_success_leaves_nothing_behind():
    value = [Plain(a=[1]), "text" * 2000, numpy.arange(1000), {"k": ({1}, frozenset([2]), [1, 2, 3, 4])}, 2**100]
    counts = [sys.getrefcount(item) for item in value]
    live = probe.live_records()

    def succeed():
        for encode in (probe.encode, probe.encode_reusing):
            encode(value).decode()

    gc.disable()
    try:
        for _ in range(20):
            succeed()
        assert [sys.getrefcount(item) for item in value] == counts and probe.live_records() == live
    finally:
        gc.enable()
    assert traced_growth(succeed) < 8 * 1000
    assert [sys.getrefcount(item) for item in value] == counts and probe.live_records() == live


def test_references_inside_pickles_leave_nothing_behind(fake_list):
    value = [Plain(list=fake_list)]
    count = sys.getrefcount(fake_list)
    gc.disable()
    try:
        for _ in range(20):
            probe.encode_reusing(value).decode()
            probe.encode(value).decode()
        assert sys.getrefcount(fake_list) == count
    finally:
        gc.enable()
    assert traced_growth(lambda: probe.encode_reusing(value).decode()) < 8 * 1000


@pytest.mark.parametrize("value", ["[1, [2**100, 'x' * 100, {'a': {3}, 'b': frozenset([4])}], bytearray(9000), 1j, (1.5,) * 9]",
                                   "[Plain(), {'a': [Plain()] * 2}]", "numpy.arange(9)[::2]"])
def test_every_failing_allocation_is_a_memory_error(value):
    """The Nth allocation fails, for every N: in a process of its own, because a failure would be a crash."""
    program = f"""
        import sys
        from _testcapi import set_nomemory, remove_mem_hooks
        sys.path[:0] = {sys.path!r}
        import numpy, _clone_probe as probe
        class Plain: pass
        value = {value}
        def attempt(n, action):
            set_nomemory(n, n + 1)
            try:
                action()
                failed = False
            except MemoryError:
                failed = True
            except ValueError as error:
                failed = "cannot be pushed" in str(error)  # pickle has turned the failure into another error
                if not failed:
                    raise
            finally:
                remove_mem_hooks()
            return failed
        record = probe.encode_reusing(value)
        for action in (lambda: probe.encode_reusing(value), record.decode):
            failures = sum(attempt(n, action) for n in range(300))
            assert failures > 0
            assert not attempt(10**6, action)
            assert repr(probe.encode_reusing(value).decode())
    """
    pytest.importorskip("_testcapi")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


# ---- user code in the middle -------------------------------------------------------------------------------------------------

def test_user_code_may_change_what_is_being_encoded():
    class Vandal:
        def __reduce__(self):
            victims[1].clear()
            victims[2].clear()
            del victims[3:]
            gc.collect()
            return list, ([9],)

    victims = [Vandal(), ["kept"] * 5, {"kept": "x" * 9000}, Plain(a=1), bytes(9000)]
    assert clone(victims) == [[9], ["kept"] * 5, {"kept": "x" * 9000}, Plain(a=1), bytes(9000)]
    assert victims[1:] == [[], {}]


def test_user_code_may_encode():
    class Nested:
        def __reduce__(self):
            return list, (clone([1, Plain(a=2)]),)

    assert clone([Nested(), 3]) == [[1, Plain(a=2)], 3]


def test_a_busy_encoder_refuses():
    class Nested:
        def __reduce__(self):
            probe.encode_reusing([1])

    with pytest.raises(ValueError) as caught:
        probe.encode_reusing([Nested()])
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert probe.encode_reusing([1]).decode() == [1]


def test_user_code_while_decoding():
    class_names = []

    def spy(self):
        class_names.append([type(item).__name__ for item in gc.get_objects() if isinstance(item, list) and len(item) > 10**7])
        return hash(self.name)

    original, Key.__hash__ = Key.__hash__, spy
    try:
        value = [1, {Key("a"): 2}, 3]
        value.append(value)
        record = probe.encode(value)
        twin = record.decode()
    finally:
        Key.__hash__ = original
    assert twin[1] == {Key("a"): 2} and twin[3] is twin and class_names


def test_finalizers_run_by_the_codec_may_use_it():
    class Last:
        def __del__(self):
            seen.append(clone([1, 2]))

        def __reduce__(self):
            holder.clear()  # the encoder's is the last reference now
            return list, ()

    seen, holder = [], []
    holder.append(Last())
    assert probe.encode_reusing(holder).decode() == [[]]
    assert seen == [[1, 2]]


def test_threads_encode_side_by_side():
    class Slow:
        def __reduce__(self):
            barrier.wait(10)
            return list, ([threading.get_ident() * 0],)

    barrier, results = threading.Barrier(4), []
    threads = [threading.Thread(target=lambda: results.append(clone([Slow(), "a", Slow()]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[[0], "a", [0]]] * 4


# ---- damaged records ---------------------------------------------------------------------------------------------------------

NATIVE = [{"id": 1, "list": [1, 2.5, None, True, -7, 300, 70_000, 2**40, 2**80], "text": ["a", "é" * 70, "日本", "😀"]}, (1, 2, 3, 4),
          [1.0, 2.0, 3.0, 4.0], [1, 1000, 70_000, 5], {1, "a"}, frozenset([b"bytes", 1j]), bytearray(b"mutable"), b"x" * 5000, "y" * 5000]
NATIVE.append(NATIVE)
NATIVE.append({(1, (2, frozenset([3]))): NATIVE[0], "same": NATIVE[0]})


def check_damaged(data):
    try:
        probe.record_of(data).decode()
    except ValueError as error:
        return str(error) == "damaged record"
    except (TypeError, MemoryError, ReferenceError, EOFError, pickle.UnpicklingError):
        pass  # an unhashable key; a list that never was; what is not a pickle taken for one
    return False


def resized(data, size):
    return struct.pack("Q", size) + data[8:size]


def test_truncated_records():
    data = probe.encode(NATIVE).bytes()
    for size in [*range(16, 700), *range(700, len(data), 97)]:
        assert check_damaged(resized(data, size))
    small = probe.encode([1, "text", [2.5]]).bytes()
    assert all(check_damaged(resized(small, size)) for size in range(16, len(small)))


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bytes(seed):
    generator, damaged = random.Random(seed), 0
    data = probe.encode(NATIVE).bytes()
    front = data.index(b"x" * 100)
    for _ in range(15_000):
        broken = bytearray(data)
        for _ in range(generator.randint(1, 4)):
            broken[generator.randrange(8, front)] = generator.choice([0, 1, 0x7F, 0x80, 0xFF, generator.randrange(256)])
        damaged += check_damaged(bytes(broken))
    assert damaged > 1000


@pytest.mark.parametrize("seed", range(4))
def test_random_bodies(seed):
    generator = random.Random(100 + seed)
    data = probe.encode([1, 2, "text"]).bytes()
    for _ in range(30_000):
        body = bytes(generator.choice([generator.randrange(32), generator.randrange(256)]) for _ in range(generator.randrange(40)))
        check_damaged(struct.pack("QI", 16 + len(body), generator.randrange(5)) + data[12:16] + body)


def test_damaged_extension():
    """Headers of a record with a pickle and payloads, without touching the pickle: that one is trusted to be a pickle."""
    generator = random.Random(7)
    data = probe.encode([numpy.arange(10), b"x" * 5000]).bytes()
    for _ in range(20_000):
        broken = bytearray(data)
        broken[generator.randrange(8, 16 + 32 + 2 * 16)] = generator.randrange(256)
        check_damaged(bytes(broken))


def test_not_a_record():
    assert check_damaged(bytes(64))
    assert check_damaged(b"\xff" * 64)


# ---- random graphs -----------------------------------------------------------------------------------------------------------

def random_graph(generator, size):
    scalars = [None, True, 1, -5, 300, 2**70, 1.5, "a", "text", "日本", b"bytes", 2j, decimal.Decimal("1"), Point(1, 2)]
    hashables, everything = list(scalars), list(scalars)
    for _ in range(size):
        kind = generator.randrange(8)
        items = [generator.choice(everything) for _ in range(generator.randrange(6))]
        keys = [generator.choice(hashables) for _ in range(generator.randrange(6))]
        made = [items, tuple(items), dict(zip(keys, items)), set(keys), frozenset(keys), tuple(keys), Plain(items=items),
                numpy.arange(len(keys))][kind]
        everything.append(made)
        if kind in (4, 5):
            hashables.append(made)
    lists = [item for item in everything if type(item) is list]
    for _ in range(size // 5):  # cycles
        if lists:
            generator.choice(lists).append(generator.choice(everything))
    return everything[len(scalars):]


def assert_same_graph(left, right):
    pairs, waiting = {}, [(left, right)]
    while waiting:
        a, b = waiting.pop()
        assert type(a) is type(b)
        if id(a) in pairs:
            assert pairs[id(a)] is b or not isinstance(a, (list, dict, set, Plain))
            continue
        pairs[id(a)] = b
        if isinstance(a, (list, tuple)):
            assert len(a) == len(b)
            waiting.extend(zip(a, b))
        elif isinstance(a, dict):
            assert len(a) == len(b)
            waiting.extend(zip(a.values(), b.values()))
            assert list(a) == list(b)
        elif isinstance(a, Plain):
            waiting.append((a.items, b.items))
        elif isinstance(a, numpy.ndarray):
            numpy.testing.assert_array_equal(a, b)
        else:
            assert a == b


@pytest.mark.parametrize("seed", range(150))
def test_random_graph(seed):
    graph = random_graph(random.Random(seed), 3 + seed)
    assert_same_graph(graph, clone(graph))
    if seed < 40:
        assert_same_graph(graph, probe.encode_reusing(graph).decode())


def test_weak_references_are_not_held():
    value = Plain(a=1)
    watch = weakref.ref(value)
    probe.encode_reusing([value, numpy.arange(3)])
    del value
    assert watch() is None
