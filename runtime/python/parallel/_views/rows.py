"""Records with a picture: lists of dicts, so that `pandas.DataFrame` and json take them, that show as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from parallel._views import theme
from parallel._views.markup import EMPTY, Markup, element
from parallel._views.tables import Column, html_table, text_table
from parallel._views.text import wrapped

MOST_ROWS = 30  # that are shown; all are there
MOST_BYTES = 48_000


class Shown:
    """Has a form for terminals and one for notebooks, in the ways IPython asks for them."""

    def text(self) -> str:
        """For a terminal."""
        raise NotImplementedError

    def html(self) -> str:
        """For a notebook."""
        raise NotImplementedError

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(self.text())

    def __repr__(self) -> str:
        return self.text()


class Rows(Shown, list[dict[str, Any]]):
    """A list of dicts that shows as a table. A subclass says which columns it has, and what is drawn above."""

    noun: ClassVar[str] = "row"
    empty: ClassVar[str] = "no rows"  # what is shown of none

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The records, as a plain list."""
        return list(self)

    def to_dict(self) -> list[dict[str, Any]]:
        """The records as plain dicts, which the caller may change."""
        return [dict(row) for row in self]

    def columns(self) -> list[Column]:
        """Of the table."""
        raise NotImplementedError

    def heading(self) -> str:
        """One line on all of them."""
        raise NotImplementedError

    def shown(self, most: int = MOST_ROWS) -> list[dict[str, Any]]:
        """The rows of the table: those that matter most, in order."""
        return [self[n] for n in sorted(sorted(range(len(self)), key=self.urgency)[:most])]

    def urgency(self, number: int) -> Any:
        """Where not all rows can be shown, those with the least are."""
        return number

    def picture(self) -> Markup:
        """What HTML shows above the table."""
        return EMPTY

    def drawing(self) -> list[str]:
        """What a terminal shows above the table: lines."""
        return []

    def _rest(self, shown: Sequence[dict[str, Any]]) -> str:
        left = len(self) - len(shown)
        return f"… {left:,} more; all {len(self):,} are in the list" if left else ""

    def text(self) -> str:
        """For a terminal."""
        if not self:
            return self.empty
        shown = self.shown()
        rest = self._rest(shown)
        lines = [*wrapped(self.heading(), ""), *self.drawing(), *text_table(self.columns(), shown)]
        return "\n".join(lines + ([f"  {rest}"] if rest else []))

    def html(self) -> str:
        """For a notebook."""
        name = f"{self.noun}s"
        if not self:
            return element("div", self.empty, role="group", aria_label=name, style=f"{theme.BOX};{theme.FAINT}")
        most = MOST_ROWS
        while True:  # names that are long, or all of characters that need escaping, take the room of several rows
            page = self._page(self.shown(most))
            if len(page.encode()) <= MOST_BYTES or most == 1:
                return page
            most //= 2

    def _page(self, shown: Sequence[dict[str, Any]]) -> Markup:
        name, rest = f"{self.noun}s", self._rest(shown)
        return element(
            "div",
            title_line(name.capitalize(), self.heading().partition(": ")[2]),
            self.picture(),
            html_table(self.columns(), shown, name),
            element("div", rest, style=theme.FAINT) if rest else EMPTY,
            role="group",
            aria_label=self.heading(),
            style=theme.BOX,
        )


def title_line(title: str, facts: str) -> Markup:
    """What is shown, in bold, and facts about it."""
    return element(
        "div",
        element("strong", title, style="font-size:14px;margin-right:10px"),
        element("span", facts, style=theme.FIGURES),
    )


def tally(rows: Sequence[dict[str, Any]], key: str, order: Sequence[str]) -> list[tuple[str, int]]:
    """How many rows have which value of `key`, those that occur, in this order."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row[key]] = counts.get(row[key], 0) + 1
    known = [(value, counts[value]) for value in order if value in counts]
    return known + [(value, count) for value, count in counts.items() if value not in order]
