"""What a forked child of the kernel prints: to the descriptors that it has inherited, and through them to the cell.

Several children may share them, so a line is held back until it ends, for all of it to be written in one piece. One at
most is: it is given out before anything that could come after it only, text on the other stream, a fork, a program that
is started, `os.write()` and the end of the process. C code does not ask, as it does not with any Python's streams.
"""

from __future__ import annotations

import _posixsubprocess
import functools
import os
import subprocess
import threading

_LONGEST_LINE = 4096  # what a pipe takes in one piece
_write = os.write

# What starts a program, or leaves this one, and tells nobody. A fork does tell.
_LEAVING = (
    *((os, name) for name in ("_exit", "execv", "execve", "posix_spawn", "posix_spawnp", "system")),
    (subprocess, "_fork_exec"),
    (_posixsubprocess, "fork_exec"),
)


class ChildOutput:
    """Of one process and its two streams; in the kernel's own process it is not used."""

    def __init__(self):
        self._descriptor = 1
        self._is_watching = False
        self._renew()
        os.register_at_fork(before=self.give_out, after_in_child=self._renew)

    def _renew(self) -> None:
        self._lock = threading.RLock()  # another thread may have held it, which does not exist here
        self._line = ""  # that of such a thread: its process will print it

    def write(self, descriptor: int, text: str) -> None:
        """Print `text`, but for a line that has no end yet."""
        if not self._is_watching:
            self._watch()
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

    def _watch(self) -> None:
        """Have the line given out in time. Only in children that print, and so in no context of a batch."""
        self._is_watching = True
        for module, name in _LEAVING:
            setattr(module, name, self._after_the_line(getattr(module, name)))

        @functools.wraps(_write)
        def write(descriptor, data, /):
            if descriptor in (1, 2):
                self.give_out()
            return _write(descriptor, data)

        os.write = write

    def _after_the_line(self, function):
        @functools.wraps(function)
        def call(*arguments, **options):
            self.give_out()
            return function(*arguments, **options)

        return call


def _write_all(descriptor: int, text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[_write(descriptor, data) :]
