"""What a live view costs the job that it shows: a million pushes with a view, against the same without one."""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import parallel
from harness import Row, timed
from parallel import _host, _views

_MOST_PERCENT = 3.0


class FrontEnd(_host.Host):
    """Takes displays as a notebook does, and counts them; what it does with them is not the job's time."""

    def __init__(self) -> None:
        self.shown = 0

    def is_live(self) -> bool:
        return True

    def display(
        self, cell: object, data: dict[str, Any], metadata: dict[str, Any], transient: dict[str, Any], update: bool
    ) -> None:
        self.shown += 1


@contextlib.contextmanager
def front_end() -> Iterator[FrontEnd]:
    """A notebook's, instead of the terminal's."""
    before, host = _host.current(), FrontEnd()
    _host.install(host)
    try:
        yield host
    finally:
        _host.install(before)
        _views.forget_all()


def job(pushes: int, push_what: Callable[[int], object], views: int) -> tuple[float, float]:
    """Seconds that two contexts take for `pushes` together, and of this process's processor time meanwhile.

    This process does nothing else than to wait and to show, and the contexts keep all processors busy: what it takes is
    what the job is slowed down by, told apart from what else goes on on the machine.
    """
    xl = parallel.xlist(name="results")

    def work(first: int) -> None:
        push = xl.push
        for n in range(first, first + pushes // 2):
            push(push_what(n))

    with front_end() as host:
        for _ in range(views):
            _views.show_live(xl)
        for n in range(2):
            parallel.submit_work(work, n * pushes)
        before = time.process_time()
        took = timed(parallel.run)
        used = time.process_time() - before
        assert len(xl) == pushes // 2 * 2
        assert host.shown >= 2 * views  # the empty list, and the last state
        return took, used


@dataclasses.dataclass(frozen=True)
class Cost:
    """Medians, in seconds: of the job with and without views, and of the processor time that views take."""

    viewed: float
    bare: float
    views: float

    @property
    def percent(self) -> float:
        return 100 * self.views / self.bare


def cost(rounds: int, pushes: int, push_what: Callable[[int], object], views: int) -> Cost:
    """Runs with and without views, in turns."""
    viewed, bare = [], []
    for _ in range(rounds):
        viewed.append(job(pushes, push_what, views))
        bare.append(job(pushes, push_what, 0))
    used = statistics.median(pair[1] for pair in viewed) - statistics.median(pair[1] for pair in bare)
    return Cost(
        statistics.median(pair[0] for pair in viewed), statistics.median(pair[0] for pair in bare), max(0.0, used)
    )


def number(n: int) -> float:
    """What a numerical job pushes."""
    return n * 0.5


def record(n: int) -> dict[str, Any]:
    """What a job of several results pushes."""
    return {"seed": n, "energy": n * 0.5, "label": "run"}


def measure(smoke: bool) -> Iterator[Row]:
    pushes, rounds = (2_000, 1) if smoke else (1_000_000, 11)
    parallel.configure(contexts=2)
    for what, push_what, views in (("float", number, 1), ("dict", record, 1), ("float, 3 views", number, 3)):
        found = cost(rounds, pushes, push_what, views)
        verdict = "" if views > 1 or found.percent <= _MOST_PERCENT else f", ABOVE {_MOST_PERCENT:g} %"
        share = "" if smoke else f": {found.percent:.1f} % of the job{verdict}"
        yield Row(f"live_view, {what}{share}", found.viewed / pushes, "without", found.bare / pushes)
