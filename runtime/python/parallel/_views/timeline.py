"""Time from left to right, a lane for each context, a bar for each work: what ran when, and where nothing did.

Times at which no lane has anything are cut out and marked. Bars that are too many, or too narrow to be told apart, are
drawn as one, paler the less of the time it was busy.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from parallel._views import svg, theme, units
from parallel._views.markup import EMPTY, Markup, element
from parallel._views.text import clipped, fitted, padded, width

MOST_LANES = 24
_MOST_BARS, _MOST_BYTES = 250, 22_000  # of all lanes
_LANE, _BAR, _LEFT, _AXIS = 18, 11, 62, 18
_CUT = 22  # pixels of a cut
_LABEL = 54  # pixels that a label of the axis needs


@dataclasses.dataclass
class Bar:
    """One work, or several that are drawn as one."""

    start: float
    end: float
    state: str
    name: str
    count: int
    busy: float  # seconds, of all of them
    open: bool = False  # it still runs

    def title(self) -> str:
        """What a pointer shows."""
        what = clipped(self.name, 40) if self.count == 1 else f"{self.count:,} works"
        took = units.duration_text(self.busy)
        return f"{what}: {self.state}, {took}, from {units.exact_clock_text(self.start)}"


@dataclasses.dataclass
class Lane:
    """One context: its life, and what it ran."""

    label: str
    start: float
    end: float
    bars: list[Bar]


def lanes_of(rows: Sequence[dict[str, Any]], now: float) -> list[Lane]:
    """The newest contexts, those that run first of all, in the order of the rows."""
    drawn = [row for row in rows if row["started"] is not None]
    keep = sorted(drawn, key=lambda row: (row["ended"] is None, row["started"]), reverse=True)[:MOST_LANES]
    kept = {id(row) for row in keep}
    lanes = []
    for row in drawn:
        if id(row) not in kept:
            continue
        bars = []
        for bar in row.get("bars") or ():
            if bar["started"] is None:
                continue
            end = now if bar["ended"] is None else bar["ended"]
            end = max(end, bar["started"])
            is_open = bar["ended"] is None
            name = bar["name"] if bar["work"] is None else f"work {bar['work']} {bar['name']}"
            bars.append(
                Bar(bar["started"], end, bar["state"], name, bar.get("count", 1), end - bar["started"], is_open)
            )
        bars.sort(key=lambda bar: bar.start)
        ended = now if row["ended"] is None else row["ended"]
        start = min([row["started"], *(bar.start for bar in bars)])
        lanes.append(Lane(clipped(row["id"], 9), start, max([ended, start, *(bar.end for bar in bars)]), bars))
    return lanes


class Axis:
    """From time to place: linear between cuts."""

    def __init__(self, spans: Sequence[tuple[float, float]], left: float, right: float, cut: float):
        merged: list[list[float]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], end)
            else:
                merged.append([start, end])
        busy = sum(end - start for start, end in merged) or 1e-6
        parts = [merged[0]]
        for start, end in merged[1:]:
            if start - parts[-1][1] > 0.1 * busy:
                parts.append([start, end])
            else:
                parts[-1][1] = end
        cut = min(cut, 0.4 * (right - left) / max(1, len(parts) - 1))
        total = sum(end - start for start, end in parts) or 1e-6
        self.scale = (right - left - cut * (len(parts) - 1)) / total
        self.parts: list[tuple[float, float, float, float]] = []  # time from, to, place from, to
        x = left
        for start, end in parts:
            self.parts.append((start, end, x, x + (end - start) * self.scale))
            x = self.parts[-1][3] + cut

    def place(self, moment: float) -> float:
        """Where a time is."""
        for start, end, left, _ in self.parts:
            if moment <= end:
                return left + max(0.0, moment - start) * self.scale
        return self.parts[-1][3]


def merged_bars(bars: list[Bar], least: float) -> list[Bar]:
    """Neighbours of less than `least` seconds, and as near to each other, as one; one that failed stays visible."""
    result: list[Bar] = []
    for bar in bars:
        last = result[-1] if result else None
        if (
            last is not None
            and bar.start - last.end < least
            and (bar.end - bar.start < least or last.end - last.start < least)
        ):
            worst = max((last.state, bar.state), key=lambda state: state in ("failed", "crashed"))
            result[-1] = Bar(
                last.start,
                max(last.end, bar.end),
                worst,
                last.name,
                last.count + bar.count,
                last.busy + bar.busy,
                bar.open,
            )
        else:
            result.append(bar)
    return result


def _drawn(bar: Bar, axis: Axis, y: float) -> Markup:
    x = axis.place(bar.start)
    length = max(1.5, axis.place(bar.end) - x)
    colour = theme.COLOURS.get(bar.state)
    share = min(1.0, bar.busy / (bar.end - bar.start)) if bar.end > bar.start else 1.0
    look: dict[str, Any] = {"rx": min(2.0, length / 2)}
    if bar.state == "cancelled":
        look |= {"stroke": "currentColor", "stroke_dasharray": "2 2", "fill_opacity": 0.15}
    elif share < 0.95:
        look["opacity"] = 0.3 + 0.7 * share
    if bar.open:  # its end is not known: it stands out in front
        look |= {"fill_opacity": 0.45, "stroke": "currentColor"}
    if bar.state == "crashed":
        look["stroke"] = "currentColor"
    taller = 3 if bar.state in ("failed", "crashed") else 0  # seen without colour
    top, height = y + (_LANE - _BAR) / 2 - taller, _BAR + 2 * taller
    return svg.box(x, top, length, height, colour, bar.title(), **look)


def _bars(lanes: list[Lane], axis: Axis) -> list[Markup]:
    """The bars of each lane; neighbours are merged until they are few enough."""
    least = 1.5 / axis.scale
    while True:
        for lane in lanes:
            lane.bars = merged_bars(lane.bars, least)
        least *= 1.5
        if sum(len(lane.bars) for lane in lanes) > max(_MOST_BARS, len(lanes)):
            continue
        drawn = []
        for number, lane in enumerate(lanes):
            drawn.append(svg.coloured(theme.ACCENT, [_drawn(bar, axis, number * _LANE) for bar in lane.bars]))
        if sum(len(group.encode()) for group in drawn) <= _MOST_BYTES or all(len(lane.bars) <= 1 for lane in lanes):
            return drawn


def picture(lanes: list[Lane]) -> Markup:
    """The drawing, and what its marks mean."""
    if not lanes:
        return EMPTY
    axis = Axis([(lane.start, lane.end) for lane in lanes], _LEFT, theme.WIDTH - 6, _CUT)
    bars = _bars(lanes, axis)
    height = len(lanes) * _LANE + _AXIS
    parts = []
    for number, lane in enumerate(lanes):
        y = number * _LANE
        parts.append(svg.label(_LEFT - 8, y + _LANE / 2 + 4, lane.label, "end"))
        left, right = axis.place(lane.start), axis.place(lane.end)
        parts.append(svg.box(left, y + _LANE / 2 - 0.5, max(1.0, right - left), 1, theme.LINE))
        parts.append(bars[number])
    parts += _ruler(axis, len(lanes) * _LANE)
    works = sum(bar.count for lane in lanes for bar in lane.bars)
    title = f"timeline of {units.plural(len(lanes), 'context')} and {units.plural(works, 'work')}"
    drawing = svg.drawing(theme.WIDTH, height, title, *parts)
    return element("div", drawing, _legend(lanes), style="margin:6px 0")


def _ruler(axis: Axis, y: float) -> list[Markup]:
    """A line with ticks: the time of day where a part begins, and seconds from there."""
    parts = []
    step = units.time_step(_LABEL / axis.scale)
    free = 0.0
    for number, (start, end, left, right) in enumerate(axis.parts):
        parts.append(
            element("path", d=f"M{left:.1f},{y + 0.5:g} H{max(right, left + 1):.1f}", style=f"stroke:{theme.LINE}")
        )
        if number:
            before = axis.parts[number - 1][3]
            middle = (before + left) / 2
            gap = element("title", f"nothing for {units.duration_text(start - axis.parts[number - 1][1])}")
            parts.append(element("g", gap, svg.label(middle, y + 4, "⋯", "middle")))
        if left >= free:
            parts.append(svg.label(left, y + 14, units.clock_text(start)))
            free = left + _LABEL
        for n in range(1, int((end - start) / step) + 1):
            x = left + n * step * axis.scale
            parts.append(element("path", d=f"M{x:.1f},{y:g} v4", style=f"stroke:{theme.LINE}"))
            if x - _LABEL / 2 >= free and x + _LABEL / 2 <= theme.WIDTH:
                parts.append(svg.label(x, y + 14, units.offset_text(n * step), "middle"))
                free = x + _LABEL / 2
    return parts


def _legend(lanes: list[Lane]) -> Markup:
    states = {bar.state for lane in lanes for bar in lane.bars}
    samples = {
        "done": (svg.box(0, 2, 14, 8, theme.ACCENT, rx=2), "done"),
        "running": (svg.box(1, 2, 12, 8, theme.ACCENT, rx=2, fill_opacity=0.45, stroke="currentColor"), "running"),
        "failed": (svg.box(4, 0, 6, 12, theme.BAD, rx=2), "failed (taller)"),
        "crashed": (svg.box(4, 0.5, 6, 11, theme.BAD, rx=2, stroke="currentColor"), "crashed (outlined)"),
        "cancelled": (
            svg.box(1, 2, 12, 8, theme.ACCENT, stroke="currentColor", stroke_dasharray="2 2", fill_opacity=0.15),
            "cancelled",
        ),
    }
    entries = [
        (svg.drawing(14, 12, text, sample), text) for state, (sample, text) in samples.items() if state in states
    ]
    return svg.legend(entries)


def lines(lanes: list[Lane], room: int) -> list[str]:
    """The same for a terminal: `█` busy, `▒` less than half of the time, `x` failed, `·` nothing to do."""
    if not lanes:
        return []
    gutter = max(width(lane.label) for lane in lanes) + 4
    columns = room - gutter - 1
    axis = Axis([(lane.start, lane.end) for lane in lanes], 0, columns, 3)
    result = []
    for lane in lanes:
        busy, row = [0.0] * columns, [" "] * columns
        for n in range(int(axis.place(lane.start)), min(columns, int(axis.place(lane.end)) + 1)):
            row[n] = "·"
        failed = set()
        for bar in lane.bars:
            left, right = axis.place(bar.start), max(axis.place(bar.end), axis.place(bar.start) + 0.05)
            share = min(1.0, bar.busy / (bar.end - bar.start)) if bar.end > bar.start else 1.0
            for n in range(int(left), min(columns, int(right) + 1)):
                busy[n] += share * max(0.0, min(n + 1, right) - max(n, left))
            if bar.state in ("failed", "crashed"):
                failed.add(min(columns - 1, int(left)))
        for n, part in enumerate(busy):
            if part > 0:
                row[n] = "█" if part >= 0.5 else "▒"
        for n in failed:
            row[n] = "x"
        result.append(fitted("  " + padded(lane.label, gutter - 2) + "".join(row).rstrip(), room))
    first, last = axis.parts[0], axis.parts[-1]
    span = f"{units.clock_text(first[0])} to {units.clock_text(last[1])}"
    cuts = "" if len(axis.parts) == 1 else f", {units.plural(len(axis.parts) - 1, 'quiet time')} cut out"
    result.append("  " + " " * (gutter - 2) + span + cuts)
    return result
