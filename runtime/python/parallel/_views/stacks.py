"""Where running works are: a heading and the Python stack of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parallel._views import theme, units
from parallel._views.markup import EMPTY, Markup, element, escaped
from parallel._views.rows import Rows
from parallel._views.text import clipped, wrapped

_MOST_LINES = 40  # of a stack that are shown, the innermost calls'
_PRE = "margin:2px 0 8px 14px;padding:0;background:none;color:inherit;font-size:12px;white-space:pre-wrap"


class Stacks(Rows):
    """What `stacks()` returns: a list of dicts, one for each work that a context runs, that shows as text."""

    noun = "stack"
    empty = "no work runs"

    def heading(self) -> str:
        return f"works that run: {len(self):,}"

    def text(self) -> str:
        if not self:
            return self.empty
        shown = self.shown()
        lines = wrapped(self.heading(), "")
        for row in shown:
            lines += ["", *wrapped(_title(row), ""), *_lines(row["stack"])]
        rest = self._rest(shown)
        return "\n".join(lines + ([f"  {rest}"] if rest else []))

    def _page(self, shown: Sequence[dict[str, Any]]) -> Markup:
        rest = self._rest(shown)
        stacks = [
            part
            for row in shown
            for part in (element("div", _title(row)), element("pre", _escaped_lines(row["stack"]), style=_PRE))
        ]
        return element(
            "div",
            element("strong", self.heading().capitalize(), style="font-size:14px"),
            *stacks,
            element("div", rest, style=theme.FAINT) if rest else EMPTY,
            role="group",
            aria_label=self.heading(),
            style=theme.BOX,
        )


def _title(row: dict[str, Any]) -> str:
    cell = f" of {row['cell']}" if row["cell"] else ""
    where = f"c{row['batch']}.{row['context']}"
    time = "" if row["elapsed"] is None else f", for {units.duration_text(row['elapsed'])}"
    return f"work {row['id']} {clipped(row['name'], 60)!r}{cell} in {where}{time}:"


def _lines(stack: str) -> list[str]:
    lines = stack.rstrip("\n").split("\n")
    left = len(lines) - _MOST_LINES
    return lines if left <= 0 else [f"  … {left:,} lines of outer calls", *lines[left:]]


def _escaped_lines(stack: str) -> Markup:
    return Markup("\n".join(escaped(line) for line in _lines(stack)))
