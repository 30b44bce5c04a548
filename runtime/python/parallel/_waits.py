"""Who waits for works now. While the main thread does, it runs callbacks itself; else it has to be woken for them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator


class Waits:
    """Threads that wait, and collect what is reported as soon as it is."""

    def __init__(self, lock: threading.RLock, end: Callable[[], None]):
        self._lock = lock
        self._end = end  # called when the main thread has ceased to wait
        self._all = 0
        self._of_main = 0

    def is_anybody(self) -> bool:
        """Does a thread collect what is reported as soon as it is?"""
        return self._all > 0

    def has_main(self) -> bool:
        """Does the main thread?"""
        return self._of_main > 0

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Meanwhile this thread waits."""
        on_main_thread = threading.current_thread() is threading.main_thread()
        self._note(1, on_main_thread)
        try:
            yield
        finally:
            self._note(-1, on_main_thread)

    def _note(self, change: int, on_main_thread: bool) -> None:
        with self._lock:
            self._all += change
            if not on_main_thread:
                return
            self._of_main += change
        if not self._of_main:
            self._end()  # what has become due at the last moment: nobody was woken, since this thread waited

    def main_is_free(self) -> None:
        """On the main thread: it waits for nothing. A second interrupt may have kept it from saying so itself."""
        if self._of_main:
            self._note(-self._of_main, True)
