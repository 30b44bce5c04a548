"""Facts about packages and libraries: what is installed, what is loaded, and what of it is known to be a hazard."""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from parallel import _core, _libraries

KERNEL = "xparallel"

# The distributions that matter in a report, and the module of each.
_MODULES = {
    "numpy": "numpy",
    "pandas": "pandas",
    "pyarrow": "pyarrow",
    "scipy": "scipy",
    "scikit-learn": "sklearn",
    "matplotlib": "matplotlib",
    "polars": "polars",
    "torch": "torch",
    "tensorflow": "tensorflow",
    "jax": "jax",
    "grpcio": "grpc",
    "numba": "numba",
    "joblib": "joblib",
    "dask": "dask",
    "threadpoolctl": "threadpoolctl",
    "cloudpickle": "cloudpickle",
    "psutil": "psutil",
    "ipython": "IPython",
    "ipywidgets": "ipywidgets",
    "ipykernel": "ipykernel",
    "jupyter_client": "jupyter_client",
    "jupyterlab": "jupyterlab",
    "notebook": "notebook",
    "nbclient": "nbclient",
    "debugpy": "debugpy",
    "pyzmq": "zmq",
}


def installed_version(distribution: str) -> str | None:
    """What is installed, without importing it."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, dict[str, str | None]]:
    """Of each distribution that is there: the version `installed`, and the one `loaded` in this process."""
    found = {}
    for distribution, module in _MODULES.items():
        installed = installed_version(distribution)
        loaded = getattr(sys.modules.get(module), "__version__", None)
        if installed is not None or loaded is not None:
            found[distribution] = {"installed": installed, "loaded": None if loaded is None else str(loaded)}
    return found


def protected() -> list[str]:
    """The modules, other than the standard library's, that protection has tables for."""
    from parallel.protection import effects, exemptions

    names = [module for module, *_ in effects.table()]
    names += [entry.partition(":")[0] for entry in exemptions.MUTATORS if ":" in entry]  # others are of any module
    modules = {re.split("[.:]", name)[0] for name in names}
    return sorted(modules - set(sys.stdlib_module_names) - {"parallel"})


def import_protected() -> dict[str, Any]:
    """Import those that are installed: how it went (`imported`: versions, `failed`: errors)."""
    imported, failed = {}, {}
    for name in protected():
        if not _is_installed(name):
            continue
        try:
            imported[name] = str(getattr(importlib.import_module(name), "__version__", "?"))
        except Exception as error:  # a broken library, which may raise anything
            failed[name] = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return {"imported": imported, "failed": failed}


def _is_installed(module: str) -> bool:
    if module in sys.modules:
        return True
    with contextlib.suppress(ValueError):  # a parent without a spec: not installed as others are
        return importlib.util.find_spec(module) is not None
    return False


def hazards() -> dict[str, Any]:
    """Libraries whose threads do not survive a fork: `loaded` in this process, and `installed` but not loaded."""
    loaded = _libraries.not_after_a_fork()
    installed = [
        name for module, name in _libraries.NOT_AFTER_A_FORK.items() if name not in loaded and _is_installed(module)
    ]
    torch = installed_version("torch")
    if torch is not None and not torch.endswith("+cpu") and "CUDA" not in loaded:
        installed.append("CUDA")
    return {"loaded": loaded, "installed": installed}


def thread_pools() -> dict[str, Any]:
    """BLAS and OpenMP libraries loaded here (None: threadpoolctl is not loaded, so nobody has looked).

    `with_pools` are the installed packages that bring some.
    """
    threadpoolctl = sys.modules.get("threadpoolctl")
    return {
        "threadpoolctl": installed_version("threadpoolctl"),
        "with_pools": [module for module in _libraries.WITH_POOLS if _is_installed(module)],
        "pools": None if threadpoolctl is None else threadpoolctl.threadpool_info(),
    }


def kernelspec() -> dict[str, Any]:
    """Where Jupyter finds the kernel, as this Python's jupyter_client says; `folder` is None where it does not.

    `build_tree`, if this module runs in one, is the folder in which Jupyter would find it.
    """
    built = Path(_core.__file__).parents[2] / "share/jupyter"
    facts = {
        "jupyter_client": installed_version("jupyter_client"),
        "folder": None,
        "executable": None,
        "runs": False,
        "build_tree": str(built) if (built / "kernels" / KERNEL).is_dir() else None,
    }
    if facts["jupyter_client"] is None:
        return facts
    from jupyter_client.kernelspec import KernelSpecManager

    kernels = KernelSpecManager(ensure_native_kernel=False)  # which would import ipykernel
    if KERNEL not in kernels.find_kernel_specs():  # get_kernel_spec would log a warning
        return facts
    spec = kernels.get_kernel_spec(KERNEL)
    executable = spec.argv[0]
    facts.update(folder=spec.resource_dir, executable=executable, runs=shutil.which(executable) is not None)
    return facts


def environment() -> dict[str, str]:
    """The variables that change how libraries, or this module, behave here; those that are set."""
    names = (*_libraries.VARIABLES, "LD_PRELOAD", "MALLOC_ARENA_MAX", "PYTHONMALLOC", "PYTHONPATH", "JUPYTER_PATH")
    return {name: os.environ[name] for name in names if name in os.environ}
