"""call_from_main_thread: a context asks, the main thread calls."""

import os
import threading
import time

import pytest

import parallel
from support import run_program

seen = []
main = os.getpid()


@parallel.call_from_main_thread
def note(*arguments, **keywords):
    seen.append((os.getpid() == main and threading.current_thread() is threading.main_thread(), arguments, keywords))


@parallel.call_from_main_thread_and_wait
def count(what):
    """What it does."""
    seen.append(what)
    return {"length": len(seen), "what": what}


def plain(n, factor=1):
    seen.append(n)
    return n * factor


def fail(n):
    raise KeyError(n)


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def test_without_waiting():
    works = [parallel.submit_work(lambda n: note(n, key=n), n) for n in range(3)]
    parallel.run()
    assert sorted(seen, key=str) == [(True, (n,), {"key": n}) for n in range(3)]
    assert [work.result() for work in works] == [None] * 3


def test_with_waiting(two_contexts):
    works = [parallel.submit_work(lambda n: [count((n, m))["length"] for m in range(50)], n) for n in range(4)]
    parallel.run()
    assert sorted(number for work in works for number in work.result()) == list(range(1, 201))
    assert sorted(seen) == [(n, m) for n in range(4) for m in range(50)]


def test_as_functions():
    def work():
        parallel.call_from_main_thread(plain, 1)
        parallel.call_from_main_thread(plain, None, {"n": 2})
        answer = parallel.call_from_main_thread_and_wait(plain, (3,), {"factor": 5})
        return answer, parallel.call_from_main_thread_and_wait(os.getpid, None)

    assert parallel.submit_work(work).result() == (15, main) and seen == [1, 2, 3]  # in the order they were asked for


def test_in_the_main_thread_it_is_a_call():
    assert count("x") == {"length": 1, "what": "x"} and count.__doc__ == "What it does." and count.__name__ == "count"
    assert parallel.call_from_main_thread_and_wait(plain, 4) == 4


def test_errors_travel():
    def work():
        try:
            parallel.call_from_main_thread_and_wait(fail, "x")
        except KeyError as error:
            return repr(error), "in fail" in error.__cause__.text

    assert parallel.submit_work(work).result() == ("KeyError('x')", True)
    parallel.run()  # it has reached the one who asked


def test_an_error_nobody_waits_for_is_raised_by_run():
    parallel.submit_work(lambda: parallel.call_from_main_thread(fail, "x"))
    with pytest.raises(KeyError):
        parallel.run()
    parallel.run()


def test_answers_that_cannot_be_sent():
    def work():
        parallel.call_from_main_thread_and_wait(threading.Lock, None)

    with pytest.raises(Exception, match="lock"):
        parallel.submit_work(work).result()


def test_what_the_main_thread_does_not_know():
    def work():
        parallel.call_from_main_thread(lambda: 1, None)

    with pytest.raises(ValueError, match="the main thread cannot be asked for '<lambda>': .* made in a context"):
        parallel.submit_work(work).result()
    with pytest.raises(TypeError, match="can call a function, not int"):
        parallel.call_from_main_thread(3)


def test_from_within_a_nested_work():
    # The outer context sees the inner batch's end, so it is the one that lets go of the lists its answers came through.
    work = parallel.submit_work(lambda: parallel.submit_work(lambda: count("deep")).result())
    parallel.run()
    assert work.result() == {"length": 1, "what": "deep"} and seen == ["deep"]


def test_a_work_that_is_killed_while_it_waits(two_contexts):
    gate = parallel.xlist()

    def work():
        gate.push(1)
        count("never answered")

    waits = parallel.submit_work(work)
    parallel.start()
    assert gate.wait(1, 30)
    time.sleep(0.05)
    assert waits.cancel()
    parallel.run()
    assert parallel.submit_work(lambda: count("next")["what"]).result() == "next"


def test_a_program_that_ends_answers():
    ended = run_program("""
        import parallel, time

        @parallel.call_from_main_thread_and_wait
        def ask(n):
            return n + 1

        parallel.submit_work(lambda: print(ask(1)))
        parallel.start()
    """)
    assert ended.returncode == 0 and ended.stdout == "2\n", ended
