#!/usr/bin/python3
"""Writes the fuzzer's first inputs: records the encoder makes of one object of every kind the format knows, and
those that were found to do harm.

Usage: PYTHONPATH=build/python-test tests/fuzz/seeds.py FOLDER
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import _clone_probe
import numpy


class Leaf:
    """An object that is pickled."""

    def __init__(self):
        self.items = [1, "a"]


def values() -> Iterator[object]:
    """One object of every tag, small ones, so that the fuzzer may change much with few bytes."""
    yield from (None, False, True, 0, 63, -1, 100, -1000, 70_000, 1 << 40, 1 << 80, -(1 << 200), 0.5, 1 - 2j)
    yield from (
        "",
        "a",
        "é",
        "x" * 70,
        "日本語",
        "😀" * 3,
        b"",
        b"bytes",
        b"y" * 5000,
        "z" * 5000,
        "日" * 2100,
        bytearray(3),
        bytearray(4100),
    )
    yield from (
        [],
        (),
        {},
        set(),
        frozenset(),
        [1, 2, 3, 4],
        (1, 2, 3, 400),
        [1.5] * 4,
        [1 << 40] * 4,
        [70_000] * 5,
        [None, "a"],
    )
    yield from ({"key": [1]}, {1, "a"}, frozenset([b"b"]), {(1, ("a", frozenset([2]))): {3}}, [[[[]]]], (((),),))
    shared = [1, "text of its own"]
    yield [shared, {"again": shared}, (shared,)]
    shared.append(shared)
    yield shared
    pair = (1, "a")
    yield {pair: {pair}, "pair": [pair, pair]}
    yield Leaf()
    yield [Leaf(), ..., {"leaf": Leaf()}]
    yield [numpy.arange(3), numpy.zeros(600), b"w" * 4096]
    nested = None
    for _ in range(40):
        nested = [(nested,), {"k": nested}]
    yield nested


NONE, LIST, TUPLE, DICT, REMEMBER, SAME = b"\x00", b"\x0f", b"\x10", b"\x11", b"\x16", b"\x17"


def hostile() -> Iterator[bytes]:
    """Records that no encoder makes, each of which has been a crash or worse: the fuzzer begins with them."""
    front = _clone_probe.encode([]).bytes()[8:16]

    def record(body: bytes, remembered: int = 0) -> bytes:
        return (16 + len(body)).to_bytes(8, "little") + remembered.to_bytes(4, "little") + front[4:] + body

    yield record(DICT + b"\x01" + (TUPLE + b"\x01") * 300_000 + NONE + NONE)  # hash() of the key left the stack
    pairs = (REMEMBER + TUPLE + b"\x02") * 60 + NONE + NONE + b"".join(SAME + bytes([n]) for n in range(59, 0, -1))
    yield record(DICT + b"\x01" + pairs + NONE, 60)  # a pair of a pair of ... of the same: hash() never came to an end
    yield record((LIST + b"\xe0\xd4\x03") * 20_000 + bytes(60_001))  # lists in lists that each announced 60,000 items


def write(folder: Path) -> int:
    """Write one file a record; how many."""
    records = [*(_clone_probe.encode(value).bytes() for value in values()), *hostile()]
    for number, record in enumerate(records):
        (folder / f"seed-{number:02}").write_bytes(record)
    return len(records)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    print(write(target), "seeds")
