"""A bound on how long a test may take, for tests of things that may hang."""

from __future__ import annotations

import contextlib
import faulthandler
import signal
from collections.abc import Iterator


class DeadlineExceeded(AssertionError):
    """A test took longer than anything in it can need."""


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Fail the test by an exception in the main thread after `seconds`; end the whole run where even that is not heard.

    The signal is not inherited: contexts have their handlers reset.
    """

    def exceeded(number, frame):
        raise DeadlineExceeded(f"not over after {seconds} s")

    previous = signal.signal(signal.SIGALRM, exceeded)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(seconds + 20, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, previous)
