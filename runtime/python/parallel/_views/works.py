"""Works: how many are in which state, and a table."""

from __future__ import annotations

import time
from typing import Any

from parallel._views import svg, theme, units
from parallel._views.markup import Markup, element
from parallel._views.rows import Rows, tally
from parallel._views.tables import Column, right
from parallel._views.text import COLUMNS, clipped

_STATES = ("running", "pending", "done", "failed", "crashed", "cancelled")
_URGENCY = {state: n for n, state in enumerate(("crashed", "failed", "running", "pending", "cancelled", "done"))}
_LOOKS = {
    "done": (theme.ACCENT, 1.0, "="),
    "failed": (theme.BAD, 1.0, "x"),
    "crashed": (theme.BAD, 1.0, "x"),
    "cancelled": (theme.WARN, 0.6, "-"),
    "running": (theme.ACCENT, 0.4, ">"),
}


class Works(Rows):
    """What `works()` returns: a list of dicts, one for each work, that shows as a table."""

    noun = "work"
    empty = "no works: submit_work(f) makes one"
    total: int | None = None  # how many there are, where not all are in the list

    def columns(self) -> list[Column]:
        return [
            right("id", lambda row: str(row["id"])),
            Column("name", lambda row: clipped(row["name"], 60), elastic=8),
            Column("state", lambda row: theme.state_text(row["state"])),
            Column("cell", lambda row: clipped(row["cell"] or units.NONE, 30), elastic=6, rank=1),
            Column("context", lambda row: self._context(row), rank=2),
            right("started", lambda row: units.clock_text(row["started"]), rank=3),
            right("time", self._elapsed),
            Column("error", lambda row: clipped(row["error"] or "", 120), elastic=24),
        ]

    @staticmethod
    def _context(row: dict[str, Any]) -> str:
        if row["context"] is None:
            return units.NONE
        return str(row["context"]) if row["batch"] is None else f"c{row['batch']}.{row['context']}"

    @staticmethod
    def _elapsed(row: dict[str, Any]) -> str:
        if row["elapsed"] is None and row["state"] == "running" and row["started"] is not None:
            return units.duration_text(time.time() - row["started"])
        return units.duration_text(row["elapsed"])

    def _tally(self) -> list[tuple[str, int]]:
        return tally(self, "state", _STATES)

    def heading(self) -> str:
        count = f"{len(self):,}" if self.total in (None, len(self)) else f"{len(self):,} of {self.total:,}"
        return f"works: {count} ({', '.join(f'{count:,} {state}' for state, count in self._tally())})"

    def urgency(self, number: int) -> tuple[int, int]:
        return (_URGENCY.get(self[number]["state"], len(_URGENCY)), -number)

    def _parts(self) -> list[tuple[int, str, float, str]]:
        counts = dict(self._tally())
        return [(counts[state], *look) for state, look in _LOOKS.items() if state in counts]

    def picture(self) -> Markup:
        parts = [(count, colour, opacity) for count, colour, opacity, _ in self._parts()]
        bar = svg.stacked_bar(parts, len(self), 420, 8, self.heading())
        return element("div", bar, style="margin:4px 0;line-height:1")

    def drawing(self) -> list[str]:
        parts = [(count, character) for count, _, _, character in self._parts()]
        return [f"  [{svg.bar_text(parts, len(self), COLUMNS - 4)}]"]
