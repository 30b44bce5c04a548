"""Runs code cells on a Jupyter kernel and collects everything the kernel publishes, late output included.

nbclient drops what belongs to an earlier cell, but here a work goes on after its cell ended: its output and the
updates of its displays then arrive while later cells run, and a demonstration must show them. So this speaks to the
kernel through jupyter_client itself. It prints nothing; show_notebook.py does.
"""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.manager import start_new_kernel

# Seconds between two looks at whether a silent kernel still lives.
LIVENESS_CHECK = 1.0


class KernelDied(RuntimeError):
    """The kernel ended while a cell was running."""


class CellTimeout(RuntimeError):
    """A cell did not end in the time it was given."""


@dataclass
class Stream:
    name: str
    text: str


@dataclass
class Failure:
    ename: str
    evalue: str
    traceback: list[str]


@dataclass
class Shown:
    """A display, or the value of a cell's last expression (`result`). `data` is its latest state."""

    data: dict[str, Any]
    result: bool = False
    updates: int = 0


Output = Stream | Failure | Shown


@dataclass
class Cell:
    """One executed code cell.

    `late` is what arrived while it ran but belongs to earlier cells, as (cell number, output).
    """

    number: int
    outputs: list[Output] = field(default_factory=list)
    late: list[tuple[int | None, Output]] = field(default_factory=list)
    failure: Failure | None = None
    clear_pending: bool = False

    def clear(self) -> None:
        self.outputs.clear()
        self.clear_pending = False


class Collector:
    """Sorts published messages to the cells they belong to. Knows no channel: messages come in as dictionaries."""

    def __init__(self) -> None:
        self._cells: dict[str, Cell] = {}  # by the id of the execute request
        self._displays: dict[str, list[tuple[Cell | None, Shown]]] = {}  # by the id of the display
        self._current = Cell(0)  # until begin()

    def begin(self, request_id: str, cell: Cell) -> None:
        self._cells[request_id] = self._current = cell

    def handle(self, message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        owner = self._cells.get(message["parent_header"].get("msg_id"))
        if kind == "stream":
            self._add_stream(owner, content)
        elif kind in ("display_data", "execute_result"):
            shown = Shown(content["data"], result=kind == "execute_result")
            self._add(owner, shown)
            display_id = content.get("transient", {}).get("display_id")
            if display_id is not None:
                self._displays.setdefault(display_id, []).append((owner, shown))
        elif kind == "update_display_data":
            self._update(content)
        elif kind == "error":
            failure = Failure(content["ename"], content["evalue"], content["traceback"])
            self._add(owner, failure)
            if owner is self._current:
                owner.failure = failure
        elif kind == "clear_output" and owner is self._current:
            # What an earlier cell clears has been printed already.
            owner.clear_pending = True
            if not content.get("wait", False):
                owner.clear()

    def _add(self, owner: Cell | None, output: Output) -> None:
        if owner is self._current:
            if owner.clear_pending:
                owner.clear()
            owner.outputs.append(output)
        else:
            self._current.late.append((owner.number if owner else None, output))

    def _add_stream(self, owner: Cell | None, content: dict[str, Any]) -> None:
        """Adds to the stream text before it, if that is of the same cell and stream."""
        if owner is self._current:
            last = owner.outputs[-1] if owner.outputs and not owner.clear_pending else None
        else:
            number, last = self._current.late[-1] if self._current.late else (None, None)
            if number != (owner.number if owner else None):
                last = None
        if isinstance(last, Stream) and last.name == content["name"]:
            last.text += content["text"]
        else:
            self._add(owner, Stream(content["name"], content["text"]))

    def _update(self, content: dict[str, Any]) -> None:
        for owner, shown in self._displays.get(content["transient"]["display_id"], ()):
            shown.data = content["data"]
            shown.updates += 1
            if owner is not self._current and not any(output is shown for _, output in self._current.late):
                self._current.late.append((owner.number if owner else None, shown))


class Session:
    """A running kernel. A context manager: leaving it shuts the kernel down."""

    def __init__(self, kernel_name: str, folder: Path, startup_timeout: float = 60):
        self._manager, self._client = start_new_kernel(
            startup_timeout=startup_timeout, kernel_name=kernel_name, cwd=str(folder)
        )
        self._collector = Collector()
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel()

    @property
    def next_number(self) -> int:
        """The number that the next cell will have."""
        return self._count + 1

    def run(self, code: str, timeout: float) -> Cell:
        """Executes `code` and returns its Cell once the kernel has replied and said that it is idle again."""
        self._count += 1
        cell = Cell(self._count)
        deadline = time.monotonic() + timeout
        # As in nbclient, cells cannot ask for input, and the first error does not discard what follows.
        request_id = self._client.execute(code, allow_stdin=False, stop_on_error=False)
        self._collector.begin(request_id, cell)
        while True:
            message = self._next_message(self._client.get_iopub_msg, deadline)
            if message["msg_type"] == "status" and message["parent_header"].get("msg_id") == request_id:
                if message["content"]["execution_state"] == "idle":
                    break
            else:
                self._collector.handle(message)
        reply = self._next_message(self._client.get_shell_msg, deadline)
        while reply["parent_header"].get("msg_id") != request_id:
            reply = self._next_message(self._client.get_shell_msg, deadline)
        content = reply["content"]
        if content["status"] != "ok" and cell.failure is None:
            # A reply alone can tell of an error, for instance of a cell that was aborted.
            cell.failure = Failure(content.get("ename", "Error"), content.get("evalue", content["status"]), [])
            cell.outputs.append(cell.failure)
        return cell

    def _next_message(self, receive: Callable[..., dict[str, Any]], deadline: float) -> dict[str, Any]:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise CellTimeout("the cell did not end in its time")
            try:
                return receive(timeout=min(left, LIVENESS_CHECK))
            except queue.Empty:
                if not self._manager.is_alive():
                    raise KernelDied("the kernel died while the cell ran") from None
