"""Colours and styles of the pictures, readable on light and dark grounds.

Text and lines take the colour of the text around them (`currentColor`), fainter by opacity. The few real colours are
JupyterLab's own variables; the fallbacks are of middle brightness, with a contrast of at least 3 on white and on black.
Styles are inline: an output has no style sheet, and one picture must not change another.
"""

from __future__ import annotations

ACCENT = "var(--jp-brand-color1,#3b82c4)"
BAD = "var(--jp-error-color1,#d9534f)"
WARN = "var(--jp-warn-color1,#d08323)"

FAINT = "opacity:.65"
LINE = "rgba(128,128,128,.25)"
TRACK = "rgba(128,128,128,.18)"

WIDTH = 640  # of a picture, in pixels; narrower where there is no room
BOX = f"overflow-x:auto;max-width:{WIDTH + 120}px;font-size:13px;line-height:1.5;text-align:left"
FIGURES = "font-variant-numeric:tabular-nums"

# A state is told by its sign and its word; colour only repeats it.
SIGNS = {
    "pending": "·",
    "running": "▸",
    "done": "✓",
    "failed": "✗",
    "cancelled": "–",
    "crashed": "✗",
    "idle": "·",
    "ended": "✓",
    "live": "·",
}
COLOURS = {"failed": BAD, "crashed": BAD}  # the others are ACCENT


def state_text(state: str) -> str:
    """A state with its sign: '✓ done'."""
    return f"{SIGNS.get(state, '·')} {state}"
