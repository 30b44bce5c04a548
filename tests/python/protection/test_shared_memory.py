"""Memory that processes share is written to as everywhere: the main thread sees it.

And works that are methods of C code.
"""

import ctypes
import mmap
import multiprocessing.resource_tracker
import multiprocessing.shared_memory

import numpy as np
import pytest

import parallel
from support import run_program


@pytest.fixture
def tracked():
    """multiprocessing starts a process that looks after what is shared, and lets it run on."""
    yield
    multiprocessing.resource_tracker._resource_tracker._stop()


def test_an_anonymous_mapping_is_shared():
    shared = mmap.mmap(-1, 8192)
    view, array = memoryview(shared), np.frombuffer(shared, np.uint8)

    def write():
        view[1] = 2
        array[2] = 3
        view[4096:4099] = b"abc"

    parallel.submit_work(write)
    parallel.run()
    assert bytes(shared[:3]) == b"\0\2\3" and shared[4096:4099] == b"abc"


def test_the_mapping_itself_is_an_object_as_others():
    shared = mmap.mmap(-1, 8192)

    def write():
        shared[0] = 1

    assert isinstance(parallel.submit_work(write).exception(), parallel.UnprotectedError)
    assert shared[0] == 0


def test_a_private_mapping_is_not(tmp_path):
    path = tmp_path / "data"
    path.write_bytes(bytes(8192))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 8192, access=mmap.ACCESS_COPY) as private:

        def write():
            private[0] = 1

        assert isinstance(parallel.submit_work(write).exception(), parallel.UnprotectedError)
        assert private[0] == 0


def test_values_and_arrays_of_multiprocessing():
    """In a program of its own: multiprocessing keeps what it has opened."""
    ended = run_program("""
        import multiprocessing, parallel

        value, array = multiprocessing.Value("i", 0), multiprocessing.Array("d", 4)

        def write(n):
            with value.get_lock():
                value.value += n
            array[n] = n

        for n in (1, 2, 3):
            parallel.submit_work(write, n)
        parallel.run()
        print(value.value, list(array))
    """)
    assert ended.returncode == 0 and ended.stdout == "6 [0.0, 1.0, 2.0, 3.0]\n", ended


def test_shared_memory_of_multiprocessing(tracked):
    block = multiprocessing.shared_memory.SharedMemory(create=True, size=4096)
    try:
        array = np.ndarray((8,), np.int64, buffer=block.buf)

        def write():
            array[:] = 7
            block.buf[100] = 1

        parallel.submit_work(write)
        parallel.run()
        assert array.tolist() == [7] * 8 and block.buf[100] == 1
        array = None
    finally:
        block.close()
        block.unlink()


def test_buffers_of_ctypes_are_not_shared():
    buffer = ctypes.create_string_buffer(16)

    def write():
        buffer[0] = b"x"

    assert isinstance(parallel.submit_work(write).exception(), parallel.UnprotectedError)


@pytest.mark.parametrize(
    "call, arguments",
    [
        ([].append, (1,)),
        ({}.update, ({"a": 1},)),
        (set().add, (1,)),
        (bytearray(b"abc").extend, (b"d",)),
        (np.zeros(3).fill, (1,)),
        (np.array([3, 1, 2]).sort, ()),
    ],
    ids=["list", "dict", "set", "bytearray", "fill", "sort"],
)
def test_a_work_that_is_a_method_of_a_main_thread_object(call, arguments):
    """No line of Python is there to be blamed."""
    before = repr(call.__self__)
    work = parallel.submit_work(call, arguments)
    assert isinstance(work.exception(), parallel.UnprotectedError)
    assert repr(call.__self__) == before


def test_a_work_that_is_another_function_of_c_code():
    results = parallel.xlist()
    calls = [
        (results.push, (1,)),
        (sorted, ([2, 1],)),
        (dict, ({"a": 1},)),
        (np.sort, (np.array([2, 1]),)),
        ("a-b".split, ("-",)),
    ]
    works = [parallel.submit_work(call, arguments) for call, arguments in calls]
    parallel.run()
    assert [work.state for work in works] == ["done"] * 5 and list(results) == [1] and works[1].result() == [1, 2]
