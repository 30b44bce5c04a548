"""Functions of libraries that get twins, too: methods in Python that change objects which users have.

Within them it is judged as in library code of a patched interpreter. Only these: twins of all that is loaded would take
seconds.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Iterator

from parallel.protection import exemptions

# module -> qualified names; "Class.*" for all that the class defines.
_STANDARD = {
    "random": "Random.shuffle",
    "heapq": "heappush heappop heapify heapreplace heappushpop",
    "bisect": "insort_right insort_left",
    "collections": "Counter.* UserDict.* UserList.* ChainMap.* OrderedDict.*",
    "_collections_abc": "MutableMapping.* MutableSequence.* MutableSet.*",
    "queue": "Queue.* LifoQueue.* PriorityQueue.*",
    "weakref": "WeakValueDictionary.* WeakKeyDictionary.*",
    "_weakrefset": "WeakSet.*",
    "configparser": "RawConfigParser.* ConfigParser.* SectionProxy.*",
    "os": "_Environ.*",
    "argparse": "_ActionsContainer.* ArgumentParser.*",
    "threading": "Event.* Semaphore.* BoundedSemaphore.* Barrier.*",
    "numpy": "nan_to_num",
    # Where pandas writes to the arrays that its objects show: a column that was taken out of a frame is a view.
    "pandas.core.generic": "NDFrame._inplace_method",
    "pandas.core.internals.base": "SingleDataManager.setitem_inplace",
    "pandas.core.internals.managers": "SingleBlockManager.setitem_inplace",
    "pandas.core.internals.blocks": "Block.setitem Block.putmask EABackedBlock.setitem EABackedBlock.putmask",
    "pandas.core.array_algos.putmask": "putmask_inplace putmask_without_repeat",
    "pandas.core.arrays._mixins": "NDArrayBackedExtensionArray.__setitem__",
    "email.message": "Message.*",
    "string": "Formatter.*",
    "graphlib": "TopologicalSorter.*",
    "http.cookies": "BaseCookie.* Morsel.*",
    "xml.etree.ElementTree": "ElementTree.* indent",
    "shelve": "Shelf.*",
    "sched": "scheduler.*",
    "csv": "DictReader.*",
    "hmac": "HMAC.update",
    "bz2": "BZ2File.*",
    "gzip": "GzipFile.*",
    "lzma": "LZMAFile.*",
    "tarfile": "TarFile.*",
    "zipfile": "ZipFile.* _ZipWriteFile.*",
}


def functions() -> Iterator[types.FunctionType]:
    """Those of the modules that are loaded."""
    wanted = {module: set(names.split()) for module, names in _STANDARD.items()}
    for name in exemptions.MUTATORS:
        module, _, qualified = name.partition(":")
        if qualified:
            wanted.setdefault(module, set()).add(qualified)
    for name, qualified_names in wanted.items():
        loaded = sys.modules.get(name)
        if isinstance(loaded, types.ModuleType):
            for qualified in sorted(qualified_names):
                yield from _found(loaded, qualified)


def _found(module: types.ModuleType, qualified: str) -> Iterator[types.FunctionType]:
    owner, _, name = qualified.rpartition(".")
    holder = getattr(module, owner, None) if owner else module
    for key, value in list(vars(holder).items()) if holder is not None else ():
        function = inspect.unwrap(getattr(value, "__func__", value))  # numpy's are wrapped
        if not isinstance(function, types.FunctionType):
            continue
        # A package may have a function from one of its modules, and a class has methods that decorators have made
        # elsewhere.
        home = function.__globals__.get("__name__", "")  # not its __module__: numpy says "numpy" of all that it exports
        is_reexported = not owner and key == name and home.startswith(f"{module.__name__}.")
        if is_reexported or ((name == "*" or key == name) and function.__globals__ is vars(module)):
            yield function
