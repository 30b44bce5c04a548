"""A heap from its first page to its last, a square for each stretch of it, darker the more of it is in use."""

from __future__ import annotations

from collections.abc import Sequence

from parallel._views import svg, theme
from parallel._views.markup import EMPTY, Markup, element

MOST_CELLS = 256
_ACROSS, _SIDE = 32, 13
_SHADES = " ░▒▓█"


def picture(shares: Sequence[float]) -> Markup:
    """Squares in rows, the first page at the top left."""
    if not shares:
        return EMPTY
    cells = [min(1.0, max(0.0, share)) for share in svg.condensed(shares, MOST_CELLS)]
    across = min(_ACROSS, len(cells))
    down = -(-len(cells) // across)
    tracks, fills = [], []
    for number, share in enumerate(cells):
        x, y = number % across * _SIDE, number // across * _SIDE
        side = _SIDE - 2
        tracks.append(f"M{x},{y}h{side}v{side}h-{side}z")
        if share > 0:  # how high it is filled tells how much
            tall = max(1.5, side * share)
            fills.append(f"M{x},{y + side}h{side}v-{tall:.1f}h-{side}z")
    # Two paths, not 512 rectangles: 8 kB against 60.
    squares = [element("path", d="".join(tracks), style=f"fill:{theme.TRACK}")]
    if fills:
        squares.append(element("path", d="".join(fills), style=f"fill:{theme.ACCENT}"))
    title = f"page map: {len(cells)} stretches, {sum(cells) / len(cells):.0%} in use"
    drawing = svg.drawing(across * _SIDE, down * _SIDE, title, *squares)
    return element("div", drawing, style="margin:2px 0;line-height:1")


def lines(shares: Sequence[float]) -> list[str]:
    """The same for a terminal, 64 characters a line."""
    cells = [min(1.0, max(0.0, share)) for share in svg.condensed(shares, MOST_CELLS)]
    text = "".join(_SHADES[0 if share <= 0 else min(4, 1 + int(share * 4))] for share in cells)
    return [f"  |{text[n : n + 64]}|" for n in range(0, len(text), 64)]
