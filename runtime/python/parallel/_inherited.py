"""Works of the process this one was forked from: a context may wait for other works of its snapshot.

Their states and results are in the shared region, and nobody else is asked: the parent's engine is the parent's to run.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from parallel import _core, _errors

if TYPE_CHECKING:
    from typing import NoReturn

    from parallel._work import Work

_SLICE_SECONDS = 0.1  # the end of a watched work wakes at once


def wait_for(work: Work, timeout: float | None) -> None:
    """Until `work` has ended.

    Contexts take works in the order of submission, so one that waits for an earlier one waits for what runs.
    """
    if work.done():
        return
    if work._batch is None:
        raise _errors.ParallelError(
            f"{work._origin()} was not started before this process was forked: it never ends here"
        )
    if work._queue >= 0 or work._batch.work(work._index)[2] == os.getpid():
        raise _errors.ParallelError(f"{work._origin()} cannot end before the work that waits for it here")
    deadline = None if timeout is None else time.monotonic() + timeout
    work._batch.watch(work._index)
    while True:
        seen = _core.events()
        if work.done():
            return
        left = _SLICE_SECONDS if deadline is None else min(_SLICE_SECONDS, deadline - time.monotonic())
        if left <= 0:
            raise _errors.WaitTimeoutError(f"{work._origin()} did not end within {timeout} s")
        _core.wait(seen, left)


def refuse(work: Work) -> NoReturn:
    """For what only the parent's engine could do."""
    raise _errors.ParallelError(
        f"{work._origin()} is another process's: here, only result() and exception() wait for it"
    )
