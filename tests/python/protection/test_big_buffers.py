"""Large arrays whose memory C code writes to through its bare address."""

import ctypes
import os
import signal

import numpy
import pytest

import parallel
from support import run_program


@pytest.fixture
def arrays(main_module):
    """Where a user has them."""
    main_module.array = numpy.arange(100_000.0)
    main_module.nested = {"inner": [numpy.ones(50_000)]}
    main_module.text = bytearray(b"x" * 100_000)
    return main_module


def fill(place: int, count: int) -> None:
    ctypes.memset(place, 1, count)


def test_a_write_raises_where_it_was_made_and_is_undone(arrays):
    def work():
        seen = []
        for array in (arrays.array, arrays.nested["inner"][0]):
            before = array.copy()
            for _ in range(2):
                try:
                    fill(array.ctypes.data, array.nbytes)
                    seen.append("not refused")
                except parallel.UnprotectedError as error:
                    seen.append(error.__traceback__.tb_next.tb_frame.f_code.co_name)
            seen.append(bool((before == array).all()))
        return seen

    assert parallel.submit_work(work).result() == ["fill", "fill", True] * 2


def test_ends_that_share_their_pages_with_others_are_put_back(main_module, seed):
    """Arrays begin and end anywhere: only the whole pages between can be protected."""
    chance = numpy.random.default_rng(seed)
    main_module.several = {f"{number}": numpy.arange(chance.integers(1100, 9000).item()) for number in range(40)}

    def work():
        ended = []
        for array in main_module.several.values():
            before = array.copy()
            try:
                fill(array.ctypes.data, array.nbytes)
                ended.append("not refused")
            except parallel.UnprotectedError:
                ended.append("changed" if (before != array).any() else "as it was")
        return set(ended), all((array == numpy.arange(len(array))).all() for array in main_module.several.values())

    assert parallel.submit_work(work).result() == ({"as it was"}, True)


def test_arrays_are_found_behind_large_lists():
    """What has a name is looked at before what is in containers, however much that is."""
    ended = run_program("""
        import ctypes, numpy, parallel

        rows = [[number] for number in range(200_000)]
        array = numpy.arange(100_000.0)

        def work():
            ctypes.memset(array.ctypes.data, 1, array.nbytes)

        print(type(parallel.submit_work(work, errback=print).exception()).__name__)
    """)
    assert ended.stdout.endswith("UnprotectedError\n"), ended


def test_bytearrays_too(arrays):
    address = ctypes.addressof(ctypes.c_char.from_buffer(arrays.text))

    def work():
        fill(address + 8192, 10)

    with pytest.raises(parallel.UnprotectedError, match="bytearray 'text'.*writing to its memory"):
        parallel.submit_work(work).result()


def test_more_pages_than_can_be_put_back(arrays):
    arrays.huge = numpy.zeros(4_000_000)

    def work():
        with pytest.raises(parallel.UnprotectedError):
            fill(arrays.huge.ctypes.data, arrays.huge.nbytes)
        return "goes on"

    assert parallel.submit_work(work).result() == "goes on"
    assert not arrays.huge.any()


def test_reading_and_own_arrays_are_as_ever(arrays):
    def work():
        own = arrays.array.copy()
        fill(own.ctypes.data, own.nbytes)
        return (
            float(arrays.array.sum()),
            float(numpy.dot(arrays.array, arrays.array) > 0),
            ctypes.string_at(arrays.array.ctypes.data, 8),
        )

    assert parallel.submit_work(work).result() == (4999950000.0, 1.0, bytes(8))


@pytest.mark.parametrize("crash", [lambda: ctypes.memset(8, 0, 1), lambda: os.kill(os.getpid(), signal.SIGSEGV)])
def test_a_crash_is_still_a_crash(arrays, crash):
    parallel.submit_work(crash)
    with pytest.raises(parallel.ContextCrashed) as caught:
        parallel.run()
    assert caught.value.signal == signal.SIGSEGV
