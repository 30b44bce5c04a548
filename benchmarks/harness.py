"""What the benchmark scripts share: rows of figures, and timing that takes turns.

A figure of ours and of a peer are measured in one run, in turns, and compared as a ratio: machines drift, ratios less
so.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Row:
    """One line of the table: what was done, how long one takes here and with the peer, and the ratio asked for."""

    name: str
    ours: float  # seconds for one
    peer_name: str = ""
    peer: float | None = None  # seconds for one
    wanted: float | None = None  # how many times as fast as the peer it is to be

    @property
    def ratio(self) -> float | None:
        """How many times as fast as the peer."""
        return None if self.peer is None else self.peer / self.ours

    def text(self, with_verdict: bool = True) -> str:
        """The line; a run with small numbers has no verdict."""
        parts = [f"{self.name:52} {per_second(self.ours):>11}/s {seconds(self.ours):>9}"]
        if self.peer is not None and self.ratio is not None:
            verdict = ""
            if self.wanted is not None and with_verdict:
                verdict = "  ok" if self.ratio >= self.wanted else f"  BELOW {self.wanted:g}"
            parts.append(f"{self.ratio:9.2f} x {self.peer_name} ({seconds(self.peer)}){verdict}")
        return " ".join(parts)


def seconds(value: float) -> str:
    """A duration with three digits and a unit."""
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if value * factor >= 1:
            return f"{value * factor:.3g} {unit}"
    return f"{value * 1e9:.3g} ns"


def per_second(value: float) -> str:
    """A rate with three digits."""
    rate = 1 / value
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if rate >= factor:
            return f"{rate / factor:.3g} {unit}"
    return f"{rate:.3g}"


def timed(function: Callable[[], object]) -> float:
    """How long one call takes, in seconds."""
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def in_turns(rounds: int, *functions: Callable[[], float]) -> list[float]:
    """The median of what each function returns, called in turns so that all meet the same drift of the machine."""
    found = [[function() for function in functions] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*found)]
