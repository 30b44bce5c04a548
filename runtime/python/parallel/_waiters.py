"""Who waits for works by `wait` and `as_completed` of `concurrent.futures`: on the main thread, callbacks run then."""

from __future__ import annotations

import threading
from concurrent.futures import _base as _futures
from typing import TYPE_CHECKING

from parallel import _core, _errors

if TYPE_CHECKING:
    from parallel._engine import Engine


class Waiters(list[_futures._Waiter]):
    """The `_waiters` of a Work: what those functions append there sleeps on its `event`."""

    def __init__(self, engine: Engine):
        super().__init__()
        self._engine = engine

    def append(self, waiter: _futures._Waiter) -> None:
        """Under the conditions of all futures that `waiter` waits for: its event cannot have been set yet."""
        if type(waiter.event) is threading.Event and threading.current_thread() is threading.main_thread():
            waiter.event = _ServingEvent(self._engine)
        super().append(waiter)


class _ServingEvent(threading.Event):
    """One that the main thread waits for as it waits for a result."""

    def __init__(self, engine: Engine):
        super().__init__()
        self._engine = engine

    def set(self) -> None:
        super().set()
        _core.signal()  # it may come from a future that is no work

    def wait(self, timeout: float | None = None) -> bool:
        try:
            self._engine.wait_until(self.is_set, timeout, "what is waited for")
        except _errors.WaitTimeoutError:
            return self.is_set()
        return True
