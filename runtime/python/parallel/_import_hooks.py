"""Something to be done as soon as a module has been imported, whenever that is."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


def after_import(name: str, call: Callable[[ModuleType], None]) -> None:
    """Have `call` called with the module of this name: now if it is there, and each time it is executed from now on."""
    if name in sys.modules:
        call(sys.modules[name])
    sys.meta_path.insert(0, _Finder(name, call))


class _Finder(importlib.abc.MetaPathFinder):
    """Finds what the other finders do, with a loader that makes the call."""

    def __init__(self, name: str, call: Callable[[ModuleType], None]):
        self._name = name
        self._call = call

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader, self._call)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """A loader, and what follows it."""

    def __init__(self, loader: importlib.abc.Loader, call: Callable[[ModuleType], None]):
        self._loader = loader
        self._call = call

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        # Whoever asks the module for its loader, for the sake of its files, means the one that has them.
        assert module.__spec__ is not None  # by which it was found
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._call(module)
