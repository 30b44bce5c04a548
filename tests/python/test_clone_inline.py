"""Values that fit a slot of a list, without a record."""

from __future__ import annotations

import math
import random

import _clone_probe as probe
import numpy
import pytest

from clone_support import Number, Text

pytestmark = pytest.mark.packages


INLINE = [
    None,
    True,
    False,
    0,
    1,
    -1,
    2**59 - 1,
    -(2**59),
    0.0,
    -0.0,
    1.5,
    -2.0,
    math.inf,
    "",
    "a",
    "a\0",
    "abcdefg",
    b"",
    b"\0",
    b"\xff" * 7,
]
NOT_INLINE = [
    2**59,
    -(2**59) - 1,
    0.1,
    "é",
    "abcdefgh",
    b"12345678",
    [],
    (),
    1j,
    Number(1),
    Text("a"),
    numpy.float64(1.0),
    numpy.bool_(True),
]


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
    values = [
        *range(-300, 300),
        *(float(i) for i in range(-300, 300)),
        *(chr(i) for i in range(128)),
        *(bytes([i]) for i in range(256)),
    ]
    slots = {probe.encode_inline(value) for value in values}
    assert len(slots) == len(values) and not slots & {0, 2**64 - 1, 2**64 - 3}


def test_damaged_slots_raise():
    for slot in [
        0,
        2,
        2**64 - 1,
        2**64 - 3,
        1 | 3 << 4,
        1 | 2**63,
        *(1 | kind << 1 | 9 << 4 for kind in (3, 4)),
        1 | 5 << 1,
    ]:
        with pytest.raises(ValueError, match="damaged record"):
            probe.decode_inline(slot)
    generator = random.Random(2)
    for _ in range(20_000):
        slot = generator.getrandbits(64)
        try:
            probe.decode_inline(slot)
        except ValueError as error:
            assert str(error) == "damaged record"
