"""Works that need each other: through xlists, through results, and works submitted by works."""

import os

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
    second = parallel.submit_work(lambda: gate.push(0) or first.result() + [3])
    third = parallel.submit_work(lambda: second.result(30) + [4])
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
