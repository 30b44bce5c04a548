"""How an xlist looks: one line, a text, and HTML.

It costs the same however long the list is: a summary, a sample and the last items.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from parallel._views import svg, theme, units
from parallel._views.items import item_columns, last_items
from parallel._views.markup import EMPTY, Markup, element
from parallel._views.numbers import Numbers, Rates, numbers_of
from parallel._views.status import Status
from parallel._views.tables import html_table, text_table
from parallel._views.text import COLUMNS, clipped, item_text, width, wrapped

if TYPE_CHECKING:
    from parallel._xlist import xlist

_NAME_CHARACTERS = 80
_TITLE_CHARACTERS = 36  # of the name in one line


def variable_name(wanted: object) -> str | None:
    """The name of a variable of the user's namespace that is `wanted`, or None."""
    main = sys.modules.get("__main__")
    for name, value in list(vars(main).items()) if main is not None else ():
        if value is wanted and not name.startswith("_"):
            return name
    return None


def _facts(x: xlist[Any], length: int) -> list[str]:
    facts = [units.plural(length, "item")]
    taken = x._pushed - length
    if taken > 0:
        facts.append(f"{taken:,} taken")
    facts.append(units.bytes_text(x.heap["bytes"]))
    if x.closed:
        facts.append("closed")
    return facts


def one_line(x: xlist[Any]) -> str:
    """`<xlist 'results' 3 items, 120 B>`: bounded, and safe while others push."""
    return _title(x, len(x))


def _title(x: xlist[Any], length: int) -> str:
    name, facts = x.name, ", ".join(_facts(x, length))
    return f"<xlist {item_text(name, _TITLE_CHARACTERS)} {facts}>" if name else f"<xlist {facts}>"


def _pace(rates: Rates, status: Status | None, now: float, pushed: int) -> str | None:
    """'1.2 M/s' just now while works run, and what it was on average once they are over."""
    if status is not None and not status.over:
        recent = rates.recent(now, pushed)
        return units.rate_text(recent) if pushed else None
    mean = rates.mean()
    return None if mean is None else f"{units.rate_text(mean)} on average"


def bundle(x: xlist[Any], status: Status | None = None, rates: Rates | None = None, now: float = 0.0) -> dict[str, str]:
    """The MIME bundle of a view, text and HTML; a live one knows how far works are and how fast it has grown."""
    length, pushed = len(x), x._pushed  # others push meanwhile: all of the view is of one moment
    failure, numbers = None, None
    try:
        first, items = last_items(x, length)
        numbers = numbers_of(x, items)
    except Exception as error:
        first, items, failure = 0, [], f"<cannot be read: {item_text(error)}>"
    columns, rows, have_names = item_columns(items, first)
    pace = _pace(rates, status, now, pushed) if rates is not None else None

    state = ", ".join(part for part in (status.text() if status is not None else None, pace) if part)
    lines = [_title(x, length)]
    if state and width(lines[0]) + width(state) + 3 <= COLUMNS:
        lines[0] += f" [{state}]"
    elif state:
        lines += wrapped(f"[{state}]")
    if numbers is not None:
        lines.append(numbers.text())
    if first > 0:
        lines.append(f"  … {first:,} before")
    lines += text_table(columns, rows, heads=have_names)
    if failure is not None:
        lines += wrapped(failure)

    name = clipped(x.name or "", _NAME_CHARACTERS).strip()
    before = f"… {first:,} before" if first > 0 else ""
    page = element(
        "div",
        _heading(name, _facts(x, length) + ([pace] if pace else [])),
        status.picture() if status is not None else EMPTY,
        _charts(rates, numbers),
        element("div", before, style=f"{theme.FAINT};font-size:12px") if before else EMPTY,
        html_table(columns, rows, "the last items", heads=have_names),
        element("code", failure) if failure is not None else EMPTY,
        role="group",
        aria_label=f"xlist {name}".strip(),
        style=theme.BOX,
    )
    return {"text/plain": "\n".join(lines), "text/html": page}


def _heading(name: str, facts: list[str]) -> Markup:
    title = element("strong", name or "xlist", style="font-size:14px;margin-right:10px")
    kind = element("span", "xlist", style=f"{theme.FAINT};margin-right:10px") if name else EMPTY
    return element("div", title, kind, element("span", " · ".join(facts), style=theme.FIGURES))


def _charts(rates: Rates | None, numbers: Numbers | None) -> Markup:
    figures = []
    series = rates.series() if rates is not None else []
    if rates is not None and len(series) >= 3:
        most = f"pushes: up to {units.rate_text(max(series))} over {units.duration_text(rates.seconds())}"
        figures.append(svg.figure(most, svg.sparkline(series, most, width=220)))
    if numbers is not None:
        figures.append(numbers.picture())
    return element("div", *figures) if figures else EMPTY
