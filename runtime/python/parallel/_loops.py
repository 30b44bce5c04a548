"""Loops of asyncio that the main thread runs while works are awaited: the callbacks that are due run in them.

A main thread in such a loop waits in nothing of ours, and a work it awaits may wait for a call of the main thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any


class _Served:
    """What is known of a loop."""

    reasons = 0  # how many there are to serve it
    is_called = False  # it is about to call serve()


class Loops:
    """Those that are of use now: `serve()` is called in them, on the main thread only.

    Any thread may call wake(). All else that concerns a loop comes from the thread that runs it, or sets it up, as
    asyncio asks for; so there is no lock, which a forked child might find held.
    """

    def __init__(self, serve: Callable[[], None]):
        self._serve = serve
        self._served: dict[asyncio.AbstractEventLoop, _Served] = {}

    def serve_until_done(self, future: asyncio.Future[Any]) -> None:
        """The loop of `future` waits for a work by it."""
        loop = future.get_loop()
        # One that does not run yet may come to do so on the main thread; _run() looks again.
        if asyncio._get_running_loop() is not loop or threading.current_thread() is threading.main_thread():
            self._add(loop)
            future.add_done_callback(self._note_done)

    def _note_done(self, future: asyncio.Future[Any]) -> None:
        self._remove(future.get_loop())

    @contextlib.contextmanager
    def serving(self, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
        """Meanwhile the main thread runs `loop`."""
        self._add(loop)
        try:
            yield
        finally:
            self._remove(loop)

    def _add(self, loop: asyncio.AbstractEventLoop) -> None:
        self._served.setdefault(loop, _Served()).reasons += 1

    def _remove(self, loop: asyncio.AbstractEventLoop) -> None:
        served = self._served.get(loop)
        if served is not None:  # else it was found closed
            served.reasons -= 1
            if served.reasons == 0:
                del self._served[loop]

    def wake(self) -> None:
        """Something is due on the main thread: have the loops there call serve(), once for all that is due then."""
        for loop, served in list(self._served.items()) if self._served else ():
            if loop.is_closed():
                self._served.pop(loop, None)
            elif not served.is_called:
                served.is_called = True
                with contextlib.suppress(RuntimeError):  # closed since
                    loop.call_soon_threadsafe(self._run, served)

    def _run(self, served: _Served) -> None:
        served.is_called = False
        if threading.current_thread() is threading.main_thread():
            self._serve()


def awaiting_future(done_callback: Any) -> asyncio.Future[Any] | None:
    """The future that waits for a work, if `done_callback` is what asyncio.wrap_future() adds to it; else None."""
    if getattr(done_callback, "__qualname__", None) != "_chain_future.<locals>._call_set_state":
        return None
    cells = dict(zip(done_callback.__code__.co_freevars, done_callback.__closure__))
    future: asyncio.Future[Any] = cells["destination"].cell_contents
    return future
