"""The last items of an xlist as a table.

A column for each place of tuples of one length, for each key of dicts with the same keys, and else one column.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from parallel._views.tables import Column
from parallel._views.text import ITEM_CHARACTERS, item_text

if TYPE_CHECKING:
    from parallel._xlist import xlist

LAST_ITEMS = 10
_MOST_COLUMNS = 8
_LEAST_CHARACTERS = 24
_LEAST_COLUMNS = 5  # of a terminal


def last_items(x: xlist[Any], length: int) -> tuple[int, list[Any]]:
    """The index of the first item shown, and the last of the first `length` items."""
    first = max(0, length - LAST_ITEMS)
    return first, x[first:length]


def item_columns(items: Sequence[Any], first: int) -> tuple[list[Column], list[list[str]], bool]:
    """Columns and rows of the table, index first; do the columns have names?"""
    names, parts = _parts(items)
    characters = max(_LEAST_CHARACTERS, ITEM_CHARACTERS // max(1, len(names)))
    rows = [[f"{index:,}"] + [item_text(part, characters) for part in row] for index, row in enumerate(parts, first)]
    columns = [Column("", lambda row: row[0], align="right", faint=True)]
    for place, name in enumerate(names):
        numbers = bool(parts) and all(type(row[place]) in (int, float) for row in parts)
        columns.append(
            Column(
                name,
                operator.itemgetter(place + 1),
                align="right" if numbers and len(names) > 1 else "left",
                elastic=_LEAST_COLUMNS,
                code=True,
            )
        )
    return columns, rows, any(names)


def _parts(items: Sequence[Any]) -> tuple[list[str], list[Sequence[Any]]]:
    """The names of the columns, and of each item the part in each of them."""
    # Only these very types: a subclass may do anything when it is looked into.
    if items and all(type(item) is tuple for item in items):
        lengths = {len(item) for item in items}
        if len(lengths) == 1 and 2 <= max(lengths) <= _MOST_COLUMNS:
            return [str(place) for place in range(max(lengths))], list(items)
    if items and all(type(item) is dict for item in items):
        keys = list(items[0])
        if 1 <= len(keys) <= _MOST_COLUMNS and all(type(key) is str for key in keys):
            if all(item.keys() == items[0].keys() for item in items):
                return [item_text(key, 40)[1:-1] for key in keys], [[item[key] for key in keys] for item in items]
    return [""], [[item] for item in items]
