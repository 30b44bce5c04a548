"""Errors of works and callbacks that nobody has taken yet: kept for run(), shown where nobody waits for them."""

from __future__ import annotations

import collections
import time

from parallel import _errors, _host

_NOTICE_SECONDS = 1.0  # an error is announced when a run() goes on for this long after it
_LISTED_AT_EXIT = 10


class Failures:
    """What the next calls of run() raise, oldest first. Used under the engine's lock."""

    def __init__(self):
        # By work, or by the error of a callback: thousands may be handed out one by one, in any order.
        self._kept: collections.OrderedDict[object, _Failure] = collections.OrderedDict()

    def add(self, error: BaseException, work, is_awaited: bool) -> None:
        """Keep an error for run(). Unless somebody waits who will meet it, show it at once."""
        failure = _Failure(error, work, shown=not is_awaited)
        self._kept[failure if work is None else work] = failure
        if not is_awaited:
            _host.current().error(_cell_of(work), error)

    def forget(self, work) -> None:
        """The error of `work` has been raised or handed out."""
        self._kept.pop(work, None)

    def take(self) -> BaseException | None:
        """The next error to raise; it is no longer kept."""
        return self._kept.popitem(last=False)[1].error if self._kept else None

    def announce(self) -> None:
        """Tell of errors that wait for a run() to end that goes on and on."""
        now = time.monotonic()
        for failure in self._kept.values():
            if not failure.shown and now - failure.at > _NOTICE_SECONDS:
                failure.shown = True
                notice = f"{failure.summary()}; run() raises it when all work has ended\n"
                _host.current().write(_cell_of(failure.work), "stderr", notice)

    def tell_at_exit(self) -> None:
        """One line for each error that was neither raised nor shown: it would be lost silently."""
        lines = [failure.summary() for failure in self._kept.values() if not failure.shown]
        self._kept.clear()
        if len(lines) > _LISTED_AT_EXIT:
            lines[_LISTED_AT_EXIT:] = [f"{len(lines) - _LISTED_AT_EXIT} more works failed"]
        for line in lines:
            _host.current().write(None, "stderr", f"parallel: {line}\n")


class _Failure:
    def __init__(self, error: BaseException, work, shown: bool):
        self.error = error
        self.work = work
        self.shown = shown
        self.at = time.monotonic()

    def summary(self) -> str:
        origin = self.work._origin() if self.work is not None else "a callback"
        return f"{origin} failed: {_errors.summary(self.error)}"


def _cell_of(work):
    return work._cell if work is not None else _host.cell()
