"""`Executor`: the engine as `concurrent.futures` knows one."""

from __future__ import annotations

import concurrent.futures
import itertools
import operator
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from parallel import _config, _engine, _random
from parallel._pending import Pending
from parallel._work import Work, name_of

P = ParamSpec("P")
T = TypeVar("T")


class Executor(concurrent.futures.Executor):
    """A `concurrent.futures.Executor` whose calls run in contexts.

    A call starts as soon as a context of the executor is free, and sees the program as it is at that moment; nothing is
    pickled on the way in. Of calls that have waited, each context takes its share together.

    Args:
        contexts: how many calls may run at once; by default what `configure()` says.

    Raises: TypeError or ValueError when `contexts` is no number from 1 to 4096.

    >>> with Executor(contexts=2) as executor:
    ...     futures = [executor.submit(pow, n, 2) for n in range(4)]
    ...     sorted(future.result() for future in futures)
    [0, 1, 4, 9]
    """

    def __init__(self, contexts: int | None = None):
        if contexts is not None and not 1 <= (contexts := operator.index(contexts)) <= 4096:
            raise ValueError(f"contexts must be between 1 and 4096, not {contexts}")
        self._pending = Pending(_config.contexts if contexts is None else lambda: contexts)
        self._works: set[Work] = set()
        self._is_shut_down = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Work[T]:
        """Have `fn(*args, **kwargs)` called in a context.

        Returns: a `Work`, which is a `concurrent.futures.Future`.

        Raises: RuntimeError after shutdown() and when the program ends, TypeError when `fn` is not callable.
        """
        if self._is_shut_down:
            raise RuntimeError("cannot schedule new futures after shutdown")
        if not callable(fn):
            raise TypeError(f"submit calls a function, and {type(fn).__name__} is not callable: submit(fn, *args)")
        name = name_of(fn)
        task = _random.seeded(fn, args, kwargs or None)
        work = _engine.current().submit_to(self._pending, *task, name)
        self._works.add(work)
        work.add_done_callback(self._works.discard)
        return work

    def map(
        self,
        fn: Callable[..., T],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[T]:
        """As the builtin `map`, in contexts: an iterator over the results, in order.

        Args:
            fn: called with one item of each iterable.
            timeout: seconds from this call until `TimeoutError` for a result that is not there.
            chunksize: how many items a call takes.
            buffersize: how many calls are submitted ahead of the results that have been asked for, so that an iterable
                may be endless; None takes all items at once.

        Raises: TypeError or ValueError when `chunksize` or `buffersize` is no number from 1 on.

        >>> list(Executor().map(pow, [1, 2, 3], [2, 2, 2]))
        [1, 4, 9]
        """
        if (chunksize := operator.index(chunksize)) < 1:
            raise ValueError(f"chunksize must be >= 1, not {chunksize}.")
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError(f"buffersize must be an integer or None, not {type(buffersize).__name__}")
        if buffersize is not None and buffersize < 1:
            raise ValueError(f"buffersize must be None or > 0, not {buffersize}")
        deadline = None if timeout is None else time.monotonic() + timeout
        if chunksize == 1:
            more = (self.submit(fn, *arguments) for arguments in zip(*iterables))
            return _results(deque(itertools.islice(more, buffersize)), more, deadline)
        from parallel._map import call_each

        chunks = _chunks(zip(*iterables), chunksize)
        chunked = (self.submit(call_each, fn, items, first) for first, items in chunks)
        results = _results(deque(itertools.islice(chunked, buffersize)), chunked, deadline)
        return (result for some in results for result in some)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls, and wait for those there are.

        Args:
            wait: False returns at once; the calls go on.
            cancel_futures: withdraw the calls that have not begun.
        """
        self._is_shut_down = True
        works = list(self._works)
        if cancel_futures:
            for work in works:
                work._withdraw()
        if wait:
            engine = _engine.current()
            with engine.interruptible():
                engine.wait_until(lambda: all(work.done() for work in works), None, "the executor")


def _chunks(items: Iterator[T], size: int) -> Iterator[tuple[int, list[T]]]:
    """So many items at a time, with the number of the first."""
    first = 0
    while some := list(itertools.islice(items, size)):
        yield first, some
        first += size


def _results(works: deque[Work[T]], more: Iterator[Work[T]], deadline: float | None) -> Iterator[T]:
    """What they return, in order; for each result that is asked for, one of `more` is submitted.

    The rest is cancelled when one fails, time is up, or nobody asks for more.
    """
    try:
        while works:
            works.extend(itertools.islice(more, 1))
            timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
            yield works[0]._take_result(timeout)  # in no variable, which would keep it until the next one
            works.popleft()
    finally:
        for work in works:
            work.cancel()
