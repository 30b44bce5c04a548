"""Which packages cells find: those of the Python that the kernel has started as, this project's, and no others.

A virtual environment may lack what the kernel itself is made of, and does not see Debian's packages. They are lent one
by one, after all that the environment has: with Debian's whole folder in `sys.path`, packages of the environment would
find others there that do not fit them.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import os
import sys
from types import ModuleType

from xparallel_kernel.import_hooks import after_import

_BACKEND = "module://matplotlib_inline.backend_inline"

# What is to be said of an environment that the kernel cannot use; empty when there is nothing. prepare() sets it.
ignored = ""

OWN = frozenset({"parallel", "xparallel_kernel"})

# What the kernel imports, and what that imports. Nothing that users install for themselves, such as numpy: a
# test compares it with what a kernel loads that has been put to every use.
LENT = frozenset(
    {
        # the shell, its completer and its tracebacks
        "IPython", "asttokens", "backcall", "decorator", "executing", "jedi", "matplotlib_inline", "parso", "pexpect",
        "pickleshare", "prompt_toolkit", "ptyprocess", "pure_eval", "pygments", "six", "stack_data", "traitlets",
        "wcwidth", "xeus_python_shell",
        # the debugger; Debian keeps pydevd apart from it
        "_pydev_bundle", "_pydev_runfiles", "_pydevd_bundle", "_pydevd_frame_eval", "bytecode", "debugpy",
        "pydev_ipython", "pydevconsole", "pydevd", "pydevd_file_utils", "pydevd_plugins", "pydevd_tracing",
        # threads of BLAS in contexts
        "threadpoolctl",
    }
)  # fmt: skip


class Lender(importlib.metadata.DistributionFinder):
    """Finds some packages in a folder that is not in `sys.path`.

    Whoever asks for the version of one of them is told, as matplotlib does to know its backend; lists of all packages do
    not have them.
    """

    def __init__(self, folder: str, names: frozenset[str]):
        self._folder = folder
        self._names = names

    def find_spec(self, fullname, path=None, target=None):
        if path is None and fullname in self._names:
            return importlib.machinery.PathFinder.find_spec(fullname, [self._folder])
        return None

    def find_distributions(self, context=importlib.metadata.DistributionFinder.Context()):
        names = {name.lower() for name in self._names}
        if context.name is None or context.name.lower().replace("-", "_") not in names:
            return iter(())
        wanted = importlib.metadata.DistributionFinder.Context(name=context.name, path=[self._folder])
        return importlib.metadata.MetadataPathFinder.find_distributions(wanted)


def arrange(packages: str, system_packages: str) -> None:
    """From now on cells find what they are to find. `packages` is this project's folder, `system_packages` Debian's."""
    sys.meta_path.insert(0, Lender(packages, OWN))  # first: no other package of these names is meant
    if packages not in sys.path and OWN.issuperset(os.listdir(packages)):  # /usr/local's has others in it
        # Also in the path, for programs that are started with it.
        sites = (
            index for index, path in enumerate(sys.path) if os.path.basename(path) in ("site-packages", "dist-packages")
        )
        sys.path.insert(next(sites, len(sys.path)), packages)
    if system_packages not in sys.path:
        _set_backend_here_only()
        sys.meta_path.append(Lender(system_packages, LENT))


def _set_backend_here_only() -> None:
    """Where matplotlib's backend is lent, programs that cells start lack it and would fail with it in their environment."""
    if os.environ.get("MPLBACKEND") == _BACKEND and importlib.util.find_spec("matplotlib_inline") is None:
        del os.environ["MPLBACKEND"]
        after_import("matplotlib", _set_backend)


def _set_backend(matplotlib: ModuleType) -> None:
    if "MPLBACKEND" not in os.environ and hasattr(matplotlib, "rcParams"):  # a module of the user may have the same name
        matplotlib.rcParams["backend"] = _BACKEND
