"""The public functions of `parallel`."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Callable
from typing import Any, TypeVar

from parallel import _core, _engine, _errors, _host, _random
from parallel._work import Errback, Work, name_of
from parallel._xlist import xlist

T = TypeVar("T")
Item = TypeVar("Item")


def _checked_name(func: Callable[..., Any], name: str | None) -> str:
    if not callable(func):
        raise TypeError(
            f"a work is a callable, not {type(func).__name__}: submit_work(func, args) calls func(args) in a context"
        )
    if name is None:
        return name_of(func)
    if not isinstance(name, str):
        raise TypeError(f"name must be a str, not {type(name).__name__}")
    return name


def _check_callbacks(callback: Callable[[Any], object] | None, errback: Errback | None) -> None:
    for what, function in (("callback", callback), ("errback", errback)):
        if function is not None and not callable(function):
            raise TypeError(f"{what} must be callable, not {type(function).__name__}")


def _checked_limits(timeout: Any, retries: Any) -> tuple[float, int] | None:
    if timeout is not None:
        if isinstance(timeout, bool) or not isinstance(timeout, numbers.Real):
            raise TypeError(f"timeout must be None or a number of seconds, not {type(timeout).__name__}")
        if not timeout > 0:  # type: ignore[operator]  # to type checkers a Real compares with nothing
            raise ValueError(f"timeout must be more than 0 seconds, not {timeout}")
    retries = operator.index(retries)
    if not 0 <= retries < 1 << 32:
        raise ValueError(f"retries must be 0 or more, not {retries}")
    return None if timeout is None and retries == 0 else (float(timeout or 0), retries)


def submit_work(
    func: Callable[..., T],
    args: Any = None,
    kwds: dict[str, Any] | None = None,
    callback: Callable[[T], object] | None = None,
    errback: Errback | None = None,
    *,
    name: str | None = None,
    timeout: float | None = None,
    retries: int = 0,
) -> Work[T]:
    """Have `func` called in a context.

    The work starts with run() or start(), when somebody waits for it, or, in the kernel, when the cell ends, and at
    once while none runs. All work that starts together sees the main thread as it was at that moment. Nothing is
    pickled on the way in.

    What a work submits in a context is a part of that work, which ends when all of it has: as if run() were its last
    line.

    Args:
        func: what to call: function, lambda, bound method, any callable.
        args: None for no argument; a tuple is spread; anything else is the single argument.
        kwds: keyword arguments.
        callback: called as `callback(result)` on the main thread when the work is done.
        errback: called as `errback((type, value, traceback))` on the main thread when it failed; run() does not raise
            the error then.
        name: for messages and views; by default the function's own.
        timeout: seconds the work may take, counted from its start in a context. It is then interrupted, killed half a
            second later if it goes on, and fails with `WorkTimeoutError` (a TimeoutError).
        retries: how often it is run again when it fails, crashes or takes too long. What failed attempts pushed stays.

    Returns: a `Work`, which is a `concurrent.futures.Future`.

    Raises: TypeError or ValueError when an argument is not what it must be.

    >>> work = submit_work(divmod, (7, 2)); run(); work.result()
    (3, 1)
    """
    is_plain = name is None and kwds is None and callback is None and errback is None and timeout is None
    if is_plain and type(retries) is int and not retries and not _random.seeds_works:
        work = _engine.current().submit_plain(_host.cell(), func, args)
        if work is not NotImplemented:
            return work
    name = name_of(func) if name is None and callable(func) else _checked_name(func, name)
    if callback is not None or errback is not None:
        _check_callbacks(callback, errback)
    if kwds is not None and not (isinstance(kwds, dict) and all(isinstance(key, str) for key in kwds)):
        raise TypeError("kwds must be None or a dict whose keys are strings")
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    elif type(args) is not tuple:
        args = tuple(args)
    limits = None if timeout is None and type(retries) is int and not retries else _checked_limits(timeout, retries)
    kwds = dict(kwds) if kwds else None
    if _random.seeds_works:
        func, args, kwds = _random.seeded(func, args, kwds)
    return _engine.current().submit(func, args, kwds, name, callback, errback, limits)


def submit_queue(
    queue: xlist[Item],
    consumer: Callable[[Item], object],
    callback: Callable[[int], object] | None = None,
    errback: Errback | None = None,
    *,
    name: str | None = None,
) -> Work[int]:
    """Have `consumer(item)` called in contexts for every item of `queue`, those pushed later included.

    Each item is taken by one context. It ends when the queue is closed and empty, or when it is empty and no work or
    consumer is left that started with it and could push.

    Args:
        queue: the xlist whose items are taken.
        consumer: called with each item; what it returns is dropped, results go into an xlist.
        callback: called as `callback(count)` on the main thread at the end.
        errback: called as `errback((type, value, traceback))` with the first error of an item.
        name: for messages and views; by default the consumer's own.

    Returns: a `Work`; its result is the number of items whose consumer returned. An item whose consumer raised does not
    keep the others from being consumed.

    >>> queue, squares = xlist([1, 2, 3]), xlist()
    >>> work = submit_queue(queue, lambda n: squares.push(n * n)); run(); work.result(), sorted(squares)
    (3, [1, 4, 9])
    """
    if not isinstance(queue, xlist):
        raise TypeError(f"queue must be an xlist, not {type(queue).__name__}: xlist(items) makes one")
    name = _checked_name(consumer, name)
    _check_callbacks(callback, errback)
    return _engine.current().submit_queue(queue, consumer, name, callback, errback)


def start() -> None:
    """Start all pending work and return at once.

    >>> work = submit_work(sum, [1, 2, 3]); start(); work.result()
    6
    """
    _engine.current().start()


def run(timeout: float | None = None) -> None:
    """Start all pending work, wait for all work there is, and raise the first error that no errback took.

    Each error is raised once: the next run() raises the next, up to 100 of them; notes of the error tell how many more
    works have failed, and works("failed") lists them. Of errors that were shown before, because nobody waited for their
    works, one is raised. `cancel()` forgets all of them.

    Callbacks and errbacks run in here, if this is the main thread; what they submit is started and waited for, too.
    Done callbacks have run when it returns. When it takes more than half a second it shows how far it is: see
    `configure`.

    Args:
        timeout: seconds; None waits until the end.

    Raises: the exception of a work with the type it had there, its traceback in the context as the cause;
    `ContextCrashed` when a context died; `WaitTimeoutError` (a TimeoutError) when the time has passed, the work goes
    on. KeyboardInterrupt interrupts the running work; what was pushed stays.

    >>> work = submit_work(int, "not a number")
    >>> run()
    Traceback (most recent call last):
    ValueError: invalid literal for int() with base 10: 'not a number'
    """
    _engine.current().run(timeout)


def run_once() -> None:
    """Handle what has ended so far without waiting; on the main thread, callbacks and errbacks included.

    >>> run_once()
    """
    _engine.current().run_once()


def cancel(id: int | None = None) -> None:
    """Cancel everything: pending work is withdrawn, running work interrupted, and killed if it goes on for 2 s.

    What has failed before is not raised by the next run() any more; each work still has its error.

    Args:
        id: the number of a work: only this one is cancelled, and its end waited for, as `Work.cancel` does.

    Raises: KeyError when no such work waits or runs; ParallelError when it is a queue's, which ends when its queue is
    closed.

    >>> work = submit_work(print); cancel(); work.cancelled()
    True
    >>> work = submit_work(print); cancel(work.id); work.cancelled()
    True
    """
    if id is None:
        _engine.current().cancel()
        return
    work = _engine.current().find(operator.index(id))
    if work is None:
        raise KeyError(f"no work {id} waits or runs: works() lists those there are")
    if not work.cancel() and not work.done():
        raise _errors.ParallelError(f"{work._origin()} consumes a queue: close the queue, or cancel() everything")


def is_parallel_thread() -> bool:
    """True in a context, False in the main process.

    >>> work = submit_work(is_parallel_thread); is_parallel_thread(), work.result()
    (False, True)
    """
    return _core.context() is not None
