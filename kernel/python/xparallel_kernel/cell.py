"""One execute_request: from its code to its reply."""

from __future__ import annotations

import bdb
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError

from xparallel_kernel.context_traceback import as_text, text_of

if TYPE_CHECKING:
    from xparallel_kernel.shell import ZMQInteractiveShell

# These end a cell without a traceback: their message is on stderr, or the user has left the debugger.
_SHOWN_OTHERWISE = (UsageError, bdb.BdbQuit)


class Cell:
    """Interrupts may arrive within `run` and `evaluate`, and nowhere else (kernel/interpreter.cpp)."""

    def __init__(self, shell: ZMQInteractiveShell, code: str, silent: bool, store_history: bool):
        self.silent = silent
        self._shell = shell
        self._code = code
        self._stores = store_history and not silent
        self._number = shell.execution_count
        self._result: Any = None  # an ExecutionResult of IPython
        self._expressions: dict[str, Any] = {}
        self.error: BaseException | None = None
        shell.shown_errors.clear()

    def run(self) -> None:
        """Run the code."""
        self._result = self._shell.run_cell(self._code, store_history=self._stores, silent=self.silent)

    def evaluate(self, expressions: dict[str, Any]) -> None:
        """Evaluate user_expressions, if the code has succeeded."""
        if self.failure() is None:
            self._expressions = self._shell.user_expressions(expressions)

    def failure(self) -> BaseException | None:
        """What the cell failed with, or None."""
        if self.error is not None:
            return self.error
        result = self._result
        return getattr(result, "error_before_exec", None) or getattr(result, "error_in_exec", None)

    def show(self, error: BaseException) -> None:
        """Show an error that did not come from the cell's code itself, and let the cell fail with it."""
        self.error = error
        self._shell.showtraceback((type(error), error, error.__traceback__))

    def settle_count(self) -> None:
        """A cell that is stored counts once.

        IPython counts twice when an input transformer raises, and not at all when it is interrupted just before it
        does.
        """
        if self._stores and self._code.strip() and self._shell.execution_count in (self._number, self._number + 2):
            self._shell.execution_count = self._number + 1

    def reply(self) -> dict[str, Any]:
        """The content of the execute_reply; xeus's part adds the count."""
        payload = list(self._shell.payload_manager.read_payload())
        self._shell.payload_manager.clear_payload()
        error = self.failure()
        if error is None:
            return {"status": "ok", "user_expressions": self._expressions, "payload": payload}
        name, value = type(error).__name__, text_of(error)
        traceback = [f"{name}: {value}"]
        if self._shell.shown_errors:
            traceback = self._shell.shown_errors[-1][1]
        elif not isinstance(error, _SHOWN_OTHERWISE):
            traceback = as_text(error)
            self._shell.show_error(type(error), error, traceback)  # its display was interrupted, or failed itself
        return {
            "status": "error",
            "ename": name,
            "evalue": value,
            "traceback": traceback,
            "user_expressions": {},
            "payload": payload,
        }
