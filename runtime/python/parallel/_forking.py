"""What is held still while a batch is forked, and what contexts find in its place.

A child has one thread; whatever another thread held at the fork stays held in it for ever. The interpreter mends its
own locks. Those of buffered files it does not, and log handlers are what several threads write to files through.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

_WAIT_SECONDS = 0.1  # for all handlers together; one that is busy for longer is left alone

_rlock = type(threading.RLock())


def _log_handlers() -> list[Any]:
    logging = sys.modules.get("logging")
    handlers = [reference() for reference in list(getattr(logging, "_handlerList", ()))]
    return [handler for handler in handlers if handler is not None]


@contextlib.contextmanager
def log_handlers_held() -> Iterator[None]:
    """Meanwhile no other thread is in the middle of a log record. In a child `logging` renews these locks itself."""
    end = time.monotonic() + _WAIT_SECONDS
    held = []
    try:
        for handler in _log_handlers():
            lock = getattr(handler, "lock", None)
            if isinstance(lock, _rlock) and lock.acquire(timeout=max(0.0, end - time.monotonic())):
                held.append(lock)
        yield
    finally:
        for lock in held:
            lock.release()


def redirect_log_handlers(streams: dict[int, object]) -> None:
    """In a context: handlers of streams whose `id` is a key write to the value instead, for output is the cell's."""
    for handler in _log_handlers():
        stream = getattr(handler, "stream", None)
        if stream is not None and id(stream) in streams:
            # Not setStream(): it flushes the old stream, which another thread may have been writing to at the fork.
            with contextlib.suppress(AttributeError):  # a property: it follows sys.stderr by itself
                handler.stream = streams[id(stream)]
