"""Arrays and other buffers: in place, aligned, read-only, kept alive."""

from __future__ import annotations

import pickle

import _clone_probe as probe
import numpy
import pytest

from clone_support import Plain, clone
from support import run_program

pytestmark = pytest.mark.packages


ARRAYS = {
    "empty": numpy.zeros(0),
    "empty 2d": numpy.zeros((0, 3)),
    "scalar": numpy.array(5),
    "small": numpy.arange(3),
    "large": numpy.arange(100_000.0),
    "fortran": numpy.asfortranarray(numpy.arange(6).reshape(2, 3)),
    "strided": numpy.arange(10)[::2],
    "reversed": numpy.arange(10)[::-1],
    "transposed block": numpy.arange(60).reshape(3, 4, 5)[1:, :, ::2].T,
    "broadcast": numpy.broadcast_to(numpy.arange(3), (4, 3)),
    "bool": numpy.array([True, False]),
    "half": numpy.arange(3, dtype="f2"),
    "long double": numpy.arange(3, dtype="g"),
    "complex": numpy.arange(3) * 1j,
    "big endian": numpy.arange(3, dtype=">i4"),
    "text": numpy.array(["a", "bcd"]),
    "bytes": numpy.array([b"a", b"bcd"]),
    "void": numpy.zeros(3, "V5"),
    "days": numpy.array(["2020-01-01", "NaT"], "M8[D]"),
    "days strided": numpy.arange(8).astype("M8[s]")[::2],
    "durations": numpy.arange(6).astype("m8[ms]").reshape(2, 3, order="F"),
    "records": numpy.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]),
    "records of days": numpy.zeros(3, [("a", "i2"), ("day", "M8[D]")]),
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


@pytest.mark.parametrize(
    "array",
    [
        numpy.array([1, None, "a", [2]], object),
        numpy.array([[1, {}], [(), 2]], object).T,
        numpy.zeros(3, [("a", "i4"), ("b", "O")])[::2],
    ],
    ids=["flat", "transposed", "records"],
)
def test_arrays_of_objects_are_pickled(array):
    twin = clone(array)
    assert twin.dtype == array.dtype and (twin == array).all()


@pytest.mark.parametrize(
    "value",
    [
        numpy.float64(1.5),
        numpy.int8(-3),
        numpy.bool_(True),
        numpy.datetime64("2020-01-01"),
        numpy.str_("x"),
        numpy.dtype("i4,f8"),
        numpy.ma.array([1, 2], mask=[0, 1]),
        numpy.rec.array([(1, 2.5)]),
    ],
    ids=repr,
)
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


class Model:
    """Stands for what other libraries make: its array is its own business."""

    def __init__(self):
        self.weights = numpy.zeros(100_000)
        self.fixed = numpy.ones(3)
        self.fixed.flags.writeable = False


def test_arrays_of_objects_that_are_no_arrays_can_be_changed():
    twin = clone(Model())
    twin.weights += 1  # a model that is trained further
    assert twin.weights.sum() == 100_000 and not twin.fixed.flags.writeable
    first, array, last = clone([Model(), numpy.zeros(10), Model()])
    assert first.weights.flags.writeable and last.weights.flags.writeable and not array.flags.writeable


def test_a_figure_can_be_drawn_where_it_has_come_to():
    pytest.importorskip("matplotlib.figure")
    ended = run_program("""
        import io, matplotlib.figure, numpy, parallel

        def draw():
            figure = matplotlib.figure.Figure()
            axes = figure.subplots()
            axes.plot(numpy.arange(1000.0))
            axes.imshow(numpy.zeros((20, 20)))
            return figure

        picture = io.BytesIO()
        parallel.submit_work(draw).result().savefig(picture, format="png")
        print(picture.getvalue()[:4])
    """)
    assert ended.stdout == "b'\\x89PNG'\n", ended
