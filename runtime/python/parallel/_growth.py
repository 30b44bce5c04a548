"""How heaps grow: a sample of their live bytes, twice a second while work runs or a view is shown."""

from __future__ import annotations

import heapq
import time
import weakref
from typing import TYPE_CHECKING

from parallel import _core

if TYPE_CHECKING:
    from parallel._batch import RunningBatch
    from parallel._xlist import xlist

_PERIOD = 0.5  # seconds
_POINTS = 256  # of one heap; then every other is dropped, and they come half as often
_XLISTS = 256  # the largest; looking at 10,000 takes 2 ms


class Series:
    """(time, bytes) of one heap over its whole life, ever further apart."""

    def __init__(self) -> None:
        self.points: list[tuple[float, int]] = []
        self._period = 0.0
        self._due = 0.0

    def add(self, now: float, value: int) -> None:
        """Note a value, unless the last one is too close."""
        if now < self._due:
            return
        self.points.append((now, value))
        if len(self.points) >= _POINTS:
            del self.points[1::2]
            self._period = max(2 * self._period, 2 * _PERIOD)
        self._due = now + self._period


class Growth:
    """What an engine knows of the growth of heaps. `sample` is the pump's; any thread may read."""

    def __init__(self) -> None:
        self._contexts: dict[str, Series] = {}
        self._xlists: dict[str, tuple[weakref.ref[xlist], Series]] = {}
        self._due = 0.0

    def sample(self, batches: list[RunningBatch]) -> None:
        """Look at the heaps there are, if it is time."""
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + _PERIOD
        now = time.time()
        serials = {str(running.batch.serial) for running in batches}
        for key in list(self._contexts):
            if key[1:].partition(".")[0] not in serials:
                self._contexts.pop(key, None)  # it ended while it was looked at the last time
        for running in batches:
            for facts in running.batch.contexts():
                if facts["pid"]:
                    series = self._contexts.setdefault(f"c{running.batch.serial}.{facts['slot']}", Series())
                    series.add(now, running.batch.live_bytes(facts["slot"]))
        self._sample_xlists(now)

    def _sample_xlists(self, now: float) -> None:
        xlists = _core.xlists()
        if len(xlists) > _XLISTS:
            xlists = heapq.nlargest(_XLISTS, xlists, key=lambda x: x._bytes)
        series_of = {}
        for x in xlists:
            key = f"x{x.id}"
            known = self._xlists.get(key)
            # A number is used again for another list.
            series_of[key] = known if known is not None and known[0]() is x else (weakref.ref(x), Series())
            series_of[key][1].add(now, x._bytes)
        self._xlists = series_of

    def of_context(self, key: str) -> list[tuple[float, int]]:
        """What is known of a context's heap."""
        series = self._contexts.get(key)
        return list(series.points) if series is not None else []

    def of_xlist(self, x: xlist) -> list[tuple[float, int]]:
        """What is known of an xlist's heap."""
        known = self._xlists.get(f"x{x.id}")
        return list(known[1].points) if known is not None and known[0]() is x else []

    def forget_batch(self, serial: int) -> None:
        """Its contexts are gone."""
        for key in list(self._contexts):  # the pump may be adding to it
            if key.startswith(f"c{serial}."):
                self._contexts.pop(key, None)
