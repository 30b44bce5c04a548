"""The thread that reads reports and refreshes live views while the main thread does something else, or nothing."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING

from parallel import _core, _views

if TYPE_CHECKING:
    from parallel._engine import Engine

_logger = logging.getLogger("parallel")

_BUSY_SECONDS = 0.1  # while work runs: pushes to xlists raise no event, so views are looked at this often
_STOP_SECONDS = 5.0  # what the last line may take to be shown; a sink that hangs must not keep the process from ending
_IDLE_SECONDS = 1.0  # while views exist and nothing runs: the main thread may push too


class Pump:
    """One daemon thread, started with the first batch or view; a forked child has none until it needs its own."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._thread: threading.Thread | None = None
        self._stopped = False

    def ensure(self) -> None:
        """Have it running."""
        if self._stopped or (self._thread is not None and self._thread.is_alive()):
            return
        thread = threading.Thread(target=self._run, name="parallel-pump", daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        try:
            # Signals are the main thread's: one that came to the pump, from its first moment on, would be handled in
            # the main thread while that has blocked them. Inherited: the pump may begin when the next batch does.
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            thread.start()
            self._thread = thread
        except RuntimeError:  # at the limit of threads: whoever waits reads reports too, and the next call tries again
            _logger.warning("the output of works is shown late: no thread can be started", exc_info=True)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def stop(self) -> None:
        """End it, for good. The interpreter must not go away under a thread that may be in the middle of a line."""
        self._stopped = True
        _core.signal()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while True:
            seen = _core.events()
            if self._stopped:
                return
            try:
                self._engine.collect()
                changed = _views.refresh_all(self._engine.progress)
                self._engine.growth.sample(self._engine.batches())
            except BaseException:
                # One view or report that fails must not end the output of all others, not even by a SystemExit out of
                # somebody's __repr__; the log says what it was.
                _logger.exception("the output of works could not be shown")
                changed = False
            if self._engine.waits.is_anybody():
                time.sleep(_BUSY_SECONDS)  # woken by every event, it would only be in the other's way
            else:
                _core.wait(seen, self._pause(changed))

    def _pause(self, changed: bool) -> float:
        if self._engine.has_running() or self._engine.has_untold() or changed:
            return _BUSY_SECONDS
        return _IDLE_SECONDS if _views.exist() else -1
