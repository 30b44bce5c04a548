"""The seam between the engine and what it runs in: a kernel, a notebook of another kernel, or a plain program.

The kernel installs its own `Host`; this one serves every other process.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any, TextIO

from parallel import _cells, _terminal


class Host:
    """Where output of works and live views go. Every method but `enter_context` may be called on any thread."""

    # True where the handler of SIGINT tells the engine of an interrupt; elsewhere whoever waits does when
    # KeyboardInterrupt comes.
    handles_interrupts = False
    lists_failed = "parallel.works('failed')"  # what a user types to see what has failed

    def cell(self) -> object:
        """A token of the cell being executed now, or None; everything submitted from it keeps it."""
        return None

    def label(self, cell: object) -> str | None:
        """What the user calls `cell`: 'In [3]'. Where cells are not told apart: the prompt of IPython that runs now."""
        ipython = sys.modules.get("IPython")
        shell = ipython.get_ipython() if ipython is not None else None
        number = _cells.running_number(shell)
        return f"In [{number}]" if number is not None else None

    def write(self, cell: object, stream: str, text: str) -> None:
        """Print `text` (whole lines) of a work of `cell` on 'stdout' or 'stderr'."""
        target = sys.stdout if stream == "stdout" else sys.stderr
        if target is None:  # a program without a console: print() says nothing there either
            return
        status_line.around(lambda: _print(target, text))

    def display(
        self,
        cell: object,
        data: dict[str, Any],
        metadata: dict[str, Any],
        transient: dict[str, Any],
        update: bool,
    ) -> None:
        """Show a MIME bundle under `cell`, or update the display whose id is in `transient`."""
        publisher = _publisher()
        if publisher is not None:
            publisher.publish(data=data, metadata=metadata, transient=transient, update=update)
        elif "text/plain" in data:
            self.write(cell, "stdout", f"{data['text/plain']}\n")

    def clear_output(self, cell: object, wait: bool) -> None:
        """Empty what `cell` has put out, now or (`wait`) when something new comes."""
        publisher = _publisher()
        if publisher is not None:
            publisher.clear_output(wait)

    def is_live(self) -> bool:
        """Can a display be updated after it was made?"""
        return _publisher() is not None

    def error(self, cell: object, exception: BaseException) -> None:
        """Show an error of a work nobody waits for."""
        import traceback

        self.write(cell, "stderr", "".join(traceback.format_exception(exception)))

    def within(self, cell: object) -> contextlib.AbstractContextManager[object]:
        """On the main thread: what is printed and displayed within belongs to `cell`."""
        return status_line.hidden()

    def wake_main(self) -> None:
        """Have the main thread call `run_once()` and `start()` soon, if it is idle."""

    def enter_context(self, slot: int) -> None:
        """In a context, once, before its first work."""


def _print(target: TextIO, text: str) -> None:
    try:
        target.write(text)
    except UnicodeEncodeError:
        encoding = getattr(target, "encoding", None) or "ascii"
        target.write(text.encode(encoding, "backslashreplace").decode(encoding))
    target.flush()


def _publisher() -> Any:
    """IPython's display publisher where displays can be updated: under a kernel, not in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    return shell.display_pub


status_line = _terminal.StatusLine()
# Set by a kernel while no cell runs: only the main thread, once it is woken, would start what is submitted. Here, where
# it is looked at for less than an attribute of the host: a batch pays for every object that it touches.
is_idle = False
_installed: Host = Host()
cell = _installed.cell  # of the one in use: asked for every work
_lock = threading.Lock()


def install(host: Host) -> None:
    """Make `host` the one that is used from now on."""
    global _installed, cell
    with _lock:
        _installed, cell = host, host.cell


def note_idle(value: bool) -> None:
    """A kernel's cell ends or begins."""
    global is_idle
    is_idle = value


def current() -> Host:
    """The host in use."""
    return _installed
