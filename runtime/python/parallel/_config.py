"""What `configure()` sets."""

from __future__ import annotations

import functools
import operator

from parallel import _core
from parallel.protection import _state as _protection

_LEAST_HEAP = 1 << 20

_contexts: int | None = None
_heap_limit: int | None = None


def contexts() -> int:
    """How many contexts a batch may have: what was configured, or one for each processor this process may use."""
    return _contexts if _contexts is not None else _core.processors()


@functools.cache
def _memory() -> int:
    """Bytes of memory this process may use: the machine's, or the cgroup's limit; as the shared region is large."""
    return _core.region()["reserved"]


def heap_limit() -> int:
    """Bytes the heap of one context may have: what was configured, or a fair share of the memory there is."""
    return _heap_limit if _heap_limit is not None else max(_LEAST_HEAP, _memory() // contexts())


def configure(
    *, contexts: int | None = None, heap_limit: int | None = None, protection: str | None = None
) -> None:
    """Change how works are run from now on; what is left out stays as it is.

    Args:
        contexts: how many contexts may run works at once, at least 1. At first it is one for each usable processor
            (affinity mask and cgroup quota).
        heap_limit: bytes that the objects and arrays made in one context may take, at least 1 MiB. A work that wants more
            gets a `HeapLimitError`, which is a MemoryError; other works go on. At first it is the memory of the machine
            (or of the cgroup) divided by the number of contexts.
        protection: what happens when a work changes an object of the main thread. 'strict', as it is at first: the line that
            tries gets an `UnprotectedError` and nothing is changed. 'scan': the change is made in the context's copy and lost with
            it, and a warning after the work names what was found changed. 'off': the same without a warning.

    Raises: TypeError or ValueError when a value makes no sense; nothing is changed then.

    >>> configure(contexts=4, heap_limit=2 * 1024**3)
    """
    global _contexts, _heap_limit
    number, limit = _contexts, _heap_limit
    mode = _protection.mode() if protection is None else _protection.check(protection)
    if contexts is not None:
        number = operator.index(contexts)
        if not 1 <= number <= 4096:
            raise ValueError(f"contexts must be between 1 and 4096, not {number}")
    if heap_limit is not None:
        limit = operator.index(heap_limit)
        if not _LEAST_HEAP <= limit < 1 << 46:
            raise ValueError(f"heap_limit is in bytes, at least {_LEAST_HEAP:,} and less than 2**46: not {limit:,}")
    _contexts, _heap_limit = number, limit
    _protection.select(mode)
