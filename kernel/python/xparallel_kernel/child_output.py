"""What a forked child of the kernel prints: to the descriptors that it has inherited, and through them to the cell.

Several children may share them, so a line is held back until it ends, for all of it to be written in one piece. One at
most is: it is given out before text on the other stream, before a fork and at the end of the program. As with a file
that is buffered, `os.write()` passes it, and `os._exit()` loses it, unless it has been flushed.
"""

from __future__ import annotations

import os
import threading

_LONGEST_LINE = 4096  # what a pipe takes in one piece


class ChildOutput:
    """Of one process and its two streams; in the kernel's own process it is not used."""

    def __init__(self) -> None:
        self._descriptor = 1
        self._renew()
        os.register_at_fork(before=self.give_out, after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()  # another thread may have held it, which does not exist here
        self._line = ""  # that of such a thread: its process will print it

    def write(self, descriptor: int, text: str) -> None:
        """Print `text`, but for a line that has no end yet."""
        with self._lock:
            if descriptor != self._descriptor:
                self.give_out()
                self._descriptor = descriptor
            whole, end, self._line = (self._line + text).rpartition("\n")
            _write_all(descriptor, whole + end)
            if len(self._line) >= _LONGEST_LINE:
                self.give_out()

    def give_out(self) -> None:
        """Print the line that is held back, if there is one."""
        if self._line:
            with self._lock:
                line, self._line = self._line, ""
                _write_all(self._descriptor, line)


def _write_all(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(descriptor, data) :]
