"""Whose memory an object of ctypes shows that a work makes. More such programs: tests/kernel/protection_cases."""

import array
import ctypes

import pytest

import parallel
import pythons
from parallel.protection import _state as _protection


class Point(ctypes.Structure):
    """Of two numbers."""

    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_int)]


class Record(ctypes.Structure):
    """With everything that a field can be."""

    _fields_ = [
        ("point", Point),
        ("points", Point * 2),
        ("name", ctypes.c_char * 4),
        ("bits", ctypes.c_int, 3),
        ("to", ctypes.POINTER(Point)),
        ("text", ctypes.c_char_p),
    ]


class Either(ctypes.Union):
    """One or the other."""

    _fields_ = [("number", ctypes.c_int), ("bytes", ctypes.c_ubyte * 4)]


record, target, either = Record(), Point(1, 2), Either()
record.to = ctypes.pointer(target)
raw, packed = bytearray(8), array.array("i", [1, 2])

WRITES = [
    "record.point.x = 5",
    "record.points[1].y = 5",
    "record.points[0] = Point(3, 4)",
    "record.points[:] = [Point(), Point(1, 1)]",
    "record.name = b'abc'",
    "record.bits = 2",
    "record.to.contents.x = 5",
    "record.to[0].x = 5",
    "record.to[0] = Point(5, 5)",
    "record.to.contents = Point(5, 5)",
    "record.to = None",
    "record.text = b'abc'",
    "either.bytes[2] = 1",
    "memoryview(record.points).cast('B')[0] = 1",
    "p = ctypes.pointer(record); p.contents.bits = 1",
    "p = ctypes.pointer(record.point); p[0].x = 1",
    "p = ctypes.cast(ctypes.pointer(record), ctypes.POINTER(Point)); p[0] = Point(7, 7)",
    "p = ctypes.POINTER(Point)(record.point); p.contents.x = 3",
    "(ctypes.c_ubyte * 8).from_buffer(raw)[0] = 1",
    "Point.from_buffer(packed).x = 1",
    "ctypes.memset(record, 1, 4)",
    "ctypes.memmove(ctypes.pointer(record), bytes(4), 4)",
    "ctypes.memset(ctypes.byref(record.point), 1, 4)",
    "ctypes.resize(record, 500)",
]


def _state():
    return bytes(record), bytes(target), bytes(either), bytes(raw), packed.tolist()


@pytest.fixture(params=pythons.MEANS)
def both_ways(request):
    """As the interpreter is patched, and as it is not."""
    _protection._force_twins(request.param == "twins")
    yield
    _protection._force_twins(False)


@pytest.mark.parametrize("write", WRITES)
def test_it_is_refused_where_that_is_the_main_threads(write, both_ways):
    before = _state()

    def work():
        try:
            exec(write, globals())
        except parallel.UnprotectedError:
            return _state()

    assert parallel.submit_work(work).result() == before == _state()


def test_objects_that_a_work_has_made_are_its_own(both_ways):
    def work():
        own, other = Record(), Point(8, 9)
        own.point.x, own.points[1].y, own.name, own.bits = 1, 2, b"abc", 3
        own.to = ctypes.pointer(other)
        own.to.contents.x = own.to[0].y = 7
        own.to = record.to  # points to what is the main thread's: reading it is free
        seen = own.to.contents.x, own.to[0].y, record.to.contents.y
        own.to.contents = other  # changes where it points to, not what that is
        own.to[0].x += 1
        pointer = ctypes.pointer(target)
        pointer.contents = other
        pointer[0].y += 1
        ctypes.memmove(ctypes.byref(own.points), bytes(record.points), 8)
        ctypes.memset(own.points, 0, 4)
        copied = Point.from_buffer_copy(packed)
        copied.x += 1
        return own.point.x, own.points[1].y, own.name, own.bits, (other.x, other.y), seen, (copied.x, copied.y)

    before = _state()
    assert parallel.submit_work(work).result() == (1, 2, b"abc", 3, (8, 8), (1, 2, 2), (2, 2))
    assert _state() == before
