"""Errors of works and callbacks that nobody has taken yet: kept for run(), shown where nobody waits for them."""

from __future__ import annotations

import collections
import contextlib
import time
from typing import TYPE_CHECKING

from parallel import _errors, _host
from parallel._notices import Notices

if TYPE_CHECKING:
    from parallel._work import Work

_NOTICE_SECONDS = 1.0  # an error is announced when a run() goes on for this long after it
_LISTED_AT_EXIT = 10
_RAISED_ONE_BY_ONE = 100  # so many calls of run() it takes at most to get past errors that nobody has seen


class Failures:
    """What the next calls of run() raise, oldest first. Used under the engine's lock."""

    def __init__(self) -> None:
        # By work, or by the error of a callback: thousands may be handed out one by one, in any order.
        self._kept: collections.OrderedDict[object, _Failure] = collections.OrderedDict()
        self._unannounced: collections.deque[_Failure] = collections.deque()  # and some that have been taken since
        self._notices = Notices()

    def add(self, error: BaseException, work: Work | None, is_awaited: bool) -> None:
        """Keep an error for run(). Unless somebody waits who will meet it, show it at once."""
        is_news = not self._kept
        failure = _Failure(error, work, shown=not is_awaited)
        self._kept[failure if work is None else work] = failure
        if is_awaited:
            self._unannounced.append(failure)
        else:
            cell = _cell_of(work)
            self._notices.show(cell, lambda: _host.current().error(cell, error), is_news)

    def forget(self, work: Work) -> None:
        """The error of `work` has been raised or handed out."""
        failure = self._kept.pop(work, None)
        if failure is not None:
            failure.let_go()
            self._tidy()

    def _tidy(self) -> None:
        while self._unannounced and self._unannounced[0].taken:
            self._unannounced.popleft()

    def forget_all(self) -> None:
        """Nothing that has failed so far will be raised."""
        for failure in self._kept.values():
            failure.let_go()
        self._kept.clear()
        self._unannounced.clear()
        self._notices.end()

    def take(self, one_by_one: bool = False) -> BaseException | None:
        """The next error to raise; it is no longer kept, and tells of the others.

        Of those that were shown under their cells one is enough. `one_by_one`: all others are kept, and not told of.
        """
        if not self._kept:
            return None
        _, first = self._kept.popitem(last=False)
        error = first.error
        assert error is not None  # it is kept
        first.let_go()
        if not one_by_one:
            seen = self._drop([key for key, failure in self._kept.items() if failure.seen]) if first.seen else 0
            left = len(self._kept)
            self._drop(list(self._kept)[_RAISED_ONE_BY_ONE:])
            with contextlib.suppress(Exception):  # its class may have notes of its own
                for note in _notes(seen, left):
                    error.add_note(note)
        self._tidy()
        return error

    def _drop(self, keys: list[object]) -> int:
        for key in keys:
            self._kept.pop(key).let_go()
        return len(keys)

    def announce(self) -> None:
        """Tell of errors that wait for a run() to end that goes on and on."""
        now = time.monotonic()
        while self._unannounced and (self._unannounced[0].taken or now - self._unannounced[0].at > _NOTICE_SECONDS):
            failure = self._unannounced.popleft()
            if not failure.taken:
                failure.shown = True
                cell, notice = _cell_of(failure.work), f"{failure.summary()}; run() raises it when all work has ended\n"
                # Called before the loop goes on, or never.
                self._notices.show(cell, lambda: _host.current().write(cell, "stderr", notice), is_news=False)  # noqa: B023

    def look(self, is_busy: bool) -> None:
        """Now and then: tell of errors that were too many to be shown. `is_busy`: there may be more soon."""
        if self._notices.have_untold():
            self._notices.look(is_busy)

    def have_untold(self) -> bool:
        """Is there more to tell, by `look`?"""
        return self._notices.have_untold()

    def tell_at_exit(self) -> None:
        """One line for each error that was neither raised nor shown: it would be lost silently."""
        lines = [failure.summary() for failure in self._kept.values() if not failure.shown]
        self.forget_all()
        if len(lines) > _LISTED_AT_EXIT:
            lines[_LISTED_AT_EXIT:] = [f"{len(lines) - _LISTED_AT_EXIT} more works failed"]
        for line in lines:
            _host.current().write(None, "stderr", f"parallel: {line}\n")


class _Failure:
    def __init__(self, error: BaseException, work: Work | None, shown: bool):
        self.error: BaseException | None = error
        self.work = work
        self.seen = shown  # under its cell, as nobody waited for it
        self.shown = shown  # that, or announced in a run() which is to raise it
        self.taken = False
        self.at = time.monotonic()

    def let_go(self) -> None:
        """It is no longer kept. What it held is its work, the work's batch, and the memory of all that returned."""
        self.taken, self.error, self.work = True, None, None

    def summary(self) -> str:
        assert self.error is not None  # it is kept
        origin = self.work._origin() if self.work is not None else "a callback"
        return f"{origin} failed: {_errors.summary(self.error)}"


def _notes(seen: int, left: int) -> list[str]:
    """What an error tells of others: `seen` will not be raised, of the `left` only the first."""
    notes = []
    if seen:
        notes.append(f"{_more(seen)} failed, as has been shown; works('failed') lists them")
    if left > _RAISED_ONE_BY_ONE:
        notes.append(
            f"{_more(left)} failed: the next {_RAISED_ONE_BY_ONE} calls of run() raise one each, "
            "works('failed') lists them, cancel() forgets them"
        )
    elif left:
        notes.append(f"{_more(left)} failed: the next run() raises the next, cancel() forgets them")
    return notes


def _more(count: int) -> str:
    return "1 more work" if count == 1 else f"{count:,} more works"


def _cell_of(work: Work | None) -> object:
    return work._cell if work is not None else _host.cell()
