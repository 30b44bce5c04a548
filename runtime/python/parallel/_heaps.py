"""What heaps hold, as data: those of contexts that run, of contexts that have ended, and of every xlist."""

from __future__ import annotations

import collections
import time
from typing import TYPE_CHECKING, Any

from parallel import _core, _views
from parallel._contexts import LEFT

if TYPE_CHECKING:
    from parallel._batch import RunningBatch
    from parallel._growth import Growth
    from parallel._xlist import xlist

_KEPT = 64  # heaps of contexts that have ended
_CENSUS_SECONDS = 0.25  # how long the heap of a running context may be read
_ROW_KEYS = (
    "id", "kind", "name", "state", "live_bytes", "live_blocks", "reserved_bytes",
    "peak_bytes", "limit_bytes", "allocations", "frees",
)  # fmt: skip

_ended: collections.deque[dict[str, Any]] = collections.deque(maxlen=_KEPT)


def heaps() -> list[dict[str, Any]]:
    """Facts about every heap there is: running contexts first, then xlists, then the last 64 contexts that have ended.

    Returns: a list of dicts. `id` names the heap ('c3.0' is context 0 of batch 3, 'x7' an xlist), `kind` is 'context'
    or 'xlist', `name` is an xlist's or the work's, `state` is 'running', 'ended' or (an xlist) 'live'. `live_bytes` and
    `live_blocks` are in use now, `reserved_bytes` are taken from the system for them. A context has also `peak_bytes`,
    `limit_bytes`, `allocations` and `frees`.

    >>> values = xlist([1, 2, 3], name="values")
    >>> [row["name"] for row in heaps() if row["kind"] == "xlist" and row["name"] == "values"]
    ['values']
    """
    running, over = _contexts()
    rows = [_context_row(batch, slot, "running") for batch, slot in running]
    rows += [_xlist_row(x) for x in _core.xlists()]
    rows += [{key: details[key] for key in _ROW_KEYS} for details in reversed(over)]
    return _views.Heaps(rows)


def heap(id: str) -> dict[str, Any]:
    """One heap in detail.

    Args:
        id: as in `heaps()`.

    Returns: what `heaps()` says of it. A context has also `classes`: (block size in bytes, live blocks, allocations
    ever), by size; `buffers`: bytes of arrays in use; `types`: (type, blocks, bytes) of what lives in it, most bytes
    first, where the type '' stands for what is no object of its own (items of lists, tables of dicts); and `pages`: how
    much of the heap is in use from end to end, as the shares (0 to 1) of at most 256 cells. `types_complete` is False
    when there was no time to look at everything. A running context is read from outside; it need not cooperate.
    `growth` is a list of (seconds since the epoch, live bytes), a point each half second at most.

    Raises: KeyError when there is no such heap (any more).

    >>> work = submit_work(lambda: len([str(n) for n in range(1000)])); run()
    >>> newest = next(row for row in heaps() if row["kind"] == "context")
    >>> heap(newest["id"])["peak_bytes"] > 0
    True
    """
    running, over = _contexts()
    for batch, slot in running:
        if _context_id(batch, slot) == id:
            census = batch.batch.census(slot, _CENSUS_SECONDS)
            return _views.Heap(_context_details(batch, slot, "running", census, batch.batch.page_map(slot)))
    for details in over:
        if details["id"] == id:
            return _views.Heap({**details, "growth": list(details["growth"])})
    for x in _core.xlists():
        if _xlist_id(x) == id:
            row = _xlist_row(x)
            return _views.Heap(row | {"growth": [*_growth().of_xlist(x), (time.time(), row["live_bytes"])]})
    raise KeyError(f"there is no heap {id!r}: heaps() lists those there are")


def remember(batch: RunningBatch) -> None:
    """Keep what the contexts of a batch that has ended have left."""
    _ended.extend(_left_details(batch, facts["slot"]) for facts in batch.batch.contexts() if facts["state"] == LEFT)
    _growth().forget_batch(batch.batch.serial)


def _growth() -> Growth:
    from parallel import _engine

    return _engine.current().growth


def _contexts() -> tuple[list[tuple[RunningBatch, int]], list[dict[str, Any]]]:
    """Those that run, and the details of those that have ended, the newest last.

    A context can end before its batch does: when run() returns, all works have ended, and a moment later the batch.
    """
    from parallel import _engine

    engine = _engine.current()
    seen = [(batch, facts) for batch in engine.batches() for facts in batch.batch.contexts()]
    engine.collect()  # after that look: then what contexts have left that had ended by then is known
    over = list(_ended)
    known = {details["id"] for details in over}
    for batch, facts in seen:
        has_left = not facts["pid"] and facts["state"] == LEFT
        if has_left and _context_id(batch, facts["slot"]) not in known:
            over.append(_left_details(batch, facts["slot"]))
    return [(batch, facts["slot"]) for batch, facts in seen if facts["pid"]], over


def _context_id(batch: RunningBatch, slot: int) -> str:
    return f"c{batch.batch.serial}.{slot}"


def _context_row(
    batch: RunningBatch, slot: int, state: str, facts: _core.ContextHeapFacts | None = None
) -> dict[str, Any]:
    facts = facts or batch.batch.heap(slot)
    both = (facts["objects"], facts["buffers"])
    return {
        "id": _context_id(batch, slot),
        "kind": "context",
        "name": batch.work_name(slot),
        "state": state,
        "live_bytes": sum(part["live_bytes"] for part in both),
        "live_blocks": sum(part["live_blocks"] for part in both),
        "reserved_bytes": facts["used_bytes"],
        "peak_bytes": facts["peak_bytes"],
        "limit_bytes": facts["limit_bytes"],
        "allocations": sum(part["allocations"] for part in both),
        "frees": sum(part["frees"] for part in both),
    }


def _left_details(batch: RunningBatch, slot: int) -> dict[str, Any]:
    """Of a context that has left by itself. One without memory for a last census leaves what it has counted."""
    census, pages = batch.censuses.get(slot, (None, None))
    return _context_details(batch, slot, "ended", census, pages)


def _context_details(
    batch: RunningBatch, slot: int, state: str, census: _core._Census | None, pages: list[float] | None
) -> dict[str, Any]:
    facts, context = batch.batch.heap(slot), batch.batch.contexts()[slot]
    row = _context_row(batch, slot, state, facts)
    now = batch.origin.time(context["ended_ns"] if state == "ended" else _core.now_ns())
    began = batch.origin.time(context["started_ns"])
    # A heap begins empty.
    points = [(began, 0), *_growth().of_context(_context_id(batch, slot)), (now, row["live_bytes"])]
    types, complete = census if census is not None else ([], False)
    return {
        **row,
        "buffers": facts["buffers"]["live_bytes"],
        "classes": facts["objects"]["classes"],
        "types": types,
        "types_complete": complete,
        "pages": pages or [],
        "growth": [point for point in points if point[0] is not None],
    }


def _xlist_id(x: xlist) -> str:
    return f"x{x.id}"


def _xlist_row(x: xlist) -> dict[str, Any]:
    facts = x.heap
    return {
        "id": _xlist_id(x),
        "kind": "xlist",
        "name": x.name,
        "state": "live",
        "live_bytes": facts["bytes"],
        "live_blocks": facts["items"],
        "reserved_bytes": facts["reserved"],
    }
