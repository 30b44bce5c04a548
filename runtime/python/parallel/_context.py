"""What a context does to its copy of the interpreter before the first work runs in it."""

from __future__ import annotations

import builtins
import contextlib
import faulthandler
import io
import signal
import sys
import threading
from collections.abc import Iterable
from typing import Any

from parallel import _core, _displays, _errors, _forking, _host, _libraries, _main_calls, _random


class ContextStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a context: whole lines go to the cell that submitted the work."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, name: str):
        super().__init__()
        self.name = name
        self._to_stderr = name == "<stderr>"

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        try:
            _core.write(self._to_stderr, text)
        except UnicodeEncodeError:  # lone surrogates
            _core.write(self._to_stderr, text.encode("utf-8", "replace").decode("utf-8"))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]  # as of every stream of text
        for line in lines:
            self.write(line)

    def fileno(self) -> int:
        return 2 if self._to_stderr else 1  # what is written there goes the same way


class ContextInput(io.TextIOBase):
    """`sys.stdin` of a context: there is nobody to ask."""

    def readable(self) -> bool:
        return True

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]  # as of every stream of text
        raise _errors.ParallelError(
            "a context cannot read input: ask in the main thread and pass the answer as an argument"
        )

    read = readline


def _no_input(prompt: object = "", /) -> str:
    """Stand in for `input` in a context."""
    return ContextInput().readline()


def _no_breakpoint(*args: object, **kwargs: object) -> None:
    """Stand in for `sys.breakpointhook` in a context: a debugger would wait for a prompt that nobody sees."""
    raise _errors.ParallelError(
        "a context cannot stop at a breakpoint: to debug this function, call it in the main thread"
    )


def _stop_tracing() -> None:
    """The threads of a debugger do not exist here: it would wait for them at a breakpoint."""
    sys.settrace(None)
    sys.setprofile(None)
    threading.settrace(None)
    threading.setprofile(None)
    monitoring: Any = getattr(sys, "monitoring", None)  # from 3.12 on
    if monitoring is None:
        return
    events = [event for event in vars(monitoring.events).values() if isinstance(event, int) and event.bit_count() == 1]
    for tool in range(6):  # as many as there are
        if monitoring.get_tool(tool) is not None:
            monitoring.set_events(tool, 0)
            for event in events:  # some may be set for single code objects
                with contextlib.suppress(ValueError):  # one that is told of together with others
                    monitoring.register_callback(tool, event, None)


def enter(slot: int) -> None:
    """Called once in every context, on its only thread."""
    _stop_tracing()
    # How the engine interrupts the running work. The system's signal itself is ignored again by the caller.
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    before = sys.stdout, sys.stderr
    # The originals, too, which no other program sets.
    sys.stdout = sys.__stdout__ = ContextStream("<stdout>")  # type: ignore[misc, assignment]
    sys.stderr = sys.__stderr__ = ContextStream("<stderr>")  # type: ignore[misc, assignment]
    faulthandler.disable()  # if it was enabled, its handlers did not come along
    faulthandler.enable(2, all_threads=False)  # a crash tells where
    _forking.redirect_log_handlers({id(before[0]): sys.stdout, id(before[1]): sys.stderr})
    sys.stdin = ContextInput()
    builtins.input = _no_input
    sys.breakpointhook = _no_breakpoint
    _main_calls.forget_answers()
    _random.enter_context()
    _libraries.enter_context()
    _displays.redirect()
    outside = _host.current()
    _host.install(_host.Host())  # what works submitted in here print is printed by this context
    outside.enter_context(slot)
