"""Works that do nothing: what the engine itself costs, against the executors of the standard library."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator

import parallel
from harness import Row, in_turns, timed


def many(count: int) -> float:
    """Seconds a work: submitted, run, and its result read."""

    def submit_run_read() -> None:
        works = [parallel.submit_work(int) for _ in range(count)]
        parallel.run()
        assert all(work.result() == 0 for work in works)

    return timed(submit_run_read) / count


def many_of(executor: concurrent.futures.Executor, count: int) -> float:
    """The same with an executor."""
    return timed(lambda: [future.result() for future in [executor.submit(int) for _ in range(count)]]) / count


def one() -> float:
    """Seconds from submit_work to the return of run() for a single work."""

    def submit_and_run() -> None:
        parallel.submit_work(int)
        parallel.run()

    return timed(submit_and_run)


def one_of_a_new_pool() -> float:
    """Seconds for a call in a pool of processes made for it, which is what sees the program as it is now, too."""

    def call() -> None:
        with concurrent.futures.ProcessPoolExecutor(1) as pool:
            pool.submit(int).result()

    return timed(call)


def measure(smoke: bool) -> Iterator[Row]:
    count, rounds = (100, 1) if smoke else (20_000, 5)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        ours, theirs = in_turns(rounds, lambda: many(count), lambda: many_of(threads, count))
    yield Row("a work of many that do nothing", ours, "ThreadPoolExecutor", theirs, wanted=1)
    if not smoke:
        yield Row("a work of a million that do nothing", many(1_000_000))
    ours, theirs = in_turns(rounds * 4, one, one_of_a_new_pool)
    yield Row("one work, submitted and run", ours, "a new ProcessPoolExecutor", theirs, wanted=1)
