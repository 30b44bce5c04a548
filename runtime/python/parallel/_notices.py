"""Bounds what is shown of errors that come by the thousand: some under each cell, then how many more there were.

A front end drops what comes faster than it reads, and nobody reads five thousand tracebacks.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from parallel import _host

_SHOWN = 5  # so many of a cell one by one
_QUIET_SECONDS = 5.0  # after that what fails is news again
_SHORT_QUIET_SECONDS = 1.0  # the same, when nothing that was shown waits to be raised any more
_FIRST_COUNT_SECONDS = 5.0  # while more fail, their count is told after this long, and then half as often each time
_LEAST_SECONDS = 1.0  # between two counts
_CELLS = 64  # are remembered; 5 errors each is what more of them cost


class Notices:
    """What has been shown under each cell. Used under the engine's lock."""

    def __init__(self) -> None:
        # The cell that heard of an error last comes last. Cells can be compared, not hashed.
        self._floods: list[_Flood] = []

    def show(self, cell: object, write: Callable[[], None], is_news: bool) -> None:
        """Have `write()` show an error under `cell`, or count it.

        `is_news`: no error that was shown before waits to be raised.
        """
        now = time.monotonic()
        flood = next((flood for flood in self._floods if flood.cell is cell or flood.cell == cell), None)
        if flood is not None:
            self._floods.remove(flood)
        if flood is None or now - flood.last > (_SHORT_QUIET_SECONDS if is_news else _QUIET_SECONDS):
            if flood is not None:
                flood.tell_count(now, is_over=True)
            flood = _Flood(cell)
        self._floods.append(flood)
        flood.last = now
        if flood.shown < _SHOWN:
            flood.shown += 1
            write()
        else:
            flood.count_one(now)
        if len(self._floods) > _CELLS:
            self._floods.pop(0).tell_count(now, is_over=True)

    def look(self, is_busy: bool) -> None:
        """Tell what is due of the counts; `is_busy`: works run, so more may fail."""
        now = time.monotonic()
        for flood in self._floods:
            if now >= (flood.next_count if is_busy else flood.last_count + _LEAST_SECONDS):
                flood.tell_count(now, is_over=not is_busy)

    def have_untold(self) -> bool:
        """Is there any count that is not told yet?"""
        return any(flood.untold for flood in self._floods)

    def end(self) -> None:
        """Tell all counts, and forget what has been shown."""
        for flood in self._floods:
            flood.tell_count(time.monotonic(), is_over=True)
        self._floods.clear()


class _Flood:
    """The errors of a cell that came one soon after the other."""

    def __init__(self, cell: object):
        self.cell = cell
        self.shown = 0
        self.last = 0.0  # when one came
        self.untold = False
        self.last_count = float("-inf")  # when it was told
        self.next_count = float("inf")
        self._more = 0  # that were not shown
        self._pause = _FIRST_COUNT_SECONDS

    def count_one(self, now: float) -> None:
        self._more += 1
        if not self.untold:
            self.untold = True
            self.next_count = max(now, self.last_count) + self._pause

    def tell_count(self, now: float, is_over: bool) -> None:
        """One line with the number of all that were not shown, if it is not known."""
        if not self.untold:
            return
        self.untold = False
        self.last_count, self.next_count = now, float("inf")
        self._pause *= 2
        works = "1 more work" if self._more == 1 else f"{self._more:,} more works"
        host = _host.current()
        host.write(self.cell, "stderr", f"... and {works} failed{'' if is_over else ' so far'}: {host.lists_failed}\n")
