"""The kernel as the place where `parallel` runs: output of works appears under the cell that submitted them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from parallel import _host
from xparallel_kernel import context_traceback
from xparallel_kernel.display import KernelDisplayPublisher, print_plain
from xparallel_kernel.updates import Updates

if TYPE_CHECKING:
    from _xparallel import Native, Parent
    from xparallel_kernel.kernel import Kernel

_KEPT_NUMBERS = 10_000  # the numbers of cells; 100 bytes each

# A Parent, or None. The engine knows no type of what cell() returns, and hands it back.
_Cell = Any


class KernelHost(_host.Host):
    """Cells are `_xparallel.Parent` objects: the headers of their requests."""

    handles_interrupts = True
    lists_failed = "%works --state failed"

    def __init__(self, kernel: Kernel, native: Native):
        self.updates = Updates(native)
        self._kernel = kernel
        self._native = native
        self._numbers: dict[str | None, int] = {}  # of cells, by the id of their request
        self._depth = 0  # how many within() there are around what the main thread does

    def number_cell(self, number: int) -> None:
        """The request at hand is cell `number` of the notebook."""
        self._numbers[self._native.parent().header.get("msg_id")] = number
        while len(self._numbers) > _KEPT_NUMBERS:
            del self._numbers[next(iter(self._numbers))]

    def cell(self) -> Parent:
        return self._native.parent()

    def label(self, cell: _Cell) -> str | None:
        number = self._numbers.get(cell.header.get("msg_id")) if cell is not None else None
        return f"In [{number}]" if number is not None else None

    def write(self, cell: _Cell, stream: str, text: str) -> None:
        redirected = self._kernel.redirected(stream) if self._is_current(cell) else None
        if redirected is not None:
            redirected.write(text)
        elif not self._native.write(stream, text, cell):  # in a forked child, which prints what its works print
            getattr(sys, stream).write(text)

    def _is_current(self, cell: _Cell) -> bool:
        """Is `cell` the one that runs, or has run last?

        What it has redirected, it has redirected for its works, too.
        """
        current = self._native.parent().header.get("msg_id")
        return cell is not None and current is not None and bool(cell.header.get("msg_id") == current)

    def display(
        self, cell: _Cell, data: dict[str, Any], metadata: dict[str, Any], transient: dict[str, Any], update: bool
    ) -> None:
        publisher = self._kernel.shell.display_pub
        if not isinstance(publisher, KernelDisplayPublisher) and self._is_current(cell):  # %%capture
            publisher.publish(data=data, metadata=metadata, transient=transient, update=update)
            return
        content = {"data": data, "metadata": metadata, "transient": transient}
        if update:
            self.updates.publish(cell, content)
        elif not self._native.publish("display_data", content, parent=cell):
            print_plain(data)

    def clear_output(self, cell: _Cell, wait: bool) -> None:
        self._native.publish("clear_output", {"wait": wait}, parent=cell)

    def is_live(self) -> bool:
        return True

    def error(self, cell: _Cell, exception: BaseException) -> None:
        shell = self._kernel.shell
        lines = context_traceback.formatted(exception, shell)
        shell.show_error(type(exception), exception, lines, parent=cell)

    def wake_main(self) -> None:
        self._native.wake()

    @contextlib.contextmanager
    def within(self, cell: _Cell) -> Iterator[None]:
        """On the main thread: what is printed and displayed within belongs to `cell`."""
        before = self._native.parent()
        self._native.set_parent(cell)
        # No cell's end will come: what libraries do there is done here, matplotlib shows its figures for example. One
        # that is called within another may find figures that are half drawn.
        executes = _host.is_idle and self._depth == 0
        self._depth += 1
        try:
            with self._as_execution() if executes else contextlib.nullcontext():
                yield
        finally:
            self._depth -= 1
            self._native.set_parent(before)

    @contextlib.contextmanager
    def _as_execution(self) -> Iterator[None]:
        events = self._kernel.shell.events
        events.trigger("pre_execute")
        try:
            yield
        finally:
            events.trigger("post_execute")

    def enter_context(self, slot: int) -> None:
        """Nothing of the kernel works in a context: displays are printed (display.py), history is the kernel's."""
        self._kernel.shell.leave_kernel()
