"""How far a batch is: numbers for displays, at no cost for a work that succeeds."""

from __future__ import annotations

import collections
import dataclasses
import time

from parallel import _core
from parallel._work import Work


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


class Tally:
    """Counts what did not succeed in one batch, from its reports; contexts count what they have brought to an end."""

    def __init__(self, batch: _core.Batch, works: list[Work], queues: list[Work]):
        self._batch = batch
        self._cell = works[-1]._cell
        self._works, self._queues = len(works) - len(queues), len(queues)
        self._started = time.time()
        self._counted: set[int] = set()  # works that did not succeed
        self._failures: collections.Counter[str] = collections.Counter()  # works and items
        self._interrupted = 0  # works that had begun

    def count_work(self, index: int, work: Work) -> None:
        """It has ended. A report may come twice."""
        if index in self._counted or work._queue >= 0 or work.state == "done":
            return
        self._counted.add(index)
        if work.state in ("failed", "crashed"):
            self._failures[work.state] += 1
        elif work.state == "cancelled" and work.context is not None:
            self._interrupted += 1

    def count_item(self, kind: str) -> None:
        """An item of a queue has 'failed' or 'crashed'."""
        self._failures[kind] += 1

    def progress(self, ended: float | None = None) -> Progress:
        """How far it is; with `ended`, how far it got."""
        failed, cancelled = self._failures.total(), self._interrupted
        # A context counts what it has brought to an end, however; what killed it, it could not.
        done = max(0, self._batch.works_ended + self._failures["crashed"] - failed - cancelled)
        if not self._queues:
            done = min(done, self._works - failed - cancelled)  # one that is tried again is brought to an end twice
            if ended is not None:
                cancelled = self._works - done - failed
        running = 0
        if ended is None:
            running = sum(1 for facts in self._batch.contexts() if facts["current"] or facts["queue"])
        return Progress(
            self._batch.serial,
            self._cell,
            self._works,
            self._queues,
            done,
            failed,
            cancelled,
            running,
            self._started,
            ended,
        )
