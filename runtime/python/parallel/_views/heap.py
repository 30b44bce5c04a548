"""One heap in detail: how full, in blocks of which sizes, of which types, where, and how it grew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parallel._views import page_map, svg, theme, units
from parallel._views.heaps import meter_of
from parallel._views.markup import EMPTY, Markup, element
from parallel._views.rows import Shown, title_line
from parallel._views.tables import Column, html_table, right, text_table
from parallel._views.text import COLUMNS, clipped, fitted, wrapped

_MOST_LINES = 12
_LEAST_POINTS, _MOST_POINTS = 3, 150  # of a curve
_MOST_CHARACTERS = 38  # of a curve, beside "up to 999.9 GB over 27 h 47 min"
_REST = "others"

_Held = tuple[str, int, int]  # by what: a type or a size, how many blocks, how many bytes


def _types(heap: dict[str, Any]) -> list[_Held]:
    """(type, blocks, bytes), the biggest first and the others as one."""
    types = [
        (clipped(name, 50) or "(no object of its own)", blocks, size) for name, blocks, size in heap.get("types") or ()
    ]
    if len(types) > _MOST_LINES:
        others = types[_MOST_LINES - 1 :]
        types = types[: _MOST_LINES - 1]
        types.append((f"{len(others):,} {_REST}", sum(o[1] for o in others), sum(o[2] for o in others)))
    return types


def _classes(heap: dict[str, Any]) -> list[_Held]:
    """(block size, blocks, bytes), by size; of many, those that hold the most, and the others as one."""
    classes = [(size, blocks, size * blocks) for size, blocks, *_ in heap.get("classes") or () if blocks]
    others = []
    if len(classes) > _MOST_LINES:
        by_bytes = sorted(classes, key=lambda entry: -entry[2])
        others = by_bytes[_MOST_LINES - 1 :]
        classes = sorted(by_bytes[: _MOST_LINES - 1])
    rows = [(units.bytes_text(size), blocks, total) for size, blocks, total in classes]
    if others:
        rows.append((_REST, sum(o[1] for o in others), sum(o[2] for o in others)))
    return rows


def _columns(title: str, rows: Sequence[_Held], align: str) -> list[Column]:
    most = max((size for _, _, size in rows), default=0)

    def meter(row: _Held) -> Markup:
        return svg.stacked_bar([(row[2], theme.ACCENT, 1.0)], most, 70, 8, f"{row[0]}: {units.bytes_text(row[2])}")

    def bar(row: _Held) -> str:
        return "█" * max(1, round(16 * row[2] / most)) if most else ""

    return [
        Column(title, lambda row: row[0], align=align, elastic=12),
        right("blocks", lambda row: units.count_text(row[1])),
        right("bytes", lambda row: units.bytes_text(row[2])),
        Column("", bar, rank=1, picture=meter),
    ]


class Heap(Shown, dict[str, Any]):
    """What `heap()` returns: a dict that shows as a picture of the heap."""

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The one record, as a list."""
        return [dict(self)]

    def to_dict(self) -> dict[str, Any]:
        """A plain dict."""
        return dict(self)

    def _heading(self) -> str:
        name = f" {clipped(self['name'], 40)}" if self.get("name") else ""
        return f"{self['kind']} {self['id']}{name}, {theme.state_text(self['state'])}"

    def _facts(self) -> list[str]:
        facts = [f"{units.bytes_text(self['live_bytes'])} live in {units.plural(self['live_blocks'], 'block')}"]
        if self.get("peak_bytes") is not None:
            facts.append(f"peak {units.bytes_text(self['peak_bytes'])}")
        facts.append(f"{units.bytes_text(self['reserved_bytes'])} reserved")
        if self.get("limit_bytes"):
            facts.append(f"limit {units.bytes_text(self['limit_bytes'])}")
        if self.get("allocations") is not None:
            facts.append(f"{self['allocations']:,} allocations, {self['frees']:,} frees")
        if self.get("buffers"):
            facts.append(f"{units.bytes_text(self['buffers'])} of it in arrays")
        return facts

    def _growth(self) -> list[float]:
        return [live for _, live in self.get("growth") or ()]

    def _growth_text(self) -> str:
        growth = self["growth"]
        values = self._growth()
        took = units.duration_text(growth[-1][0] - growth[0][0])
        return f"up to {units.bytes_text(max(values))} over {took}"

    def _note(self) -> str:
        complete = self.get("types_complete", True) or not self.get("types")
        return "" if complete else "not everything could be looked at in time: types are of a part"

    def text(self) -> str:
        """For a terminal."""
        lines = [fitted(self._heading(), COLUMNS)]
        lines += wrapped(", ".join(self._facts()))
        if len(self._growth()) >= _LEAST_POINTS:
            curve = svg.blocks(svg.condensed(self._growth(), _MOST_CHARACTERS))
            lines.append(f"  growth {curve} {self._growth_text()}")
        for title, rows, align in (("type", _types(self), "left"), ("block size", _classes(self), "right")):
            if rows:
                lines += ["", *text_table(_columns(title, rows, align), rows)]
        if self._note():
            lines.append(f"  {self._note()}")
        if self.get("pages"):
            lines += ["", "  page map", *page_map.lines(self["pages"])]
        return "\n".join(lines)

    def html(self) -> str:
        """For a notebook."""
        limit = self.get("limit_bytes")
        most = max(self["live_bytes"], self.get("peak_bytes") or self["reserved_bytes"])
        use = f" · {most / limit:.1%} of the limit" if limit else ""
        tables = []
        for title, rows, align in (("type", _types(self), "left"), ("block size", _classes(self), "right")):
            if rows:
                table = html_table(_columns(title, rows, align), rows, f"by {title}")
                tables.append(element("div", table, style="display:inline-block;vertical-align:top;margin-right:24px"))
        return element(
            "div",
            title_line(self["id"], self._heading().partition(f" {self['id']}")[2].strip(", ")),
            element("div", meter_of(self, most, 420), style="margin:4px 0;line-height:1"),
            element("div", " · ".join(self._facts()) + use, style=theme.FIGURES),
            self._pictures(),
            element("div", *tables) if tables else EMPTY,
            element("div", self._note(), style=theme.FAINT) if self._note() else EMPTY,
            role="group",
            aria_label=f"heap: {self._heading()}",
            style=theme.BOX,
        )

    def _pictures(self) -> Markup:
        figures = []
        if self.get("pages"):
            figures.append(svg.figure("pages: the fuller, the more of it is in use", page_map.picture(self["pages"])))
        values = self._growth()
        if len(values) >= _LEAST_POINTS:
            title = f"growth: {self._growth_text()}"
            figures.append(
                svg.figure(title, svg.sparkline(svg.condensed(values, _MOST_POINTS), title, width=200, height=60))
            )
        return element("div", *figures) if figures else EMPTY
