"""The contexts of running, background and finished batches: a timeline and a table."""

from __future__ import annotations

import time
from typing import Any

from parallel._views import timeline, units
from parallel._views.markup import EMPTY, Markup, element
from parallel._views.rows import Rows, tally
from parallel._views.tables import Column, right
from parallel._views.text import COLUMNS, clipped
from parallel._views.theme import FAINT, state_text

_STATES = ("running", "idle", "crashed", "ended")


def _took(row: dict[str, Any]) -> str:
    if row["started"] is None:
        return units.NONE
    return units.duration_text((time.time() if row["ended"] is None else row["ended"]) - row["started"])


def _optional(text: str | None) -> str:
    return units.NONE if text is None else clipped(str(text), 40)


class Contexts(Rows):
    """What `contexts()` returns: a list of dicts, one for each context, that shows as a timeline and a table."""

    noun = "context"
    empty = "no contexts: nothing has run yet"

    def columns(self) -> list[Column]:
        return [
            Column("id", lambda row: clipped(row["id"], 9)),
            Column("cell", lambda row: _optional(row["cell"]), elastic=6, rank=2),
            Column("work", lambda row: _optional(row["work"]), elastic=8),
            Column("state", lambda row: state_text(row["state"])),
            right("time", _took),
            right("works", lambda row: units.count_text(row["works"])),
            right("pushes", lambda row: units.count_text(row["pushes"])),
            right("restarts", lambda row: units.count_text(row["restarts"] or None), rank=4),
            right("cpu", lambda row: units.duration_text(row["cpu"]), rank=1),
            right("copied", lambda row: units.bytes_text(row["copied"]), rank=3),
            right("heap", lambda row: units.bytes_text(row["heap_live"])),
            right("peak", lambda row: units.bytes_text(row["heap_peak"])),
        ]

    def heading(self) -> str:
        states = ", ".join(f"{count:,} {state}" for state, count in tally(self, "state", _STATES))
        works = sum(row["works"] for row in self)
        return f"contexts: {len(self):,} ({states}), {units.plural(works, 'work')} ended"

    def urgency(self, number: int) -> tuple[bool, float, int]:
        row = self[number]  # those that run first of all, then the newest
        return (row["ended"] is not None, -(row["started"] or 0.0), -number)

    def picture(self) -> Markup:
        lanes = timeline.lanes_of(self, time.time())
        missing = len(self) - len(lanes)
        note = f"the timeline has the newest {len(lanes)} of {len(self):,} contexts" if missing and lanes else ""
        return element("div", timeline.picture(lanes), element("div", note, style=FAINT) if note else EMPTY)

    def drawing(self) -> list[str]:
        return timeline.lines(timeline.lanes_of(self, time.time()), COLUMNS)
