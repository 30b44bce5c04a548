"""The snapshot: a context sees what was there at the start, with nothing pickled, and changes nothing of it outside."""

import contextvars
import gc
import os
import pickle
import socket
import subprocess
import sys
import tempfile
import threading
import weakref

import numpy
import pytest

import parallel


class Stubborn:
    """No way of pickling or copying it is left."""

    value = 5

    def _refuse(self, *args):
        raise AssertionError("was asked to be pickled")

    __reduce__ = __reduce_ex__ = __getstate__ = __getnewargs__ = __copy__ = __deepcopy__ = _refuse


@pytest.fixture
def no_pickle(monkeypatch):
    """Counts uses of pickle in this process."""
    uses = []

    def count(*args, **kwds):
        uses.append(args)
        raise AssertionError("pickle was used")

    for name in ("dumps", "dump", "Pickler"):
        monkeypatch.setattr(pickle, name, count)
    yield uses
    assert not uses


def test_closures_over_what_cannot_be_pickled(no_pickle, unprotected):
    lock, generator, stubborn, event = threading.Lock(), (n * n for n in range(5)), Stubborn(), threading.Event()
    next(generator)
    variable = contextvars.ContextVar("variable")
    variable.set("set")
    local = threading.local()
    local.value = "local"
    referred = Stubborn()
    reference = weakref.ref(referred)
    frame = sys._getframe()
    module, code = sys.modules[__name__], compile("6 * 7", "", "eval")

    def work():
        with lock:
            assert not event.is_set()
        return [
            next(generator),
            stubborn.value,
            variable.get(),
            local.value,
            reference().value,
            frame.f_code.co_name,
            module.__name__,
            eval(code),
        ]

    assert parallel.submit_work(work).result() == [
        1,
        5,
        "set",
        "local",
        5,
        "test_closures_over_what_cannot_be_pickled",
        __name__,
        42,
    ]
    assert next(generator) == 1  # the context had its own


def test_open_files_and_sockets():
    with tempfile.TemporaryFile("w+") as file, socket.socketpair()[0] as _:
        left, right = socket.socketpair()
        with left, right:
            file.write("some text")
            file.flush()

            def work():
                file.seek(0)
                left.sendall(b"from the context")
                return file.read()

            assert parallel.submit_work(work).result() == "some text"
            assert right.recv(100) == b"from the context"


def test_arguments_and_callables_are_not_pickled(no_pickle):
    class Local:
        def method(self, other):
            return type(self).__name__, other.value, type(other).__name__

    assert parallel.submit_work(Local().method, Stubborn()).result() == ("Local", 5, "Stubborn")
    assert parallel.submit_work(lambda **kwds: kwds["x"].value, kwds={"x": Stubborn()}).result() == 5


def test_a_queues_consumer_is_not_pickled(no_pickle):
    stubborn, seen = Stubborn(), parallel.xlist()
    parallel.submit_queue(parallel.xlist([1, 2]), lambda n: seen.push(n * stubborn.value))
    parallel.run()
    assert sorted(seen) == [5, 10]


@pytest.mark.packages
def test_big_data_is_there_at_once():
    data, array = list(range(1_000_000)), numpy.arange(5_000_000)
    works = [
        parallel.submit_work(lambda half: sum(data[half::2]) + int(array[half::2].sum()), half) for half in range(2)
    ]
    parallel.run()
    assert sum(work.result() for work in works) == sum(data) + int(array.sum())


# ---- a moment --------------------------------------------------------------------------------------------------------


some_global = "as it was"


@pytest.mark.packages
def test_later_changes_of_the_main_thread_are_not_seen(two_contexts):
    global some_global
    value, array, gate, began = {"a": [1]}, numpy.zeros(1000), parallel.xlist(), parallel.xlist()
    name = "as it was"

    def work():
        began.push(1)
        gate.wait(1)
        return value, name, some_global, float(array.sum()), os.environ.get("XPAR_TEST_LATER")

    works = [parallel.submit_work(work) for _ in range(6)]  # more than contexts: some begin after the changes
    parallel.start()
    began.wait(2, 30)
    value["a"].append(2)
    value["b"] = 1
    array += 1
    name = some_global = "changed"
    os.environ["XPAR_TEST_LATER"] = "1"
    gate.push(1)
    parallel.run()
    del os.environ["XPAR_TEST_LATER"]
    some_global = "as it was"
    assert name == "changed"
    assert [work.result() for work in works] == [({"a": [1]}, "as it was", "as it was", 0.0, None)] * 6


def test_the_snapshot_is_that_of_the_start_not_of_the_submission():
    value = []
    work = parallel.submit_work(lambda: list(value))
    value.append(1)
    assert work.result() == [1]


def test_a_replacement_for_a_crashed_context_has_the_same_snapshot(unprotected):
    parallel.configure(contexts=1)
    value = ["as it was"]
    parallel.submit_work(lambda: value.append("by the doomed") or os._exit(1))
    after = parallel.submit_work(lambda: list(value))
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    assert after.result() == ["as it was"]


@pytest.mark.packages
def test_changes_in_contexts_are_not_seen_by_the_main_thread(unprotected):
    value, array, module = {"a": [1]}, numpy.zeros(10), sys.modules[__name__]
    directory = os.getcwd()

    def work():
        value["a"].append(2)
        array[:] = 5
        module.some_global = "changed there"
        os.environ["XPAR_TEST_CONTEXT"] = "1"
        os.chdir("/")
        sys.path.clear()
        return value, float(array.sum()), module.some_global

    assert parallel.submit_work(work).result() == ({"a": [1, 2]}, 50.0, "changed there")
    assert value == {"a": [1]} and array.sum() == 0 and some_global == "as it was"
    assert "XPAR_TEST_CONTEXT" not in os.environ and os.getcwd() == directory and sys.path


# ---- what a context is -----------------------------------------------------------------------------------------------


def test_a_context_is_a_process_with_one_thread():
    main = os.getpid()
    thread = threading.Event()
    other = threading.Thread(target=thread.wait)
    other.start()
    try:

        def look():
            return (
                os.getpid() != main,
                threading.active_count(),
                threading.current_thread() is threading.main_thread(),
                gc.get_freeze_count() > 0,
            )

        assert parallel.submit_work(look).result() == (True, 1, True, True)
    finally:
        thread.set()
        other.join()


@pytest.mark.packages
def test_random_numbers_differ_between_contexts(two_contexts):
    import random

    began = parallel.xlist()

    def draw():
        began.push(1)
        began.wait(2, 30)  # so that both contexts do one
        return random.random(), float(numpy.random.random())

    works = [parallel.submit_work(draw) for _ in range(2)]
    parallel.run()
    (a, b), (c, d) = (work.result() for work in works)
    assert a != c and b != d


def test_a_run_on_a_thread_that_ends_soon():
    """The contexts outlive the thread that forked them, and are interruptible on their own main thread."""
    gate, seen = parallel.xlist(), parallel.xlist()

    def work():
        seen.push(threading.current_thread() is threading.main_thread())
        gate.wait(1)
        return "done"

    works = [parallel.submit_work(work) for _ in range(2)]
    thread = threading.Thread(target=parallel.start)
    thread.start()
    thread.join()
    assert seen.wait(2, 30)
    gate.push(1)
    parallel.run()
    assert list(seen) == [True, True] and [work.result() for work in works] == ["done"] * 2


def test_nothing_is_left_in_proc_of_the_region():
    """No name in the file system, no descriptor: whoever is not a child cannot attach."""
    maps = open("/proc/self/maps").read()
    assert "/dev/shm" not in maps or all("python" not in line for line in maps.splitlines() if "/dev/shm" in line)
    ended = subprocess.run(["ls", "/dev/shm"], capture_output=True, text=True)
    assert "parallel" not in ended.stdout and "xpar" not in ended.stdout
