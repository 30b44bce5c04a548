"""What contexts there are, as data: those of batches that run, and of the last ones that have ended."""

from __future__ import annotations

import collections
import dataclasses
import time
from typing import TYPE_CHECKING, Any

from parallel import _history

if TYPE_CHECKING:
    from parallel import _core
    from parallel._batch import RunningBatch

    Subjects = list[tuple[int, str]] | _history._Subjects

LEFT = 2  # context_state of runtime/process: it has ended by itself; the others are vacant, alive and died
_LOOK_SECONDS = 0.25  # how long the memory of running contexts is looked through in one call


@dataclasses.dataclass(frozen=True)
class Context:
    """A context as it is at one moment.

    Attributes: `id` names it, and its heap: 'c3.0' is context 0 of batch 3; `batch` and `slot`, these two numbers;
    `cell`, the label of the cell that started it, or None; `pid`, None when it has none; `state`: 'running' (a work),
    'idle', 'ended' or 'crashed'; `work`: name of the work it runs, or whose items it consumes, or None; `works`: how
    many works and items it has ended; `pushes`: how many values it pushed; `restarts`: how often its process was
    replaced; `started` and `ended` of its (last) process, in seconds since the epoch, or None; `cpu`: seconds of
    processor time; `copied`: bytes of the snapshot it has copied by writing to them, outside of its own heap, or None
    when that was not looked for (it ended too soon); `heap_live`, `heap_peak` and `heap_limit` in bytes; `bars`: what
    it ran when, a list of dicts with `work` (id), `name`, `started`, `ended` and `state`, at most 2,000: neighbours
    beyond that are one, with `count`, and `work` None.
    """

    id: str
    batch: int
    slot: int
    cell: str | None
    pid: int | None
    state: str
    work: str | None
    works: int
    pushes: int
    restarts: int
    started: float | None
    ended: float | None
    cpu: float
    copied: int | None
    heap_live: int
    heap_peak: int
    heap_limit: int
    bars: list[dict[str, Any]]

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}


def contexts(*, ended: bool = True) -> list[Context]:
    """The contexts of all batches that run now, and of the last 64 that have ended, the newest batch first.

    Args:
        ended: False leaves out the batches that have ended.

    >>> work = submit_work(pow, (2, 10), name="a power"); run()
    >>> newest = contexts()[0]
    >>> newest.state, newest.works, [bar["name"] for bar in newest.bars]
    ('ended', 1, ['a power'])
    >>> contexts(ended=False)
    []
    """
    from parallel import _engine

    with _engine.current().looking() as (_, running, history):
        over = history.batches() if ended else []
    deadline = time.monotonic() + _LOOK_SECONDS
    found: list[Context] = []
    for batch in reversed(running):
        found += _of_running(batch, deadline)
    for ended_batch in reversed(over):
        found += _of_ended(ended_batch)
    return found


def _of_running(running: RunningBatch, deadline: float) -> list[Context]:
    batch, origin = running.batch, running.origin
    packed = batch.timeline(_history.KEPT_BARS)
    lanes = _lanes(packed, _history.subjects_of(running.works, b"", packed), origin)
    found = []
    for facts in batch.contexts():
        slot, work = facts["slot"], None
        if slot >= running.contexts and not facts["incarnation"]:
            continue  # the number was raised, and no context was needed here
        if facts["current"]:
            work = running.works[facts["current"] - 1].name
        elif facts["queue"]:
            work = running.queues[facts["queue"] - 1].name
        usage = batch.usage(slot) if facts["pid"] and time.monotonic() < deadline else None
        state = ("idle", "running" if work is not None else "idle", "ended", "crashed")[facts["state"]]
        figures = _history.HeapFigures.of(batch, slot)
        found.append(_context(origin, facts, figures, lanes[slot], state, work, usage, None))
    return found


def _of_ended(batch: _history.EndedBatch) -> list[Context]:
    lanes = _lanes(batch.bars, batch.subjects, batch.origin)
    found = []
    for facts, figures in batch.contexts:
        # One that has not left was killed with its zygote, if it did not die by itself.
        state = "ended" if facts["state"] == LEFT else "crashed"
        found.append(_context(batch.origin, facts, figures, lanes[facts["slot"]], state, None, None, batch.ended))
    return found


def _context(
    origin: _history.Origin,
    facts: _core.ContextFacts,
    figures: _history.HeapFigures,
    bars: list[dict[str, Any]],
    state: str,
    work: str | None,
    usage: tuple[float, int | None] | None,
    batch_ended: float | None,
) -> Context:
    cpu, copied = usage if usage is not None else (0.0, facts["copied"])
    is_over = state in ("ended", "crashed")
    return Context(
        id=f"c{origin.serial}.{facts['slot']}",
        batch=origin.serial,
        slot=facts["slot"],
        cell=origin.cell,
        pid=None if is_over else facts["pid"] or None,
        state=state,
        work=None if is_over else work,
        works=facts["works"],
        pushes=facts["pushes"],
        restarts=max(0, facts["incarnation"] - 1),
        started=origin.time(facts["started_ns"]),
        ended=(origin.time(facts["ended_ns"]) or batch_ended) if is_over else None,
        cpu=facts["processor_ns"] / 1e9 + cpu,
        copied=copied,
        heap_live=figures.live,
        heap_peak=figures.peak,
        heap_limit=figures.limit,
        bars=bars,
    )


def _lanes(packed: bytes, subjects: Subjects, origin: _history.Origin) -> dict[int, list[dict[str, Any]]]:
    """The bars of each context."""
    lanes: dict[int, list[dict[str, Any]]] = collections.defaultdict(list)
    for bar in _history.bars(packed):
        times = {"started": origin.time(bar.started_ns), "ended": origin.time(bar.ended_ns), "state": bar.state}
        if bar.count == 1:
            number, name = subjects[bar.index]
            lanes[bar.context].append({"work": number, "name": name, **times})
        else:
            lanes[bar.context].append({"work": None, "name": f"{bar.count:,} works", **times, "count": bar.count})
    return lanes
