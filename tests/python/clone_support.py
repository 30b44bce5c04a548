"""What the tests of the codec share: a round trip, and classes whose instances are pickled."""

from __future__ import annotations

import collections
import enum
import gc
import itertools
import struct
import tracemalloc

import _clone_probe as probe


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


def traced_growth(action, repeats=1000):
    """Bytes that `repeats` calls leave allocated: the least of four rounds, as caches and free lists fill up in some.

    An object lost in each call would be 16 bytes a call at least, in every round.
    """
    tracemalloc.start()
    try:
        sizes = []
        for _ in range(5):
            for _ in range(repeats):
                action()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        return min(after - before for before, after in itertools.pairwise(sizes))
    finally:
        tracemalloc.stop()
