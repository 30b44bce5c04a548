"""CPython's own tests of concurrent.futures, run against `Executor`.

They are imported from CPython's own tests (Debian: libpython3.*-testsuite), not copied. What does not fit is listed
with the reason in `LEFT_OUT`; a test of them that is neither run nor listed fails the last test here.
"""

import fnmatch
import importlib
import inspect
import multiprocessing
import os
import pickle
import pkgutil
import sys
import types
import unittest
from typing import ClassVar
from unittest import mock

import pytest

import parallel


def _modules_of_tests():
    """One module, or from 3.12 on those of a package."""
    pytest.importorskip("test.test_concurrent_futures", reason="this Python comes without its tests")
    found = sys.modules["test.test_concurrent_futures"]
    within = pkgutil.iter_modules(getattr(found, "__path__", []), found.__name__ + ".")
    return [importlib.import_module(module.name) for module in within] or [found]


MODULES = _modules_of_tests()
script_helper = importlib.import_module("test.support.script_helper")
cpython = types.SimpleNamespace(**{name: value for module in MODULES for name, value in vars(module).items()})


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

    def create_event(self):
        """One that a call sees, and does not have a copy of."""
        manager = multiprocessing.get_context("fork").Manager()
        self.addCleanup(manager.shutdown)
        return manager.Event()


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
        patch = mock.patch(f"{cpython.ExecutorShutdownTest.__module__}.assert_python_ok", run_script)
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
        patch = mock.patch(f"{cpython.ExecutorDeadlockTest.__module__}.BrokenProcessPool", parallel.ContextCrashed)
        patch.start()
        self.addCleanup(patch.stop)

    def _check_crash(self, error, func, *args, ignore_stderr=False):
        error = self.OTHER_ERRORS.get(self._testMethodName, error)
        executor = Executor(max_workers=2)
        check = getattr(super(), "_check_error", None) or super()._check_crash
        check(error, func, *args, ignore_stderr=ignore_stderr)
        self.assertEqual(executor.submit(abs, -1).result(timeout=self.TIMEOUT), 1)
        executor.shutdown()

    _check_error = _check_crash  # its name from 3.14 on


# ---- what is left out ------------------------------------------------------------------------------------------------

_NOTHING_IS_PICKLED = "about pickling calls: they reach contexts as part of the snapshot"
_NO_POOL = "about the threads or processes of a pool: contexts come and go with the calls"
_OF_FUTURES = "about Future, set by hand; a work is set by its context (test_futures.py is about works)"
_SHARED_MEMORY = (
    "waits for what the main program does to a lock, event or list after the call began: a call sees its snapshot"
)

# Names of classes or tests, with wildcards: what a pool does with its processes differs from version to version.
LEFT_OUT = {
    "InterpreterPoolExecutorTest": "about the pool of interpreters",
    "AsyncioTest": "as above",
    "InitializerMixin": "a context begins as a copy of the program: there is nothing to initialise",
    "FailingInitializerMixin": "as above",
    "FailingInitializerResourcesTest": "as above",
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
    "ProcessPoolExecutorTest.test_python_finalization_error": _NO_POOL,
    "ProcessPoolExecutorTest.test_idle_process_reuse_one": _NO_POOL,
    "ProcessPoolExecutorTest.test_idle_process_reuse_multiple": _NO_POOL,
    "ProcessPoolExecutorTest.test_*max_tasks*": _NO_POOL,
    "ProcessPoolExecutorTest.test_force_shutdown_*": _NO_POOL,
    "ProcessPoolExecutorTest.test_*_workers": _NO_POOL,
    "ProcessPoolExecutorTest.test_*broken_process_pool*": _NO_POOL,
    "ProcessPoolExecutorTest.test_*_breaks_pool": _NO_POOL,
    "ThreadPoolExecutorTest.test_process_fork_from_a_threadpool": _NO_POOL,
}


def _tests_of(*classes):
    """`Class.test` of those that define it, whatever inherits it."""
    found = {}
    for kind in classes:
        for name in dir(kind):
            if name.startswith("test_") and getattr(kind, name) is not None:
                found[getattr(kind, name)] = getattr(kind, name).__qualname__
    return set(found.values())


def _is_left_out(name):
    names = (name, name.partition(".")[0])
    return any(fnmatch.fnmatchcase(one, pattern) for one in names for pattern in LEFT_OUT)


def test_every_test_of_cpython_is_run_or_left_out_for_a_reason():
    homes = {module.__name__ for module in MODULES}
    everything = [kind for kind in vars(cpython).values() if inspect.isclass(kind) and kind.__module__ in homes]
    run = _tests_of(
        *(kind for kind in globals().values() if inspect.isclass(kind) and issubclass(kind, unittest.TestCase))
    )
    neither = {name for name in _tests_of(*everything) - run if not _is_left_out(name)}
    assert not neither
    assert len(run) > 30 and not any(map(_is_left_out, run))
