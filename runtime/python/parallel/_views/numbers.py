"""What an xlist of numbers holds, from a sample of bounded size."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from parallel._views import svg, units
from parallel._views.markup import Markup

if TYPE_CHECKING:
    from parallel._xlist import xlist

LEAST = 20  # fewer are seen in the table
_SAMPLE = 256
_SECONDS = 0.002  # what reading the sample may take
_CLASSES = 24
_GOLDEN = 0.6180339887498949  # its multiples, modulo 1, are spread evenly and repeat nowhere

_Point = tuple[float, int]  # when, and how many pushes there were by then


@dataclasses.dataclass(frozen=True)
class Numbers:
    """A sample of finite numbers, sorted, out of `total` items."""

    values: list[float]
    total: int

    @property
    def is_whole(self) -> bool:
        """Was every item looked at?"""
        return len(self.values) == self.total

    @functools.cached_property
    def classes(self) -> list[tuple[float, float, int]]:
        """Equal parts of the range: from, to, how many."""
        low, high = self.values[0], self.values[-1]
        if low == high:
            return [(low, high, len(self.values))]
        half = high / 2 - low / 2  # of the range: the whole could overflow
        spread = half / (_CLASSES / 2)
        counts = [0] * _CLASSES
        for value in self.values if half else ():
            place = int((value / 2 - low / 2) / half * _CLASSES)
            counts[place if place < _CLASSES else _CLASSES - 1] += 1
        if not half:  # too close to each other to be told apart
            counts[0] = len(self.values)
        return [(low + spread * n, low + spread * (n + 1), count) for n, count in enumerate(counts)]

    def summary(self) -> str:
        """from 0 to 999, median 499"""
        low, median, high = self.values[0], self.values[len(self.values) // 2], self.values[-1]
        about = "" if self.is_whole else f" (of {len(self.values)} looked at)"
        spoken = [units.short_number(value) for value in (low, high, median)]
        return f"{spoken[0]} to {spoken[1]}, median {spoken[2]}{about}"

    def picture(self) -> Markup:
        """A histogram."""
        edges = [units.short_number(low) for low, _, _ in self.classes] + [units.short_number(self.values[-1])]
        titles = [f"{low} to {high}: {n:,}" for low, high, (_, _, n) in zip(edges, edges[1:], self.classes)]
        histogram = svg.histogram([n for _, _, n in self.classes], titles, f"values: {self.summary()}", width=220)
        return svg.figure(f"values: {self.summary()}", histogram)

    def text(self) -> str:
        """The same on one line."""
        return f"  values {svg.blocks([n for _, _, n in self.classes])} {self.summary()}"


def numbers_of(x: xlist[Any], last: list[Any]) -> Numbers | None:
    """A sample: one from each stretch of the list, but not always the first, for values may repeat in some rhythm.

    None when there are few, or others than numbers among those seen.
    """
    total = len(x)
    if total < LEAST or not all(type(item) in (int, float) for item in last):
        return None
    values, deadline = [], time.monotonic() + _SECONDS
    count = min(total, _SAMPLE)
    order = range(count) if count == total else _scattered(count)
    for n in order:
        try:
            value = x[n if count == total else int((n + n * _GOLDEN % 1) * total / count)]
        except Exception:  # taken meanwhile, or no longer to be read: others are there
            continue
        if type(value) not in (int, float):
            return None
        try:
            value = float(value)
        except OverflowError:
            continue
        if math.isfinite(value):
            values.append(value)
        if time.monotonic() > deadline and len(values) >= LEAST:
            break
    return Numbers(sorted(values), total) if len(values) >= LEAST else None


def _scattered(count: int) -> Iterator[int]:
    """Every number below `count` once, far apart from one to the next: the sample is even wherever time ends it."""
    step = round(count * _GOLDEN)
    while math.gcd(step, count) != 1:
        step += 1
    return (n * step % count for n in range(count))


class Rates:
    """How fast a list has grown: a bounded history of (time, pushes), finer for what is shorter."""

    _MOST = 120
    _RECENT_SECONDS = 2.0

    def __init__(self) -> None:
        self._points: list[_Point] = []
        self._interval = 0.09
        self._changed: _Point | None = None  # the last time it had grown
        self._began: _Point | None = None  # just before it began to

    def note(self, now: float, pushed: int) -> None:
        """That it has had so many pushes by now."""
        if self._changed is None or pushed != self._changed[1]:
            if self._began is None and self._changed is not None:
                self._began = self._changed
            self._changed = (now, pushed)
        elif self._began is None:
            self._changed = (now, pushed)
        if not self._points or now - self._points[-1][0] >= self._interval:
            self._points.append((now, pushed))
            if len(self._points) > self._MOST:
                del self._points[1::2]
                self._interval *= 2

    def recent(self, now: float, pushed: int) -> float:
        """Pushes a second just now."""
        for moment, before in reversed(self._points):
            if now - moment >= self._RECENT_SECONDS or (moment, before) == self._points[0]:
                return max(0, pushed - before) / (now - moment) if now > moment else 0.0
        return 0.0

    def has_stopped(self, now: float) -> bool:
        """Has it grown before, and not of late?"""
        span = self._span()
        return span is not None and now - span[1][0] > self._RECENT_SECONDS

    def mean(self) -> float | None:
        """Pushes a second from the first to the last."""
        span = self._span()
        if span is None:
            return None
        (began, before), (changed, pushed) = span
        return (pushed - before) / (changed - began) if changed > began else None

    def seconds(self) -> float:
        """From the first to the last."""
        span = self._span()
        return span[1][0] - span[0][0] if span is not None else 0.0

    def series(self) -> list[float]:
        """Pushes a second, interval by interval, from when it began to grow to when it last did."""
        span = self._span()
        if span is None:
            return []
        began, changed = span
        points = [*(point for point in self._points if began[0] <= point[0] < changed[0]), changed]
        pairs = itertools.pairwise(points)
        return [(more - before) / (later - moment) for (moment, before), (later, more) in pairs if later > moment]

    def _span(self) -> tuple[_Point, _Point] | None:
        """From just before it began to grow to the last time it had; None as long as it has not."""
        return (self._began, self._changed) if self._began is not None and self._changed is not None else None
