"""A Work is a concurrent.futures.Future: waiting, callbacks, asyncio, at whatever moment the contexts end it."""

import asyncio
import concurrent.futures
import random
import threading
import time

import pytest

import parallel
from support import wait_until


def test_it_is_one():
    work = parallel.submit_work(lambda: 1)
    assert isinstance(work, concurrent.futures.Future)
    assert concurrent.futures.wait([work]).done == {work}


def test_result_and_exception():
    work = parallel.submit_work(lambda: 5)
    assert work.result(timeout=30) == 5 and work.exception() is None
    failed = parallel.submit_work(lambda: 1 / 0)
    assert isinstance(failed.exception(30), ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        failed.result()


def test_waiting_starts_what_is_pending():
    works = [parallel.submit_work(lambda n: n, n) for n in range(10)]
    done, not_done = concurrent.futures.wait(works, timeout=30)
    assert done == set(works) and not not_done
    works = [parallel.submit_work(lambda n: n, n) for n in range(10)]
    assert sorted(work.result() for work in concurrent.futures.as_completed(works, timeout=30)) == list(range(10))


def test_wait_for_what_has_ended():
    works = [parallel.submit_work(lambda n: n, n) for n in range(10)]
    parallel.run()
    assert concurrent.futures.wait(works, timeout=0).done == set(works)
    assert set(concurrent.futures.as_completed(works, timeout=0)) == set(works)
    assert set(concurrent.futures.as_completed(works)) == set(works)


def test_wait_for_the_first(two_contexts):
    gate = parallel.xlist()
    slow, quick = parallel.submit_work(gate.wait, 1), parallel.submit_work(lambda: 1)
    done, not_done = concurrent.futures.wait([slow, quick], return_when=concurrent.futures.FIRST_COMPLETED)
    assert (done, not_done) == ({quick}, {slow})
    failing = parallel.submit_work(lambda: 1 / 0)
    done, not_done = concurrent.futures.wait([slow, failing], return_when=concurrent.futures.FIRST_EXCEPTION)
    assert (done, not_done) == ({failing}, {slow})
    with pytest.raises(TimeoutError):
        list(concurrent.futures.as_completed([slow, quick], timeout=0.05))
    assert concurrent.futures.wait([slow], timeout=0.05).not_done == {slow}
    gate.push(1)
    assert isinstance(failing.exception(), ZeroDivisionError)
    parallel.run()


def test_as_completed_comes_in_the_order_of_the_ends(two_contexts):
    gates = [parallel.xlist() for _ in range(2)]
    works = [parallel.submit_work(gate.wait, 1) for gate in gates]
    completed = concurrent.futures.as_completed(works, timeout=30)
    parallel.start()
    gates[1].push(1)
    assert next(completed) is works[1]
    gates[0].push(1)
    assert next(completed) is works[0] and list(completed) == []


def test_what_has_ended_unnoticed_is_handed_out_once(two_contexts):
    """Its end is noted when somebody looks, and not once more when the pump comes across it."""
    for _ in range(5):
        gate = parallel.xlist()
        quick, slow = parallel.submit_work(lambda: 1), parallel.submit_work(gate.wait, 1)
        parallel.start()
        wait_until(quick.done)
        completed = concurrent.futures.as_completed([quick, slow], timeout=30)
        assert next(completed) is quick
        threading.Timer(0.05, gate.push, (1,)).start()
        assert list(completed) == [slow]


def test_mixed_with_other_futures():
    work = parallel.submit_work(lambda: 1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        other = pool.submit(lambda: 2)
        assert {future.result() for future in concurrent.futures.as_completed([work, other])} == {1, 2}


def test_failures_crashes_and_cancellations_are_completions(two_contexts):
    import os

    works = [
        parallel.submit_work(lambda: 1 / 0),
        parallel.submit_work(lambda: os._exit(1)),
        parallel.submit_work(lambda: 1),
    ]
    withdrawn = parallel.submit_work(lambda: 1)
    withdrawn.cancel()
    assert concurrent.futures.wait([*works, withdrawn]).done == {*works, withdrawn}
    assert withdrawn.cancelled() and [type(work.exception()) for work in works] == [
        ZeroDivisionError,
        parallel.ContextCrashed,
        type(None),
    ]


def test_a_cancel_wakes_waiters():
    parallel.configure(contexts=1)
    gate = parallel.xlist()
    blocking, pending = parallel.submit_work(gate.wait, 1), parallel.submit_work(lambda: 1)
    parallel.start()
    wait_until(blocking.running)
    threading.Timer(0.1, pending.cancel).start()
    assert concurrent.futures.wait([pending], timeout=30).done == {pending} and pending.cancelled()
    gate.push(1)
    parallel.run()


def test_ends_that_race_with_waiters(seed, two_contexts):
    """Works end while they are being waited for, by several threads at once: each is handed out exactly once."""
    dice = random.Random(seed)
    for _ in range(60):
        works = [parallel.submit_work(time.sleep, dice.random() * 0.003) for _ in range(6)]
        parallel.start()
        seen = [[] for _ in range(3)]

        def collect(into):
            into += concurrent.futures.as_completed(works, timeout=30)

        threads = [threading.Thread(target=collect, args=(into,)) for into in seen[1:]]
        for thread in threads:
            thread.start()
        time.sleep(dice.random() * 0.004)
        collect(seen[0])
        for thread in threads:
            thread.join()
        for into in seen:
            assert len(into) == 6 and set(into) == set(works)


# ---- done callbacks --------------------------------------------------------------------------------------------------


def test_done_callbacks_come_once_in_order_whenever_they_are_added(two_contexts):
    for delay in (0, 0.001, 0.01):
        calls = []
        work = parallel.submit_work(lambda: 5)
        work.add_done_callback(lambda work: calls.append(("pending", work.result())))
        parallel.start()
        time.sleep(delay)
        for n in range(3):
            work.add_done_callback(lambda work, n=n: calls.append((n, work.result())))
        parallel.run()
        wait_until(lambda: len(calls) == 4)
        work.add_done_callback(lambda work: calls.append(("done", work.result())))
        assert calls == [("pending", 5), (0, 5), (1, 5), (2, 5), ("done", 5)]


def test_run_returns_when_done_callbacks_have_run(two_contexts):
    """Also when it is another thread that is running them."""
    for _ in range(10):
        calls = []
        for _ in range(3):
            parallel.submit_work(lambda: 1).add_done_callback(lambda work: time.sleep(0.005) or calls.append(work))
        parallel.run()
        assert len(calls) == 3


def test_a_done_callback_after_a_silent_end():
    work = parallel.submit_work(lambda: 5)
    parallel.run()
    calls = []
    work.add_done_callback(calls.append)
    work.add_done_callback(calls.append)
    assert calls == [work, work]


def test_done_callbacks_are_called_while_the_main_thread_does_something_else():
    called = threading.Event()
    work = parallel.submit_work(lambda: 5)
    work.add_done_callback(lambda _: called.set())
    parallel.start()
    assert called.wait(20) and work.result() == 5


def test_done_callbacks_of_cancelled_works():
    calls = []
    work = parallel.submit_work(lambda: 5)
    work.add_done_callback(calls.append)
    work.cancel()
    assert calls == [work] and work.cancelled()


def test_a_done_callback_that_raises_is_logged(caplog):
    calls = []
    work = parallel.submit_work(lambda: 5)
    work.add_done_callback(lambda _: 1 / 0)
    work.add_done_callback(calls.append)
    parallel.run()
    assert calls == [work] and "exception calling callback" in caplog.text and "ZeroDivisionError" in caplog.text
    caplog.clear()


def test_a_done_callback_may_use_the_engine_from_whatever_thread(two_contexts):
    results = []

    def follow(work):
        follower = parallel.submit_work(lambda n: n + 1, work.result())
        follower.add_done_callback(lambda work: results.append(work.result()))
        thread = threading.Thread(target=parallel.start)  # would hang if the engine were locked now
        thread.start()
        thread.join(20)
        assert not thread.is_alive()

    works = [parallel.submit_work(lambda n: n, n) for n in range(5)]
    for work in works:
        work.add_done_callback(follow)
    parallel.run()
    wait_until(lambda: len(results) == 5)
    assert sorted(results) == [1, 2, 3, 4, 5]


def test_watchers_and_the_pump_do_not_lock_each_other_out(two_contexts):
    """Callbacks are added and waited for while the pump thread notes ends: both need the same locks."""
    count, lock = 0, threading.Lock()

    def called(_):
        nonlocal count
        with lock:
            count += 1

    def turn():
        for _ in range(40):
            works = [parallel.submit_work(lambda: 1 / 0, errback=lambda _: None) for _ in range(3)]
            for work in works:
                work.add_done_callback(called)
            parallel.start()
            for work in works:
                work.add_done_callback(called)
            concurrent.futures.wait(works, timeout=30)

    threads = [threading.Thread(target=turn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
        assert not thread.is_alive()
    parallel.run()
    wait_until(lambda: count == 3 * 40 * 6)


# ---- asyncio ---------------------------------------------------------------------------------------------------------


def test_await():
    async def main():
        works = [parallel.submit_work(lambda n: n * n, n) for n in range(5)]
        first = await works[0]
        return [first] + await asyncio.gather(*map(asyncio.wrap_future, works[1:]))

    assert asyncio.run(main()) == [0, 1, 4, 9, 16]


def test_the_loop_goes_on_while_works_are_awaited():
    async def main():
        ticks = 0

        async def tick():
            nonlocal ticks
            while True:
                ticks += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        await parallel.submit_work(time.sleep, 0.2)
        ticking.cancel()
        return ticks

    assert asyncio.run(main()) > 5


def test_await_raises_the_error():
    async def main():
        with pytest.raises(ZeroDivisionError) as caught:
            await parallel.submit_work(lambda: 1 / 0)
        return caught.value

    assert isinstance(asyncio.run(main()).__cause__, parallel.ContextTraceback)
    parallel.run()  # it has been taken


def test_wrap_future_after_the_start():
    async def main():
        work = parallel.submit_work(lambda: 7)
        parallel.start()
        return await asyncio.wait_for(asyncio.wrap_future(work), 30)

    assert asyncio.run(main()) == 7


def test_wrap_future_before_the_start():
    async def main():
        return await asyncio.wait_for(asyncio.wrap_future(parallel.submit_work(lambda: 7)), 30)

    assert asyncio.run(main()) == 7


def test_a_timeout_in_asyncio_withdraws_what_has_not_begun():
    parallel.configure(contexts=1)
    gate = parallel.xlist()

    async def main():
        first, second = parallel.submit_work(gate.wait, 1), parallel.submit_work(lambda: 1)
        waiting = asyncio.ensure_future(asyncio.wrap_future(second))
        parallel.start()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(waiting, 0.05)
        gate.push(1)
        await first
        return second

    second = asyncio.run(main())
    parallel.run()
    assert second.cancelled()


def test_run_in_executor_and_threads():
    async def main():
        loop = asyncio.get_running_loop()
        works = [parallel.submit_work(lambda n: n, n) for n in range(4)]
        return await asyncio.gather(*(loop.run_in_executor(None, work.result) for work in works))

    assert asyncio.run(main()) == [0, 1, 2, 3]


def test_a_future_cannot_be_set_by_hand():
    work = parallel.submit_work(lambda: 1)
    for wrong in (lambda: work.set_result(2), lambda: work.set_exception(ValueError())):
        with pytest.raises(AttributeError):
            wrong()
    assert work.result() == 1
