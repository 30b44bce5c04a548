"""What is submitted, what runs, what has gone wrong: the main process's side of works and batches.

Contexts leave states, results and reports in the shared region (see runtime/schedule); this module reads them. Reading is done by
whoever comes first, the main thread while it waits or the pump thread, always under `Engine._lock`. User code (callbacks) runs on the
main thread only, and never under the lock. The lock is held across every fork, so that no child inherits it half way.
"""

from __future__ import annotations

import atexit
import collections
import itertools
import sys
import threading
import time
from typing import Callable

from parallel import _config, _core, _errors, _host, _views
from parallel._batch import RunningBatch
from parallel._pump import Pump
from parallel._work import Work

_SLICE_SECONDS = 0.1  # a waiter looks again this often, at live views for example; events wake it at once
_NOTICE_SECONDS = 1.0  # an error is announced when a run() goes on for this long after it
_INTERRUPT_SECONDS = 0.2  # how long an interrupted run() waits for its works to stop before it raises


class Engine:
    """The one engine of a process. A context has one of its own, empty at first, for what its work submits."""

    def __init__(self):
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._pending: list[tuple[Work, tuple]] = []
        self._pending_queues: list[tuple[Work, tuple]] = []
        self._running: list[RunningBatch] = []
        self._errors: collections.deque[_Failure] = collections.deque()
        self._callbacks: collections.deque[Callable[[], None]] = collections.deque()
        self._told_late: collections.deque[Work] = collections.deque()
        self._waiting_runs = 0
        self._pump = Pump(self)

    # ---- submitting ----------------------------------------------------------------------------------------------------------

    def submit(self, task: tuple, name: str, callback, errback) -> Work:
        """A new pending work; `task` is (callable, tuple of arguments, dict or None)."""
        work = Work(next(self._numbers), name, callback, errback, _host.current().cell(), self)
        self._pending.append((work, task))
        return work

    def submit_queue(self, queue, consumer, name: str, callback, errback) -> Work:
        """A new pending work that stands for everything `consumer` will do with the items of `queue`."""
        work = Work(next(self._numbers), name, callback, errback, _host.current().cell(), self)
        self._pending_queues.append((work, (queue, consumer)))
        return work

    def withdraw(self, work: Work) -> bool:
        """Take back a pending work; False if it has been started."""
        with self._lock:
            if work._batch is not None:
                return False
            work._withdrawn = True
            self._pending = [entry for entry in self._pending if entry[0] is not work]
            self._pending_queues = [entry for entry in self._pending_queues if entry[0] is not work]
        work._tell()
        return True

    # ---- starting ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take a snapshot and start all that is pending as one batch."""
        with self._lock:
            works, self._pending = self._pending, []
            queues, self._pending_queues = self._pending_queues, []
            if not works and not queues:
                return
            contexts = _config.contexts()
            if not queues:
                contexts = min(contexts, len(works))
            try:
                batch = _core.Batch([task for _, task in works], [task for _, task in queues], contexts)
            except BaseException:
                self._pending = works + self._pending
                self._pending_queues = queues + self._pending_queues
                raise
            running = RunningBatch(batch, [work for work, _ in works], [work for work, _ in queues])
            self._running.append(running)
            # Nothing of what was printed before may be printed again by a child.
            _flush_streams()
            try:
                batch.start()
            except OSError:
                pass  # every work has ended as crashed, with the reason: collect() reports them
            self._pump.ensure()

    # ---- reading what contexts report ----------------------------------------------------------------------------------------

    def collect(self) -> None:
        """Take note of everything that has been reported; any thread."""
        with self._lock:
            for running in list(self._running):
                running.read_reports(self)
                if running.finish(self):
                    self._running.remove(running)
            while self._told_late:
                self.work_ended(self._told_late.popleft())
        if self._callbacks and not self._waiting_runs:
            _host.current().wake_main()

    def work_ended(self, work: Work) -> None:
        """Once for each work that somebody watches or that did not succeed; under the lock."""
        if work._noted:
            return
        work._noted = True
        error = work._error()
        if error is not None and work._errback is not None:
            self._callbacks.append(lambda: work._errback((type(error), error, error.__traceback__)))
        elif error is not None:
            if not work._error_taken:
                self._fail(error, work)
        elif work._callback is not None and not work.cancelled():
            self._callbacks.append(lambda: work._callback(work._value()))
        work._tell()

    def _fail(self, error: BaseException, work: Work | None) -> None:
        """Keep an error for run(), and show it at once where nobody waits for it; under the lock."""
        waits = self._waiting_runs > 0
        self._errors.append(_Failure(error, work, shown=not waits))
        if not waits:
            _host.current().error(work._cell if work is not None else _host.current().cell(), error)

    def watch(self, work: Work) -> None:
        """See to it that `work_ended` is called for a work, also when it has ended by now; never from within this call."""
        with self._lock:
            if work._batch is None or work._batch.watch(work._index):
                if work._batch is not None or work._withdrawn:
                    self._told_late.append(work)
                    _core.signal()
                else:
                    work._watched = True

    def forget_error(self, work: Work) -> None:
        """The error of `work` has been raised or handed out: run() will not raise it."""
        with self._lock:
            work._error_taken = True
            self._errors = collections.deque(failure for failure in self._errors if failure.work is not work)

    # ---- waiting -------------------------------------------------------------------------------------------------------------

    def is_busy(self) -> bool:
        """Is any started work not yet at its end?"""
        self.collect()
        return bool(self._running)

    def wait_until(self, is_over: Callable[[], bool], timeout: float | None, what: str) -> None:
        """Wait, running callbacks if this is the main thread; WaitTimeoutError after `timeout` seconds.

        A KeyboardInterrupt interrupts all running work before it goes on.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        on_main_thread = threading.current_thread() is threading.main_thread()
        try:
            while True:
                seen = _core.events()
                self.collect()
                if on_main_thread:
                    self.run_callbacks()
                if is_over():
                    return
                self._announce_errors()
                left = _SLICE_SECONDS if deadline is None else min(_SLICE_SECONDS, deadline - time.monotonic())
                if left <= 0:
                    raise _errors.WaitTimeoutError(f"{what} did not end within {timeout} s")
                _core.wait(seen, left)
        except KeyboardInterrupt:
            if not _host.current().handles_interrupts:
                self.interrupted()
            self._wait_for_stop()
            raise

    def run(self, timeout: float | None) -> None:
        """See `parallel.run`."""
        self.start()
        self._waiting_runs += 1
        try:
            self.wait_until(lambda: not self._running and not self._callbacks, timeout, "the running work")
        finally:
            self._waiting_runs -= 1
            _views.refresh_all(self.status(), final=True)
        with self._lock:
            failure = self._errors.popleft() if self._errors else None
        if failure is not None:
            raise failure.error

    def run_once(self) -> None:
        """See `parallel.run_once`."""
        self.collect()
        self.run_callbacks()

    def run_callbacks(self) -> None:
        """On the main thread: the callbacks that are due, each once. What one raises is raised by run()."""
        while self._callbacks:
            try:
                self._callbacks.popleft()()
            except Exception as error:
                with self._lock:
                    self._fail(error, None)

    def wait_for(self, work: Work, timeout: float | None) -> None:
        """Until `work` has ended; starts it if nobody has."""
        if work.done():
            return
        if work._batch is None:
            self.start()
        work._batch.watch(work._index)
        self.wait_until(work.done, timeout, work._origin())

    def _announce_errors(self) -> None:
        now = time.monotonic()
        with self._lock:
            due = [failure for failure in self._errors if not failure.shown and now - failure.at > _NOTICE_SECONDS]
            for failure in due:
                failure.shown = True
                cell = failure.work._cell if failure.work is not None else _host.current().cell()
                _host.current().write(cell, "stderr", failure.notice())

    # ---- stopping ------------------------------------------------------------------------------------------------------------

    def interrupted(self) -> None:
        """Interrupt all running work; what was interrupted before and still runs is killed."""
        with self._lock:
            for running in self._running:
                running.interrupt()

    def _wait_for_stop(self) -> None:
        deadline = time.monotonic() + _INTERRUPT_SECONDS
        while self._running and time.monotonic() < deadline:
            seen = _core.events()
            self.collect()
            if self._running:
                _core.wait(seen, max(0.0, deadline - time.monotonic()))

    def cancel(self) -> None:
        """See `parallel.cancel`."""
        with self._lock:
            pending = [work for work, _ in self._pending + self._pending_queues]
            for running in self._running:
                running.interrupt(escalate=False)
        for work in pending:
            self.withdraw(work)

    def shutdown(self) -> None:
        """Kill every process of every batch; returns when they are gone."""
        with self._lock:
            for running in self._running:
                running.kill()
        while self.is_busy():
            seen = _core.events()
            if self.is_busy():
                _core.wait(seen, _SLICE_SECONDS)

    # ---- looking -------------------------------------------------------------------------------------------------------------

    def watch_views(self) -> None:
        """See to it that views are refreshed from now on."""
        self._pump.ensure()
        _core.signal()

    def batches(self) -> list[RunningBatch]:
        """The batches that run now."""
        with self._lock:
            return list(self._running)

    def status(self) -> str:
        """One line for displays; empty when nothing runs."""
        with self._lock:
            works = sum(running.size for running in self._running)
            ended = sum(running.batch.works_ended for running in self._running)
        if not works:
            return ""
        return f"running: {ended:,} of {works:,} works done" if ended <= works else f"running: {ended:,} works done"


class _Failure:
    """An error that the next run() raises."""

    def __init__(self, error: BaseException, work: Work | None, shown: bool):
        self.error = error
        self.work = work
        self.shown = shown
        self.at = time.monotonic()

    def notice(self) -> str:
        text = _errors.summary(self.error)
        origin = self.work._origin() if self.work is not None else "a callback"
        return f"{origin} failed: {text}; run() raises it when all work has ended\n"


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # None, closed or broken by the user: nothing is buffered there that a child could repeat


_engine = Engine()


def current() -> Engine:
    """The engine of this process."""
    return _engine


def renew_in_context() -> None:
    """In a context: the works of the main process are not this process's to wait for."""
    global _engine
    _engine = Engine()
    Work._condition = threading.Condition()


# ---- what a kernel calls -----------------------------------------------------------------------------------------------------


def cell_ended() -> None:
    """Main thread, at the end of every cell: start the work still pending and bring the views up to date."""
    _engine.start()
    _views.refresh_all(_engine.status(), final=True)


def on_wake() -> None:
    """Main thread, when it is idle: run the callbacks that are due."""
    _engine.run_once()


def interrupted() -> None:
    """From the main thread's handler of SIGINT: stop all running work, for good at the second call."""
    _engine.interrupted()


def shutdown() -> None:
    """Main thread, before the process ends: kill all contexts."""
    _engine.shutdown()


@atexit.register
def _at_exit() -> None:
    """As concurrent.futures does: what was started is waited for. What was not, is named: it would be lost silently."""
    forgotten = len(_engine._pending) + len(_engine._pending_queues)
    if forgotten:
        sys.stderr.write(f"parallel: {forgotten} work(s) were submitted but never started: call parallel.run()\n")
    try:
        _engine.wait_until(lambda: not _engine.is_busy(), None, "the running work")
    except KeyboardInterrupt:
        _engine.shutdown()
