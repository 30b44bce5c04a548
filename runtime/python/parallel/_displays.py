"""Rich output of a context: what `display()` and figures are there, handed to the main process."""

from __future__ import annotations

import sys
from typing import Any

from parallel import _core, _host


def redirect() -> None:
    """In a context: whatever is displayed from now on is displayed in the cell that submitted the work."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        # On the instance: the classes of all front ends end up here, and none may touch its sockets.
        shell.display_pub.publish = _publish
        shell.display_pub.clear_output = _clear_output
    figures = _figures()
    if figures is not None:
        figures.clear()  # those of the snapshot are the main thread's to show


def _publish(
    data: dict[str, Any],
    metadata: dict[str, Any] | None = None,
    source: object = None,
    *,
    transient: dict[str, Any] | None = None,
    update: bool = False,
    **kwargs: object,
) -> None:
    _core.tell(("show", data, metadata or {}, transient or {}, bool(update)))


def _clear_output(wait: bool = False) -> None:
    _core.tell(("clear", bool(wait)))


def _figures() -> Any:
    """The open figures of matplotlib; None without it."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return helpers.Gcf.figs if helpers is not None else None


def end_work() -> None:
    """At the end of a work, where matplotlib has been imported: show its figures, as a notebook does after a cell."""
    if not _figures():
        return
    inline = sys.modules.get("matplotlib_inline.backend_inline")
    if inline is not None and "inline" in sys.modules["matplotlib"].get_backend():
        inline.flush_figures()


def pass_on(cell: object, content: tuple[Any, ...]) -> None:
    """In the main process: what one of the functions above has sent."""
    host = _host.current()
    if content[0] == "clear":
        host.clear_output(cell, content[1])
    else:
        _, data, metadata, transient, update = content
        host.display(cell, data, metadata, transient, update)
