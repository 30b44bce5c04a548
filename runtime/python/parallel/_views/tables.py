"""Tables of rows: as text that fits a terminal, and as HTML."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from parallel._views import theme, units
from parallel._views.markup import EMPTY, Markup, element
from parallel._views.text import COLUMNS, fitted, padded, width

_GAP = 2

_CELL = "padding:1px 11px 1px 0;text-align:"  # in every cell: what can be inherited is the table's
_NOWRAP, _TOP, _FAINT = ";white-space:nowrap", ";vertical-align:top", f";{theme.FAINT}"
_UNBROKEN = 24  # characters
_TABLE = (
    f"border-collapse:collapse;border:0;margin:4px 0;table-layout:auto;color:inherit;font-size:12px;{theme.FIGURES}"
)
_ROW = "background:none;border:0"
_CODE = "background:none;padding:0;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12px"


@dataclasses.dataclass(frozen=True)
class Column:
    """One column: `text(row)` is printable and on one line; `units.NONE` where there is nothing to say.

    A column that says nothing at all is left out. Where a terminal is too narrow those that are `elastic` are cut, to
    that many characters at least, and where that is not enough those with a `rank` left out, the highest first.
    `picture(row)` is what HTML shows instead of the text.
    """

    title: str
    text: Callable[[Any], str]
    align: str = "left"
    elastic: int = 0
    rank: int = 0
    code: bool = False
    faint: bool = False
    picture: Callable[[Any], Markup] | None = None


def right(title: str, text: Callable[[Any], str], **options: Any) -> Column:
    """A column of figures."""
    return Column(title, text, align="right", **options)


def _filled(columns: Sequence[Column], rows: Sequence[Any], pictures: bool) -> tuple[list[Column], list[list[str]]]:
    """The columns that have something to say or to show, and what they say, a list for each."""
    texts = [[column.text(row) for row in rows] for column in columns]
    kept = [
        n
        for n, cells in enumerate(texts)
        if any(cell not in (units.NONE, "") for cell in cells) or (pictures and columns[n].picture is not None)
    ]
    return [columns[n] for n in kept], [texts[n] for n in kept]


def text_table(
    columns: Sequence[Column], rows: Sequence[Any], room: int = COLUMNS, indent: int = 2, heads: bool = True
) -> list[str]:
    """The lines of a table, none of them wider than `room`."""
    columns, texts = _filled(columns, rows, pictures=False)
    texts = [([column.title] if heads else []) + cells for column, cells in zip(columns, texts)]
    widths = [max(width(cell) for cell in cells) for cells in texts]
    shown = list(range(len(columns)))

    def excess() -> int:
        return indent + sum(widths[n] for n in shown) + _GAP * (len(shown) - 1) - room

    while excess() > 0:
        spare = {n: widths[n] - columns[n].elastic for n in shown if 0 < columns[n].elastic < widths[n]}
        ranked = [n for n in shown if columns[n].rank]
        if sum(spare.values()) < excess() and ranked:
            shown.remove(max(ranked, key=lambda n: columns[n].rank))
        elif spare:
            widths[max(spare, key=spare.__getitem__)] -= 1
        else:
            break  # each line is cut
    lines = []
    for cells in zip(*(texts[n] for n in shown)):
        parts = [padded(cell, widths[n], columns[n].align == "right") for n, cell in zip(shown, cells)]
        lines.append(fitted(" " * indent + (" " * _GAP).join(parts).rstrip(), room))
    return lines


def _cell_styles(columns: Sequence[Column], texts: list[list[str]]) -> list[str]:
    """Of the cells of each column: only those with long texts are broken into lines, and then all stand at the top."""
    broken = [
        column.elastic > 0 and max(map(width, cells), default=0) > _UNBROKEN for column, cells in zip(columns, texts)
    ]
    top = _TOP if any(broken) else ""
    return [
        f"{_CELL}{column.align}{top}{'' if breaks else _NOWRAP}{_FAINT if column.faint else ''}"
        for column, breaks in zip(columns, broken)
    ]


def html_table(columns: Sequence[Column], rows: Sequence[Any], label: str, heads: bool = True) -> Markup:
    """The same in HTML, every column that says anything."""
    columns, texts = _filled(columns, rows, pictures=True)
    if not rows or not columns:
        return EMPTY
    body, styles = [], _cell_styles(columns, texts)
    for number, row in enumerate(rows):
        cells = []
        for column, column_texts, style in zip(columns, texts, styles):
            content: str = column_texts[number]
            if column.code:
                content = element("code", content, style=_CODE)
            if column.picture is not None:
                content = column.picture(row)
            cells.append(element("td", content, style=style))
        body.append(element("tr", *cells, style=_ROW))
    head = EMPTY
    if heads:
        titles = [
            element("th", column.title, scope="col", style=f"{_CELL}{column.align};font-weight:normal;{theme.FAINT}")
            for column in columns
        ]
        line = f"{_ROW};border-bottom:1px solid {theme.LINE}"
        head = element("thead", element("tr", *titles, style=line), style="border:0")
    return element("table", head, element("tbody", *body), aria_label=label, style=_TABLE)
