"""Texts of anything, safe to show: bounded in size and time, on one line, nothing in them that a terminal obeys."""

from __future__ import annotations

import reprlib
import sys
import textwrap
import time
import types
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import TraceFunction

ITEM_CHARACTERS = 200
COLUMNS = 80  # of a terminal

_REPR_SECONDS = 0.5


class _Endless(BaseException):
    """Not an Exception: the code it is raised in should not catch it."""


class _Repr(reprlib.Repr):
    """At most 6 * 6 * 6 items of nested containers are looked at, and no Python code runs for long."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80
        self.maxlong = 40
        self.maxlevel = 3

    def repr_instance(self, x: Any, level: int) -> str:
        if isinstance(type(x).__repr__, types.FunctionType) and sys.gettrace() is None:
            return self._in_bounded_time(x, level)
        return super().repr_instance(x, level)

    def _in_bounded_time(self, x: Any, level: int) -> str:
        """A `__repr__` written in Python may never end, and the thread that updates displays would with it.

        Only tracing can end it on any thread. Tracing makes it some five times slower, which the limit allows for.
        """
        deadline = time.monotonic() + _REPR_SECONDS

        def trace(frame: types.FrameType, event: str, argument: Any) -> TraceFunction:
            if time.monotonic() > deadline:
                raise _Endless
            return trace

        sys.settrace(trace)
        try:
            return super().repr_instance(x, level)
        except _Endless:
            return f"<{type(x).__name__}: repr takes more than {_REPR_SECONDS} s>"
        finally:
            sys.settrace(None)


_repr = _Repr()


def item_text(item: object, characters: int = ITEM_CHARACTERS) -> str:
    """The repr of any object, whatever it says or does, in at most `characters` of them."""
    try:
        return clipped(_repr.repr(item), characters)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # shown in its place: one bad item must not hide the others, nor end a thread
        return f"<repr raised {type(failure).__name__}>"


def printable(text: str) -> str:
    """On one line, and with nothing in it that a terminal obeys or that cannot be encoded."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else ascii(c)[1:-1] for c in text)


def clipped(text: str, characters: int) -> str:
    """Printable, and not longer than `characters`; what has been cut off is marked."""
    text = text if len(text) <= characters else text[: characters - 1] + "…"
    text = printable(text)  # may be longer than before
    return text if len(text) <= characters else text[: characters - 1] + "…"


def width(text: str) -> int:
    """How many columns of a terminal a printable text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fitted(text: str, columns: int) -> str:
    """Cut to at most `columns` of a terminal."""
    if width(text) <= columns:
        return text
    kept, used = [], 1  # the mark of a cut takes one
    for c in text:
        used += width(c)
        if used > columns:
            break
        kept.append(c)
    return "".join(kept) + "…"


def padded(text: str, columns: int, right: bool = False) -> str:
    """Cut or filled to exactly `columns` of a terminal."""
    text = fitted(text, columns)
    fill = " " * (columns - width(text))
    return fill + text if right else text + fill


def wrapped(text: str, indent: str = "  ", columns: int = COLUMNS) -> list[str]:
    """Broken into lines at blanks."""
    return textwrap.wrap(text, columns, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
