"""The asyncio loop of the cells: `await` at the top of a cell, and coroutines that go on after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any

from IPython.core.async_helpers import get_asyncio_loop

from parallel import _engine


class CellLoop:
    """Runs one coroutine for a cell with top-level await, and what such cells leave running while the kernel is idle.

    Cells without top-level await run outside the loop, so that `asyncio.run()` works in them.
    """

    def __init__(self, silenced: Callable[[], AbstractContextManager[None]]):
        self._silenced = silenced  # no error is shown within
        self.provide()

    def provide(self) -> None:
        """Make it what `asyncio.get_event_loop()` returns on the main thread; `asyncio.run()` takes that away."""
        asyncio.set_event_loop(get_asyncio_loop())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a cell's coroutine to its end. An interrupt cancels it, so that it does not go on in a later cell."""
        loop = get_asyncio_loop()
        task = loop.create_task(coroutine)
        try:
            with _engine.serving(loop):
                return loop.run_until_complete(task)
        except BaseException:
            if not task.done():
                task.cancel()
                with self._silenced():
                    try:
                        loop.run_until_complete(task)
                    except asyncio.CancelledError:
                        pass  # what was asked for
            raise

    def has_work(self) -> bool:
        """Is anything left that would run if the loop did: tasks, servers, timers?"""
        loop = get_asyncio_loop()
        # A fresh loop listens to one descriptor, its own.
        selector, timers = getattr(loop, "_selector", None), getattr(loop, "_scheduled", ())
        return bool(timers) or bool(asyncio.all_tasks(loop)) or (selector is not None and len(selector.get_map()) > 1)

    def run_until_readable(self, *descriptors: int) -> None:
        """Run it until one of the descriptors can be read."""
        loop = get_asyncio_loop()
        for descriptor in descriptors:
            loop.add_reader(descriptor, loop.stop)
        try:
            loop.run_forever()
        finally:
            for descriptor in descriptors:
                loop.remove_reader(descriptor)
