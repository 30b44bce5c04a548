"""HTML and SVG put together from elements: everything is escaped, and every page is well-formed XML as well."""

from __future__ import annotations

import html

from parallel._views.text import printable


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


EMPTY = Markup("")


def escaped(text: str) -> Markup:
    """As the content of an element or the value of an attribute."""
    return Markup(html.escape(printable(text)))


def element(tag: str, *children: str, **attributes) -> Markup:
    """`<tag name="value">…</tag>`; children that are no Markup are escaped.

    In the names of attributes `_` stands for `-`, and one at the end is dropped (`class_`); None leaves an attribute out.
    """
    start = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value if isinstance(value, str) else _number(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    content = joined(children)
    # Browsers read an empty `<div/>` as one that is left open.
    return Markup(f"<{tag}{start}>{content}</{tag}>")


def joined(parts) -> Markup:
    """One after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in parts))


def _number(value: float) -> str:
    """With two digits after the point at most: hundredths of a pixel."""
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
