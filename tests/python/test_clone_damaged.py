"""Records that contradict themselves are an error, never a crash; tests/fuzz looks for more of them."""

from __future__ import annotations

import pickle
import random
import struct
import tracemalloc

import _clone_probe as probe
import numpy
import pytest

NATIVE = [
    {"id": 1, "list": [1, 2.5, None, True, -7, 300, 70_000, 2**40, 2**80], "text": ["a", "é" * 70, "日本", "😀"]},
    (1, 2, 3, 4),
    [1.0, 2.0, 3.0, 4.0],
    [1, 1000, 70_000, 5],
    {1, "a"},
    frozenset([b"bytes", 1j]),
    bytearray(b"mutable"),
    b"x" * 5000,
    "y" * 5000,
]
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
        body = bytes(
            generator.choice([generator.randrange(32), generator.randrange(256)])
            for _ in range(generator.randrange(40))
        )
        check_damaged(struct.pack("QI", 16 + len(body), generator.randrange(5)) + data[12:16] + body)


@pytest.mark.packages
def test_damaged_extension():
    """Headers of a record with a pickle and payloads, not the pickle itself: that one is trusted to be one."""
    generator = random.Random(7)
    data = probe.encode([numpy.arange(10), b"x" * 5000]).bytes()
    for _ in range(20_000):
        broken = bytearray(data)
        broken[generator.randrange(8, 16 + 32 + 2 * 16)] = generator.randrange(256)
        check_damaged(bytes(broken))


def test_not_a_record():
    assert check_damaged(bytes(64))
    assert check_damaged(b"\xff" * 64)


# ---- records that would do harm --------------------------------------------------------------------------------------

NONE, LIST, TUPLE, DICT, SET, REMEMBER, SAME = 0, 15, 16, 17, 18, 22, 23


def record_with(body, remembered=0):
    return struct.pack("QI", 16 + len(body), remembered) + probe.encode([]).bytes()[12:16] + bytes(body)


def test_tags_are_what_the_records_below_are_made_of():
    for value, body in [
        ((None,), [TUPLE, 1, NONE]),
        ([None], [LIST, 1, NONE]),
        ({None: None}, [DICT, 1, NONE, NONE]),
        ({None}, [SET, 1, NONE]),
    ]:
        assert probe.record_of(record_with(body)).decode() == value


@pytest.mark.parametrize("levels, is_refused", [(9_999, False), (10_001, True), (1_000_000, True)])
@pytest.mark.parametrize("before, after", [([DICT, 1], [NONE]), ([SET, 1], [])], ids=["dict", "set"])
def test_a_key_that_hash_could_not_bear(levels, is_refused, before, after):
    record = probe.record_of(record_with(before + [TUPLE, 1] * levels + [NONE] + after))
    if is_refused:
        with pytest.raises(ValueError, match="more than 10000 tuples in one another cannot be cloned"):
            record.decode()
    else:
        assert len(record.decode()) == 1


@pytest.mark.parametrize("levels, is_refused", [(20, False), (60, True), (120, True)])
def test_a_key_that_hash_would_never_have_done(levels, is_refused):
    """A pair of a pair of ... of the same: 2 ** levels tuples, to hash()."""
    pairs = [REMEMBER, TUPLE, 2] * levels + [NONE, NONE]
    for level in range(levels - 1, 0, -1):
        pairs += [SAME, level]
    record = probe.record_of(record_with([DICT, 1, *pairs, NONE], levels))
    if is_refused:
        with pytest.raises(ValueError, match="10000000 tuples.*flat tuple"):
            record.decode()
    else:
        (key,) = record.decode()
        assert key[0] is key[1] and hash(key) is not None


@pytest.mark.parametrize("kind", [LIST, TUPLE, DICT, SET])
def test_memory_grows_in_step_with_the_record(kind):
    """Containers in containers that each announce what is left of the record ask for its square: for 30 GB here."""
    body = [kind, 0xE0, 0xD4, 0x03, *([NONE] if kind == DICT else [])] * 60_000 + [NONE] * 130_000
    tracemalloc.start()
    try:
        assert check_damaged(record_with(body))
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
