"""Updates of displays of earlier cells: sent as messages of those cells, and how they ended once more.

Front ends with windows find a display by its id at any time. nbclient, and with it nbconvert and papermill, hears
nothing but messages of the cell that it runs, up to idle: what background work shows would stay as its cell left it.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _xparallel import Native, Parent


class Updates:
    """Any thread may publish; the main thread repeats. In a forked child the native half sends nothing."""

    def __init__(self, native: Native):
        self._native = native
        self._latest: dict[str, tuple[Parent | None, dict[str, Any]]] = {}  # by the id of the display: cell and content
        self._renew_lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        # What is noted first must be sent first, or an older state would come after a newer one.
        self._lock = threading.RLock()

    def publish(self, cell: Parent | None, content: dict[str, Any]) -> None:
        """Send an update as a message of `cell`."""
        display_id = content["transient"].get("display_id")
        with self._lock:
            self._native.publish("update_display_data", content, parent=cell)
            if display_id is not None:
                self._latest[display_id] = cell, content

    def repeat(self) -> None:
        """Send the last update of every display of another cell, made since the last call, as one of this cell."""
        this_cell = self._native.parent()
        with self._lock:
            for cell, content in self._latest.values():
                if cell != this_cell:
                    self._native.publish("update_display_data", content, parent=this_cell)
            self._latest.clear()
