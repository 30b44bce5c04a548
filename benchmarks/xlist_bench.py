"""Small values through an xlist, against multiprocessing's queue."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator

import parallel
from harness import Row, in_turns, timed


def push_from_two_contexts(count: int) -> float:
    """Seconds for one push of a small int, two contexts pushing `count` each into one list."""
    pushed: parallel.xlist[int] = parallel.xlist()

    def work() -> None:
        push = pushed.push
        for n in range(count):
            push(n)

    spent: parallel.xlist[float] = parallel.xlist()
    ready: parallel.xlist[int] = parallel.xlist()

    def timed_work() -> None:
        ready.push(1)
        ready.wait(2)
        spent.push(timed(work))

    for _ in range(2):
        parallel.submit_work(timed_work)
    parallel.run()
    assert len(pushed) == 2 * count
    return max(spent) / (2 * count)


def extend_from_two_contexts(count: int) -> float:
    """As push, in one call for many values."""
    pushed: parallel.xlist[int] = parallel.xlist()
    spent: parallel.xlist[float] = parallel.xlist()
    ready: parallel.xlist[int] = parallel.xlist()

    def work() -> None:
        ready.push(1)
        ready.wait(2)
        spent.push(timed(lambda: pushed.extend(range(count))))

    for _ in range(2):
        parallel.submit_work(work)
    parallel.run()
    assert len(pushed) == 2 * count
    return max(spent) / (2 * count)


def simple_queue(count: int) -> float:
    """Seconds for one small int put by two forked processes into a SimpleQueue and taken by this one."""
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()

    def work() -> None:
        for n in range(count):
            queue.put(n)

    def all_of_it() -> None:
        processes = [context.Process(target=work) for _ in range(2)]
        for process in processes:
            process.start()
        for _ in range(2 * count):
            queue.get()
        for process in processes:
            process.join()

    return timed(all_of_it) / (2 * count)


def read_back(count: int) -> float:
    """Seconds for one int read by iteration in the main thread."""
    values = parallel.xlist(range(count))
    return timed(lambda: sum(values)) / count


def measure(smoke: bool) -> Iterator[Row]:
    count, small, rounds = (2_000, 500, 1) if smoke else (1_000_000, 20_000, 5)
    push, extend, queue, read = in_turns(
        rounds,
        lambda: push_from_two_contexts(count),
        lambda: extend_from_two_contexts(count),
        lambda: simple_queue(small),
        lambda: read_back(count),
    )
    yield Row("push_int: 2 contexts, xlist.push", push, "SimpleQueue", queue, wanted=100)
    yield Row("extend_int: 2 contexts, xlist.extend(range)", extend, "SimpleQueue", queue)
    yield Row("read_back_int: main thread, iteration", read)
