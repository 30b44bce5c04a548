"""Parallel contexts for an ordinary CPython.

`submit_work(f)` runs `f` in a *context*: a forked image of the interpreter that reads every object of the main thread
as it was when the work started, with nothing pickled on the way in. Results leave through an `xlist`, an interlocked
list in shared memory, through a return value, or through output.

>>> import parallel
>>> results = parallel.xlist()
>>> for n in range(3):
...     work = parallel.submit_work(lambda n: results.push(n * n), n)
>>> parallel.run()
>>> sorted(results)
[0, 1, 4]
"""

try:
    from parallel import _core
except ImportError:
    from parallel import _other_python

    if (_why := _other_python.explanation(__path__[0])) is not None:
        raise ImportError(_why) from None
    raise
from parallel import _context, _displays, _errors, _submitted
from parallel._config import configure
from parallel._contexts import Context, contexts
from parallel._core import rdtsc
from parallel._doctor import show_versions
from parallel._errors import (
    AssignmentError,
    ContextCrashed,
    ContextTraceback,
    HeapLimitError,
    NoWaitersError,
    ParallelError,
    ProtectionError,
    RemoteError,
    UnprotectedError,
    WaitError,
    WaitTimeoutError,
    WorkTimeoutError,
)
from parallel._executor import Executor
from parallel._extension import load_ipython_extension, unload_ipython_extension  # noqa: F401 - IPython calls them
from parallel._functions import (
    cancel,
    is_parallel_thread,
    run,
    run_once,
    start,
    submit_queue,
    submit_work,
)
from parallel._heaps import heap, heaps
from parallel._main_calls import call_from_main_thread, call_from_main_thread_and_wait
from parallel._map import map
from parallel._mapping import dict, object
from parallel._ranks import run_cell
from parallel._stacks import stacks
from parallel._work import Work
from parallel._works_data import works
from parallel._xlist import xlist
from parallel._xlists_data import xlists

__version__ = _core.build()["version"]

__all__ = [
    "AssignmentError",
    "Context",
    "ContextCrashed",
    "ContextTraceback",
    "Executor",
    "HeapLimitError",
    "NoWaitersError",
    "ParallelError",
    "ProtectionError",
    "RemoteError",
    "UnprotectedError",
    "WaitError",
    "WaitTimeoutError",
    "Work",
    "WorkTimeoutError",
    "call_from_main_thread",
    "call_from_main_thread_and_wait",
    "cancel",
    "configure",
    "contexts",
    "dict",
    "heap",
    "heaps",
    "is_parallel_thread",
    "map",
    "object",
    "rdtsc",
    "run",
    "run_cell",
    "run_once",
    "show_versions",
    "stacks",
    "start",
    "submit_queue",
    "submit_work",
    "works",
    "xlist",
    "xlists",
]

_core.set_hooks(
    enter_context=_context.enter,
    end_work=_displays.end_work,
    await_submitted=_submitted.await_submitted,
    describe_exception=_errors.describe,
    heap_limit_error=HeapLimitError,
    xlist_class=xlist,
)
