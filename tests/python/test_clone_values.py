"""Values through the codec by itself (runtime/python/clone): what comes back equals what went in, type and bits."""

from __future__ import annotations

import collections
import datetime
import decimal
import math
import random
import struct
import sys

import pytest

from clone_support import Colour, DictOf, ListOf, Number, Plain, Point, Text, bits, clone

INTS = sorted(
    {
        sign * (1 << bit) + step
        for bit in (0, 5, 6, 7, 8, 15, 16, 30, 31, 32, 59, 60, 62, 63, 64, 65, 127, 4000)
        for sign in (1, -1)
        for step in (-1, 0, 1)
    }
)
STRINGS = [
    "",
    "a",
    "é",
    "日",
    "😀",
    "\0",
    "a\0b",
    "abcdefg",
    "abcdefgh",
    "\ud800",
    "a\udfff😀",
    "x" * 63,
    "x" * 64,
    "é" * 63,
    "é" * 64,
    "日" * 2047,
    "日" * 2048,
    "😀" * 1023,
    "😀" * 1024,
    "x" * 4095,
    "x" * 4096,
    "x" * 100_000,
]
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
    assert [bits(part) for item in twin for part in (item.real, item.imag)] == [
        bits(part) for part in (-0.0, 0.0, 0.0, -0.0)
    ]


@pytest.mark.parametrize("value", STRINGS, ids=range(len(STRINGS)))
def test_str_keeps_its_form(value):
    twin = clone([None, value])[1]
    assert twin == value and type(twin) is str
    assert hash(twin) == hash(value) and {value: 1}[twin] == 1
    # The same width for each character; a cached UTF-8 form is left behind.
    assert sys.getsizeof(twin) <= sys.getsizeof(value)


@pytest.mark.parametrize("value", BINARIES, ids=len)
def test_bytes_and_bytearray(value):
    assert clone(value) == value and type(clone(value)) is bytes
    twin = clone(bytearray(value))
    assert twin == value and type(twin) is bytearray
    twin += b"more"  # private to the reader


@pytest.mark.parametrize(
    "value", [None, True, False, ..., NotImplemented, int, len, math.sin, Plain, Colour.RED, decimal.Decimal]
)
def test_singletons_and_names_stay_themselves(value):
    assert clone(value) is value
    assert clone([value, {1: value}])[1][1] is value


@pytest.mark.parametrize(
    "value",
    [
        datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.UTC),
        datetime.date.max,
        datetime.time(1, 2),
        datetime.timedelta(-1),
        decimal.Decimal("-1.10"),
        range(1, 10, 3),
        slice(1, None),
        Point(1, [2]),
        collections.OrderedDict(b=1, a=2),
        collections.Counter("hello"),
        collections.deque([1, 2], 5),
        ValueError("text", 3),
        memoryview,
        Plain(a=1, b=[{}]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_pickle_knows(value):
    twin = clone((value, "and more"))[0]
    assert type(twin) is type(value)
    assert repr(twin) == repr(value) or twin == value


@pytest.mark.parametrize(
    "value", [ListOf([1]), DictOf(a=1), Text("t"), Number(3), Point(1, 2)], ids=lambda v: type(v).__name__
)
def test_subclasses_of_builtins_keep_their_type(value):
    if not isinstance(value, tuple):
        value.extra = "attribute"
    twin = clone([value])[0]
    assert type(twin) is type(value) and twin == value
    assert getattr(twin, "extra", None) == getattr(value, "extra", None)


@pytest.mark.parametrize(
    "value",
    [
        [],
        (),
        {},
        set(),
        frozenset(),
        [[]],
        ((),),
        {(): {}},
        {frozenset()},
        [1],
        (1,),
        [1, 2, 3],
        [1, 2, 3, 4],
        (1, 2, 3, 4),
        [True] * 5,
        [1, 2, 3, 4, True],
        [1, 2, 3, 4.0],
        [1.0, 2.0, 3.0, 4],
        (1, 2, 3, 2**70),
        [-1, 200, -40_000, 2**40],
        {1: 2, "a": [3], (4, 5): {6}},
        {1, "a", (2, frozenset([3]))},
        frozenset([b"x", None]),
        [{"a": [(1, {"b": {2}})]}],
    ],
    ids=repr,
)
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
