"""How an xlist looks: one line, a text, an HTML table, and the live view that a notebook shows.

Rendering costs the same however long the list is: a summary and the last items.
"""

from __future__ import annotations

import html
import itertools
import reprlib
import sys
import threading
import time
import uuid
import weakref

from parallel import _core, _host

LAST_ITEMS = 10
REFRESH_SECONDS = 0.1  # at most ten updates a second for each view

ITEM_CHARACTERS = 200

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 80
_repr.maxlong = 40
_repr.maxlevel = 3  # at most 6 * 6 * 6 items of nested lists are looked at


def variable_name(wanted) -> str | None:
    """The name of a variable of the user's namespace that is `wanted`, or None."""
    main = sys.modules.get("__main__")
    for name, value in list(vars(main).items()) if main is not None else ():
        if value is wanted and not name.startswith("_"):
            return name
    return None


def _safe_repr(item) -> str:
    try:
        text = _repr.repr(item)
        return _printable(text if len(text) <= ITEM_CHARACTERS else text[: ITEM_CHARACTERS - 1] + "…")
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # shown in its place: one bad item must not hide the others, nor end a thread
        return f"<repr raised {type(failure).__name__}>"


def _printable(text: str) -> str:
    """On one line, and with nothing in it that a terminal obeys or that cannot be encoded."""
    return "".join(c if c.isprintable() else " " if c.isspace() else ascii(c)[1:-1] for c in text)


def _bytes_text(count: int) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    raise AssertionError("unreachable")


def _summary(x) -> str:
    length = len(x)
    parts = [f"{length:,} item{'' if length == 1 else 's'}"]
    taken = x._pushed - length
    if taken > 0:
        parts.append(f"{taken:,} taken")
    parts.append(_bytes_text(x.heap["bytes"]))
    if x.closed:
        parts.append("closed")
    return ", ".join(parts)


def one_line(x) -> str:
    """`<xlist 'results' 3 items, 120 B>`: bounded, and safe while others push."""
    name = x.name
    return f"<xlist {_safe_repr(name)} {_summary(x)}>" if name else f"<xlist {_summary(x)}>"


def _last_items(x) -> tuple[int, list[str]]:
    """The index of the first item shown, and the texts of the last items."""
    first = max(0, len(x) - LAST_ITEMS)
    try:
        items = x[first:]
    except Exception as failure:
        return first, [f"<cannot be read: {_safe_repr(failure)}>"]
    return first, [_safe_repr(item) for item in items]


def bundle(x, status: str = "") -> dict[str, str]:
    """The MIME bundle of a view: text/plain and text/html."""
    first, items = _last_items(x)
    title = one_line(x)
    state = f" [{status}]" if status else ""
    lines = [title + state]
    if first > 0:
        lines.append(f"  … {first:,} before")
    width = len(str(first + len(items) - 1))
    lines.extend(f"  {index:>{width}}  {text}" for index, text in enumerate(items, first))
    rows = "".join(
        f"<tr><td style='text-align:right;opacity:.6'>{index}</td>"
        f"<td style='text-align:left'><code>{html.escape(text)}</code></td></tr>"
        for index, text in enumerate(items, first)
    )
    before = f"<tr><td></td><td style='text-align:left;opacity:.6'>… {first:,} before</td></tr>" if first > 0 else ""
    caption = html.escape(_printable(f"xlist {x.name or ''}".strip()))
    page = (
        "<div role='group' aria-label='" + caption + "'>"
        f"<strong>{caption}</strong> <span>{html.escape(_summary(x))}</span>"
        + (f" <em>{html.escape(status)}</em>" if status else "")
        + f"<table>{before}{rows}</table></div>"
    )
    return {"text/plain": "\n".join(lines), "text/html": page}


class LiveView:
    """One display of an xlist in one cell, updated while work goes on.

    It tells of the batches that its cell has submitted, and of those that ran when it was made; of others only what they push.
    """

    def __init__(self, x, cell, progress: list):
        self._list = weakref.ref(x)  # a view keeps no heap alive
        self._cell = cell
        self._serials = {batch.serial for batch in progress}
        self._display_id = uuid.uuid4().hex
        self._shown = None
        self._shown_at = 0.0
        # The pump and the main thread refresh it: what is rendered first must be published first.
        self._publishing = threading.RLock()

    def is_gone(self) -> bool:
        return self._list() is None

    def _status(self, progress: list) -> str:
        mine = [batch for batch in progress if batch.serial in self._serials or batch.cell == self._cell]
        works, ended = sum(batch.works for batch in mine), sum(batch.ended for batch in mine)
        if not works:
            return ""
        return f"running: {ended:,} of {works:,} works done" if ended <= works else f"running: {ended:,} works done"

    def refresh(self, progress: list, final: bool) -> bool:
        """Publish the list as it is now, if it is not what is shown; too soon after the last time only when `final`.

        True when there was, or will be, something to publish.
        """
        x = self._list()
        if x is None:
            return False
        with self._publishing:
            status = self._status(progress)
            fingerprint = (x._pushed, len(x), x.closed, status)
            if fingerprint == self._shown:
                return False
            if not final and time.monotonic() - self._shown_at < REFRESH_SECONDS:
                return True
            is_first = self._shown is None
            self._shown, self._shown_at = fingerprint, time.monotonic()
            transient = {"display_id": self._display_id}
            _host.current().display(self._cell, bundle(x, status), {}, transient, update=not is_first)
        return True


_views: list[LiveView] = []
_lock = threading.Lock()


def show_live(x) -> None:
    """Display `x` in the current cell: live where displays can be updated, else once."""
    host = _host.current()
    if _core.context() is not None or not host.is_live():
        print(bundle(x)["text/plain"])
        return
    from parallel import _engine

    progress = _engine.current().progress()
    view = LiveView(x, host.cell(), progress)
    view.refresh(progress, final=True)
    with _lock:
        _views.append(view)
    _engine.current().wake_pump()


def refresh_all(progress: list, final: bool = False) -> bool:
    """Bring every view up to date, given how far the running batches are; True when any has changed."""
    with _lock:
        _views[:] = itertools.filterfalse(LiveView.is_gone, _views)
        views = list(_views)
    changed = [view.refresh(progress, final) for view in views]
    return any(changed)


def exist() -> bool:
    """Is there any view of an xlist that is still alive?"""
    with _lock:
        return any(not view.is_gone() for view in _views)


def forget_all() -> None:
    """In a child process: the displays are the parent's."""
    global _lock
    _lock = threading.Lock()
    _views.clear()


def count(x) -> int:
    """How many live views show `x`."""
    with _lock:
        return sum(view._list() is x for view in _views)
