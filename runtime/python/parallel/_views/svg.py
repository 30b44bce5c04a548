"""Drawings: bars, sparklines, histograms, filled curves. Each says in its title what it shows."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from parallel._views import theme
from parallel._views.markup import EMPTY, Markup, element

_BLOCKS = "▁▂▃▄▅▆▇█"


def drawing(width: float, height: float, title: str, *children: str) -> Markup:
    """An `<svg>` with a title, which a screen reader tells and a pointer shows.

    Where an output is not trusted JupyterLab drops its tags but not the texts in them, the titles. The span around it
    makes those invisible then; texts of a drawing have a size of their own.
    """
    drawn = element(
        "svg",
        element("title", title),
        *children,
        role="img",
        aria_label=title,
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        style="max-width:100%;vertical-align:middle",
    )
    return element("span", drawn, style="font-size:0px;vertical-align:middle")


def box(
    x: float,
    y: float,
    width: float,
    height: float,
    colour: str | None,
    title: str = "",
    **attributes: str | float | None,
) -> Markup:
    """A filled rectangle; without a colour it has that of the group it is in."""
    return element(
        "rect",
        *([element("title", title)] if title else []),
        x=x,
        y=y,
        width=width,
        height=height,
        style=f"fill:{colour}" if colour else None,
        **attributes,
    )


def coloured(colour: str, shapes: Sequence[Markup]) -> Markup:
    """A group of shapes of one colour: to say it once is shorter."""
    return element("g", *shapes, style=f"fill:{colour}")


def label(x: float, y: float, text: str, anchor: str = "start", opacity: float = 0.7, size: int = 11) -> Markup:
    """A text in a drawing."""
    style = f"fill:currentColor;font-size:{size}px;opacity:{opacity:g}"
    return element("text", text, x=x, y=y, text_anchor=None if anchor == "start" else anchor, style=style)


def stacked_bar(
    parts: Sequence[tuple[float, str, float]], total: float, width: float, height: float, title: str
) -> Markup:
    """Parts (amount, colour, opacity) side by side on a track that stands for `total`.

    A part that is there is seen, however small.
    """
    boxes, x = [box(0, 0, width, height, theme.TRACK, rx=height / 4)], 0.0
    lengths = side_by_side([amount for amount, _, _ in parts], total, width, least=2.0)
    for length, (_, colour, opacity) in zip(lengths, parts):
        if length:
            boxes.append(box(x, 0, length, height, colour, opacity=None if opacity == 1 else opacity, rx=height / 4))
        x += length
    return drawing(width, height, title, *boxes)


def meter(value: float, peak: float | None, scale: float, title: str, width: float = 120, height: float = 10) -> Markup:
    """How much of `scale` is in use, and paler the most that ever was."""
    parts = [(value, theme.ACCENT, 1.0)]
    if peak is not None and peak > value:
        parts.append((peak - value, theme.ACCENT, 0.35))
    return stacked_bar(parts, scale, width, height, title)


def sparkline(values: Sequence[float], title: str, width: float = 150, height: float = 28) -> Markup:
    """A curve from 0 up to the greatest value, with the ground under it tinted and its end marked."""
    if len(values) < 2:
        return EMPTY
    top = max(values) or 1.0
    step = (width - 6) / (len(values) - 1)
    points = [
        (index * step + 2, height - 3 - (height - 6) * max(0.0, value) / top) for index, value in enumerate(values)
    ]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    ground = f"M{points[0][0]:.1f},{height - 2:g} L{line.replace(' ', ' L')} L{points[-1][0]:.1f},{height - 2:g} Z"
    return drawing(
        width,
        height,
        title,
        element("path", d=ground, style=f"fill:{theme.ACCENT};opacity:.15"),
        element("path", d=f"M0,{height - 2:g} H{width:g}", style=f"stroke:{theme.LINE};stroke-width:1"),
        element("polyline", points=line, style=f"fill:none;stroke:{theme.ACCENT};stroke-width:1.5"),
        element("circle", cx=points[-1][0], cy=points[-1][1], r=2, style=f"fill:{theme.ACCENT}"),
    )


def histogram(
    counts: Sequence[int], titles: Sequence[str], title: str, width: float = 150, height: float = 28
) -> Markup:
    """One bar for each class; one that is not empty is seen."""
    top = max(counts) or 1
    step = width / len(counts)
    bars = [element("path", d=f"M0,{height - 0.5:g} H{width:g}", style=f"stroke:{theme.LINE};stroke-width:1")]
    for index, (count, text) in enumerate(zip(counts, titles)):
        if count:
            tall = max(1.5, (height - 2) * count / top)
            bars.append(box(index * step + 0.5, height - 1 - tall, max(1.0, step - 1), tall, None, text))
    return drawing(width, height, title, coloured(theme.ACCENT, bars))


def condensed(values: Sequence[float], most: int) -> list[float]:
    """At most `most` values, each the mean of neighbours."""
    if len(values) <= most:
        return list(values)
    edges = [n * len(values) // most for n in range(most + 1)]
    return [sum(values[a:b]) / (b - a) for a, b in itertools.pairwise(edges)]


def blocks(values: Sequence[float]) -> str:
    """A row of characters of growing height, for terminals: `▁▃▇`; what is not zero is seen."""
    top = max(values, default=0) or 1
    return "".join(" " if value <= 0 else _BLOCKS[min(7, int(8 * value / top))] for value in values)


def side_by_side(amounts: Sequence[float], total: float, length: float, least: float) -> list[float]:
    """How long each part is on a bar of `length` for `total`; those that are not 0 have at least `least`."""
    if total <= 0:
        return [0.0] * len(amounts)
    lengths = [max(least, length * amount / total) if amount > 0 else 0.0 for amount in amounts]
    whole = min(1.0, sum(amounts) / total) * length
    longest = max(range(len(lengths)), key=lengths.__getitem__, default=0)
    if lengths and sum(lengths) > whole:  # what the small ones got too much
        lengths[longest] = max(least, lengths[longest] - (sum(lengths) - whole))
    return lengths


def bar_text(parts: Sequence[tuple[float, str]], total: float, width: int) -> str:
    """Parts (amount, character) side by side in `width` characters that stand for `total`."""
    text, end = "", 0.0
    for length, (_, character) in zip(side_by_side([amount for amount, _ in parts], total, width, least=1.0), parts):
        end += length
        text += character * (int(end + 1e-6) - len(text))
    return (text + "·" * (width - len(text)))[:width]


def figure(caption: str, picture: Markup) -> Markup:
    """A small picture with its caption under it."""
    style = "display:inline-block;margin:4px 28px 2px 0;vertical-align:top"
    below = element("div", caption, style=f"font-size:11px;{theme.FAINT};{theme.FIGURES}")
    return element("div", picture, below, style=style) if picture else EMPTY


def legend(entries: Sequence[tuple[Markup, str]]) -> Markup:
    """Samples and what they mean."""
    parts = [
        element(
            "span", sample, element("span", f" {text}", style=theme.FAINT), style="margin-right:16px;white-space:nowrap"
        )
        for sample, text in entries
    ]
    return element("div", *parts, style="font-size:11px") if parts else EMPTY
