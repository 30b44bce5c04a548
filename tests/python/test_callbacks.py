"""Callbacks and errbacks: on the main thread, once, whoever waits for what."""

import os
import threading
import traceback

import pytest

import parallel
from parallel import _engine, _host
from support import wait_until


def test_callbacks_run_on_the_main_thread_exactly_once():
    calls = []
    works = [
        parallel.submit_work(
            lambda n: n * n, n, callback=lambda result: calls.append((result, threading.current_thread(), os.getpid()))
        )
        for n in range(50)
    ]
    parallel.run()
    parallel.run()
    parallel.run_once()
    assert sorted(result for result, _, _ in calls) == [n * n for n in range(50)]
    assert {(thread, pid) for _, thread, pid in calls} == {(threading.main_thread(), os.getpid())}
    assert [work.result() for work in works] == [n * n for n in range(50)]


def test_errbacks_run_on_the_main_thread_exactly_once_and_take_the_error():
    calls = []
    parallel.submit_work(
        lambda: 1 / 0, callback=calls.append, errback=lambda error: calls.append((error, threading.current_thread()))
    )
    parallel.run()
    parallel.run()
    [((kind, value, traceback), thread)] = calls
    assert kind is ZeroDivisionError and isinstance(value, ZeroDivisionError) and traceback is value.__traceback__
    assert thread is threading.main_thread()


def test_an_errback_is_not_called_for_success_nor_a_callback_for_failure():
    calls = []
    parallel.submit_work(lambda: 1, errback=calls.append)
    parallel.submit_work(lambda: 1 / 0, callback=calls.append)
    with pytest.raises(ZeroDivisionError):
        parallel.run()
    assert calls == []


def test_what_a_callback_raises_is_raised_by_run_after_all_else():
    calls = []

    def fail(result):
        calls.append(result)
        raise LookupError(result)

    for n in range(3):
        parallel.submit_work(lambda n: n, n, callback=fail)
    for _ in range(3):
        with pytest.raises(LookupError):
            parallel.run()
    parallel.run()
    assert sorted(calls) == [0, 1, 2]


def fail_here(*_):
    raise LookupError


@pytest.mark.parametrize(
    "submit",
    [
        lambda: parallel.submit_work(bool, callback=fail_here),
        lambda: parallel.submit_work(divmod, (1, 0), errback=fail_here),
        lambda: parallel.submit_work(lambda: parallel.call_from_main_thread(fail_here, None)),
    ],
)
def test_the_error_of_a_callback_begins_where_the_user_s_code_does(submit):
    submit()
    with pytest.raises(LookupError) as caught:
        parallel.run()
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-3:] == ["run", "run", "fail_here"]  # of the function, of the engine, and nothing between
    submit()
    parallel.start()
    wait_until(lambda: parallel.run_once() or _engine.current().endings.failures._kept)
    [failure] = _engine.current().endings.failures._kept.values()
    assert [frame.name for frame in traceback.extract_tb(failure.error.__traceback__)] == ["fail_here"]
    with pytest.raises(LookupError):
        parallel.run()


def test_run_once_on_another_thread_leaves_callbacks_to_the_main_thread():
    calls = []
    work = parallel.submit_work(lambda: 1, callback=lambda _: calls.append(threading.current_thread()))
    parallel.start()
    wait_until(work.done)
    thread = threading.Thread(target=parallel.run_once)
    thread.start()
    thread.join(20)
    assert calls == []
    parallel.run_once()
    assert calls == [threading.main_thread()]


def test_callbacks_are_told_of_when_another_thread_runs(front_end):
    """A run() on a thread must not keep a kernel's main thread, which is idle, from hearing of callbacks."""
    woken = []
    front_end.wake_main = lambda: woken.append(1)
    parallel.submit_work(lambda: 1, callback=lambda _: None)
    thread = threading.Thread(target=parallel.run)
    thread.start()
    thread.join(20)
    assert woken
    parallel.run_once()


def test_what_is_submitted_waits_for_run_unless_the_host_is_idle(front_end, monkeypatch):
    woken = []
    front_end.wake_main = lambda: woken.append(1)
    works = [parallel.submit_work(bool)]
    assert not woken
    parallel.run()
    monkeypatch.setattr(_host, "is_idle", True)
    works += [parallel.submit_work(bool) for _ in range(3)]
    assert woken == [1]  # for all that starts together
    parallel.run()
    works.append(parallel.submit_queue(parallel.xlist([1]), print))
    assert woken == [1, 1]
    parallel.run()
    assert all(work.done() for work in works)


def test_what_callbacks_submit_is_run_by_the_same_run():
    results = []

    def again(n):
        results.append(n)
        if n < 5:
            parallel.submit_work(lambda n: n + 1, n, callback=again)

    parallel.submit_work(lambda: 0, callback=again)
    parallel.run()
    assert results == [0, 1, 2, 3, 4, 5]


def test_a_callback_may_run_works_itself():
    results = []

    def nested(n):
        results.append(parallel.submit_work(lambda: n + 1).result())
        parallel.submit_work(lambda: n + 2, callback=results.append)
        parallel.run()

    parallel.submit_work(lambda: 0, callback=nested)
    parallel.run()
    assert results == [1, 2]


def test_callbacks_are_due_in_result_too():
    calls = []
    parallel.submit_work(lambda: "first", callback=calls.append)
    last = parallel.submit_work(lambda: "last", callback=calls.append)
    last.result()
    wait_until(lambda: parallel.run_once() or len(calls) == 2)


def test_run_once_handles_what_has_ended_without_waiting():
    calls, gate = [], parallel.xlist()
    parallel.submit_work(lambda: "quick", callback=calls.append)
    parallel.submit_work(lambda: gate.wait(1) and "slow", callback=calls.append)
    parallel.configure(contexts=2)
    parallel.start()
    wait_until(lambda: parallel.run_once() or calls)
    assert calls == ["quick"]
    gate.push(1)
    wait_until(lambda: parallel.run_once() or len(calls) == 2)
    assert calls == ["quick", "slow"]


def test_a_run_on_another_thread_leaves_callbacks_to_the_main_thread():
    calls, ended = [], []

    def run():
        parallel.run()
        ended.append(True)

    work = parallel.submit_work(lambda: 1, callback=lambda result: calls.append(threading.current_thread()))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)  # this thread serves nobody meanwhile
    assert ended == [True] and work.done() and calls == []
    parallel.run_once()
    assert calls == [threading.main_thread()]


def test_threads_submit_and_run_side_by_side():
    results = []

    def turn(start):
        for n in range(start, start + 20):
            results.append(parallel.submit_work(lambda n: n, n).result())

    threads = [threading.Thread(target=turn, args=(100 * t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parallel.run()
    assert sorted(results) == [100 * t + n for t in range(4) for n in range(20)]


def test_a_wait_that_was_torn_off_keeps_no_callback_from_an_idle_kernel(front_end):
    """A second interrupt can come in the middle of the end of a wait; the end of the cell puts it right."""
    woken = threading.Event()
    front_end.wake_main = woken.set
    engine = _engine.current()
    engine.waits._note(1, True)  # and the other half was never run
    _engine.cell_ended()
    called = []
    parallel.submit_work(int, callback=called.append)
    parallel.start()
    assert woken.wait(20)
    parallel.run_once()
    assert called == [0]
