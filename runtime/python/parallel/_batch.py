"""A batch that runs: its works, what they report, its end."""

from __future__ import annotations

from parallel import _core, _errors, _host
from parallel._work import Work

_REPORTS_AT_ONCE = 1000  # bounds what is decoded at a time, so that a waiter with a deadline gets to look at it


class RunningBatch:
    """A started `_core.Batch` with the works and queues it serves. Used under the engine's lock."""

    def __init__(self, batch, works: list[Work], queues: list[Work]):
        self.batch = batch
        self.works = works + queues  # in the order of the batch's work table
        self.queues = queues
        self._interrupts = 0
        for index, work in enumerate(self.works):
            work._batch = batch
            work._index = index
            if work._watched or work._callback is not None:
                batch.watch(index)
        for number, work in enumerate(queues):
            work._queue = number

    @property
    def size(self) -> int:
        """How many works it has."""
        return len(self.works)

    def read_reports(self, engine) -> None:
        """Pass on all reports there are."""
        while reports := self.batch.reports(_REPORTS_AT_ONCE):
            for kind, subject, *rest in reports:
                if kind == "ended":
                    engine.work_ended(self.works[subject])
                elif kind in ("stdout", "stderr"):
                    _host.current().write(self.works[subject]._cell, kind, rest[0])
                elif kind == "item_failed":
                    work = self.queues[subject]
                    work._item_failed(_errors.rebuild(rest[0], f"an item of {work._origin()}"))
                else:
                    work = self.queues[subject]
                    work._item_failed(_errors.crashed(rest[0], f"an item of {work._origin()}", work))

    def finish(self, engine) -> bool:
        """True once it is over and everything has been passed on."""
        if not self.batch.finish():
            return False
        self.read_reports(engine)  # what came between the last reading and the end
        for index in self.batch.news():
            engine.work_ended(self.works[index])  # a report may be missing (a full region); a state never is
        return True

    def interrupt(self, escalate: bool = True) -> None:
        """Stop it; the second time, kill what did not stop."""
        self._interrupts += 1
        self.batch.stop(escalate and self._interrupts > 1)

    def kill(self) -> None:
        """Kill its contexts at once."""
        self.batch.stop(True)
