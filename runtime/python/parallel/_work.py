"""`Work`: one submitted call, as a `concurrent.futures.Future` whose state lives in the shared region.

A work that ends leaves its state and result where any process can read them; nothing is sent and, unless somebody asked
to be told, nothing is done in the main process. So a Work looks when it is asked, and only then remembers.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Generator
from concurrent.futures import _base as _futures
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from parallel import _calls, _core, _errors, _loops, _stacks
from parallel._generics import T
from parallel._waiters import Waiters

if TYPE_CHECKING:
    from parallel._engine import Engine
    from parallel._pending import Pending

# Called with what `sys.exc_info()` gives.
Errback = Callable[[tuple[type[BaseException], BaseException, TracebackType | None]], object]

_PENDING, _RUNNING, _DONE, _FAILED, _CANCELLED, _CRASHED = range(6)
_NAMES = ("pending", "running", "done", "failed", "cancelled", "crashed")
_FUTURE_STATES = {
    _PENDING: _futures.PENDING,
    _RUNNING: _futures.RUNNING,
    _DONE: _futures.FINISHED,
    _FAILED: _futures.FINISHED,
    _CRASHED: _futures.FINISHED,
    _CANCELLED: _futures.CANCELLED_AND_NOTIFIED,
}
_UNREAD: Any = object()


name_of = _core.name_of


class Work(concurrent.futures.Future[T]):
    """One call that runs in a context. Made by `submit_work`, not by hand.

    It is a `concurrent.futures.Future`: `result`, `exception`, `done`, `cancel`, `add_done_callback` and the functions
    of `concurrent.futures` and `asyncio` do what they do there. Waiting for a work starts it, with all that is pending.
    In a context, `result` and `exception` wait for works of the same snapshot, too.

    Attributes: `id` (int, counts up), `name`.

    >>> w = submit_work(pow, (2, 10)); run(); w.result(), w.state
    (1024, 'done')
    """

    # What every work has lies in slots: 1,000,000 works in dictionaries take 850 MB.
    __slots__ = {  # noqa: RUF023 - in the order in which users read of them
        "id": "Its number: 1 for the first work of the process.",
        "name": "For messages and views.",
        "_cell": "of the host, whose output its output is",
        "_engine": "",
        "_batch": "the _core.Batch once started",
        "_index": "among the pending works, then in the batch",
        "_known_result": "once read",
    }
    if TYPE_CHECKING:
        id: int
        name: str
        _cell: object
        _engine: Engine
        _batch: _core.Batch | None
        _index: int
        _known_result: T
        _callback: Callable[[T], object] | None
        _errback: Errback | None
        _known_error: BaseException | None
        _pending: Pending | None
        _limits: tuple[float, int] | None
        _item_error: BaseException | None
        _own_callbacks: list[Callable[[Work[T]], object]]  # there is none before one is added

    # What most works never change is here, once for all of them.
    _callback = None
    _errback = None
    _known_error = _UNREAD  # once read
    _queue = -1  # number of the queue, for a queue's work
    _pending = None  # where an executor's work waits; the engine's own otherwise
    _last_output = ""  # the end of what a crashed one has written to descriptor 2
    _limits = None  # (timeout in seconds or 0, retries), if it has any
    _withdrawn = False  # cancelled before it was started
    _watched = False  # its end is to be reported
    _noted = False  # the engine has taken note of its end
    _awaited = 0  # how many are in result() or exception()
    _error_taken = False  # its error has been raised or handed out by result() or exception()
    _item_error = None  # the first error of an item, for a queue's work
    _items_failed = 0

    def __init__(self, *arguments: object, **keywords: object):
        raise TypeError("a Work is made by submit_work(func, args)")

    # ---- what it is doing --------------------------------------------------------------------------------------------

    def _code(self) -> int:
        if self._batch is None:
            return _CANCELLED if self._withdrawn else _PENDING
        if self._queue >= 0 and not self._noted:
            return _RUNNING  # errors of its items may be waiting to be read
        code = self._batch.state(self._index)
        return _FAILED if code == _DONE and self._item_error is not None else code

    @property
    def state(self) -> str:
        """'pending', 'running', 'done', 'failed', 'cancelled' or 'crashed'."""
        return _NAMES[self._code()]

    @property
    def context(self) -> int | None:
        """The number of the context that ran it, or None."""
        if self._batch is None:
            return None
        slot = self._batch.work(self._index)[1]
        return slot if slot >= 0 else None

    @property
    def elapsed(self) -> float | None:
        """Seconds from its start to its end, or to now; None if it has not begun."""
        if self._batch is None:
            return None
        _, _, _, started, ended = self._batch.work(self._index)
        return None if not started else ((ended or _core.now_ns()) - started) / 1e9

    @property
    def timeout(self) -> float | None:
        """Seconds each attempt may take; None when nothing was said."""
        return self._limits[0] or None if self._limits is not None else None

    @property
    def retries(self) -> int:
        """How often it is run again at most."""
        return self._limits[1] if self._limits is not None else 0

    @property
    def attempts(self) -> int:
        """How often it has been begun: more than once only with `retries`."""
        if self._batch is None or self._queue >= 0:
            return 0
        return self._batch.attempts(self._index) + (self._batch.work(self._index)[3] != 0)

    def stack(self) -> str | None:
        """Where it is now: its Python stack as text with source lines, innermost call last.

        None unless a context runs it.

        It is read from outside. The work is neither stopped nor asked, so this tells of one that hangs in C code, too.

        Raises: ParallelError where the system forbids it.

        >>> import time
        >>> work = submit_work(time.sleep, 60); start()
        >>> while work.state == "pending": time.sleep(0.01)
        >>> work.stack() is None, work.cancel(), work.stack() is None
        (False, True, True)
        """
        return None if self._batch is None or self._queue >= 0 else _stacks.of_work(self._batch, self._index)

    @property
    def traceback(self) -> str | None:
        """The traceback in the context of a work that failed, as text with source lines; else None."""
        error = self._error()
        cause = getattr(error, "__cause__", None)
        return cause.text if isinstance(cause, _errors.ContextTraceback) else None

    def done(self) -> bool:
        """True when it has ended, however."""
        return self._code() >= _DONE

    def running(self) -> bool:
        """True while a context runs it."""
        return self._code() == _RUNNING

    def cancelled(self) -> bool:
        """True when it was taken back, or stopped by an interrupt."""
        return self._code() == _CANCELLED

    # ---- how it ended ------------------------------------------------------------------------------------------------

    def _origin(self) -> str:
        where = f" in context {self.context}" if self.context is not None else ""
        return f"work {self.id} {self.name!r}{where}"

    def _error(self) -> BaseException | None:
        """The exception it ended with, always the same object; None if it has none (yet)."""
        if self._known_error is not _UNREAD:
            return self._known_error
        code = self._code()
        if code < _DONE:
            return None
        error: BaseException | None = None
        if self._item_error is not None:
            error = self._item_error
            if self._items_failed > 1:
                error.add_note(f"{self._items_failed - 1} more items of this queue failed")
        elif self._batch is not None and code == _FAILED:
            error = _errors.rebuild(self._batch.value(self._index), self._origin(), self.timeout)
        elif self._batch is not None and code == _CRASHED:
            arguments = _calls.told(self._batch.task(self._index))
            error = _errors.crashed(self._batch.value(self._index), self._origin() + arguments, self)
        if error is not None and self.attempts > 1:
            error.add_note(f"attempt {self.attempts} of {self.retries + 1}")
        self._attach()
        return _core.set_once(self, "_known_error", _UNREAD, error)  # two threads may have come this far

    def _attach(self) -> dict[str, Any]:
        """Its attributes, to add something that may lead back to it: an error with its frames, a callback, a waiter."""
        _core.track(self)
        return self.__dict__

    def _item_failed(self, error: BaseException) -> None:
        """Note that an item of this queue's work raised."""
        self._items_failed += 1
        if self._item_error is None:
            self._attach()["_item_error"] = error

    def _value(self) -> T:
        """The result of a work that is done, always the same object."""
        if self._known_result is _UNREAD:
            assert self._batch is not None
            value: Any = self._batch.value(self._index) if self._queue < 0 else self._batch.consumed(self._queue)
            known: T = _core.set_once(self, "_known_result", _UNREAD, value)  # as for an error
            return known
        return self._known_result

    def _end(self, timeout: float | None) -> BaseException | None:
        """Wait for the end; the error, which is the caller's from now on."""
        if (code := self._code()) < _DONE:
            self._engine.wait_for(self, timeout)
            code = self._code()
        if code == _DONE:
            return None
        if code == _CANCELLED:
            raise concurrent.futures.CancelledError(f"{self._origin()} was cancelled")
        error = self._error()
        if error is not None:
            self._engine.endings.forget_error(self)
        return error

    def result(self, timeout: float | None = None) -> T:
        """What the function returned: a clone, the same object at every call.

        Work that is still pending is started. `timeout` is in seconds.

        Raises: the exception of the work, `concurrent.futures.CancelledError`, or `TimeoutError`.
        """
        if self._known_result is not _UNREAD:
            return self._known_result
        if self._batch is not None and self._queue < 0:  # what follows would find out the same in 0.4 us more
            value: T = self._batch.result(self._index, _UNREAD)
            if value is not _UNREAD:
                return _core.set_once(self, "_known_result", _UNREAD, value)
        if (error := self._end(timeout)) is None:
            return self._value()
        try:
            raise error
        finally:
            del error, self  # the traceback refers to this frame: a cycle would keep the work and its batch

    def _take_result(self, timeout: float | None) -> T:
        """As `result`, for the one caller who knows this work.

        The value is not remembered, since the batch has the work until its end.
        """
        try:
            return self.result(timeout)
        finally:
            self._known_result = _UNREAD

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """The exception the work ended with, or None. Waits and raises as `result` does."""
        return self._end(timeout)

    def cancel(self) -> bool:
        """Take it back, or, if a context runs it, stop it.

        It gets a KeyboardInterrupt then, and its context is killed if it goes on.

        Returns when that has happened, within a second or so. True if the work is cancelled, False if it ended
        otherwise. A queue's work is not stopped: close the queue.

        >>> import time
        >>> work = submit_work(time.sleep, 60); start(); work.cancel(), work.state
        (True, 'cancelled')
        """
        return self._withdraw() or self._engine.interrupt_work(self)

    def _withdraw(self) -> bool:
        """Take it back if no context has begun it."""
        if self._batch is None and self._engine.withdraw(self):
            return True
        assert self._batch is not None
        return self._batch.cancel(self._index)

    def __await__(self) -> Generator[Any, None, T]:
        self._engine.start()
        return asyncio.wrap_future(self).__await__()

    # ---- concurrent.futures' own view of a Future --------------------------------------------------------------------

    # It reads and changes these under `_condition`, and counts on nothing being changed by others meanwhile. But
    # contexts end works when they like. So an end counts from the moment the engine has noted it, which it does under
    # the same lock: waiters that are there then are told, later ones find it finished.

    def _get_condition(self) -> threading.Condition:
        return self._engine.endings.condition

    def _get_state(self) -> str:
        code = self._code()
        if code >= _DONE:
            self._engine.note_found(self)
        return _FUTURE_STATES[code]

    def _get_waiters(self) -> list[_futures._Waiter]:
        waiters: Waiters | None = self.__dict__.get("_own_waiters")
        if waiters is None:
            waiters = self._attach()["_own_waiters"] = Waiters(self._engine)
            if self._batch is None and not self._withdrawn:
                self._engine.start()
            self._engine.watch(self)
        return waiters

    if not TYPE_CHECKING:  # to type checkers these are the attributes that every Future has
        _condition = property(_get_condition)
        _state = property(_get_state)
        _waiters = property(_get_waiters)

    def add_done_callback(self, fn: Callable[[Work[T]], object]) -> None:
        """Have `fn(work)` called once the work has ended, on whichever thread notices first; at once if it has."""
        # asyncio.wrap_future comes here and then waits, so nobody else may ever start what it waits for.
        awaiting = _loops.awaiting_future(fn)
        if self._batch is None and awaiting is not None:
            self._engine.start()
        with self._condition:
            if not self.done():
                self._attach().setdefault("_own_callbacks", []).append(fn)
                self._engine.watch(self)
                if awaiting is not None:
                    self._engine.loops.serve_until_done(awaiting)
                return
            self._engine.note_found(self)
            if "_own_callbacks" in self.__dict__:  # earlier ones are about to be called, and come first
                self._own_callbacks.append(fn)
                return
        self._call(fn)

    def _is_awaited(self) -> bool:
        """Is anybody there who will see how it ended? Under the lock."""
        return bool(self._awaited or self.__dict__.get("_own_waiters") or "_own_callbacks" in self.__dict__)

    def _tell_waiters(self) -> None:
        """Its end has been noted: under the lock."""
        for waiter in self.__dict__.get("_own_waiters", ()):
            if self.cancelled():
                waiter.add_cancelled(self)
            elif self._error() is not None:
                waiter.add_exception(self)
            else:
                waiter.add_result(self)

    def _run_done_callbacks(self) -> None:
        """Its end has been noted: not under the lock, for this is user code."""
        with self._condition:
            callbacks = self.__dict__.pop("_own_callbacks", ())
        for fn in callbacks:
            self._call(fn)

    def _call(self, fn: Callable[[Work[T]], object]) -> None:
        try:
            fn(self)
        except Exception:
            _futures.LOGGER.exception("exception calling callback for %r", self)

    def __repr__(self) -> str:
        elapsed = self.elapsed
        where = "" if self.context is None else f" context {self.context}"
        took = "" if elapsed is None else f" {elapsed:.3g} s"
        return f"<Work {self.id} {self.name!r} {self.state}{where}{took}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Work belongs to its process: push its result() instead")


# Its slots are known by name to runtime/python/module/work_maker.cpp.
_core.know_works(Work, _UNREAD)


def make(
    number: int,
    name: str,
    cell: object,
    engine: Engine,
    callback: Callable[[Any], object] | None = None,
    errback: Errback | None = None,
) -> Work:
    """A new work that is not pending anywhere yet."""
    # Nothing it holds leads back to it so far: _attach() is called before that may change. To visit a million works
    # again and again would take Python's collector half as long as all the rest of submitting them.
    work = _core.make_work(number, name, cell, engine)
    if callback is not None or errback is not None:
        work._attach().update(_callback=callback, _errback=errback)
    return work
