"""What has ended, and who is to hear of it: callbacks, errbacks, waiters, done callbacks, the next run().

An end is noted once, under the engine's lock, by whoever comes across it first. Callbacks and errbacks are then due on
the main thread, done callbacks on the thread that noted the end; both are user code and never called under the lock.
"""

from __future__ import annotations

import collections
import contextlib
import threading
from collections.abc import Callable, Iterator

from parallel import _core, _errors, _host
from parallel._failures import Failures
from parallel._work import Work


class Endings:
    """The engine's memory of ends. Every method but the two `run_` ones may be called on any thread."""

    def __init__(self, lock: threading.RLock):
        self._lock = lock
        self.condition = threading.Condition(lock)  # the `_condition` of every Work
        self.failures = Failures()
        self.waiting_runs = 0  # how many run() will raise what fails now
        # What is to be called on the main thread, with the cell its output belongs to.
        self._callbacks: collections.deque[tuple[object, Callable[[], object]]] = collections.deque()
        self._unheard: collections.deque[Work] = collections.deque()  # watched too late for a report
        self._with_done_callbacks: collections.deque[Work] = collections.deque()
        self._in_done_callbacks: collections.Counter[int] = collections.Counter()  # threads

    @contextlib.contextmanager
    def raised_by_run(self) -> Iterator[None]:
        """Meanwhile a run() waits, which will raise what fails."""
        with self._lock:
            self.waiting_runs += 1
        try:
            yield
        finally:
            with self._lock:
                self.waiting_runs -= 1

    @contextlib.contextmanager
    def awaited(self, work: Work) -> Iterator[None]:
        """Meanwhile somebody waits for this very work."""
        with self._lock:
            work._awaited += 1
        try:
            yield
        finally:
            with self._lock:
                work._awaited -= 1

    def note(self, work: Work) -> None:
        """`work` has ended. Under the lock, for each work that somebody watches or that did not succeed."""
        if work._noted:
            return
        work._noted = True
        error = work._error()
        callback, errback = work._callback, work._errback
        if error is not None and errback is not None:
            self._callbacks.append((work._cell, lambda: errback((type(error), error, error.__traceback__))))
        elif error is not None:
            if not work._error_taken:
                # Whoever waits for this very work, or has asked to be told of its end, will see for himself.
                self.failures.add(error, work, self.waiting_runs > 0 or work._is_awaited())
        elif callback is not None and not work.cancelled():
            self._callbacks.append((work._cell, lambda: callback(work._value())))
        work._tell_waiters()
        if "_own_callbacks" in vars(work):
            self._with_done_callbacks.append(work)

    def note_found(self, work: Work) -> None:
        """`work` was found to have ended: as if it had been reported."""
        with self._lock:
            self.note(work)
            if self._with_done_callbacks:
                _core.signal()  # for the pump: the caller may hold the lock

    def note_unheard(self) -> None:
        """Under the lock: what `watch` has put off."""
        while self._unheard:
            self.note(self._unheard.popleft())

    def watch(self, work: Work) -> bool:
        """See to it that the end of `work` is noted, also when it has ended by now; never within this call.

        False when it will be reported, True when the caller must wake the pump.
        """
        with self._lock:
            if work._batch is None:
                work._watched = True
                return False
            if not work._batch.watch(work._index) or work._noted:
                return False
            self._unheard.append(work)
            return True

    def forget_error(self, work: Work) -> None:
        """The error of `work` has been raised or handed out: run() will not raise it."""
        with self._lock:
            work._error_taken = True
            self.failures.forget(work)

    def add_call(self, cell: object, call: Callable[[], object]) -> None:
        """Have `call()` called on the main thread, as a callback is; what it prints belongs to `cell`."""
        self._callbacks.append((cell, call))

    def callbacks_are_due(self) -> bool:
        """Is there anything for the main thread to do?"""
        return bool(self._callbacks)

    def run_callbacks(self) -> None:
        """On the main thread: the callbacks that are due, each once. What one raises is raised by run()."""
        while self._callbacks:
            cell, call = self._callbacks.popleft()
            try:
                with _host.current().within(cell):
                    call()
            except Exception as error:
                error.__traceback__ = _errors.without_first_own_frames(error.__traceback__)
                with self._lock:
                    self.failures.add(error, None, self.waiting_runs > 0)

    def run_done_callbacks(self) -> None:
        """Not under the lock: those of the ends noted so far."""
        if not self._with_done_callbacks:
            return
        me = threading.get_ident()
        with self._lock:
            self._in_done_callbacks[me] += 1
        try:
            while self._with_done_callbacks:
                with contextlib.suppress(IndexError):  # another thread was faster
                    self._with_done_callbacks.popleft()._run_done_callbacks()
        finally:
            with self._lock:
                self._in_done_callbacks[me] -= 1
                self._in_done_callbacks += collections.Counter()  # drops those that are out again
            _core.signal()  # for who waits for this

    def others_run_done_callbacks(self) -> bool:
        """Is another thread in the middle of one? Not for a done callback to ask: two would wait for each other."""
        with self._lock:
            return bool(self._in_done_callbacks) and threading.get_ident() not in self._in_done_callbacks
