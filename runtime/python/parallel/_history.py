"""What batches leave when they end: their contexts and some of their works, as plain data that keeps no result alive.

Nothing is noted for each work while works are submitted and run. When a batch has ended, its work table is read once; a
million works take 30 ms, a thousand 0.2 ms, and what is kept of them is bounded.
"""

from __future__ import annotations

import array
import bisect
import collections
import dataclasses
import struct
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from parallel import _core, _errors, _host

if TYPE_CHECKING:
    from parallel._batch import RunningBatch
    from parallel._work import Work

KEPT_BATCHES = 64
KEPT_WORKS = 1000  # of each batch
KEPT_BARS = 2000  # of each batch; of one that runs, of each context
FEWEST_BARS = 50  # of a context, however many there are

STATES = ("pending", "running", "done", "failed", "cancelled", "crashed")
ANY_STATE = (1 << len(STATES)) - 1

_WORK = struct.Struct("=QQQII")  # work_record of runtime/schedule/timeline.hpp
_BAR = struct.Struct("=QQQQII")  # timeline_bar
_NO_CONTEXT = 0xFFFFFFFF
_WITH_ERROR = 1 << STATES.index("failed") | 1 << STATES.index("crashed")
_ALL_NAMED = 2000


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where and when a batch began. Times are seconds since the epoch."""

    serial: int
    cell: str | None
    submitted: float
    started: float
    epoch: float  # to be added to the engine's clock; taken once, so that a batch's times agree with each other

    @classmethod
    def of(cls, serial: int, cell: object, submitted: float) -> Origin:
        """Of a batch that starts now."""
        now = time.time()
        return cls(serial, _host.current().label(cell), submitted, now, now - _core.now_ns() / 1e9)

    def time(self, clock_ns: int) -> float | None:
        """A time of the engine's clock; None for 0, which stands for "not yet"."""
        return self.epoch + clock_ns / 1e9 if clock_ns else None


class WorkRecord(NamedTuple):
    """A work of a batch, as its work table has it."""

    index: int  # type: ignore[assignment]  # its number, not the method of tuples
    started_ns: int
    ended_ns: int
    context: int | None
    state: str


class Bar(NamedTuple):
    """A work, or `count` neighbours, in the lane of a context."""

    index: int  # type: ignore[assignment]  # of the first; neither is a method of tuples
    started_ns: int
    ended_ns: int
    count: int  # type: ignore[assignment]
    context: int
    state: str


def work_records(packed: bytes) -> Iterator[WorkRecord]:
    """What `Batch.works` returned."""
    for index, started, ended, slot, state in _WORK.iter_unpack(packed):
        yield WorkRecord(index, started, ended, None if slot == _NO_CONTEXT else slot, STATES[state])


def bars(packed: bytes) -> Iterator[Bar]:
    """What `Batch.timeline` returned."""
    for index, started, ended, count, slot, state in _BAR.iter_unpack(packed):
        yield Bar(index, started, ended, count, slot, STATES[state])


def error_line(work: Work) -> str | None:
    """The error of a work on one line; None when it has none."""
    error = work._error()
    return None if error is None else _errors.summary(error)


class HeapFigures(NamedTuple):
    """Bytes of a context's heap."""

    live: int
    peak: int
    limit: int

    @classmethod
    def of(cls, batch: _core.Batch, slot: int) -> HeapFigures:
        """Of a context that runs, or as it left them."""
        facts = batch.heap(slot)
        return cls(batch.live_bytes(slot), facts["peak_bytes"], facts["limit_bytes"])


@dataclasses.dataclass(frozen=True)
class EndedBatch:
    """A batch that has ended. The names of works are shared with them, everything else is numbers."""

    origin: Origin
    ended: float
    counts: tuple[int, ...]  # works in each state
    works: bytes
    subjects: list[tuple[int, str]] | _Subjects  # see subjects_of
    errors: dict[int, str | None]  # by index
    queues: list[tuple[int, str, str, str | None]]  # id, name, state, error
    contexts: list[tuple[_core.ContextFacts, HeapFigures]]  # those that there ever were
    bars: bytes

    @classmethod
    def of(cls, running: RunningBatch) -> EndedBatch:
        """Of a `RunningBatch` that is over."""
        batch, plain = running.batch, len(running.works) - len(running.queues)
        contexts, counts = batch.contexts(), batch.counts()
        works = batch.works(ANY_STATE, KEPT_WORKS)
        failed = []
        if any(counts[STATES.index(state)] for state in ("failed", "crashed")):
            failed = [record[0] for record in _WORK.iter_unpack(batch.works(_WITH_ERROR, KEPT_WORKS))]
        lanes = batch.timeline(max(FEWEST_BARS, KEPT_BARS // len(contexts)))
        return cls(
            origin=running.origin,
            ended=time.time(),
            counts=counts,
            works=works,
            subjects=subjects_of(running.works, works, lanes),
            errors={index: error_line(running.works[index]) for index in failed if index < plain},
            queues=[(work.id, work.name, work.state, error_line(work)) for work in running.queues],
            contexts=[(facts, HeapFigures.of(batch, facts["slot"])) for facts in contexts if facts["incarnation"]],
            bars=lanes,
        )


class _Subjects:
    """Id and name of some of a batch's works, by index.

    In arrays: each object made now would lie among a million works and keep the memory around it when they are gone,
    300 MB in all.
    """

    def __init__(self, works: list[Work], indices: list[int]):
        self._indices = array.array("Q", indices)
        self._ids = array.array("Q", [works[index].id for index in indices])
        self._names = [works[index].name for index in indices]

    def __getitem__(self, index: int) -> tuple[int, str]:
        position = bisect.bisect_left(self._indices, index)
        if position == len(self._indices) or self._indices[position] != index:
            raise KeyError(index)
        return self._ids[position], self._names[position]


def subjects_of(works: list[Work], records: bytes, lanes: bytes) -> list[tuple[int, str]] | _Subjects:
    """Id and name of the works that these tell of, by index."""
    if len(works) <= _ALL_NAMED:  # sooner done than finding out which, 0.1 ms for 1,000
        return [(work.id, work.name) for work in works]
    told = {record[0] for record in _WORK.iter_unpack(records)}
    told.update(bar[0] for bar in _BAR.iter_unpack(lanes))
    return _Subjects(works, sorted(told))


class History:
    """What an engine remembers. Used under its lock."""

    def __init__(self) -> None:
        self._batches: collections.deque[EndedBatch] = collections.deque(maxlen=KEPT_BATCHES)
        self._withdrawn: collections.deque[tuple[int, str, object, float]] = collections.deque(maxlen=KEPT_WORKS)

    def remember(self, running: RunningBatch) -> None:
        """A batch has ended."""
        self._batches.append(EndedBatch.of(running))

    def note_withdrawn(self, work: Work) -> None:
        """A work was cancelled before it was started."""
        self._withdrawn.append((work.id, work.name, work._cell, time.time()))

    def batches(self) -> list[EndedBatch]:
        """Those that have ended, the oldest first."""
        return list(self._batches)

    def withdrawn(self) -> list[tuple[int, str, object, float]]:
        """Id, name, cell and time of works that were cancelled before they were started."""
        return list(self._withdrawn)
