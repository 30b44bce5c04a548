"""What `configure()` sets."""

from __future__ import annotations

import functools
import operator
import os
import time
from collections.abc import Iterable
from typing import Any

from parallel import _core, _random
from parallel.protection import _state as _protection
from parallel.protection import paths as _paths

_LEAST_HEAP = 1 << 20
MOST_CONTEXTS = 4096
_LATE_CONTEXTS = 64  # room for so many costs a batch 128 KiB of addresses, and no memory until they are there

_contexts: int | None = None
_heap_limit: int | None = None
_threads = 1
_progress = True


def contexts() -> int:
    """How many contexts a batch may have: what was configured, or one for each processor this process may use.

    In a context it is what holds now in its program, whose settings may have changed since the snapshot.
    """
    if _core.context() is not None and (limit := _core.limit()):
        return limit
    return _contexts if _contexts is not None else _processors()


@functools.cache
def _late_contexts() -> int:
    return max(_LATE_CONTEXTS, os.cpu_count() or 1)


def most_contexts() -> int:
    """How many contexts a batch that starts now may ever have, whatever is configured while it runs."""
    return max(contexts(), _late_contexts())


def announce_contexts() -> None:
    """Have what starts now run within the limit. A context leaves that alone: its own number may be out of date."""
    if _core.context() is None or not _core.limit():
        _core.set_limit(contexts())


_processors_seen = (float("-inf"), 1)


def _processors() -> int:
    """Affinity mask and quota, looked up again after a second: some fifteen files are read, which takes 0.05 ms."""
    global _processors_seen
    now = time.monotonic()
    if now - _processors_seen[0] > 1.0:
        _processors_seen = (now, _core.processors())
    return _processors_seen[1]


@functools.cache
def _memory() -> int:
    """Bytes of memory this process may use: the machine's, or the cgroup's limit; as the shared region is large."""
    return _core.region()["reserved"]


def heap_limit() -> int:
    """Bytes the heap of one context may have: what was configured, or a fair share of the memory there is."""
    return _heap_limit if _heap_limit is not None else max(_LEAST_HEAP, _memory() // contexts())


def threads() -> int:
    """How many threads libraries like BLAS may use in one context."""
    return _threads


def progress() -> bool:
    """Does a long run() show how far it is?"""
    return _progress


def protection() -> str:
    """'strict', 'scan' or 'off'."""
    return _protection.mode()


_UNCHANGED: Any = object()


def configure(
    *,
    contexts: int | None = None,
    heap_limit: int | None = None,
    protection: str | None = None,
    threads: int | None = None,
    seed: int | None = _UNCHANGED,
    progress: bool | None = None,
    projects: Iterable[str | os.PathLike[str]] | None = None,
    libraries: Iterable[str | os.PathLike[str]] | None = None,
) -> None:
    """Change how works are run from now on; what is left out stays as it is.

    Args:
        contexts: how many contexts may run works at once, at least 1, all batches taken together; one that waits for
            others does not count, and goes on at once when its wait is over. At first it is one for each usable
            processor (affinity mask and cgroup quota). It holds at once, also for batches that run: they begin no more
            works than that, or get further contexts from the snapshot they were started with, as many as there are
            works that wait for one; up to 64, the number of processors, or the number they were started with, whichever
            is most. Executors that were given a number of their own keep to it, and so does `run_cell`.
        heap_limit: bytes that the objects and arrays made in one context may take, at least 1 MiB. A work that wants
            more gets a `HeapLimitError`, which is a MemoryError; other works go on. At first it is the memory of the
            machine (or of the cgroup) divided by the number of contexts. It holds for what starts from now on, and for
            the contexts that a running batch gets because `contexts` is raised.
        threads: how many threads BLAS and OpenMP libraries may use in one context, at first 1: contexts use the
            processors already. Variables like OMP_NUM_THREADS that are set take precedence for what is loaded in a
            context.
        seed: an int from which the random streams of all works follow that are submitted from now on, whatever context
            runs them. The same seed again, the same streams again. None, as at first: fresh ones. Items of queues have
            fresh ones always.
        progress: whether a `run()` that takes more than half a second shows how far it is: as a display in a notebook,
            on a line of its own in a terminal; elsewhere nothing is shown. At first it is True.
        protection: what happens when a work changes an object of the main thread. 'strict', as it is at first: the line
            that tries gets an `UnprotectedError` and nothing is changed. 'scan': the change is made in the context's
            copy and lost with it, and a warning after the work names what was found changed. 'off': the same without a
            warning.
        projects, libraries: folders whose code protection takes for yours, or for a library's. Without them what is
            installed (site-packages) and the standard library are libraries, which may keep caches and the like in
            objects of their own, and all else is yours. A folder within another has the last word; each list replaces
            the one before.

    Raises: TypeError or ValueError when a value makes no sense; nothing is changed then.

    >>> configure(contexts=4, heap_limit=2 * 1024**3)

    >>> import time
    >>> configure(contexts=1); works = [submit_work(time.sleep, 0.3) for n in range(2)]; start()
    >>> configure(contexts=2); run(); len({work.context for work in works})
    2

    >>> import random
    >>> configure(seed=7); first = map(lambda n: random.random(), range(3))
    >>> configure(seed=7); first == map(lambda n: random.random(), range(3))
    True
    """
    global _contexts, _heap_limit, _threads, _progress
    number, limit, pool, shows = _contexts, _heap_limit, _threads, _progress
    mode = _protection.mode() if protection is None else _protection.check(protection)
    if contexts is not None:
        number = operator.index(contexts)
        if not 1 <= number <= MOST_CONTEXTS:
            raise ValueError(f"contexts must be between 1 and {MOST_CONTEXTS}, not {number}")
    if heap_limit is not None:
        limit = operator.index(heap_limit)
        if not _LEAST_HEAP <= limit < 1 << 46:
            raise ValueError(f"heap_limit is in bytes, at least {_LEAST_HEAP:,} and less than 2**46: not {limit:,}")
    if threads is not None and (pool := operator.index(threads)) < 1:
        raise ValueError(f"threads must be at least 1, not {pool}")
    if progress is not None:
        if not isinstance(progress, bool):
            raise TypeError(f"progress is True or False, not {type(progress).__name__}")
        shows = progress
    if projects is not None:
        projects = _paths.checked("projects", projects)
    if libraries is not None:
        libraries = _paths.checked("libraries", libraries)
    if seed is not _UNCHANGED:
        _random.set_seed(None if seed is None else operator.index(seed))
    _contexts, _heap_limit, _threads, _progress = number, limit, pool, shows
    _protection.select(mode)
    if projects is not None or libraries is not None:
        _protection.set_folders(projects, libraries)
    if contexts is not None:
        assert number is not None  # the same as an int
        _core.set_limit(number)  # at once, for what runs too
        from parallel import _engine

        _engine.limit_changed()
