"""Works that need each other: through xlists, through results, and works submitted by works."""

import os
import time

import pytest

import parallel


def test_two_works_that_wait_for_each_other_both_finish(two_contexts):
    ping, pong = parallel.xlist(), parallel.xlist()

    def first():
        for n in range(100):
            ping.push(n)
            assert pong.wait(n + 1, 30)
        return pong[99]

    def second():
        for n in range(100):
            assert ping.wait(n + 1, 30)
            pong.push(-n)
        return ping[99]

    works = [parallel.submit_work(first), parallel.submit_work(second)]
    parallel.run()
    assert [work.result() for work in works] == [-99, 99]


def test_a_work_waits_for_the_result_of_another(two_contexts):
    gate = parallel.xlist()
    first = parallel.submit_work(lambda: gate.wait(1) and [1, 2])
    second = parallel.submit_work(lambda: gate.push(0) or [*first.result(), 3])
    third = parallel.submit_work(lambda: [*second.result(30), 4])
    assert third.result() == [1, 2, 3, 4]
    failed = parallel.submit_work(lambda: 1 / 0)
    follower = parallel.submit_work(lambda: failed.result())
    with pytest.raises(ZeroDivisionError):
        follower.result()
    assert "ZeroDivisionError" in follower.traceback and isinstance(failed.exception(), ZeroDivisionError)


def test_a_work_that_waits_for_itself_is_told(two_contexts):
    works = []
    works.append(parallel.submit_work(lambda: works[0].result()))
    with pytest.raises(parallel.ParallelError, match="cannot end before the work that waits for it"):
        parallel.run()


def test_the_works_of_the_main_process_are_not_for_a_context_to_watch():
    works = []
    works.append(parallel.submit_work(lambda: works[0].add_done_callback(print)))
    with pytest.raises(parallel.ParallelError, match="only result.. and exception.. wait for it"):
        parallel.run()


def test_works_submitted_in_a_context(two_contexts):
    xl = parallel.xlist()

    def outer(n):
        inner = [parallel.submit_work(lambda k: (n, k, parallel.is_parallel_thread()), k) for k in range(3)]
        pushing = parallel.submit_work(lambda: xl.push(("inner", n)))
        parallel.run()
        xl.push(("outer", n))
        with pytest.raises(ZeroDivisionError):
            parallel.submit_work(lambda: 1 / 0).result()
        return [work.result() for work in inner], pushing.state

    works = [parallel.submit_work(outer, n) for n in range(4)]
    parallel.run()
    for n, work in enumerate(works):
        assert work.result() == ([(n, k, True) for k in range(3)], "done")
    assert sorted(xl) == sorted([("inner", n) for n in range(4)] + [("outer", n) for n in range(4)])


def test_callbacks_in_a_context_run_in_that_context():
    def outer():
        calls = []
        parallel.submit_work(lambda: 5, callback=lambda result: calls.append((result, os.getpid())))
        parallel.run()
        return calls, os.getpid()

    calls, pid = parallel.submit_work(outer).result()
    assert calls == [(5, pid)] and pid != os.getpid()


def test_what_a_work_submits_is_a_part_of_it(two_contexts):
    pushed = parallel.xlist()

    def inner(n):
        time.sleep(0.05)
        pushed.push(n)
        if n < 2:
            parallel.submit_work(inner, n + 10)  # and so on, further in

    def only_submits():
        for n in range(4):
            parallel.submit_work(inner, n)
        return "submitted"

    def starts():
        parallel.submit_work(inner, 20)
        parallel.start()

    def pools():
        executor = parallel.Executor(1)
        for n in range(30, 33):
            executor.submit(inner, n)

    works = [parallel.submit_work(only_submits), parallel.submit_work(starts), parallel.submit_work(pools)]
    parallel.run()
    assert [work.state for work in works] == ["done"] * 3 and works[0].result() == "submitted"
    assert sorted(pushed) == [0, 1, 2, 3, 10, 11, 20, 30, 31, 32]


def test_errors_of_what_a_work_submits_are_its_errors():
    def fails(n):
        raise ValueError(f"inner {n}")

    def only_submits():
        parallel.submit_work(fails, 1)
        parallel.submit_work(fails, 2)

    def handles():
        parallel.submit_work(fails, 3, errback=lambda error: None)
        with pytest.raises(ValueError):
            parallel.submit_work(fails, 4).result()

    def fails_itself():
        parallel.submit_work(fails, 5)
        raise KeyError("outer")

    works = [
        parallel.submit_work(function, errback=lambda error: None) for function in (only_submits, handles, fails_itself)
    ]
    parallel.run()
    error = works[0].exception()
    assert isinstance(error, ValueError) and {str(error), error.__notes__[0][-7:]} == {"inner 1", "inner 2"}
    assert works[1].exception() is None
    error = works[2].exception()
    assert isinstance(error, KeyError) and "inner 5" in error.__notes__[0]


def test_items_wait_for_what_their_consumer_submits():
    pushed = parallel.xlist()
    work = parallel.submit_queue(parallel.xlist(range(5)), lambda n: parallel.submit_work(pushed.push, n))
    parallel.run()
    assert work.result() == 5 and sorted(pushed) == list(range(5))


def test_a_work_that_is_cancelled_takes_what_it_has_submitted_along():
    began = parallel.xlist()

    def outer():
        parallel.submit_work(lambda: began.push("inner") or time.sleep(60))
        parallel.start()
        began.push("outer")
        time.sleep(60)

    for ending in ("outer", "inner"):  # while it does something itself, and while it waits at its end
        work = parallel.submit_work(
            outer if ending == "outer" else lambda: parallel.submit_work(lambda: began.push(1) or time.sleep(60))
        )
        parallel.start()
        assert began.wait(2 if ending == "outer" else 3, 30)
        began_to_cancel = time.monotonic()
        assert work.cancel() and work.state == "cancelled"
        parallel.run()
        assert time.monotonic() - began_to_cancel < 10


def test_works_of_a_work_that_cannot_be_started_fail_it(unprotected):
    """As in a full region. They stay pending, and to try again and again would never end."""

    def work():
        def no_room(*arguments):
            raise MemoryError("no room")

        parallel._core.Batch = no_room
        parallel.submit_work(int)
        parallel.submit_work(int)

    with pytest.raises(MemoryError, match="no room"):
        parallel.submit_work(work).result(30)
