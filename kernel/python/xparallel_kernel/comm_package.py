"""Has the package `comm` make this kernel's comms, whenever it is imported.

Widgets bring it with them, and may be installed while the kernel runs. Left to itself it makes comms that go nowhere,
without a word.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable
from types import ModuleType

_NAME = "comm"


def serve(create_comm: Callable, get_comm_manager: Callable) -> None:
    """From now on these two are `comm.create_comm` and `comm.get_comm_manager`, which are made to be replaced."""

    def replace(module: ModuleType) -> None:
        # A module of the user may have the same name.
        if hasattr(module, "create_comm") and hasattr(module, "get_comm_manager"):
            module.create_comm, module.get_comm_manager = create_comm, get_comm_manager

    if _NAME in sys.modules:
        replace(sys.modules[_NAME])
    sys.meta_path.insert(0, _Finder(replace))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the other finders do, and has the module changed as soon as it has been executed."""

    def __init__(self, replace: Callable[[ModuleType], None]):
        self._replace = replace

    def find_spec(self, fullname, path=None, target=None):
        if fullname != _NAME:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._replace)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """A loader, and what follows it."""

    def __init__(self, loader, replace: Callable[[ModuleType], None]):
        self._loader = loader
        self._replace = replace

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # Whoever asks the module for its loader, for the sake of its files, means the one that has them.
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._replace(module)
