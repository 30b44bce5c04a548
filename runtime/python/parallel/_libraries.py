"""Libraries with threads of their own: kept to one thread in a context, and named where they do not outlive a fork.

Contexts use all processors already. And a pool of threads is not copied by fork: some libraries start a new one when
they are told how many threads to use, and hang otherwise (OpenBLAS with OpenMP did in 10 of 10 tries, and in none after
that).
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from parallel import _config, _core, _import_hooks

# Libraries whose threads hang or fail in a fork of the process that has loaded them, by module.
NOT_AFTER_A_FORK = {"polars": "polars", "grpc": "gRPC", "tensorflow": "TensorFlow", "jax": "JAX"}
VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
WITH_POOLS = ("numpy", "scipy", "sklearn", "torch", "numexpr")

_modules_seen = 0  # how many there were when the libraries were looked up
_pools: list[Any] = []  # threadpoolctl's controllers of those that are loaded
_warned: set[str] = set()


def before_fork() -> None:
    """In the main process, before a batch starts: look at what has been loaded since the last one."""
    global _modules_seen, _pools
    if len(sys.modules) == _modules_seen:
        return
    _modules_seen = len(sys.modules)
    for name in not_after_a_fork():
        _warn(name)
    if any(module in sys.modules for module in WITH_POOLS):
        try:
            import threadpoolctl
        except ImportError:  # then only what is loaded in works is told, by the variables below
            return
        _pools = threadpoolctl.ThreadpoolController().lib_controllers
        _modules_seen = len(sys.modules)  # threadpoolctl is one of them


def not_after_a_fork() -> list[str]:
    """The names of what is loaded here, and does not work in a fork of this process."""
    loaded = [name for module, name in NOT_AFTER_A_FORK.items() if module in sys.modules]
    return [*loaded, "CUDA"] if _cuda_is_initialized() else loaded


def _cuda_is_initialized() -> bool:
    # What another thread imports just now, or a test has put in its place, has not all of its names.
    cuda = getattr(sys.modules.get("torch"), "cuda", None)
    return cuda is not None and bool(getattr(cuda, "is_initialized", bool)())


def _warn(name: str) -> None:
    if name in _warned:
        return
    _warned.add(name)
    warnings.warn(
        f"{name} has been loaded in the main thread, and does not work in a context that is forked from it: works that "
        f"use it may hang. Import it in the works only, or give them a timeout",
        RuntimeWarning,
        stacklevel=2,
    )


def enter_context() -> None:
    """In a context: each library may use as many threads as `configure(threads=)` says."""
    threads = _config.threads()
    for variable in VARIABLES:
        os.environ.setdefault(variable, str(threads))  # for what is loaded, or started, from here on
    for pool in _pools:
        pool.set_num_threads(threads)
    if "numpy" not in sys.modules:  # arrays of one that is imported here count against the heap's limit from then on
        _import_hooks.after_import("numpy", lambda _: _core.install_numpy_memory())
