"""All xlists, as a table."""

from __future__ import annotations

from typing import Any

from parallel._views import svg, units
from parallel._views.markup import Markup
from parallel._views.rows import Rows
from parallel._views.tables import Column, right
from parallel._views.text import clipped


class Xlists(Rows):
    """What `xlists()` returns: a list of dicts, one for each xlist, that shows as a table."""

    noun = "xlist"
    empty = "no xlists: xlist() makes one"

    def columns(self) -> list[Column]:
        most = max((row["reserved"] for row in self), default=0)

        def meter(row: dict[str, Any]) -> Markup:
            title = f"{units.bytes_text(row['bytes'])} in records of {units.bytes_text(row['reserved'])} reserved"
            return svg.meter(row["bytes"], row["reserved"], most, title, width=90)

        return [
            Column("id", lambda row: row["id"]),
            Column("name", lambda row: clipped(row["name"] or units.NONE, 60), elastic=8),
            right("items", lambda row: units.count_text(row["items"])),
            right("pushed", lambda row: units.count_text(row["pushed"])),
            right("taken", lambda row: units.count_text(row["popped"] or None)),
            Column("", lambda row: "", picture=meter),
            right("bytes", lambda row: units.bytes_text(row["bytes"])),
            right("reserved", lambda row: units.bytes_text(row["reserved"]), rank=2),
            right("views", lambda row: units.count_text(row["views"] or None), rank=1),
            Column("state", lambda row: "■ closed" if row["closed"] else "▸ open"),
        ]

    def heading(self) -> str:
        items, size = sum(row["items"] for row in self), sum(row["bytes"] for row in self)
        return f"xlists: {len(self):,}, {units.plural(items, 'item')}, {units.bytes_text(size)} in records"

    def urgency(self, number: int) -> int:
        return -int(self[number]["bytes"])
