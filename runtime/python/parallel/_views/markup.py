"""HTML and SVG put together from elements: everything is escaped, and every page is well-formed XML as well."""

from __future__ import annotations

import functools
import html
import re

from parallel._views.text import printable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


EMPTY = Markup("")


_special = re.compile("[&<>\"']").search


def escaped(text: str) -> Markup:
    """As the content of an element or the value of an attribute."""
    text = printable(text)
    return Markup(html.escape(text)) if _special(text) else Markup(text)


@functools.lru_cache(512)  # names of attributes, styles, titles of columns: most are the same each time
def _attribute(name: str, value: str) -> str:
    return f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"'


def element(tag: str, *children: str, **attributes: str | float | None) -> Markup:
    """`<tag name="value">…</tag>`; children that are no Markup are escaped.

    In the names of attributes `_` stands for `-`, and one at the end is dropped (`class_`). None leaves one out.
    """
    parts = ["<", tag]
    for name, value in attributes.items():
        if isinstance(value, str):
            parts.append(_attribute(name, value) if len(value) < 200 else _attribute.__wrapped__(name, value))
        elif value is not None:
            parts.append(f' {name.replace("_", "-")}="{_number(value)}"')
    parts.append(">")
    for child in children:
        parts.append(child if type(child) is Markup else escaped(child))
    # Browsers read an empty `<div/>` as one that is left open.
    parts += ("</", tag, ">")
    return Markup("".join(parts))


def _number(value: float) -> str:
    """With two digits after the point at most: hundredths of a pixel."""
    if type(value) is int:
        return str(value)
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".")
