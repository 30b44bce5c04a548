"""An allocation-heavy job in a context, on the context's heap and on CPython's allocator."""

from __future__ import annotations

import json
from collections.abc import Iterator

import parallel
from harness import Row, in_turns, timed


def job(size: int) -> int:
    """Builds, changes and drops many small objects of several kinds."""
    table = {}
    for n in range(size):
        table[n] = (str(n), [n, n + 1.5], {"n": n})
    text = json.dumps([row[2] for row in table.values()])
    rows = json.loads(text)
    for n in range(0, size, 2):
        del table[n]
    return len(rows) + len(table) + len("".join(sorted(row[0] for row in table.values())))


def in_context(size: int) -> float:
    """Seconds in a context, measured inside."""
    work = parallel.submit_work(lambda: timed(lambda: job(size)))
    parallel.run()
    return work.result()


def measure(smoke: bool) -> Iterator[Row]:
    size, rounds = (500, 1) if smoke else (200_000, 7)
    ours, theirs = in_turns(rounds, lambda: in_context(size), lambda: timed(lambda: job(size)))
    yield Row("allocation-heavy job in a context", ours, "the main thread, CPython's allocator", theirs, wanted=1)
