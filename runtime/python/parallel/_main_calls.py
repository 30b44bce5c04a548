"""Calls that a context asks the main thread to make."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, overload

from parallel import _core, _errors
from parallel._xlist import xlist

P = ParamSpec("P")
T = TypeVar("T")

_DECORATE: Any = object()
_SLICE_SECONDS = 0.1  # an answer wakes at once; a signal that comes just before the sleep is noticed this late
# What has been decorated in the main process, by number; contexts know it by that.
_registered: list[Callable[..., Any]] = []
_answers: xlist[tuple[bool, Any]] | None = None  # of this context


# The main process calls the function itself, and gets what that returns.
@overload
def call_from_main_thread(func: Callable[P, T]) -> Callable[P, T | None]: ...
@overload
def call_from_main_thread(func: Callable[..., T], args: Any, kwds: dict[str, Any] | None = None) -> T | None: ...
@overload
def call_from_main_thread(func: Callable[..., T], *, kwds: dict[str, Any]) -> T | None: ...
def call_from_main_thread(func: Callable[..., Any], args: Any = _DECORATE, kwds: dict[str, Any] | None = None) -> Any:
    """Have the main thread call `func`, and go on at once.

    The main thread does so while it waits: in run(), map() or an Executor, for a result, in wait() and stream() of an
    xlist, in wait() and as_completed() of concurrent.futures, and while a loop of asyncio on it awaits a Work. In the
    kernel it also does when it is idle, and in cells that await whatever they like. There it may change whatever it
    likes. What the function returns is dropped; what it raises is raised by the next run().

    While the main thread computes, or waits for anything else (time.sleep(), a lock, the end of a thread), it calls
    nothing.

    Args:
        func: a function of the main thread, known by its name there, or one that was decorated.
        args: None for no argument; a tuple is spread; anything else is the single argument. Without `args` this is a
            decorator: the function it gives asks the main thread when it is called in a context, and otherwise calls.
        kwds: keyword arguments.

    Raises: TypeError when `func` is not callable, ValueError when it, or an argument, cannot be brought there.

    >>> seen = []
    >>> @call_from_main_thread
    ... def note(n):
    ...     seen.append(n)
    >>> work = submit_work(lambda: note(3)); run(); seen
    [3]
    """
    return _asking(func, args, kwds, waits=False)


@overload
def call_from_main_thread_and_wait(func: Callable[P, T]) -> Callable[P, T]: ...
@overload
def call_from_main_thread_and_wait(func: Callable[..., T], args: Any, kwds: dict[str, Any] | None = None) -> T: ...
@overload
def call_from_main_thread_and_wait(func: Callable[..., T], *, kwds: dict[str, Any]) -> T: ...
def call_from_main_thread_and_wait(
    func: Callable[..., Any], args: Any = _DECORATE, kwds: dict[str, Any] | None = None
) -> Any:
    """Have the main thread call `func`, and wait for what it returns, or raises.

    As `call_from_main_thread` otherwise: a function or a decorator. While the main thread calls nothing, the work
    waits; when it does so for something that the work is to bring about, a file for example, both wait for ever.

    >>> counts = []
    >>> @call_from_main_thread_and_wait
    ... def count(what):
    ...     counts.append(what)
    ...     return len(counts)
    >>> work = submit_work(lambda: (count("a"), count("b"))); run(); work.result()
    (1, 2)
    """
    return _asking(func, args, kwds, waits=True)


def _asking(func: Callable[..., Any], args: Any, kwds: dict[str, Any] | None, waits: bool) -> Any:
    if not callable(func):
        raise TypeError(f"the main thread can call a function, not {type(func).__name__}")
    if args is not _DECORATE or kwds is not None:
        args = () if args is None or args is _DECORATE else args if isinstance(args, tuple) else (args,)
        return _ask(func, None, args, kwds or {}, waits)
    number = None
    if _core.context() is None:
        number = len(_registered)
        _registered.append(func)

    @functools.wraps(func)
    def ask(*arguments: Any, **keywords: Any) -> Any:
        return _ask(func, number, arguments, keywords, waits)

    return ask


def _ask(func: Callable[..., Any], number: int | None, args: tuple[Any, ...], kwds: dict[str, Any], waits: bool) -> Any:
    if _core.context() is None:
        return func(*args, **kwds)
    global _answers
    if waits and _answers is None:
        _answers = xlist()
    target = func if number is None else number
    try:
        _core.tell(("call", target, args, kwds, _answers if waits else None))
    except ValueError as error:
        raise ValueError(
            f"the main thread cannot be asked for {getattr(func, '__name__', func)!r}: {error}; a function that is "
            "made in a context is not known there, and arguments must be what an xlist takes"
        ) from None
    if not waits:
        return None
    assert _answers is not None  # made above
    _await_answer(_answers)
    succeeded, value = _answers.pop()
    if succeeded:
        return value
    raise _errors.rebuild(value, "the call that the main thread made")


def _await_answer(answers: xlist[tuple[bool, Any]]) -> None:
    # Not wait(), which would run callbacks of this context meanwhile: one that asks, too, would be given this answer.
    while True:
        seen = answers._pushed
        if answers:
            return
        answers._wait_beyond(seen, _SLICE_SECONDS)


def answer(
    target: int | Callable[..., Any],
    args: tuple[Any, ...],
    kwds: dict[str, Any],
    answers: xlist[tuple[bool, Any]] | None,
) -> None:
    """On the main thread: make the call that a context has asked for."""
    func = _registered[target] if isinstance(target, int) else target
    if answers is None:
        # In a context the main thread is further away.
        _ask(func, target if isinstance(target, int) else None, args, kwds, waits=False)
        return
    try:
        result = _ask(func, target if isinstance(target, int) else None, args, kwds, waits=True)
        answers.push((True, result))
    except BaseException as error:  # whatever it is, the context waits for it
        answers.push((False, _errors.describe(error)))
        if not isinstance(error, Exception):
            raise


def forget_answers() -> None:
    """In a context: those of the context it was forked from are not its own."""
    global _answers
    _answers = None
