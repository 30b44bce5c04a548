"""What is submitted and what runs: the main process's side of works and batches.

Contexts leave states, results and reports in the shared region (see runtime/schedule); this module reads them. Reading
is done by whoever comes first, the main thread while it waits or the pump thread, always under `Engine._lock`. The lock
is held across every fork of a batch, so that no context inherits it half way.
"""

from __future__ import annotations

import atexit
import collections
import contextlib
import functools
import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from parallel import _config, _core, _errors, _forking, _host, _inherited, _libraries, _views, _work
from parallel._batch import RunningBatch
from parallel._endings import Endings
from parallel._growth import Growth
from parallel._history import History
from parallel._loops import Loops
from parallel._pending import Pending
from parallel._progress import Progress
from parallel._pump import Pump
from parallel._waits import Waits
from parallel._work import Work
from parallel.protection import _state as _protection

if TYPE_CHECKING:
    import asyncio
    from types import NotImplementedType
    from typing import Protocol

    from parallel._core import _Call
    from parallel._work import Errback
    from parallel._xlist import xlist

    class SubmitPlain(Protocol):
        """What `Engine.submit_plain` is."""

        def __call__(self, cell: object, func: Callable[..., T], args: object, /) -> Work[T] | NotImplementedType: ...


T = TypeVar("T")
Item = TypeVar("Item")

_SLICE_SECONDS = 0.1  # a waiter looks again this often, at live views for example; events wake it at once
_INTERRUPT_SECONDS = 0.2  # how long an interrupted run() waits for its works to stop before it raises


class Engine:
    """The one engine of a process. A child has one of its own, empty at first, for what is submitted there."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.endings = Endings(self._lock)
        self.waits = Waits(self._lock, self._wake_if_due)
        self._numbers = itertools.count(1)
        self._pending = Pending(_config.contexts, wakes_main=True)
        # submit_plain(cell, func, args): a new pending work with nothing to it but what it calls; NotImplemented when
        # it takes a closer look. One call: a million works take 0.4 s less than through submit().
        self.submit_plain: SubmitPlain = functools.partial(self._pending.submit, self._lock, self._numbers, self)
        self._of_executors: list[Pending] = []  # those with works that are pending or run
        self._running: list[RunningBatch] = []
        self._limit = 0  # on contexts, as its batches know it
        self.loops = Loops(self.run_once)
        self._history = History()
        self.growth = Growth()
        self._ended: collections.deque[Progress] = collections.deque(maxlen=64)  # for displays, which look now and then
        self._is_over = False  # the program ends, and waits for nothing that is submitted from now on
        self._pump = Pump(self)
        _core.note_engine()

    # ---- submitting --------------------------------------------------------------------------------------------------

    def submit(
        self,
        func: Callable[..., T],
        args: tuple[Any, ...],
        kwds: dict[str, Any] | None,
        name: str,
        callback: Callable[[T], object] | None = None,
        errback: Errback | None = None,
        limits: tuple[float, int] | None = None,
    ) -> Work[T]:
        """A new pending work; `limits` are (seconds or 0, retries)."""
        work = _work.make(next(self._numbers), name, _host.cell(), self, callback, errback)
        if limits is not None:
            work._limits = limits
        with self._lock:
            self._pending.add(work, func, args, kwds)
        return work

    def submit_to(
        self,
        pending: Pending,
        func: Callable[..., T],
        args: tuple[Any, ...],
        kwds: dict[str, Any] | None,
        name: str,
    ) -> Work[T]:
        """A new work of an executor: starts as soon as one of its contexts is free, whoever waits for what."""
        if self._is_over:
            raise RuntimeError("cannot schedule new futures after interpreter shutdown")
        work = _work.make(next(self._numbers), name, _host.cell(), self)
        work._error_taken = True  # whoever has the future will see it
        with self._lock:
            work._attach()["_pending"] = pending
            pending.add(work, func, args, kwds)
            if pending not in self._of_executors:
                self._of_executors.append(pending)
            self._start_executors()
        self._pump.ensure()
        return work

    def submit_queue(
        self,
        queue: xlist[Item],
        consumer: Callable[[Item], object],
        name: str,
        callback: Callable[[int], object] | None,
        errback: Errback | None,
    ) -> Work[int]:
        """A new pending work that stands for everything `consumer` will do with the items of `queue`."""
        work = _work.make(next(self._numbers), name, _host.cell(), self, callback, errback)
        with self._lock:
            self._pending.add_queue(work, (queue, consumer))
        return work

    def withdraw(self, work: Work) -> bool:
        """Take back a pending work; False if it has been started."""
        with self._lock:
            if work._batch is not None:
                return False
            if not work._withdrawn:
                self._history.note_withdrawn(work)
                work._withdrawn = True
                (work._pending or self._pending).withdraw(work)
            self.endings.note(work)
        self.endings.run_done_callbacks()
        return True

    # ---- starting ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take a snapshot and start all that is pending as one batch."""
        with self._lock:
            if self._pending:
                self._start_batch(self._pending, self._pending.all_contexts())
            self._start_executors()
        if self._is_over and self._running and not self.waits.is_anybody():
            self._wait_for_last()  # called by an exit handler that comes after ours: the process would end in its midst

    def _wait_for_last(self) -> None:
        with self.interruptible():
            self.wait_until(lambda: not self._running, None, "the running work")

    def _start_executors(self) -> None:
        for pending in list(self._of_executors):
            if not pending and not pending.running:
                self._of_executors.remove(pending)
            elif pending and pending.free_contexts() > 0:
                self._start_batch(pending, pending.free_contexts(), pending.share())

    def _start_batch(self, pending: Pending, contexts: int, most: int | None = None) -> None:
        """Under the lock; `most` works of those that are pending, by default all."""
        _libraries.before_fork()
        _protection.prepare()
        _flush_streams()  # nothing of what was printed before may be printed again by a child
        taken = running = None
        try:
            taken = pending.take(most)
            contexts = contexts if taken.queues else min(contexts, len(taken.works))
            special = [
                (index, taken.works[index]) for index in _core.with_attributes(taken.works)
            ]  # all others are plain
            limits = [(index, *work._limits) for index, work in special if work._limits is not None]
            watched = [index for index, work in special if work._watched or work._callback is not None]
            # Executors keep to their own number of contexts.
            is_limited = pending is self._pending
            most_contexts = contexts
            if is_limited:
                _config.announce_contexts()
                self.follow_limit()
                most_contexts = _config.most_contexts()
                if not taken.queues:
                    most_contexts = min(most_contexts, len(taken.works))
            batch = _core.Batch(
                taken.tasks, taken.consumers, contexts, _config.heap_limit(), limits, is_limited, most_contexts
            )
            running = RunningBatch(batch, taken.works, taken.queues, watched, pending, contexts)
            self._running.append(running)
            # When fork fails, every work ends as crashed, with the reason: collect() reports it.
            with contextlib.suppress(OSError), _forking.log_handlers_held():
                batch.start()
        except BaseException:  # KeyboardInterrupt too: what is neither pending nor running would never end
            if running is None or not running.batch.started:
                if running is not None:
                    running.disown()
                    self._running = [other for other in self._running if other is not running]
                if taken is not None:
                    pending.put_back(taken)
            raise
        self._pump.ensure()

    def follow_limit(self) -> None:
        """Give batches that run further contexts if more may run now; whoever has changed the limit."""
        if self._limit == (limit := _core.limit()):
            return
        with self._lock:
            for running in self._running:
                if running.pending is self._pending:
                    running.batch.raise_contexts(limit, _config.heap_limit())
            self._limit = limit  # last: a KeyboardInterrupt in between leaves it to the next call

    @contextlib.contextmanager
    def started_together(self, tasks: list[_Call], names: list[str], works: list[Work]) -> Iterator[None]:
        """Start new works at once, each in a context of its own, as a batch of their own; `works` has them before that.

        Within, somebody waits for all of them.
        """
        pending = Pending(lambda: len(tasks))
        with contextlib.ExitStack() as awaited:
            try:
                with self._lock:
                    self.start()
                    for task, name in zip(tasks, names):
                        works.append(_work.make(next(self._numbers), name, _host.cell(), self))
                        works[-1]._attach()["_pending"] = pending
                        pending.add(works[-1], *task)
                    for work in works:
                        awaited.enter_context(self.endings.awaited(work))
                    self._start_batch(pending, len(works))
            except BaseException:
                for work in works:
                    self.withdraw(work)  # nobody knows of those that were not started
                raise
            yield

    # ---- reading what contexts report --------------------------------------------------------------------------------

    def collect(self) -> None:
        """Take note of everything that has been reported; any thread."""
        self.follow_limit()
        with self._lock:
            for running in list(self._running):
                running.read_reports(self.endings)
                if running.finish(self.endings):
                    self._running.remove(running)
                    running.pending.running -= running.contexts
                    self._history.remember(running)
                    self._ended.append(running.tally.progress(ended=time.time()))
            self._start_executors()
            self.endings.note_unheard()
            self.endings.failures.look(bool(self._running))
        self._wake_if_due()  # first: a callback of a work comes before what awaits the work goes on
        self.endings.run_done_callbacks()

    def watch(self, work: Work) -> None:
        """See to it that somebody hears of the end of `work`."""
        if self is not _engine:
            _inherited.refuse(work)
        if self.endings.watch(work):
            self.wake_pump()

    def note_found(self, work: Work) -> None:
        """`work` was found to have ended. Works of a parent process are not noted: it does that itself."""
        if self is _engine:
            self.endings.note_found(work)

    def wake_pump(self) -> None:
        """Have it collect reports, and refresh views, from now on."""
        self._pump.ensure()
        _core.signal()

    # ---- waiting -----------------------------------------------------------------------------------------------------

    def is_busy(self) -> bool:
        """Is any started work not yet at its end?"""
        self.collect()
        return bool(self._running)

    def has_running(self) -> bool:
        """The same, as far as it is known."""
        return bool(self._running)

    def _wake_if_due(self) -> None:
        """Have the main thread run the callbacks that are due, which is idle, or in a loop of asyncio."""
        if not self.waits.has_main() and self.endings.callbacks_are_due():
            _host.current().wake_main()
            self.loops.wake()

    def serve(self) -> int | None:
        """For who is `waits.waiting()` for something else than an end: collect, and on the main thread run callbacks.

        Returns the number after which the next event comes, see `_core.wait`; None where no event is of interest, in a
        context without works of its own.
        """
        if not self._running and _core.context() is not None:
            return None
        seen = _core.events()
        self.collect()
        if self.endings.callbacks_are_due() and threading.current_thread() is threading.main_thread():
            self.endings.run_callbacks()
            self.start()  # what they have submitted
        return seen

    def has_untold(self) -> bool:
        """Is there more to be told of errors, by `collect`, some time soon?"""
        return self.endings.failures.have_untold()

    def wait_until(self, is_over: Callable[[], bool], timeout: float | None, what: str) -> None:
        """Wait, running callbacks if this is the main thread; WaitTimeoutError after `timeout` seconds."""
        with self.waits.waiting():
            self._wait_until(is_over, timeout, what)

    def _wait_until(self, is_over: Callable[[], bool], timeout: float | None, what: str) -> None:
        on_main_thread = threading.current_thread() is threading.main_thread()
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = _core.events()
            self.collect()
            if on_main_thread:
                self.endings.run_callbacks()
            if is_over():
                return
            with self._lock:
                self.endings.failures.announce()
            left = _SLICE_SECONDS if deadline is None else min(_SLICE_SECONDS, deadline - time.monotonic())
            if left <= 0:
                raise _errors.WaitTimeoutError(f"{what} did not end within {timeout} s")
            _core.wait(seen, left)

    def run(self, timeout: float | None, one_by_one: bool = False) -> None:
        """See `parallel.run`. `one_by_one`: the error says nothing of others, all of which the next calls raise."""
        on_main_thread = threading.current_thread() is threading.main_thread()

        def is_over() -> bool:
            self.start()  # callbacks submit work, too
            if self._running or self.endings.others_run_done_callbacks():
                return False
            # Callbacks are the main thread's: another one must not wait for it, it may be waiting for this one.
            return not (on_main_thread and self.endings.callbacks_are_due())

        with _views.of_run(self), self.interruptible(), self.endings.raised_by_run():
            try:
                self.start()
                self.wait_until(is_over, timeout, "the running work")
            finally:
                _views.refresh_all(self.progress, final=True)
        with self._lock:
            error = self.endings.failures.take(one_by_one)
        if error is not None:
            try:
                raise error
            finally:
                error = None  # the traceback refers to this frame: a cycle would keep the work and its batch

    def run_once(self) -> None:
        """See `parallel.run_once`."""
        if threading.current_thread() is not threading.main_thread():
            self.collect()
            return
        with self.waits.waiting():  # or collect() would have this thread called once more
            self.collect()
            self.endings.run_callbacks()

    def wait_for(self, work: Work, timeout: float | None) -> None:
        """Until `work` has ended; starts it if nobody has."""
        if work.done():
            return
        if self is not _engine:
            _inherited.wait_for(work, timeout)
            return
        with self.interruptible(), self.endings.awaited(work):
            if work._batch is None:
                self.start()
            if work._batch is not None:  # else it has been withdrawn meanwhile
                work._batch.watch(work._index)
            self.wait_until(work.done, timeout, work._origin())

    def wait_for_all(self, works: list[Work], what: str) -> None:
        """Until all have ended, or one has failed: then the others are cancelled and its error is raised."""

        def failed() -> Work | None:
            return next(
                (work for work in works if work.done() and (work.cancelled() or work._error() is not None)), None
            )

        try:
            with self.interruptible():
                self.start()
                for work in works:
                    self.watch(work)
                self.wait_until(lambda: failed() is not None or all(work.done() for work in works), None, what)
        finally:
            first = failed()
            for work in [work for work in works if not work.done() and not work._withdraw()]:
                work.cancel()  # last, or contexts would begin others meanwhile
        if first is not None:
            first.result()

    # ---- stopping ----------------------------------------------------------------------------------------------------

    def interrupt_work(self, work: Work) -> bool:
        """Stop `work` alone and wait for its end; True if it is cancelled."""
        if self is not _engine:
            _inherited.refuse(work)
        assert work._batch is not None  # else it was withdrawn
        work._batch.watch(work._index)
        while not work.done() and (work._batch.interrupt(work._index) or work._batch.cancel(work._index)):
            seen = _core.events()
            if not work.done():
                _core.wait(seen, _SLICE_SECONDS)
        return work.cancelled()

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """For whoever waits on the main thread: a KeyboardInterrupt stops the running work, then goes on."""
        try:
            yield
        except KeyboardInterrupt:
            self._stop_after_interrupt()
            raise

    def _stop_after_interrupt(self) -> None:
        tells_us = _host.current().handles_interrupts
        if not tells_us:
            self.interrupted()
        deadline = time.monotonic() + _INTERRUPT_SECONDS
        try:
            while self.is_busy() and time.monotonic() < deadline:
                seen = _core.events()
                if self.is_busy():
                    _core.wait(seen, max(0.0, deadline - time.monotonic()))
        except KeyboardInterrupt:  # again, and so soon
            if not tells_us:
                self.interrupted()

    def interrupted(self) -> None:
        """Interrupt all running work; what was interrupted before and still runs is killed."""
        with self._lock:
            for running in self._running:
                running.interrupt()

    def find(self, number: int) -> Work | None:
        """The work with this number, if it waits or runs."""
        with self.looking() as (pending, running, _):
            waiting = (some.all_works() for some in pending)
            candidates = itertools.chain(*waiting, *(batch.works for batch in running))
            found = next((work for work in candidates if work.id == number), None)
        return None if found is None or found.done() else found

    def withdraw_all(self) -> None:
        """Take back whatever is pending."""
        with self._lock:
            pending = [work for some in (self._pending, *self._of_executors) for work in some.all_works()]
        for work in pending:
            self.withdraw(work)

    def cancel(self) -> None:
        """See `parallel.cancel`."""
        with self._lock:
            for running in self._running:
                running.interrupt(escalate=False)
        self.withdraw_all()
        with self._lock:
            self.endings.failures.forget_all()

    def shutdown(self) -> None:
        """Kill every process of every batch; returns when they are gone."""
        with self._lock:
            for running in self._running:
                running.kill()
        while self.is_busy():
            seen = _core.events()
            if self.is_busy():
                _core.wait(seen, _SLICE_SECONDS)

    def at_exit(self) -> None:
        """As concurrent.futures does: what was started is waited for.

        What nobody has heard of is named, for it would be lost silently.
        """
        forgotten = len(self._pending)
        if forgotten:
            text = f"parallel: {forgotten} work(s) were submitted but never started: call parallel.run()\n"
            _host.current().write(None, "stderr", text)
        try:
            if getattr(sys, "last_type", None) is KeyboardInterrupt:
                self.interrupted()  # that is what the program ends by, so it is not the works' end that is waited for
            self.wait_until(lambda: not self._running and not any(self._of_executors), None, "the running work")
        except KeyboardInterrupt:
            self.shutdown()
        with self._lock:
            self._is_over = True
            self.endings.failures.tell_at_exit()
        self._pump.stop()

    # ---- looking -----------------------------------------------------------------------------------------------------

    def batches(self) -> list[RunningBatch]:
        """The batches that run now."""
        with self._lock:
            return list(self._running)

    @contextlib.contextmanager
    def looking(self) -> Iterator[tuple[list[Pending], list[RunningBatch], History]]:
        """Under the lock: what is pending, batches that run, and what is known of those that have ended."""
        self.collect()
        with self._lock:
            yield [self._pending, *self._of_executors], list(self._running), self._history

    def progress(self) -> list[Progress]:
        """How far each of them is, and how far those got that have ended lately; for displays."""
        with self._lock:
            return [*self._ended, *(running.tally.progress() for running in self._running)]


def _flush_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            pass  # None, closed or broken by the user: nothing is buffered there that a child could repeat


_engine: Engine | None = Engine()  # None in a child until it is asked for: most contexts submit nothing
_parents: list[Engine] = []


def current() -> Engine:
    """The engine of this process."""
    return _engine or _core.set_once(sys.modules[__name__], "_engine", None, Engine())


def _renew_in_child() -> None:
    global _engine
    if _engine is not None:
        # Kept: dropping it would run finalisers of the parent's objects, and touch pages of the snapshot.
        _parents.append(_engine)
    _engine = None
    _views.forget_all()


# Whoever forks, a batch or user code: what the parent waits for and shows is not the child's.
os.register_at_fork(after_in_child=_renew_in_child)


# ---- what a kernel calls ---------------------------------------------------------------------------------------------


def serving(loop: asyncio.AbstractEventLoop) -> contextlib.AbstractContextManager[None]:
    """A context manager: meanwhile the main thread runs this loop of asyncio, for whatever; callbacks run in it."""
    return current().loops.serving(loop)


def start() -> None:
    """Main thread, at the end of what was no cell of the user's: start the work still pending."""
    current().start()


def cell_ended() -> None:
    """Main thread, at the end of every cell: start the work still pending and bring the views up to date."""
    current().waits.main_is_free()
    current().start()
    _views.refresh_all(current().progress, final=True)


def on_wake() -> None:
    """Main thread, when it is idle: run the callbacks that are due, and start what they submit."""
    current().run_once()
    current().start()


def limit_changed() -> None:
    """Any thread, when the limit on contexts has been set: batches that run follow, also those of other processes."""
    if _engine is not None:
        _engine.follow_limit()
    _core.signal()  # for those


def interrupted() -> None:
    """From the main thread's handler of SIGINT: stop all running work, for good at the second call."""
    current().interrupted()


def shutdown() -> None:
    """Main thread, before the process ends: kill all contexts; views that outlive it show how their works ended."""
    current().shutdown()
    _views.refresh_all(current().progress, final=True)


@atexit.register
def _at_exit() -> None:
    if _engine is not None:
        _engine.at_exit()
