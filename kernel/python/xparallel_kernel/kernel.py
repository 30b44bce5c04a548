"""What the C++ half calls, and `get_ipython().kernel`, which libraries look for."""

from __future__ import annotations

import logging
import os
import signal
import sys
import traceback
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from parallel import _engine, _host
from xparallel_kernel import comms, completion, environment, history, info
from xparallel_kernel.cell import Cell
from xparallel_kernel.child_output import ChildOutput
from xparallel_kernel.context_traceback import text_of
from xparallel_kernel.debugger import Debugger
from xparallel_kernel.host import KernelHost
from xparallel_kernel.session import Session
from xparallel_kernel.stdin import StdinRequests
from xparallel_kernel.streams import OperatorStream, OutputStream

if TYPE_CHECKING:
    from _xparallel import Native
    from xparallel_kernel.application import Application
    from xparallel_kernel.shell import ZMQInteractiveShell


class Kernel:
    """The one kernel of the process. C++ calls its methods on the main thread, those of the second part only."""

    implementation = "xparallel"

    def __init__(self, application: Application, native: Native):
        self.shell: ZMQInteractiveShell = application.shell
        self.native = native
        self.log = application.log
        self.log.handlers = [logging.StreamHandler(OperatorStream(native))]
        self.iopub_socket = self.shell_stream = None  # names that callers of session.send() pass back
        header = native.parent().header
        self.session = Session(native, header.get("username", ""), header.get("session", ""))
        self.comm_manager = comms.CommManager(self, native)
        comms.install(self.comm_manager)
        self.shell.kernel = self
        history.manage(self.shell.history_manager)
        self._owner = os.getpid()
        self._stdin = StdinRequests(native)
        self._stdin.install()
        self._cell: Cell | None = None
        self._notice = environment.ignored  # printed by the first cell that is not silent
        self.debugger = Debugger(self.shell, native)
        in_child = ChildOutput()
        self._streams = OutputStream(native, "stdout", 1, in_child), OutputStream(native, "stderr", 2, in_child)
        sys.stdout, sys.stderr = self._streams
        self._host = KernelHost(self, native)
        _host.install(self._host)
        _host.note_idle(True)
        self._interrupt_deferred = False  # it will be sent again
        self._on_interrupt = native.interrupt_handler(self._is_interrupt_due)
        signal.signal(signal.SIGINT, self._on_interrupt)

    # ---- for libraries -----------------------------------------------------------------------------------------------

    @property
    def user_ns(self) -> dict[str, Any]:
        """The namespace of the cells."""
        return self.shell.user_ns

    @property
    def execution_count(self) -> int:
        """The number of the next cell."""
        return self.shell.execution_count

    def get_parent(self, channel: object = None) -> dict[str, Any]:
        """The message that output belongs to now."""
        header = self.native.parent().header
        return {
            "header": header,
            "msg_id": header.get("msg_id"),
            "msg_type": header.get("msg_type"),
            "parent_header": {},
            "metadata": {},
            "content": {},
        }

    @property
    def _parent_header(self) -> dict[str, Any]:
        return self.get_parent()

    def set_parent(self, parent: dict[str, Any], ident: object = None, channel: str = "shell") -> None:
        """Have output belong to another message."""
        current = self.native.parent()
        self.native.set_parent(type(current)(parent.get("header", parent)))

    def redirected(self, stream: str) -> TextIO | None:
        """What a cell has put in the place of `sys.stdout` or `sys.stderr`, or None."""
        now: Any = getattr(sys, stream)
        return None if now is None or now in self._streams else now

    # ---- for C++: cells ----------------------------------------------------------------------------------------------

    def begin_cell(self, code: str, silent: bool, store_history: bool, allow_stdin: bool) -> None:
        """A cell comes. Interrupts cannot arrive: whatever they hit later, the reply is this cell's."""
        self._cell = Cell(self.shell, code, silent, store_history)
        _host.note_idle(False)
        if store_history and not silent:
            self._host.number_cell(self.shell.execution_count)
        self._stdin.allowed = allow_stdin
        if self._notice and not silent:
            self._streams[1].write(f"{self._notice}\n")
            self._notice = ""
        if self.debugger.has_started:
            self.debugger.hide_own_threads()

    def run_cell(self) -> None:
        """Run it; end_cell() has the outcome. Interrupts may arrive."""
        assert self._cell is not None  # begin_cell() has made it
        self._cell.run()

    def evaluate(self, expressions: dict[str, Any]) -> None:
        """Evaluate the user_expressions of the cell. Interrupts may arrive."""
        assert self._cell is not None
        self._cell.evaluate(expressions)

    def note_escaped(self, error: BaseException | None) -> None:
        """`error`, if any, came out of run_cell or evaluate.

        It is an interrupt that met IPython's own code, or comes from a broken hook.
        """
        if error is not None:
            assert self._cell is not None
            self._cell.show(error)

    def end_cell(self) -> tuple[dict[str, Any], int, bool]:
        """The reply, the number of the next cell, and whether coroutines go on running."""
        cell = self._cell
        assert cell is not None
        self._stdin.allowed = False
        _host.note_idle(True)  # before the start: what a thread submits after it wakes the main thread
        try:
            if cell.silent:
                _engine.start()
            else:
                _engine.cell_ended()
                self._host.updates.repeat()
        except Exception as error:
            cell.show(error)
        self._restore()
        cell.settle_count()
        reply = cell.reply()
        self.native.flush()
        if self.shell.exit_wanted:
            self.native.stop()
        return reply, int(self.shell.execution_count), self.shell.cell_loop.has_work()

    def _restore(self) -> None:
        """What a cell may have changed and later ones rely on."""
        if signal.getsignal(signal.SIGINT) is not self._on_interrupt:
            signal.signal(signal.SIGINT, self._on_interrupt)
        try:
            self.shell.cell_loop.provide()
            for stream in (sys.__stdout__, sys.__stderr__):
                if stream is not None:
                    stream.flush()
        except Exception as error:  # closed or replaced by the cell
            self.log.debug("streams after a cell: %s", error)

    def child_status(self) -> int:
        """In a child that the cell has forked and that came to its end: the status to exit with."""
        error = self._cell.failure() if self._cell is not None else None
        for stream in (*self._streams, sys.__stdout__, sys.__stderr__):
            if stream is not None:
                stream.flush()
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else int(error.code is not None)
        return int(error is not None)

    # ---- for C++: other requests -------------------------------------------------------------------------------------

    def info(self) -> dict[str, Any]:
        """See info.py."""
        return info.kernel_info()

    def complete(self, code: str, cursor: int) -> dict[str, Any]:
        """See completion.py."""
        return completion.complete(self.shell, code, cursor)

    def inspect(self, code: str, cursor: int, detail: int) -> dict[str, Any]:
        """See completion.py."""
        return completion.inspect(self.shell, code, cursor, detail)

    def is_complete(self, code: str) -> dict[str, Any]:
        """See completion.py."""
        return completion.is_complete(self.shell, code)

    def handle(self, message: dict[str, Any]) -> dict[str, Any]:
        """What xeus does not answer: history and comms. The content of the reply, if there is to be one."""
        kind, content = message["header"]["msg_type"], message["content"]
        if kind == "history_request":
            return history.request(self.shell, content)
        if kind == "comm_info_request":
            return self.comm_manager.info(content.get("target_name"))
        handlers = {
            "comm_open": self.comm_manager.comm_open,
            "comm_msg": self.comm_manager.comm_msg,
            "comm_close": self.comm_manager.comm_close,
        }
        try:
            handlers[kind](None, None, message)
        except Exception:  # of a callback of the user: shown, as in a cell
            self.shell.showtraceback()
        self.native.flush()
        return {}

    def failed_request(self, request: str, error: BaseException) -> dict[str, Any]:
        """The content of the reply to a request that `error` ended."""
        if not isinstance(error, KeyboardInterrupt):
            self.log.warning("%s failed", request, exc_info=error)
        return {
            "status": "error",
            "ename": type(error).__name__,
            "evalue": text_of(error),
            "traceback": traceback.format_exception(error),
        }

    def start_debugger(self) -> dict[str, Any]:
        """The debugger's first request has come."""
        try:
            self.debugger.start()
        except Exception as error:  # the reply to that request says that it did not start, the operator why
            self.log.error("debugpy could not be started", exc_info=error)
        return {}

    # ---- for C++: between requests -----------------------------------------------------------------------------------

    def woken(self) -> None:
        """Run callbacks of works that have ended, and start what was submitted meanwhile. Interrupts may arrive."""
        _engine.on_wake()
        self.native.flush()

    def show_escaped(self, error: BaseException) -> dict[str, Any]:
        """`error` came out of woken()."""
        self.shell.showtraceback((type(error), error, error.__traceback__))
        return {}

    def run_background(self, *descriptors: int) -> bool:
        """Let coroutines go on until a descriptor can be read; whether any are left. Interrupts may arrive."""
        self.shell.cell_loop.run_until_readable(*descriptors)
        self.native.flush_soon()
        return self.shell.cell_loop.has_work()

    def shut_down(self) -> None:
        """Before the process ends."""
        try:
            self.debugger.shut_down()
            _engine.shutdown()
        finally:
            sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__

    def _is_interrupt_due(self, frame: FrameType | None) -> bool:
        """SIGINT has come: work stops. Is code of the user running in `frame`, which then gets a KeyboardInterrupt?"""
        if os.getpid() != self._owner:
            return True
        if not self._interrupt_deferred:
            try:
                _engine.interrupted()
            except Exception as error:  # the interrupt must go on, whatever stands in the way of telling works of it
                self.log.error("works could not be interrupted", exc_info=error)
        self._interrupt_deferred = self.debugger.defers_interrupt(frame)
        # With SIGINT blocked, it came between two cells (kernel/signals.hpp).
        return not self._interrupt_deferred and signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())
