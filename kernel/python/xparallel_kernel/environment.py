"""Which packages cells can import: those of the Python that the kernel runs as, and this project's.

A virtual environment may lack packages that the kernel itself needs, such as IPython. These are found in Debian's
folder by name, after everything in `sys.path`. The whole folder in `sys.path` would do harm: packages of the
environment would import others from there that do not fit them.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType

_BACKEND = "module://matplotlib_inline.backend_inline"

# Why VIRTUAL_ENV is not used, for the user to read; empty when there is nothing to tell. prepare() sets it.
ignored = ""

OWN = frozenset({"parallel", "xparallel_kernel"})

# What the kernel imports, and what that imports in turn; nothing that users expect from their environment, such as
# numpy. Versions of these differ in what they need. A test uses every part of a kernel and compares the list with what
# was loaded.
LENT = frozenset(
    {
        # the shell, its completer and its tracebacks
        "IPython", "asttokens", "backcall", "decorator", "executing", "ipython_pygments_lexers", "jedi",
        "matplotlib_inline", "parso", "pexpect", "pickleshare", "prompt_toolkit", "ptyprocess", "pure_eval", "pygments",
        "six", "stack_data", "traitlets", "typing_extensions", "wcwidth", "xeus_python_shell",
        # the debugger; Debian 12 keeps pydevd apart from it
        "_pydev_bundle", "_pydev_runfiles", "_pydevd_bundle", "_pydevd_frame_eval", "_pydevd_sys_monitoring",
        "_pydevd_sys_monitoring_cython", "bytecode", "debugpy", "pydev_ipython", "pydevconsole", "pydevd",
        "pydevd_file_utils", "pydevd_plugins", "pydevd_tracing",
        # threads of BLAS in contexts
        "threadpoolctl",
    }
)  # fmt: skip


_ALL = importlib.metadata.DistributionFinder.Context()


class Lender(importlib.metadata.DistributionFinder):
    """Finds some packages in a folder that is not in `sys.path`.

    Whoever asks for the version of one of them is told, as matplotlib does to know its backend; lists of all packages
    do not have them.
    """

    def __init__(self, folder: str, names: frozenset[str]):
        self._folder = folder
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if path is None and fullname in self._names:
            return importlib.machinery.PathFinder.find_spec(fullname, [self._folder])
        return None

    def find_distributions(
        self, context: importlib.metadata.DistributionFinder.Context = _ALL
    ) -> Iterable[importlib.metadata.Distribution]:
        names = {name.lower() for name in self._names}
        if context.name is None or context.name.lower().replace("-", "_") not in names:
            return iter(())
        wanted = importlib.metadata.DistributionFinder.Context(name=context.name, path=[self._folder])
        return importlib.metadata.MetadataPathFinder.find_distributions(wanted)


def arrange(packages: str, system_packages: str) -> None:
    """Set up `sys.path` and the finders. `packages` is this project's folder, `system_packages` Debian's."""
    sys.meta_path.insert(0, Lender(packages, OWN))  # first: a package of the same name elsewhere is another one
    # After `make install` the folder may hold other packages, too (/usr/local): these must not be found.
    if packages not in sys.path and OWN.issuperset(os.listdir(packages)):
        # In the path as well, because multiprocessing hands the path on to the programs it starts.
        sites = (
            index for index, path in enumerate(sys.path) if os.path.basename(path) in ("site-packages", "dist-packages")
        )
        sys.path.insert(next(sites, len(sys.path)), packages)
    if system_packages not in sys.path:
        _set_backend_here_only()
        sys.meta_path.append(Lender(system_packages, LENT))


def _set_backend_here_only() -> None:
    """Where the environment lacks matplotlib's backend, programs that cells start must not be told to use it.

    They would fail.
    """
    if os.environ.get("MPLBACKEND") == _BACKEND and importlib.util.find_spec("matplotlib_inline") is None:
        from parallel._import_hooks import after_import  # arrange() has made it one that is found

        del os.environ["MPLBACKEND"]
        after_import("matplotlib", _set_backend)


def _set_backend(matplotlib: ModuleType) -> None:
    # A module of the user may have the same name.
    if "MPLBACKEND" not in os.environ and hasattr(matplotlib, "rcParams"):
        matplotlib.rcParams["backend"] = _BACKEND
