"""Executor: what concurrent.futures promises, on contexts."""

import asyncio
import concurrent.futures
import functools
import os
import threading
import time
import weakref

import pytest

import parallel
from support import run_program, wait_until


def test_calls_start_by_themselves():
    gate, began = parallel.xlist(), parallel.xlist()
    with parallel.Executor(contexts=2) as executor:
        futures = [executor.submit(lambda n=n: began.push(n) or gate.wait(1) or n) for n in range(3)]
        assert began.wait(2, 30)  # nobody has waited for a future
        time.sleep(0.1)
        assert len(began) == 2 and [future.running() for future in futures] == [True, True, False]
        gate.push(1)
    assert all(future.done() for future in futures) and len(began) == 3


def test_each_call_sees_the_program_as_it_is_when_it_starts():
    seen = []
    with parallel.Executor(contexts=1) as executor:
        for n in range(3):
            seen.append(n)
            assert executor.submit(lambda: list(seen)).result() == seen


def test_results_errors_and_keywords():
    with parallel.Executor(2) as executor:
        assert executor.submit(sorted, "bca", reverse=True).result() == ["c", "b", "a"]
        failed = executor.submit(int, "x")
        with pytest.raises(ValueError, match="invalid literal"):
            failed.result()
        assert executor.submit(divmod, (1), 1).result() == (1, 0)
        assert executor.submit(lambda *arguments: arguments, (1, 2)).result() == ((1, 2),)  # a tuple is not spread
    parallel.run()  # errors belong to the futures


@pytest.mark.parametrize("chunksize", [1, 3, 100])
def test_map(chunksize):
    with parallel.Executor(2) as executor:
        assert list(executor.map(pow, range(10), [2] * 10, chunksize=chunksize)) == [n * n for n in range(10)]
        assert list(executor.map(abs, [], chunksize=chunksize)) == []
        results = executor.map(lambda n: 1 / n, [2, 1, 0, 4], chunksize=chunksize)
        with pytest.raises(ZeroDivisionError):
            list(results)
        with pytest.raises(ValueError, match="chunksize"):
            executor.map(abs, [1], chunksize=0)


def test_map_in_time():
    with parallel.Executor(2) as executor:
        with pytest.raises(TimeoutError):
            list(executor.map(time.sleep, [0, 60], timeout=0.2))


class Answer:
    def __init__(self, number, gate):
        if number == 2:
            gate.wait(1, 30)


def test_map_keeps_no_result_alive():
    gate = parallel.xlist()
    with parallel.Executor(1) as executor:
        results = executor.map(Answer, range(3), [gate] * 3)  # calls 1 and 2 have waited: they are one batch
        next(results)
        answer = weakref.ref(next(results))
        assert answer() is None
        gate.push(True)
        assert isinstance(next(results), Answer) and not list(results)


def test_functions_of_concurrent_futures():
    with parallel.Executor(2) as executor:
        futures = [executor.submit(pow, n, 2) for n in range(20)]
        results = [future.result() for future in concurrent.futures.as_completed(futures, 30)]
        assert sorted(results) == [n * n for n in range(20)]
        done, missing = concurrent.futures.wait([executor.submit(time.sleep, 0.01) for _ in range(4)], 30)
        assert len(done) == 4 and not missing


def test_asyncio():
    async def main():
        loop = asyncio.get_running_loop()
        with parallel.Executor(2) as executor:
            return await asyncio.gather(
                *(loop.run_in_executor(executor, functools.partial(pow, n, 2)) for n in range(5))
            )

    assert asyncio.run(main()) == [0, 1, 4, 9, 16]


def test_after_shutdown():
    executor = parallel.Executor(2)
    future = executor.submit(time.sleep, 0.2)
    executor.shutdown(wait=False)
    assert not future.done()
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(print)
    executor.shutdown()
    assert future.done()


def test_shutdown_may_cancel_what_has_not_begun():
    began = parallel.xlist()
    executor = parallel.Executor(contexts=1)
    futures = [executor.submit(lambda: began.push(1) or time.sleep(0.3)) for _ in range(5)]
    assert began.wait(1, 30)
    executor.shutdown(cancel_futures=True)
    assert [future.cancelled() for future in futures] == [False, True, True, True, True] and len(began) == 1


def test_no_more_contexts_than_asked_for():
    active = parallel.xlist()
    with parallel.Executor(contexts=3) as executor:
        for _ in range(30):
            executor.submit(lambda: active.push(1) or time.sleep(0.02) or active.push(-1))
            time.sleep(0.003)  # in batches of every size
    level = most = 0
    for change in active:
        level += change
        most = max(most, level)
    assert level == 0 and 1 <= most <= 3


def test_two_executors_and_run_do_not_disturb_each_other():
    one, two = parallel.Executor(1), parallel.Executor(1)
    slow = one.submit(time.sleep, 0.5)
    assert two.submit(lambda: 2).result() == 2 and not slow.done()
    work = parallel.submit_work(lambda: 3)
    parallel.run()
    assert work.result() == 3 and slow.done()  # run() waits for all work there is
    one.shutdown()
    two.shutdown()


def test_from_many_threads():
    with parallel.Executor(2) as executor:
        results = []
        threads = [
            threading.Thread(
                target=lambda n=n: results.append(sum(executor.submit(pow, n, 2).result() for _ in range(5)))
            )
            for n in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(results) == [5 * n * n for n in range(8)]


def test_contexts_that_make_no_sense():
    for contexts, error in ((0, ValueError), (-1, ValueError), (5000, ValueError), ("2", TypeError), (1.5, TypeError)):
        with pytest.raises(error):
            parallel.Executor(contexts)


def test_a_program_that_ends_waits_for_its_calls():
    ended = run_program("""
        import parallel, time

        executor = parallel.Executor(1)
        for n in range(3):
            executor.submit(lambda n=n: time.sleep(0.1) or print("done", n))
    """)
    assert ended.returncode == 0 and ended.stdout.splitlines() == ["done 0", "done 1", "done 2"], ended


def test_a_dead_context_costs_one_call():
    with parallel.Executor(2) as executor:
        futures = [executor.submit(os._exit if n == 3 else abs, n) for n in range(10)]
        with pytest.raises(parallel.ContextCrashed):
            futures[3].result()
        assert [future.result() for n, future in enumerate(futures) if n != 3] == [n for n in range(10) if n != 3]
        assert executor.submit(abs, -1).result() == 1  # no broken pool


def test_a_future_that_was_dropped_runs_all_the_same():
    ran = parallel.xlist()
    executor = parallel.Executor(1)
    for n in range(3):
        executor.submit(ran.push, n)
    del executor
    wait_until(lambda: len(ran) == 3)


def test_calls_that_have_waited_are_shared_by_all_contexts():
    """One context that comes free must not take all that has waited meanwhile: the others would be idle."""
    contexts = parallel.xlist()
    with parallel.Executor(contexts=4) as executor:
        for _ in range(40):
            executor.submit(lambda: time.sleep(0.05) or contexts.push(os.getpid()))
    counts = sorted(list(contexts).count(pid) for pid in set(contexts))
    assert sum(counts) == 40 and counts[-1] <= 12, counts  # the first few start alone; of the rest none takes all


def test_a_program_that_ends_takes_no_more_calls():
    """What nobody waits for would be lost silently."""
    ended = run_program("""
        import atexit

        @atexit.register
        def after_parallel():
            try:
                executor.submit(print, "never seen")
            except RuntimeError as error:
                print(error)

        import parallel

        executor = parallel.Executor(1)
    """)
    assert ended.stdout == "cannot schedule new futures after interpreter shutdown\n", ended
