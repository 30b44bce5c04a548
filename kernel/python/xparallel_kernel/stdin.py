"""`input()` and `getpass.getpass()`: the question goes to the front end that sent the cell."""

from __future__ import annotations

import builtins
import getpass
import os
import threading
from typing import TYPE_CHECKING

from IPython.core.error import StdinNotImplementedError

if TYPE_CHECKING:
    from _xparallel import Native

_END_OF_FILE = "\x04"


class StdinRequests:
    """Asks the front end. `allowed` says whether the current cell's front end answers."""

    def __init__(self, native: Native):
        self._native = native
        self._owner = os.getpid()
        self.allowed = False

    def install(self) -> None:
        """Take the place of `input` and `getpass.getpass`."""
        builtins.input = self.input
        getpass.getpass = self.getpass

    def input(self, prompt: object = "", /) -> str:
        """Ask the user for a line of text."""
        return self._ask("input", str(prompt), password=False)

    def getpass(self, prompt: str = "Password: ", stream: object = None) -> str:
        """Ask the user for a password; the front end does not show it."""
        return self._ask("getpass", str(prompt), password=True)

    def _ask(self, what: str, prompt: str, password: bool) -> str:
        if not self.allowed:
            raise StdinNotImplementedError(f"{what} was called, but this frontend does not support input requests.")
        if os.getpid() != self._owner or threading.current_thread() is not threading.main_thread():
            raise StdinNotImplementedError(f"{what} works in the kernel's main thread only.")
        self._native.ask(prompt, password)
        while (answer := self._native.try_answer()) is None:
            pass  # between two looks an interrupt gets its turn
        if answer == _END_OF_FILE:
            raise EOFError
        return answer
