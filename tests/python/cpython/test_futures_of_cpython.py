"""CPython's own tests of concurrent.futures, run against `Executor`.

They are imported from Debian's libpython3.11-testsuite, not copied. What does not fit is listed with the reason in
`LEFT_OUT`; a test of that file that is neither run nor listed fails the last test here.
"""

import inspect
import os
import pickle
import unittest
from typing import ClassVar
from unittest import mock

from test import test_concurrent_futures as cpython
from test.support import script_helper

import parallel


class Executor(parallel.Executor):
    """Made with the words of these tests."""

    def __init__(self, max_workers=None, mp_context=None):
        super().__init__(max_workers)


def run_script(flag, source):
    """CPython's `assert_python_ok`, for a script that makes an executor of ours."""
    source = source.replace("from concurrent.futures import Executor", "from parallel import Executor")
    source = source.replace("max_workers=", "contexts=")
    assert "from parallel" in source
    return script_helper.assert_python_ok(flag, source, PYTHONPATH=os.environ["PYTHONPATH"])


class ContextsMixin(cpython.ExecutorMixin):
    executor_type = Executor

    def setUp(self):
        parallel.submit_work(int).result()  # from now on there is a thread that the tests for stray threads know
        super().setUp()

    def get_context(self):
        return None


class WaitTest(cpython.WaitTests, ContextsMixin, cpython.BaseTestCase):
    pass


class AsCompletedTest(cpython.AsCompletedTests, ContextsMixin, cpython.BaseTestCase):
    pass


class ExecutorTest(cpython.ExecutorTest, ContextsMixin, cpython.BaseTestCase):
    test_max_workers_negative = None
    test_map_chunksize = cpython.ProcessPoolExecutorTest.test_map_chunksize


class ShutdownTest(cpython.ExecutorShutdownTest, ContextsMixin, cpython.BaseTestCase):
    def setUp(self):
        super().setUp()
        patch = mock.patch.object(cpython, "assert_python_ok", run_script)
        patch.start()
        self.addCleanup(patch.stop)


class DeadlockTest(cpython.ExecutorDeadlockTest, ContextsMixin, cpython.BaseTestCase):
    """Calls that end in a bad way. What is a broken pool there is one crashed call here, and all others go on."""

    OTHER_ERRORS: ClassVar = {
        # An exit of a call is its error; as a SystemExit it would end the program that asks for the result.
        "test_exit_during_func_exec_on_worker": parallel.RemoteError,
        "test_exit_during_result_pickle_on_worker": parallel.RemoteError,
        "test_error_during_result_pickle_on_worker": ValueError,  # the contract's, with PicklingError as its cause
        # The result is rebuilt by the thread that asks for it, so it meets what is raised there.
        "test_error_during_result_unpickle_in_result_handler": pickle.UnpicklingError,
        "test_exit_during_result_unpickle_in_result_handler": SystemExit,
    }

    test_error_at_task_pickle = None
    test_exit_at_task_unpickle = None
    test_error_at_task_unpickle = None
    test_crash_at_task_unpickle = None
    test_shutdown_deadlock_pickle = None

    def setUp(self):
        super().setUp()
        patch = mock.patch.object(cpython, "BrokenProcessPool", parallel.ContextCrashed)
        patch.start()
        self.addCleanup(patch.stop)

    def _check_crash(self, error, func, *args, ignore_stderr=False):
        error = self.OTHER_ERRORS.get(self._testMethodName, error)
        executor = Executor(max_workers=2)
        super()._check_crash(error, func, *args, ignore_stderr=ignore_stderr)
        self.assertEqual(executor.submit(abs, -1).result(timeout=self.TIMEOUT), 1)
        executor.shutdown()


# ---- what is left out ------------------------------------------------------------------------------------------------

_NOTHING_IS_PICKLED = "about pickling calls: they reach contexts as part of the snapshot"
_NO_POOL = "about the threads or processes of a pool: contexts come and go with the calls"
_OF_FUTURES = "about Future, set by hand; a work is set by its context (test_futures.py is about works)"
_SHARED_MEMORY = (
    "waits for what the main program does to a lock, event or list after the call began: a call sees its snapshot"
)

LEFT_OUT = {
    "InitializerMixin": "a context begins as a copy of the program: there is nothing to initialise",
    "FailingInitializerMixin": "as above",
    "FutureTests": _OF_FUTURES,
    "ExecutorTest.test_max_workers_negative": "the argument is `contexts`, and its error says so (test_executor.py)",
    "ExecutorDeadlockTest.test_error_at_task_pickle": _NOTHING_IS_PICKLED,
    "ExecutorDeadlockTest.test_exit_at_task_unpickle": _NOTHING_IS_PICKLED,
    "ExecutorDeadlockTest.test_error_at_task_unpickle": _NOTHING_IS_PICKLED,
    "ExecutorDeadlockTest.test_crash_at_task_unpickle": _NOTHING_IS_PICKLED,
    "ExecutorDeadlockTest.test_shutdown_deadlock_pickle": _NOTHING_IS_PICKLED,
    "ThreadPoolWaitTests.test_pending_calls_race": _SHARED_MEMORY,
    "ThreadPoolExecutorTest.test_map_submits_without_iteration": "appends to a list of the main program",
    "ThreadPoolExecutorTest.test_default_workers": "about how many threads there are by default",
    "ThreadPoolExecutorTest.test_saturation": _NO_POOL,
    "ThreadPoolExecutorTest.test_idle_thread_reuse": _NO_POOL,
    "ThreadPoolExecutorTest.test_hang_global_shutdown_lock": "about the two pools of CPython at once",
    "ThreadPoolExecutorTest.test_executor_map_current_future_cancel": _SHARED_MEMORY,
    "ThreadPoolShutdownTest": _NO_POOL,
    "ProcessPoolShutdownTest": _NO_POOL,
    "ProcessPoolExecutorTest.test_max_workers_too_large": "Windows only",
    "ProcessPoolExecutorTest.test_killed_child": "a killed context costs one call, nothing breaks (test_executor.py)",
    "ProcessPoolExecutorTest.test_traceback": "looks for a private class of CPython (test_errors.py has tracebacks)",
    "ProcessPoolExecutorTest.test_ressources_gced_in_workers": "arguments are the main program's, finalised there only",
    "ProcessPoolExecutorTest.test_saturation": _NO_POOL,
    "ProcessPoolExecutorTest.test_idle_process_reuse_one": _NO_POOL,
    "ProcessPoolExecutorTest.test_idle_process_reuse_multiple": _NO_POOL,
    "ProcessPoolExecutorTest.test_max_tasks_per_child": _NO_POOL,
    "ProcessPoolExecutorTest.test_max_tasks_per_child_defaults_to_spawn_context": _NO_POOL,
    "ProcessPoolExecutorTest.test_max_tasks_early_shutdown": _NO_POOL,
}


def _tests_of(*classes):
    """`Class.test` of those that define it, whatever inherits it."""
    found = {}
    for kind in classes:
        for name in dir(kind):
            if name.startswith("test_") and getattr(kind, name) is not None:
                found[getattr(kind, name)] = getattr(kind, name).__qualname__
    return set(found.values())


def test_every_test_of_cpython_is_run_or_left_out_for_a_reason():
    everything = [
        kind for kind in vars(cpython).values() if inspect.isclass(kind) and kind.__module__ == cpython.__name__
    ]
    run = _tests_of(
        *(kind for kind in globals().values() if inspect.isclass(kind) and issubclass(kind, unittest.TestCase))
    )
    neither = {name for name in _tests_of(*everything) - run if not {name, name.split(".")[0]} & set(LEFT_OUT)}
    assert not neither
    assert len(run) > 30 and not run & set(LEFT_OUT)
