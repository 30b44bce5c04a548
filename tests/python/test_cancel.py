"""cancel(): of a pending work, of one that has not begun, of everything; and what works do on their way out."""

import concurrent.futures
import ctypes
import functools
import os
import random
import time
import weakref

import pytest

import parallel


def test_cancelling_pending_works():
    xl = parallel.xlist()
    works = [
        parallel.submit_work(xl.push, n, callback=lambda _: xl.push("callback"), errback=lambda _: xl.push("errback"))
        for n in range(3)
    ]
    assert works[1].cancel() and works[1].cancel() and works[1].cancelled() and works[1].done()
    with pytest.raises(concurrent.futures.CancelledError, match=f"work {works[1].id} 'push' was cancelled"):
        works[1].result()
    parallel.run()
    assert (
        sorted(item for item in xl if isinstance(item, int)) == [0, 2]
        and list(xl).count("callback") == 2
        and "errback" not in xl
    )


def test_cancelling_works_that_have_been_started_but_not_begun():
    parallel.configure(contexts=1)
    gate, began = parallel.xlist(), parallel.xlist()
    works = [parallel.submit_work(lambda n: began.push(n) or gate.wait(1), n) for n in range(4)]
    parallel.start()
    assert began.wait(1, 30)
    assert [work.cancel() for work in works[1:]] == [True, True, True]
    gate.push(1)
    parallel.run()
    assert [work.state for work in works] == ["done", "cancelled", "cancelled", "cancelled"] and list(began) == [0]
    assert not works[0].cancel() and works[1].cancel()


def test_cancelling_a_running_work_leaves_the_others(two_contexts):
    began, stopped = parallel.xlist(), parallel.xlist()

    def sleep():
        try:
            began.push(1)
            time.sleep(60)
        finally:
            stopped.push("cleaned up")

    victim = parallel.submit_work(sleep)
    other = parallel.submit_work(lambda: began.push(2) or time.sleep(0.5) or "other")
    later = [parallel.submit_work(lambda n: n, n) for n in range(3)]
    parallel.start()
    assert began.wait(2, 30)
    at = time.monotonic()
    assert victim.cancel() and victim.cancelled() and time.monotonic() - at < 1.0
    assert list(stopped) == ["cleaned up"] and other.result() == "other"
    assert [work.result() for work in later] == [0, 1, 2]
    with pytest.raises(concurrent.futures.CancelledError):
        victim.result()
    parallel.run()  # a work that was cancelled is no error


def test_cancelling_a_running_work_that_does_not_listen(two_contexts):
    began = parallel.xlist()

    def refuse():
        while True:
            try:
                began.push("here")  # within: it may be interrupted from here on
                time.sleep(60)
            except KeyboardInterrupt:
                began.push("heard")

    victim, other = parallel.submit_work(refuse), parallel.submit_work(lambda: time.sleep(1.5) or "other")
    parallel.start()
    assert began.wait(1, 30)
    at = time.monotonic()
    assert victim.cancel() and time.monotonic() - at < 3.0 and "heard" in began
    assert other.result() == "other"


def test_a_cancel_that_comes_as_the_work_ends_hits_no_other(two_contexts):
    """A hundred works of 2 ms, cancelled at random: each is done or cancelled, and the one after it is always done."""
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chosen = random.Random(seed)
    for _ in range(100):
        victim = parallel.submit_work(lambda: time.sleep(0.002) or "done")
        others = [parallel.submit_work(lambda: sum(range(2000)) and "other") for _ in range(3)]
        parallel.start()
        time.sleep(chosen.uniform(0.0, 0.012))
        assert victim.cancel() == victim.cancelled()
        assert victim.cancelled() or victim.result() == "done"
        assert [work.result() for work in others] == ["other"] * 3


class Sleepers:
    """Works that sleep until they are interrupted. One that is killed instead is not in `ended`."""

    def __init__(self):
        self.began, self.ended = parallel.xlist(), parallel.xlist()

    def sleep(self):
        try:
            self.began.push(1)
            time.sleep(1000)
        finally:
            self.ended.push(1)


def test_cancelling_everything(two_contexts):
    sleepers, calls = Sleepers(), []
    running = [parallel.submit_work(sleepers.sleep, callback=calls.append, errback=calls.append) for _ in range(5)]
    parallel.start()
    assert sleepers.began.wait(2, 30)
    pending = [parallel.submit_work(print) for _ in range(3)]
    at = time.monotonic()
    parallel.cancel()
    parallel.run()
    assert time.monotonic() - at < 1.8  # nobody had to be killed
    assert {work.state for work in running + pending} == {"cancelled"} and calls == []
    assert len(sleepers.began) == len(sleepers.ended) == 2
    assert parallel.submit_work(lambda: 1).result() == 1


def test_a_work_that_is_about_to_sleep_is_not_missed(two_contexts):
    """An interrupt between Python's last look and the system call ends no system call."""
    for _ in range(150):
        sleepers = Sleepers()
        for _ in range(2):
            parallel.submit_work(sleepers.sleep)
        parallel.start()
        while len(sleepers.began) < 2:
            pass
        at = time.monotonic()
        parallel.cancel()
        parallel.run()
        assert time.monotonic() - at < 1.8 and len(sleepers.ended) == 2  # nobody had to be killed


def test_what_a_cancelled_work_does_on_its_way_out(two_contexts, capsys):
    xl = parallel.xlist()

    def tidy():
        try:
            xl.push("began")
            time.sleep(1000)
        finally:
            xl.push("tidied")
            print("tidied")

    def stays():
        try:
            xl.push("began")
            time.sleep(1000)
        except KeyboardInterrupt:
            return "returned all the same"

    works = [parallel.submit_work(tidy), parallel.submit_work(stays)]
    parallel.start()
    assert xl.wait(2, 30)
    parallel.cancel()
    parallel.run()
    assert works[0].cancelled() and works[1].result() == "returned all the same"
    assert "tidied" in xl and capsys.readouterr().out == "tidied\n"


def test_a_cancel_that_comes_too_soon_or_too_late(two_contexts):
    for _ in range(50):
        works = [parallel.submit_work(lambda: 1) for _ in range(4)]
        parallel.start()
        parallel.cancel()
        parallel.run()
        assert {work.state for work in works} <= {"done", "cancelled"}
    parallel.cancel()


class SlowToMake(Exception):
    """As HeapLimitError: raised by C code as a type, and made by Python code only when somebody looks at it."""

    made = None

    def __init__(self, *args):
        super().__init__(*args)
        SlowToMake.made.push(os.getpid())
        time.sleep(60)


def test_an_interrupt_while_an_error_is_made(two_contexts):
    """The work is cancelled; a KeyboardInterrupt that nobody raised is no error of it."""
    SlowToMake.made = parallel.xlist()
    work = parallel.submit_work(raise_from_c, SlowToMake)
    parallel.start()
    assert SlowToMake.made.wait(1, 30)
    assert work.cancel() and work.state == "cancelled"
    parallel.run()
    SlowToMake.made = None


class SlowToDescribe(Exception):
    """Brought to the main program in one way only, which takes its time."""

    begun = None

    def __new__(cls, *, as_it_wants=False):
        if not as_it_wants:
            raise TypeError("not in this way")
        return super().__new__(cls)

    def __init__(self, **_):
        super().__init__()

    def __reduce__(self):
        if parallel.is_parallel_thread():
            SlowToDescribe.begun.push(1)
            time.sleep(0.1)
        return functools.partial(SlowToDescribe, as_it_wants=True), ()


def test_an_interrupt_while_an_error_is_described(two_contexts):
    """The work has failed by then; the error keeps its type, and the context goes on."""
    for _ in range(5):
        SlowToDescribe.begun = parallel.xlist()
        work, other = parallel.submit_work(fail_slowly), parallel.submit_work(lambda: "other")
        parallel.start()
        assert SlowToDescribe.begun.wait(1, 30)
        assert not work.cancel() and type(work.exception()) is SlowToDescribe and other.result() == "other"
    SlowToDescribe.begun = None


def fail_slowly():
    raise SlowToDescribe(as_it_wants=True)


def raise_from_c(kind):
    """Leave an exception that has not been made yet."""
    ctypes.pythonapi.PyErr_SetNone.argtypes = [ctypes.py_object]
    ctypes.pythonapi.PyErr_SetNone.restype = None
    ctypes.pythonapi.PyErr_SetNone(kind)


def test_what_is_left_after_any_withdrawals_calls_what_it_was_submitted_with():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    with parallel.Executor(1) as executor:
        for _ in range(20):
            submit = chance.choice([lambda n: parallel.submit_work(str, n), lambda n: executor.submit(str, n)])
            works = [submit(n) for n in range(chance.randrange(1, 60))]
            for work in chance.sample(works, chance.randrange(len(works) + 1)):
                work.cancel()
                if chance.random() < 0.2:
                    works.append(submit(len(works)))
            parallel.run()
            concurrent.futures.wait(works)
            assert all(work.cancelled() or work.result() == str(n) for n, work in enumerate(works))


def test_arguments_of_what_was_withdrawn_are_let_go():
    class Argument:
        pass

    argument = Argument()
    seen = weakref.ref(argument)
    others = [parallel.submit_work(int) for _ in range(10)]
    work = parallel.submit_work(repr, (argument,))
    del argument
    assert work.cancel() and seen() is None
    parallel.run()
    assert all(other.result() == 0 for other in others)
