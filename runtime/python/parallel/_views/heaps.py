"""All heaps: of contexts, running and finished, and of xlists and mappings."""

from __future__ import annotations

from typing import Any

from parallel._views import svg, units
from parallel._views.markup import Markup
from parallel._views.rows import Rows, tally
from parallel._views.tables import Column, right
from parallel._views.text import clipped
from parallel._views.theme import state_text

_KINDS = ("context", "xlist", "dict")


def meter_of(row: dict[str, Any], scale: float, width: float = 120) -> Markup:
    """Live bytes, and paler the peak of a context, or what is reserved for an xlist."""
    peak = row.get("peak_bytes")
    beyond, what = (peak, "at its peak") if peak is not None else (row["reserved_bytes"], "reserved")
    title = f"{units.bytes_text(row['live_bytes'])} live, {units.bytes_text(beyond)} {what}"
    return svg.meter(row["live_bytes"], beyond, scale, title, width)


class Heaps(Rows):
    """What `heaps()` returns: a list of dicts, one for each heap, that shows as a table."""

    noun = "heap"
    empty = "no heaps: no xlist has been made, and nothing has run yet"

    def columns(self) -> list[Column]:
        scale = max((max(row["live_bytes"], row.get("peak_bytes") or row["reserved_bytes"]) for row in self), default=0)
        return [
            Column("id", lambda row: row["id"]),
            Column("kind", lambda row: row["kind"], rank=1),
            Column("name", lambda row: clipped(row["name"] or units.NONE, 60), elastic=8),
            Column("state", lambda row: state_text(row["state"])),
            Column("", lambda row: "", picture=lambda row: meter_of(row, scale)),
            right("live", lambda row: units.bytes_text(row["live_bytes"])),
            right("peak", lambda row: units.bytes_text(row.get("peak_bytes"))),
            right("reserved", lambda row: units.bytes_text(row["reserved_bytes"]), rank=3),
            right("limit", lambda row: units.bytes_text(row.get("limit_bytes")), rank=2),
            right("blocks", lambda row: units.count_text(row["live_blocks"])),
        ]

    def heading(self) -> str:
        kinds = ", ".join(units.plural(count, kind) for kind, count in tally(self, "kind", _KINDS))
        live = sum(row["live_bytes"] for row in self)
        reserved = sum(row["reserved_bytes"] for row in self)
        return f"heaps: {kinds}; {units.bytes_text(live)} live of {units.bytes_text(reserved)} reserved"

    def urgency(self, number: int) -> tuple[bool, int]:
        row = self[number]  # those in use first of all, then the biggest
        return (row["state"] == "ended", -max(row["live_bytes"], row.get("peak_bytes") or 0))
