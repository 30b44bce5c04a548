"""Libraries with threads of their own, in contexts."""

import os
import sys
import threading
import types

import numpy as np
import pytest
import threadpoolctl

import parallel
from parallel import _config, _libraries
from support import run_program

pytestmark = pytest.mark.packages


@pytest.fixture(autouse=True)
def one_thread():
    yield
    parallel.configure(threads=1)


def threads_of_blas():
    return [library["num_threads"] for library in threadpoolctl.threadpool_info()]


def test_blas_uses_one_thread_in_a_context(two_contexts):
    np.ones((2, 2)) @ np.ones((2, 2))
    before = threads_of_blas()
    work = parallel.submit_work(threads_of_blas)
    parallel.run()
    assert work.result() == [1] * len(before) and threads_of_blas() == before
    parallel.configure(threads=2)
    assert parallel.submit_work(threads_of_blas).result() == [2] * len(before)


def test_matrices_are_multiplied_in_contexts_forked_from_a_busy_main_process(two_contexts):
    """What hangs where a pool of threads is taken for alive."""
    big = np.random.default_rng(1).random((400, 400))
    expected = big @ big
    for _ in range(10):
        works = [parallel.submit_work(lambda: big @ big) for _ in range(4)]
        parallel.start()
        for work in works:
            assert np.allclose(work.result(timeout=60), expected)
        big @ big


def test_variables_that_are_set_stay(monkeypatch):
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    work = parallel.submit_work(lambda: (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]))
    assert work.result() == ("3", "1") and "MKL_NUM_THREADS" not in os.environ


def test_a_library_that_does_not_outlive_a_fork_is_named_once(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", types.ModuleType("polars"))
    monkeypatch.setattr(_libraries, "_warned", set())
    with pytest.warns(
        RuntimeWarning, match="polars has been loaded in the main thread, and does not work in a context"
    ):
        assert parallel.submit_work(lambda: 1).result() == 1
    assert parallel.submit_work(lambda: 1).result() == 1  # an error, if it warned again


@pytest.mark.parametrize("names", [{}, {"cuda": types.ModuleType("torch.cuda")}], ids=["no cuda", "an empty cuda"])
def test_a_half_imported_torch_is_no_reason_to_fail(monkeypatch, names):
    torch = types.ModuleType("torch")
    vars(torch).update(names)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(_libraries, "_warned", set())
    monkeypatch.setattr(_libraries, "_modules_seen", 0)
    assert parallel.submit_work(lambda: 1).result() == 1 and not _libraries._warned


def test_cuda_that_is_initialized_is_named(monkeypatch):
    torch = types.ModuleType("torch")
    torch.cuda = types.SimpleNamespace(is_initialized=lambda: True)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(_libraries, "_warned", set())
    monkeypatch.setattr(_libraries, "_modules_seen", 0)
    with pytest.warns(RuntimeWarning, match="CUDA has been loaded in the main thread"):
        assert parallel.submit_work(lambda: 1).result() == 1


def test_without_threadpoolctl_works_run():
    ended = run_program("""
        import sys
        sys.modules["threadpoolctl"] = None
        import numpy, parallel
        print(parallel.submit_work(lambda: float(numpy.ones(3).sum())).result())
    """)
    assert ended.returncode == 0 and ended.stdout == "3.0\n", ended


def test_threads_that_make_no_sense():
    for threads, error in ((0, ValueError), (-1, ValueError), ("2", TypeError)):
        with pytest.raises(error):
            parallel.configure(threads=threads)
    assert _config.threads() == 1 and threading.active_count() >= 1
