"""How far works are, over several batches: as a text, and as a bar."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeVar

from parallel._views import svg, theme, units
from parallel._views.markup import EMPTY, Markup, element

if TYPE_CHECKING:
    from parallel._progress import Progress

_Look = TypeVar("_Look")  # of a part of the bar: a character, or a colour and its opacity


@dataclasses.dataclass(frozen=True)
class Status:
    """Sums over batches. `works` is None when there is no telling how much there will be: queues are fed meanwhile.

    `seconds` is the time since the first of them began, or how long they took when all are `over`.
    """

    works: int | None
    done: int
    running: int
    failed: int
    cancelled: int
    seconds: float
    over: bool

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.cancelled

    @property
    def left(self) -> float | None:
        """Seconds it will still take, at the pace so far; None before there is one, and when all works have ended."""
        if self.over or self.works is None or not 0 < self.ended < self.works or self.seconds < 1:
            return None
        return self.seconds * (self.works - self.ended) / self.ended

    def key(self) -> tuple[object, ...]:
        """What makes a difference to who looks; time alone does not."""
        return self.works, self.done, self.running, self.failed, self.cancelled, self.over

    def text(self) -> str:
        """running: 37 of 100 works done, 2 running, 1 failed, about 12 s left"""
        failed = [f"{self.failed:,} failed"] if self.failed else []
        cancelled = [f"{self.cancelled:,} cancelled"] if self.cancelled else []
        if self.over:
            what = units.plural(self.ended, "item") if self.works is None else units.plural(self.works, "work")
            took = f"in {units.duration_text(self.seconds)}"
            if self.ended == self.done:
                return f"{what} done {took}"
            return f"{what} {took}: {', '.join([f'{self.done:,} done', *failed, *cancelled])}"
        of = "" if self.works is None else f" of {units.plural(self.works, 'work')}"
        running = [f"{self.running:,} running"] if self.running else []
        left = [f"about {units.whole_seconds_text(self.left)} left"] if self.left is not None else []
        return ", ".join([f"running: {self.done:,}{of} done", *running, *failed, *cancelled, *left])

    def line(self, width: int) -> str:
        """[#####>···] and the text, for a terminal."""
        if self.works is None:
            return self.text()
        bar = svg.bar_text(self._parts("=", "x", "-", ">"), self.works, width)
        return f"[{bar}] {self.text()}"

    def picture(self) -> Markup:
        """The bar, and the text under it."""
        parts = self._parts((theme.ACCENT, 1.0), (theme.BAD, 1.0), (theme.WARN, 0.6), (theme.ACCENT, 0.4))
        bar = EMPTY
        if self.works is not None:
            bar = svg.stacked_bar([(n, *look) for n, look in parts], self.works, 420, 8, self.text())
        sign = "▸" if not self.over else "✓" if self.ended == self.done else "✗"
        return element(
            "div",
            element("div", bar, style="line-height:1") if bar else EMPTY,
            element("div", f"{sign} {self.text()}", style=theme.FIGURES),
            role="progressbar",
            aria_label="works",
            aria_valuemin="0",
            aria_valuemax=None if self.works is None else str(self.works),
            aria_valuenow=None if self.works is None else str(self.ended),
            aria_valuetext=self.text(),
            style="margin:4px 0",
        )

    def _parts(self, done: _Look, failed: _Look, cancelled: _Look, running: _Look) -> list[tuple[int, _Look]]:
        return [(self.done, done), (self.failed, failed), (self.cancelled, cancelled), (self.running, running)]


def status_of(batches: Iterable[Progress]) -> Status | None:
    """The sum over the Progress of batches; None without any."""
    batches = list(batches)
    if not batches:
        return None
    ended = [batch.ended for batch in batches if batch.ended is not None]
    over = len(ended) == len(batches)
    began = min(batch.started for batch in batches)
    until = max(ended) if over else time.time()
    open_ended = any(batch.queues for batch in batches)
    return Status(
        works=None if open_ended else sum(batch.works for batch in batches),
        done=sum(batch.done for batch in batches),
        running=sum(batch.running for batch in batches),
        failed=sum(batch.failed for batch in batches),
        cancelled=sum(batch.cancelled for batch in batches),
        seconds=max(0.0, until - began),
        over=over,
    )


def merged(one: Progress, other: Progress) -> Progress:
    """Two Progress of batches that have ended as one."""
    return dataclasses.replace(
        one,
        started=min(one.started, other.started),
        ended=max(ended for ended in (one.ended, other.ended) if ended is not None),
        **{
            name: getattr(one, name) + getattr(other, name)
            for name in ("works", "queues", "done", "failed", "cancelled")
        },
    )
