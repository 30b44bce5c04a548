"""The thread that reads reports and refreshes live views while the main thread does something else, or nothing."""

from __future__ import annotations

import logging
import threading

from parallel import _core, _views

_logger = logging.getLogger("parallel")

_BUSY_SECONDS = 0.1  # while work runs: pushes to xlists raise no event, so views are looked at this often
_IDLE_SECONDS = 1.0  # while views exist and nothing runs: the main thread may push too


class Pump:
    """One daemon thread, started with the first batch or view; a forked child has none until it needs its own."""

    def __init__(self, engine):
        self._engine = engine
        self._thread: threading.Thread | None = None

    def ensure(self) -> None:
        """Have it running."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="parallel-pump", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            seen = _core.events()
            try:
                self._engine.collect()
                changed = _views.refresh_all(self._engine.status())
            except Exception:
                # One view or report that fails must not end the output of all others; the log says what it was.
                _logger.exception("the output of works could not be shown")
                changed = False
            _core.wait(seen, self._pause(changed))

    def _pause(self, changed: bool) -> float:
        if self._engine._running or changed:
            return _BUSY_SECONDS
        return _IDLE_SECONDS if _views.exist() else -1
