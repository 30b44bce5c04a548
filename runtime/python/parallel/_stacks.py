"""Where running works are: their Python stacks, read from outside, so that one that hangs can be asked, too."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from parallel import _cells, _core, _errors

if TYPE_CHECKING:
    from parallel._batch import RunningBatch

_TRIES = 5  # a context may go on to its next work meanwhile
_RUNNING = 1  # work_state of runtime/schedule
_NO_CODE = compile("", "", "exec")
_NO_OPERATION = bytes([9, 0])


def stacks() -> list[dict[str, Any]]:
    """The Python stack of every work that a context runs now.

    They are read from outside: works are neither stopped nor asked, so this tells of those that hang in C code, too.

    Returns: a list of dicts, by id. `id`, `name`, `cell`, `batch` and `context` are as in `works()`, `elapsed` is in
    seconds, `stack` is text with source lines, innermost call last. A work that consumes a queue is there once for each
    context that has an item of it.

    Raises: ParallelError where the system forbids it.

    >>> import time
    >>> work = submit_work(time.sleep, 60); start()
    >>> while not stacks(): time.sleep(0.01)
    >>> [row["id"] == work.id for row in stacks()], work.cancel()
    ([True], True)
    """
    from parallel import _engine, _views

    with _engine.current().looking() as (_, batches, _):
        batches = list(batches)
    rows = [
        row
        for running in batches
        for slot in range(len(running.batch.contexts()))
        if (row := _row(running, slot)) is not None
    ]
    return _views.Stacks(sorted(rows, key=lambda row: (row["id"], row["context"])))


def of_work(batch: _core.Batch, index: int) -> str | None:
    """The stack of work `index`, as text; None when no context runs it."""
    slot = batch.work(index)[1]
    return _read(batch, slot, index + 1, 0) if slot >= 0 else None


def _row(running: RunningBatch, slot: int) -> dict[str, Any] | None:
    facts = running.batch.contexts()[slot]
    current, queue = facts["current"], facts["queue"]
    stack = _read(running.batch, slot, current, queue) if current or queue else None
    if stack is None:
        return None
    work = running.works[current - 1] if current else running.queues[queue - 1]
    return {
        "id": work.id,
        "name": work.name,
        "cell": running.origin.cell,
        "batch": running.origin.serial,
        "context": slot,
        "elapsed": work.elapsed,
        "stack": stack,
    }


def _read(batch: _core.Batch, slot: int, current: int, queue: int) -> str | None:
    """What the context has on its stack while it is busy with work `current` - 1, or an item of `queue` - 1."""
    for _ in range(_TRIES):
        try:
            calls = batch.stack(slot)
        except OSError as error:
            raise _errors.ParallelError(
                f"this system does not let a process read its children's memory ({error})"
            ) from error
        facts = batch.contexts()[slot]
        # A context has a work noted for a moment longer than the work runs.
        if (facts["current"], facts["queue"]) != (current, queue) or (current and batch.state(current - 1) != _RUNNING):
            return None
        if calls is not None:
            return _text(calls)
    return None


def _text(calls: list[tuple[str, str, int, bytes, int, int]]) -> str:
    frames = [
        traceback.FrameSummary(file, _line(first, table, instruction, instructions), function)
        for file, function, first, table, instruction, instructions in reversed(calls)
    ]
    return _cells.named("".join(traceback.StackSummary.from_list(frames).format())) or "  (in C code)\n"


def _line(first: int, table: bytes, instruction: int, instructions: int) -> int:
    """The line of an instruction, as CPython itself reads the table of code that it has never seen."""
    code = _NO_CODE.replace(co_firstlineno=first, co_linetable=table, co_code=_NO_OPERATION * instructions)
    lines = (line for begin, end, line in code.co_lines() if begin <= 2 * max(instruction, 0) < end)
    return next(lines, None) or first
