"""IPython's history manager: history_request is answered by it, and its thread keeps out of the way of forks."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import threading

    from xparallel_kernel.shell import ZMQInteractiveShell

_Arguments = ParamSpec("_Arguments")
_Returned = TypeVar("_Returned")

_locks: list[threading.Lock] = []  # of the manager; its thread holds one while it writes


def hold_off_during_forks() -> None:
    """From now on nobody forks while the thread of `manage`'s manager writes to its database.

    A child that was forked then would find locks of SQLite taken for ever: of 400 works that used it, each submitted by
    a cell of its own, one hung. To be called before IPython is imported: hooks before a fork run in reverse order, and
    IPython 9 has one that waits for the thread to end, which would never come to its end with the locks taken.
    """

    def take() -> None:
        for lock in _locks:
            lock.acquire()

    def give() -> None:
        for lock in reversed(_locks):
            lock.release()

    os.register_at_fork(before=take, after_in_parent=give, after_in_child=give)


def manage(manager: Any) -> None:
    """Have forks wait for this manager, and interrupts for what it notes of a cell.

    A KeyboardInterrupt between taking a lock and the `with` block leaves the lock taken: one of 600 cells that were
    interrupted as they began did so, and the next cell waited for ever.
    """
    _locks[:] = [manager.db_input_cache_lock, manager.db_output_cache_lock]
    manager.store_inputs = _uninterrupted(manager.store_inputs)
    manager.store_output = _uninterrupted(manager.store_output)


def _uninterrupted(function: Callable[_Arguments, _Returned]) -> Callable[_Arguments, _Returned]:
    @functools.wraps(function)
    def call(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Returned:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return function(*args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)  # one that has come meanwhile raises here

    return call


def request(shell: ZMQInteractiveShell, content: dict[str, Any]) -> dict[str, Any]:
    """The content of a history_reply: entries are (session, number, input), or (session, number, (input, output))."""
    manager = shell.history_manager
    raw, output = bool(content.get("raw", True)), bool(content.get("output", False))
    access = content.get("hist_access_type", "tail")
    if access == "tail":
        entries = manager.get_tail(_count(content, 10), raw=raw, output=output, include_latest=True)
    elif access == "range":
        session, start, stop = content.get("session") or 0, content.get("start") or 1, content.get("stop")
        entries = manager.get_range(session, start, stop, raw=raw, output=output)
    elif access == "search":
        pattern, unique = content.get("pattern") or "*", bool(content.get("unique", False))
        entries = manager.search(pattern, raw=raw, output=output, n=_count(content, None), unique=unique)
    else:
        raise ValueError(f"hist_access_type must be 'tail', 'range' or 'search', not {access!r}")
    current = manager.session_number  # IPython calls it 0 where it was not asked for by its number
    history = [_entry(session or current, number, text, output) for session, number, text in entries]
    return {"status": "ok", "history": history}


def _count(content: dict[str, Any], otherwise: int | None) -> int | None:
    count = content.get("n")
    return otherwise if count is None else int(count)


def _entry(session: int, number: int, text: Any, output: bool) -> tuple[int, int, Any]:
    if not output:
        return session, number, text
    source, result = text
    # This session's results are kept as objects, earlier ones' as text.
    return session, number, (source, result if result is None or isinstance(result, str) else repr(result))
