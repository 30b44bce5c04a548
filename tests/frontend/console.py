"""jupyter console in a terminal of its own."""

from __future__ import annotations

import os
import re
import signal
import sys
import time

import pexpect

# What a terminal does with the text it is sent: colours, movements, titles.
_CONTROLS = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[()][A-Z0-9]|[=>])")

SECONDS = 40


class Console:
    """Types as a person does, and reads what appears, without colours; prompts may appear more than once."""

    def __init__(self, *arguments: str):
        environment = {**os.environ, "TERM": "xterm-256color"}
        environment["PROMPT_TOOLKIT_NO_CPR"] = "1"  # no questions to the terminal: nobody answers them here
        self._process = pexpect.spawn(
            f"{sys.prefix}/bin/jupyter-console",
            list(arguments),
            encoding="utf-8",
            dimensions=(40, 160),
            env=environment,
        )
        self._shown = ""
        self.number = 1
        self.banner = self.until("In [1]: ")

    def until(self, text: str) -> str:
        """Wait for a text; everything that was shown since the last time, with it."""
        end = time.monotonic() + SECONDS
        while text not in (shown := _CONTROLS.sub("", self._shown)):
            assert time.monotonic() < end, f"{text!r} was not shown, but: {shown}"
            try:
                self._shown += self._process.read_nonblocking(65536, timeout=1)
            except pexpect.TIMEOUT:
                pass
            except pexpect.EOF as gone:
                raise AssertionError(f"the console has ended; it had shown: {shown}") from gone
        self._shown = ""
        return shown

    def type(self, line: str) -> None:
        """A line and Enter."""
        self._process.send(line + "\r")

    def run(self, line: str) -> str:
        """What a line leads to, up to the prompt of the next."""
        self.type(line)
        self.number += 1
        return self.until(f"In [{self.number}]: ")

    def press(self, key: str) -> None:
        """A key together with Ctrl."""
        self._process.sendcontrol(key)

    def end(self) -> None:
        """Ctrl+D, and yes, it is meant."""
        self.press("d")
        self.until("exit")
        self.type("y")
        self._process.expect(pexpect.EOF, timeout=SECONDS)
        self._process.close()
        assert self._process.exitstatus == 0, self._process.exitstatus

    def kill(self) -> None:
        """Whatever it is doing."""
        self._process.kill(signal.SIGKILL)
        self._process.close(force=True)
