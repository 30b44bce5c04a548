"""Views that are kept up to date: when each is published again, and when not."""

from __future__ import annotations

import collections
import logging
import threading
import time
import uuid
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from parallel import _core, _host
from parallel._views.numbers import Rates
from parallel._views.status import Status, merged, status_of
from parallel._views.xlist import bundle

if TYPE_CHECKING:
    from parallel._progress import Progress
    from parallel._xlist import xlist

_logger = logging.getLogger("parallel")

REFRESH_SECONDS = 0.1  # at most ten updates a second for each view
_LEAST_PAUSE = 30  # times what rendering took, so that a view of items that are slow to read costs 3 % of one processor
_LONGEST_PAUSE = 5.0

# What is there, to be compared with what is shown, and the function that renders it.
Look = tuple[object, Callable[[], dict[str, str]]]

# Of these a bar has told to the end: a view that is made after it need not do so again.
_told: collections.deque[int] = collections.deque(maxlen=64)


class Followed:
    """The batches that a display tells of: those that ran when it was made, and later those of its cell, or all.

    Those that have ended are kept as one sum: a cell may run thousands. `told` are those told of already.
    """

    def __init__(self, cell: object, progress: list[Progress], whole: bool = False, told: Iterable[int] = ()):
        self._cell = cell
        self._whole = whole
        self._newest = max((batch.serial for batch in progress), default=0)
        self._running: dict[int, Progress] = {batch.serial: batch for batch in progress if _has_work_left(batch)}
        self._ended: Progress | None = None
        self._counted: set[int] = set(told)
        self.note(progress)

    def _is_mine(self, batch: Progress) -> bool:
        if batch.serial in self._running:
            return True
        if self._whole or self._cell is None:  # where cells are not known, what is newer is taken to be this one's
            return batch.serial > self._newest
        return batch.cell == self._cell

    def note(self, progress: list[Progress]) -> None:
        """How far all batches are: those that run, and those that have ended lately."""
        mine = [batch for batch in progress if batch.serial not in self._counted and self._is_mine(batch)]
        if mine and self._cell is None and not self._whole and not self._running:
            self._ended = None  # without cells, a view tells of what runs together
        for batch in mine:
            if batch.ended is None:
                known = self._running.setdefault(batch.serial, batch)
                if batch.done + batch.failed >= known.done + known.failed:  # another thread may have looked later
                    self._running[batch.serial] = batch
            else:
                self._running.pop(batch.serial, None)
                self._ended = batch if self._ended is None else merged(self._ended, batch)
                self._counted.add(batch.serial)
        self._counted &= {batch.serial for batch in progress}

    def ended(self) -> list[int]:
        """The serial numbers of those that have ended lately."""
        return list(self._counted)

    def status(self) -> Status | None:
        """The sum."""
        return status_of([*self._running.values(), *([self._ended] if self._ended is not None else [])])


def _has_work_left(batch: Progress) -> bool:
    """A batch whose last work has ended runs until its processes have: nobody waits for that."""
    return batch.ended is None and (batch.queues > 0 or batch.done + batch.failed + batch.cancelled < batch.works)


class Display:
    """One display in one cell, updated while work goes on. A subclass says what it shows.

    What is rendered first is published first: the pump and the main thread refresh it.
    """

    def __init__(self, cell: object, batches: Followed):
        self.cell = cell
        self._batches = batches
        self._display_id = uuid.uuid4().hex
        self._shown: object = None
        self._due = 0.0
        self._finished = False
        self._publishing = threading.RLock()

    def is_gone(self) -> bool:
        """Is there nothing to show any more?"""
        raise NotImplementedError

    def look(self, status: Status | None, now: float) -> Look | None:
        """What is there now; None for nothing."""
        raise NotImplementedError

    def publish(self, render: Callable[[], dict[str, str]], is_first: bool) -> None:
        """Show it."""
        transient = {"display_id": self._display_id}
        _host.current().display(self.cell, render(), {}, transient, update=not is_first)

    def refresh(self, progress: list[Progress], final: bool) -> bool:
        """Publish what there is now, if it is not what is shown; too soon after the last time only when `final`.

        True when there was, or will be, something to publish.
        """
        with self._publishing:
            if self._finished:
                return False
            self._batches.note(progress)
            now = time.monotonic()
            looked = self.look(self._batches.status(), now)
            if looked is None or looked[0] == self._shown:
                return False
            if not final and now < self._due:
                return True
            is_first = self._shown is None
            self._shown = looked[0]
            self.publish(looked[1], is_first)
            ended = time.monotonic()
            self._due = now + min(max(REFRESH_SECONDS, _LEAST_PAUSE * (ended - now)), _LONGEST_PAUSE)
        return True

    def finish(self, progress: list[Progress]) -> None:
        """Show the last state, and leave it so: the pump may be about to show an earlier one."""
        with self._publishing:
            try:
                self.refresh(progress, final=True)
            finally:
                self._finished = True
            if self._shown is not None:
                _told.extend(self._batches.ended())


class LiveView(Display):
    """One display of an xlist.

    It tells of the batches of its cell, and of those that ran when it was made; of others only what they push.
    """

    def __init__(self, x: xlist[Any], cell: object, progress: list[Progress]):
        super().__init__(cell, Followed(cell, progress, told=_told))
        self._list = weakref.ref(x)  # a view keeps no heap alive
        self._rates = Rates()

    def is_gone(self) -> bool:
        return self._list() is None

    def shows(self, x: xlist[Any]) -> bool:
        """Is it this very list?"""
        return self._list() is x

    def look(self, status: Status | None, now: float) -> Look | None:
        x = self._list()
        if x is None:
            return None
        pushed = x._pushed
        self._rates.note(now, pushed)
        # Of a list that grows no more a last rate is told, 0; after that nothing is sent.
        fingerprint = (pushed, len(x), x.closed, status and status.key(), self._rates.has_stopped(now))
        return fingerprint, lambda: bundle(x, status, self._rates, now)


_views: list[Display] = []
_lock = threading.Lock()


def add(view: Display) -> None:
    """Have it refreshed from now on."""
    with _lock:
        _views.append(view)


def add_only(view: Display) -> bool:
    """The same, unless there is one of its kind; True if it has been added."""
    with _lock:
        if any(type(other) is type(view) for other in _views):
            return False
        _views.append(view)
        return True


def show_live(x: xlist[Any]) -> None:
    """Display `x` in the current cell: live where displays can be updated, else once."""
    host = _host.current()
    if _core.context() is not None or not host.is_live():
        print(bundle(x)["text/plain"])
        return
    from parallel import _engine

    progress = _engine.current().progress()
    view = LiveView(x, host.cell(), progress)
    view.refresh(progress, final=True)
    add(view)
    _engine.current().wake_pump()


def refresh_all(progress: Callable[[], list[Progress]], final: bool = False) -> bool:
    """Bring every view up to date, with how far the batches are; True when any has changed."""
    with _lock:
        _views[:] = [view for view in _views if not view.is_gone()]
        views = list(_views)
    if not views:
        return False
    batches = progress()
    return any([_refreshed(view.refresh, batches, final) for view in views])  # noqa: C419 — all of them, not up to one


def _refreshed(refresh: Callable[..., bool | None], *arguments: Any) -> bool:
    try:
        return bool(refresh(*arguments))
    except Exception:  # a front end that is gone must end neither other views nor the run() that waits
        _logger.exception("a view could not be shown")
        return False


def finish(view: Display, batches: list[Progress]) -> None:
    """Show the last state, and leave it so."""
    with _lock:
        _views[:] = [other for other in _views if other is not view]
    _refreshed(view.finish, batches)


def exist() -> bool:
    """Is there any view that is still alive?"""
    with _lock:
        return any(not view.is_gone() for view in _views)


def exist_in(cell: object) -> bool:
    """Is there a live view of an xlist in this cell? Where cells are not known there is no telling."""
    with _lock:
        return cell is not None and any(isinstance(view, LiveView) and view.cell == cell for view in _views)


def count(x: xlist[Any]) -> int:
    """How many live views show `x`."""
    with _lock:
        return sum(isinstance(view, LiveView) and view.shows(x) for view in _views)


def forget_all() -> None:
    """In a child process: the displays are the parent's."""
    global _lock
    _lock = threading.Lock()
    _views.clear()
    _host.status_line.forget()
