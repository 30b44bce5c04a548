"""A batch that runs: its works, what they report, its end."""

from __future__ import annotations

import collections
import functools
from typing import TYPE_CHECKING, Any

from parallel import _cells, _core, _displays, _errors, _heaps, _history, _host, _main_calls
from parallel._pending import Pending
from parallel._progress import Tally
from parallel._work import Work

if TYPE_CHECKING:
    from parallel._endings import Endings

_REPORTS_AT_ONCE = 1000  # bounds what is decoded at a time, so that a waiter with a deadline gets to look at it


class RunningBatch:
    """A started `_core.Batch` with the works and queues it serves. Used under the engine's lock."""

    def __init__(
        self,
        batch: _core.Batch,
        works: list[Work],
        queues: list[Work],
        watched: list[int],  # whose end somebody is to hear of, by their index
        pending: Pending,
        contexts: int,
    ):
        self.batch = batch
        self.pending = pending  # where its works have waited; told when its contexts are free again
        self.contexts = contexts  # it has started with; later ones are not an executor's
        self.works = works + queues if queues else works  # in the order of the batch's work table
        self.queues = queues
        self.origin = _history.Origin.of(batch.serial, self.works[-1]._cell, pending.since)
        self.tally = Tally(batch, self.works, queues)
        self._interrupts = 0
        # What contexts have left of their heaps, and how full its pages are, by slot.
        self.censuses: dict[int, tuple[_core._Census, list[float]]] = {}
        self._unread: collections.deque[_core._Report] = collections.deque()
        for number, work in enumerate(queues):
            work._queue = number
        _core.assign_batch(self.works, batch)
        for index in [*watched, *range(len(works), len(self.works))]:
            batch.watch(index)
        pending.running += contexts

    def disown(self) -> None:
        """It was not started after all: its works are pending again."""
        self.pending.running -= self.contexts
        for work in self.works:
            work._batch, work._index = None, -1
        for work in self.queues:
            work._queue = -1

    def work_name(self, slot: int) -> str | None:
        """The name of the work a context runs now; None when it runs none."""
        current = self.batch.contexts()[slot]["current"]
        return self.works[current - 1].name if current else None

    def read_reports(self, endings: Endings) -> None:
        """Pass on all reports there are.

        What is raised on the way (by a broken sys.stdout, say) costs one report, not the rest.
        """
        while True:
            while self._unread:
                self._pass_on(endings, *self._unread.popleft())
            self._unread.extend(self.batch.reports(_REPORTS_AT_ONCE))
            if not self._unread:
                return

    def _pass_on(self, endings: Endings, kind: str, subject: int, content: Any = None) -> None:
        if kind == "ended":
            self.tally.count_work(subject, self.works[subject])
            endings.note(self.works[subject])
        elif kind in ("stdout", "stderr"):
            if kind == "stderr" and 'File "' in content:
                content = _cells.named(content)  # a crash shows its stack
            _host.current().write(self.works[subject]._cell, kind, content)
        elif kind == "message" and content[0] == "call":
            endings.add_call(self.works[subject]._cell, functools.partial(_main_calls.answer, *content[1:]))
        elif kind == "message":
            _displays.pass_on(self.works[subject]._cell, content)
        elif kind == "last_output":
            self.works[subject]._last_output = _cells.named(content)
        elif kind == "heap_census":
            self.censuses[subject] = content
        else:
            work = self.queues[subject]
            origin = f"an item of {work._origin()}"
            failed = kind == "item_failed"
            self.tally.count_item("failed" if failed else "crashed")
            work._item_failed(_errors.rebuild(content, origin) if failed else _errors.crashed(content, origin, work))

    def finish(self, endings: Endings) -> bool:
        """True once it is over and everything has been passed on."""
        if not self.batch.finish():
            return False
        self.read_reports(endings)  # what came between the last reading and the end
        _heaps.remember(self)
        for index in self.batch.news():
            endings.note(self.works[index])  # a report may be missing (a full region); a state never is
        self.batch.forget_tasks()  # the errors of contexts that died have told of arguments
        return True

    def interrupt(self, escalate: bool = True) -> None:
        """Stop it; the second time, kill what did not stop."""
        self._interrupts += 1
        self.batch.stop(escalate and self._interrupts > 1)

    def kill(self) -> None:
        """Kill its contexts at once."""
        self.batch.stop(True)
