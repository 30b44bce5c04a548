"""The bar that a long run() shows by itself: a display in a notebook, one rewritten line in a terminal."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from parallel import _config, _core, _host
from parallel._views import live, theme
from parallel._views.markup import element
from parallel._views.status import Status
from parallel._views.text import COLUMNS

if TYPE_CHECKING:
    from parallel._engine import Engine
    from parallel._progress import Progress

SHOWN_AFTER_SECONDS = 0.5
_BAR, _LEAST_BAR = 20, 8  # characters


class RunProgress(live.Display):
    """How far everything is that one run() waits for."""

    def __init__(self, cell: object, progress: list[Progress]):
        super().__init__(cell, live.Followed(cell, progress, whole=True))
        self._from = time.monotonic() + SHOWN_AFTER_SECONDS

    def is_gone(self) -> bool:
        return self._finished

    def look(self, status: Status | None, now: float) -> live.Look | None:
        # Of a run() that is over before there is a bar nothing is shown; one that has a bar is shown to its end.
        if status is None or (now < self._from and self._shown is None):
            return None
        return status.key(), lambda: self._render(status)

    def publish(self, render: Callable[[], dict[str, str]], is_first: bool) -> None:
        if _host.current().is_live():
            super().publish(render, is_first)
        else:
            _host.status_line.show(render()["text/plain"])

    @staticmethod
    def _render(status: Status) -> dict[str, str]:
        page = element("div", status.picture(), role="group", aria_label="run()", style=theme.BOX)
        room = COLUMNS - len(status.text()) - len("[] ")
        return {"text/plain": status.line(max(_LEAST_BAR, min(_BAR, room))), "text/html": page}


@contextlib.contextmanager
def of_run(engine: Engine) -> Iterator[None]:
    """While a run() waits: a bar, if it is wanted, there is anything to show it on, and no other tells of the same."""
    host = _host.current()
    cell = host.cell()
    wanted = _config.progress() and _core.context() is None and not live.exist_in(cell)
    if not wanted or not (host.is_live() or _host.status_line.is_possible()):
        yield
        return
    view = RunProgress(cell, engine.progress())
    if not live.add_only(view):  # a run() of another thread has one
        yield
        return
    try:
        yield
    finally:
        live.finish(view, engine.progress())
        _host.status_line.leave()
