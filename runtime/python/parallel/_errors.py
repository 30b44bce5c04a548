"""The exceptions of `parallel`, and how an exception of a context reaches the main thread."""

from __future__ import annotations

import errno
import os
import signal
import traceback
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypedDict

from parallel import _calls, _cells, _exceptions

if TYPE_CHECKING:
    from parallel._core import _Call
    from parallel._work import Work

_OWN_FOLDER = os.path.dirname(__file__) + os.sep


class ParallelError(Exception):
    """Base class of what `parallel` raises itself."""

    __slots__ = ()


class ProtectionError(ParallelError):
    """A context tried to do to a main-thread object what only the main thread may."""


class UnprotectedError(ProtectionError):
    """A context tried to change a main-thread object; nothing was changed."""


class AssignmentError(ProtectionError):
    """A context tried to bind a name or attribute of the main thread; nothing was bound."""


class ContextCrashed(ParallelError):
    """The context died while it ran the work.

    Attributes: `signal` (a `signal.Signals`, an int where that has no name for it, or None), `exitcode` (an int, or
    None), `work` (the Work, or None), `output`: the end of what it has written to descriptor 2, such as Python's stack
    at the time of the crash.
    """

    def __init__(
        self,
        message: str,
        *,
        signal: signal.Signals | int | None = None,
        exitcode: int | None = None,
        work: Work | None = None,
    ):
        super().__init__(message)
        self.signal = signal
        self.exitcode = exitcode
        self.work = work
        self.output: str = getattr(work, "_last_output", "")

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), self.args, {"signal": self.signal, "exitcode": self.exitcode, "output": self.output})


class WorkTimeoutError(ContextCrashed, TimeoutError):
    """A work has taken longer than its own `timeout`.

    It was interrupted, and its context killed if that did not end it; `signal` is SIGKILL then, else None.
    """


class WaitError(ParallelError):
    """Waiting cannot end as asked."""


class NoWaitersError(WaitError):
    """Nobody is waiting for what was signalled."""


class WaitTimeoutError(WaitError, TimeoutError):
    """The time given for waiting has passed."""


_AT_LIMIT = "the heap of this context has reached its limit; configure(heap_limit=bytes) sets it"


class HeapLimitError(ParallelError, MemoryError):
    """A context's heap has reached its limit.

    The allocation was refused, and what had been made before is still there.
    """

    # Where an allocation has failed, a MemoryError made before becomes one: it must add nothing to an instance.
    __slots__ = ()

    def __str__(self) -> str:
        return super().__str__() or _AT_LIMIT


class ContextTraceback(Exception):
    """Stands as the `__cause__` of an exception that came from a context and carries the traceback it had there."""

    def __init__(self, text: str):
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "\n\n" + self.text


class Description(TypedDict):
    """What `describe` says of an exception, and `rebuild` needs."""

    type: str
    message: str
    arguments: str
    traceback: str
    pickle: bytes | None
    timed_out: bool
    at_limit: bool


def describe(
    exception: BaseException, timed_out: bool = False, call: _Call | None = None, at_limit: bool = False
) -> Description:
    """In a context: everything the main thread needs to raise `exception` there, of builtin types only.

    `timed_out`: the work was being stopped, for its time was over. `call` is what raised: callable, arguments, keywords
    or None. `at_limit`: the context's heap has refused an allocation. Libraries raise MemoryErrors of their own then.
    """
    kind = type(exception)
    try:
        frames = without_first_own_frames(exception.__traceback__)
        text = _cells.named("".join(traceback.format_exception(kind, exception, frames)))
    except BaseException as failure:  # user code that raises must not hide that there was an error
        text = f"{kind.__qualname__} (its traceback cannot be shown: {type(failure).__name__})\n"
    try:
        message = str(exception)
    except BaseException as failure:
        message = f"<its __str__ raised {type(failure).__name__}>"
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "message": message,
        "arguments": _calls.told(call, exception.__traceback__, code_of_users=True),
        "traceback": text,
        "pickle": _exceptions.portable(exception),
        "timed_out": timed_out and isinstance(exception, KeyboardInterrupt),
        "at_limit": at_limit and isinstance(exception, MemoryError) and not isinstance(exception, HeapLimitError),
    }


def without_first_own_frames(frames: TracebackType | None) -> TracebackType | None:
    """A traceback from the first frame of a user's code on; all of it when there is none."""
    found = frames
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_OWN_FOLDER):
        found = found.tb_next
    return found or frames


class RemoteError(ParallelError):
    """Stands in for an exception of a context whose own type cannot be brought to the main thread.

    Attributes: `type_name`, the full name of that type.
    """

    def __init__(self, message: str, type_name: str = ""):
        super().__init__(message)
        self.type_name = type_name


def rebuild(description: Description | None, origin: str, timeout: float | None = None) -> BaseException:
    """In the main thread: the exception that `describe` saw, caused by its traceback in the context.

    `origin` names the work and context for the reader of the traceback, `timeout` is the work's own, in seconds.
    """
    if description is None:
        return RemoteError(f"{origin} failed, and so did recording its error: most likely there was no memory for it")
    origin += description["arguments"]
    # Not restored where another takes its place: that would import the library which raised it.
    is_replaced = description["timed_out"] or description["at_limit"]
    exception = None if is_replaced else _exceptions.restored(description["pickle"])
    if description["timed_out"]:
        exception = WorkTimeoutError(f"{origin} took longer than its timeout of {timeout:g} s and was interrupted")
    elif description["at_limit"]:
        exception = HeapLimitError(f"{description['message']}: {_AT_LIMIT}" if description["message"] else _AT_LIMIT)
    elif exception is None:  # e.g. of a class made in the context
        exception = RemoteError(f"{description['type']}: {description['message']}", description["type"])
    elif not isinstance(exception, Exception):
        # SystemExit or KeyboardInterrupt of a work is an error of that work: raised here it would end the program.
        call = "sys.exit()" if isinstance(exception, SystemExit) else type(exception).__name__
        exception = RemoteError(
            f"{origin} was ended by {call} ({description['type']}: {description['message']}); "
            "return from the function instead",
            description["type"],
        )
    exception.__cause__ = ContextTraceback(f"{origin}:\n\n{description['traceback']}")
    return exception


def summary(exception: BaseException) -> str:
    """`Type: message` on one line, shortened."""
    try:
        text = str(exception)
    except (Exception, SystemExit) as failure:
        text = f"<its __str__ raised {type(failure).__name__}>"
    line = f"{type(exception).__name__}: {text}".splitlines()[0]
    return line if len(line) <= 200 else line[:199] + "…"


_NO_CONTEXT = 1 << 32
_NO_ZYGOTE = 1 << 33
_TIMED_OUT = 1 << 34


def crashed(value: int, origin: str, work: Work) -> ContextCrashed:
    """The error of a work whose context died; `value` is what the runtime noted about the death."""
    if value & _NO_CONTEXT:
        code = value & 0xFFFFFFFF
        if code == errno.ETIMEDOUT:
            return ContextCrashed(
                f"{origin} could not run: its contexts hung before they began, and were killed. Most often a hook that "
                "runs after a fork (os.register_at_fork, or a library's) waits for a lock that another thread held",
                work=work,
            )
        return ContextCrashed(f"{origin} could not run: fork failed ({os.strerror(code)})", work=work)
    if value & _NO_ZYGOTE:
        return ContextCrashed(
            f"{origin} was lost: the process that looks after its batch was killed", signal=signal.SIGKILL, work=work
        )
    if value & _TIMED_OUT:
        return WorkTimeoutError(
            f"{origin} took longer than its timeout of {work.timeout:g} s; it did not stop when interrupted, and its "
            "context was killed",
            signal=signal.SIGKILL,
            work=work,
        )
    if value & 0x7F == 0:
        code = value >> 8 & 0xFF
        return ContextCrashed(
            f"{origin} ended its context with exit code {code} (os._exit, or C code that calls exit); "
            "return from the function instead",
            exitcode=code,
            work=work,
        )
    number = value & 0x7F
    try:
        name = signal.Signals(number).name
        number = signal.Signals(number)
    except ValueError:
        name = f"signal {number}"
    hint = " (often: out of memory)" if name == "SIGKILL" else ""
    return ContextCrashed(f"{origin} was running when its context was killed by {name}{hint}", signal=number, work=work)


# Tracebacks name them as users know them.
for _kind in list(vars().values()):
    if isinstance(_kind, type) and issubclass(_kind, BaseException):
        _kind.__module__ = "parallel"
del _kind
