"""A line at the bottom of a terminal that is rewritten, and moved on by what is printed meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator

_ERASE = "\r\x1b[K"


class StatusLine:
    """On standard error, where that is a terminal. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._text = ""
        self._hidden = 0

    def is_possible(self) -> bool:
        """Is there a terminal to show it on?"""
        try:
            return sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        except (AttributeError, ValueError, OSError):  # something of the user's, or closed
            return False

    def show(self, text: str) -> None:
        """Have the line read `text`, cut to the width of the terminal."""
        with self._lock:
            room = shutil.get_terminal_size().columns - 1
            while sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) > room:
                text = text[:-1]
            self._text = text
            if not self._hidden:
                self._write(_ERASE + text)

    def leave(self) -> None:
        """It stays as it is, above what is printed next."""
        with self._lock:
            if self._text:
                self._write("\n")
            self._text = ""

    def around(self, write: Callable[[], None]) -> None:
        """Call `write()`, which prints whole lines: above the line, if there is one."""
        with self._lock:
            with self.hidden():
                write()

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """It is not there meanwhile: for code that may print."""
        with self._lock:
            self._hidden += 1
            if self._text and self._hidden == 1:
                self._write(_ERASE)
        try:
            yield
        finally:
            with self._lock:
                self._hidden -= 1
                if self._text and not self._hidden:
                    self._write(self._text)

    def forget(self) -> None:
        """In a child process: the terminal's line is the parent's, and so is whoever holds the lock."""
        self.__init__()  # type: ignore[misc]  # there is no subclass

    @staticmethod
    def _write(text: str) -> None:
        try:
            encoding = getattr(sys.stderr, "encoding", None) or "ascii"
            sys.stderr.write(text.encode(encoding, "replace").decode(encoding))
            sys.stderr.flush()
        except (AttributeError, ValueError, OSError):  # closed or gone: the line is no result, nothing is lost
            pass
