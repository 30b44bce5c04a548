"""A batch that runs: its works, what they report, its end."""

from __future__ import annotations

import collections
import dataclasses
import time

from parallel import _core, _errors, _heaps, _host
from parallel._work import Work

_REPORTS_AT_ONCE = 1000  # bounds what is decoded at a time, so that a waiter with a deadline gets to look at it


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a batch is. `cell` is the one that submitted it, `works` counts no queues, `done` their items as well.

    Times are seconds since the epoch; `ended` is None while it runs.
    """

    serial: int
    cell: object
    works: int
    queues: int
    done: int
    failed: int
    cancelled: int
    running: int
    started: float
    ended: float | None


class RunningBatch:
    """A started `_core.Batch` with the works and queues it serves. Used under the engine's lock."""

    def __init__(self, batch: _core.Batch, works: list[Work], queues: list[Work]):
        self.batch = batch
        self.works = works + queues  # in the order of the batch's work table
        self.queues = queues
        self._interrupts = 0
        self._started = time.time()
        self._counted: set[int] = set()  # works that did not succeed
        self._failures: collections.Counter[str] = collections.Counter()  # works and items
        self._interrupted = 0  # works that had begun
        self.censuses: dict[int, tuple] = {}  # what contexts have left of their heaps, by slot
        self._unread: collections.deque[tuple] = collections.deque()
        for number, work in enumerate(queues):
            work._queue = number
        for index, work in enumerate(self.works):
            work._index = index
            work._batch = batch
            if work._watched or work._callback is not None or work._queue >= 0:
                batch.watch(index)

    def disown(self) -> None:
        """It was not started after all: its works are pending again."""
        for work in self.works:
            work._batch, work._index, work._queue = None, -1, -1

    def work_name(self, slot: int) -> str | None:
        """The name of the work a context runs now; None when it runs none."""
        current = self.batch.contexts()[slot]["current"]
        return self.works[current - 1].name if current else None

    def progress(self, ended: float | None = None) -> Progress:
        """How far it is; with `ended`, how far it got."""
        works, failed = len(self.works) - len(self.queues), self._failures.total()
        # A context counts what it has brought to an end, however; what killed it, it could not.
        done = max(0, self.batch.works_ended - failed - self._interrupted + self._failures["crashed"])
        cancelled = self._interrupted
        if ended is not None and not self.queues:
            done = min(done, works)
            cancelled = max(0, works - done - failed)
        running = 0 if ended is not None else sum(1 for facts in self.batch.contexts() if facts["current"] or facts["queue"])
        cell = self.works[-1]._cell
        return Progress(
            self.batch.serial, cell, works, len(self.queues), done, failed, cancelled, running, self._started, ended
        )

    def read_reports(self, endings) -> None:
        """Pass on all reports there are.

        What is raised on the way (by a broken sys.stdout, say) costs one report, not the rest.
        """
        while True:
            while self._unread:
                self._pass_on(endings, *self._unread.popleft())
            self._unread.extend(self.batch.reports(_REPORTS_AT_ONCE))
            if not self._unread:
                return

    def _pass_on(self, endings, kind: str, subject: int, content=None) -> None:
        if kind == "ended":
            self._count(subject)
            endings.note(self.works[subject])
        elif kind in ("stdout", "stderr"):
            _host.current().write(self.works[subject]._cell, kind, content)
        elif kind == "heap_census":
            self.censuses[subject] = content
        else:
            work = self.queues[subject]
            origin = f"an item of {work._origin()}"
            failed = kind == "item_failed"
            self._failures["failed" if failed else "crashed"] += 1
            work._item_failed(_errors.rebuild(content, origin) if failed else _errors.crashed(content, origin, work))

    def _count(self, index: int) -> None:
        """For displays: how it ended, if it did not succeed. A report may come twice."""
        work = self.works[index]
        if index in self._counted or work._queue >= 0 or work.state == "done":
            return
        self._counted.add(index)
        if work.state in ("failed", "crashed"):
            self._failures[work.state] += 1
        elif work.state == "cancelled" and work.context is not None:
            self._interrupted += 1

    def finish(self, endings) -> bool:
        """True once it is over and everything has been passed on."""
        if not self.batch.finish():
            return False
        self.read_reports(endings)  # what came between the last reading and the end
        _heaps.remember(self)
        for index in self.batch.news():
            endings.note(self.works[index])  # a report may be missing (a full region); a state never is
        return True

    def interrupt(self, escalate: bool = True) -> None:
        """Stop it; the second time, kill what did not stop."""
        self._interrupts += 1
        self.batch.stop(escalate and self._interrupts > 1)

    def kill(self) -> None:
        """Kill its contexts at once."""
        self.batch.stop(True)
