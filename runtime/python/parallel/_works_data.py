"""What works there are, as data: those that wait, those that run, and the last ones that have ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from parallel import _core, _history, _host, _views

if TYPE_CHECKING:
    from parallel._batch import RunningBatch


def works(state: str | None = None, cell: int | str | None = None) -> list[dict[str, Any]]:
    """Facts about every work that waits or runs, and about the last ones that have ended.

    Of each of the last 64 batches that have ended, up to 1,000 works are known: those that did not succeed before the
    others, of those the last ones.

    Args:
        state: only works in this state: 'pending', 'running', 'done', 'failed', 'cancelled' or 'crashed'.
        cell: only works of this cell: 3 or 'In [3]'.

    Returns: a list of dicts, by id. `id`, `name` and `state` are those of the `Work`; `cell` is the label of the cell
    that started it, or None; `batch` is the number of the batch it was started with, `context` that of the context in
    its batch; `submitted`, `started` and `ended` are seconds since the epoch, or None; `elapsed` is in seconds; `error`
    is what it failed with, on one line. A batch counts as submitted when the first of its works was.

    Raises: ValueError when there is no such state, TypeError when `cell` is no number or label.

    >>> work = submit_work(pow, (12, 2), name="a square")
    >>> [row["state"] for row in works() if row["name"] == "a square"]
    ['pending']
    >>> run()
    >>> [row["name"] for row in works("done") if row["id"] == work.id]
    ['a square']
    """
    return _views.Works(select(state, cell)[0])


def select(
    state: str | None = None, cell: int | str | None = None, most: int = 1 << 60
) -> tuple[list[dict[str, Any]], int]:
    """The rows of `works()`, at most `most` of each batch, and how many works there are or were that fit."""
    states, label = _mask(state), _label(cell)
    rows: list[dict[str, Any]] = []
    total = 0
    for found, count in _parts(states, label, most):
        rows += found
        total += count
    rows.sort(key=lambda row: row["id"])
    return rows, total


def _mask(state: str | None) -> int:
    if state is None:
        return _history.ANY_STATE
    if state not in _history.STATES:
        raise ValueError(f"works are {', '.join(_history.STATES[:-1])} or {_history.STATES[-1]}, not {state!r}")
    return 1 << _history.STATES.index(state)


def _label(cell: int | str | None) -> str | None:
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"In [{cell}]"
    if cell is not None and not isinstance(cell, str):
        raise TypeError(f"cell is a number or a label such as 'In [3]', not {type(cell).__name__}")
    return cell


def _parts(states: int, label: str | None, most: int) -> Iterator[tuple[list[dict[str, Any]], int]]:
    from parallel import _engine

    engine = _engine.current()
    with engine.looking() as (pending, running, history):
        ended, withdrawn = history.batches(), history.withdrawn()
        waiting = [(some.all_works(), some.since) for some in pending]
    for over in ended:
        if label in (None, over.origin.cell):
            yield _of_ended(over, states), _count(over.counts, states)
    for batch in running:
        if label in (None, batch.origin.cell):
            counts = batch.batch.counts()
            yield _of_running(batch, states, most), _count(counts, states)
    cells = _Labels()
    if states & 1 << _history.STATES.index("cancelled"):
        rows = [_row(number, name, "cancelled", cells.of(token), ended=at) for number, name, token, at in withdrawn]
        rows = [row for row in rows if label in (None, row["cell"])]
        yield rows, len(rows)
    if states & 1 << _history.STATES.index("pending"):
        for some, since in waiting:
            fit = some if label is None else [work for work in some if cells.of(work._cell) == label]
            rows = [_row(work.id, work.name, "pending", cells.of(work._cell), submitted=since) for work in fit[:most]]
            yield rows, len(fit)


class _Labels:
    """The labels of cells, each asked for once: of a million works that wait, most are of one cell."""

    def __init__(self) -> None:
        self._last: tuple[object, str | None] = (None, None)

    def of(self, cell: object) -> str | None:
        if cell is None:  # outside of a kernel nobody knows where a work that waits was submitted
            return None
        if self._last[0] is None or not (cell is self._last[0] or cell == self._last[0]):
            self._last = cell, _host.current().label(cell)
        return self._last[1]


def _count(counts: tuple[int, ...], states: int) -> int:
    return sum(count for number, count in enumerate(counts) if states >> number & 1)


def _of_running(running: RunningBatch, states: int, most: int) -> list[dict[str, Any]]:
    origin, plain = running.origin, len(running.works) - len(running.queues)
    rows = []
    for record in _history.work_records(running.batch.works(states, most)):
        if record.index < plain:
            work = running.works[record.index]
            failed = record.state in ("failed", "crashed")
            rows.append(_recorded(work.id, work.name, record, origin, _history.error_line(work) if failed else None))
    for work in running.queues:  # an item that failed makes it fail, which its table does not know
        if states & 1 << _history.STATES.index(work.state):
            rows.append(_of_queue(work.id, work.name, work.state, _history.error_line(work), origin, None))
    return rows


def _of_ended(batch: _history.EndedBatch, states: int) -> list[dict[str, Any]]:
    queues = {number for number, *_ in batch.queues}
    rows = []
    for record in _history.work_records(batch.works):
        number, name = batch.subjects[record.index]
        if states & 1 << _history.STATES.index(record.state) and number not in queues:
            rows.append(_recorded(number, name, record, batch.origin, batch.errors.get(record.index)))
    for number, name, state, error in batch.queues:
        if states & 1 << _history.STATES.index(state):
            rows.append(_of_queue(number, name, state, error, batch.origin, batch.ended))
    return rows


def _recorded(
    number: int, name: str, record: _history.WorkRecord, origin: _history.Origin, error: str | None
) -> dict[str, Any]:
    elapsed = None
    if record.started_ns:
        elapsed = ((record.ended_ns or _core.now_ns()) - record.started_ns) / 1e9
    return _row(
        number,
        name,
        record.state,
        origin.cell,
        batch=origin.serial,
        context=record.context,
        submitted=origin.submitted,
        started=origin.time(record.started_ns),
        ended=origin.time(record.ended_ns),
        elapsed=elapsed,
        error=error,
    )


def _of_queue(
    number: int, name: str, state: str, error: str | None, origin: _history.Origin, ended: float | None
) -> dict[str, Any]:
    """A queue's work is run by all contexts of its batch, from its start to its end."""
    return _row(
        number,
        name,
        state,
        origin.cell,
        batch=origin.serial,
        submitted=origin.submitted,
        started=origin.started,
        ended=ended,
        elapsed=(ended or time.time()) - origin.started,
        error=error,
    )


def _row(number: int, name: str, state: str, cell: str | None, **facts: Any) -> dict[str, Any]:
    row: dict[str, Any] = {"id": number, "name": name, "state": state, "cell": cell, "batch": None, "context": None}
    row |= {"submitted": None, "started": None, "ended": None, "elapsed": None, "error": None}
    return row | facts
