"""Functions of C code that change an argument or draw from it, where `effects` has no entry: gates of types see those.

And functions in Python that numpy has in front of ones in C that are in `effects`: library code has no twins.
"""

from __future__ import annotations

import builtins
import functools
import io
import itertools
import operator
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator
from typing import Any, TypeVar

_Said = TypeVar("_Said")
# function, effect, number, keyword or None
_Row = tuple[object, int, int, str | None]

# As in runtime/python/guard/twin_rules.hpp.
_NOTHING, _ATTRIBUTE, _ITEM, _IN_PLACE, _ADVANCES, _ITERATES, _DICT, _GETATTR, _RUN, _COMPILE, _CHANGES, _STREAMS = (
    range(12)
)

_IN_PLACE_FUNCTIONS = (
    "iadd", "isub", "imul", "imod", "ipow", "ilshift", "irshift", "iand", "ixor", "ior", "ifloordiv", "itruediv",
    "imatmul",
)  # fmt: skip

# Draw from their arguments: from the one that is given, and those after it. Lazy ones draw later.
_ITERATING: set[tuple[object, int]] = {
    (list, 0), (tuple, 0), (set, 0), (frozenset, 0), (dict, 0), (bytes, 0), (bytearray, 0), (enumerate, 0), (zip, 0),
    (map, 1), (filter, 1), (sum, 0), (max, 0), (min, 0), (any, 0), (all, 0), (sorted, 0), (functools.reduce, 1),
    (deque, 0), (OrderedDict, 0), (defaultdict, 1), (str.join, 1), (bytes.join, 1), (list.extend, 1),
    (set.update, 1), (dict.update, 1), (set.union, 1), (set.intersection, 1), (set.difference, 1),
    (frozenset.union, 1), (deque.extend, 1), (deque.extendleft, 1), (bytearray.extend, 1), (bytearray.join, 1),
    (set.issubset, 1), (set.issuperset, 1), (set.intersection_update, 1), (set.difference_update, 1),
    (set.symmetric_difference_update, 1), (dict.fromkeys, 0), (operator.countOf, 0), (operator.indexOf, 0),
    (operator.contains, 0), (itertools.accumulate, 0), (itertools.chain, 0), (itertools.chain.from_iterable, 0),
    (itertools.compress, 0), (itertools.cycle, 0), (itertools.dropwhile, 1), (itertools.filterfalse, 1),
    (itertools.groupby, 0), (itertools.islice, 0), (itertools.pairwise, 0), (itertools.product, 0),
    (itertools.permutations, 0), (itertools.combinations, 0), (itertools.starmap, 1), (itertools.takewhile, 1),
    (itertools.tee, 0), (itertools.zip_longest, 0), (itertools.combinations_with_replacement, 0),
}  # fmt: skip

# Of numpy, and where the argument is that they change.
_NUMPY = {
    "copyto": (0, "dst"), "putmask": (0, "a"), "place": (0, "arr"), "put": (0, "a"), "fill_diagonal": (0, "a"),
    "put_along_axis": (0, "arr"),
}  # fmt: skip

# (module, qualified name) -> which argument they write to as to a file.
_WRITING: dict[tuple[str, str], tuple[int, str | None]] = {
    ("builtins", "print"): (-1, "file"),
    ("_io", "_IOBase.writelines"): (0, None),
    ("_csv", "writer"): (0, None),
    ("json", "dump"): (1, "fp"),
    ("_pickle", "dump"): (1, "file"),
    ("_pickle", "Pickler"): (0, "file"),
    ("marshal", "dump"): (1, None),
    ("shutil", "copyfileobj"): (1, "fdst"),
}

# Run coroutines that they are given.
_AWAITING = {
    ("asyncio", "run"): 0, ("asyncio", "gather"): 0, ("asyncio", "create_task"): 0, ("asyncio", "ensure_future"): 0,
    ("asyncio", "wait_for"): 0, ("asyncio", "shield"): 0,
    ("asyncio.base_events", "BaseEventLoop.run_until_complete"): 1,
    ("asyncio.base_events", "BaseEventLoop.create_task"): 1,
}  # fmt: skip

# Read so often, and so rarely as what they are here for, that they are looked at where they are called only.
UNREMARKABLE = frozenset(
    "cancel close comment compress data decompress dump end feed flush get load modify move pi put read register "
    "remove reset set set_name start unregister".split()
)


def names() -> set[str]:
    """Names of functions that change an argument."""
    return {"setattr", "delattr", "setitem", "delitem", "next", "anext", *_IN_PLACE_FUNCTIONS, "exec", "eval"}


def table() -> list[_Row]:
    """For `_core.guard_know_callees`."""
    plain: list[tuple[object, int, int]] = [
        (builtins.setattr, _ATTRIBUTE, 0),
        (builtins.delattr, _ATTRIBUTE, 0),
        (builtins.next, _ADVANCES, 0),
        (builtins.anext, _ADVANCES, 0),
        (builtins.vars, _DICT, 0),
        (builtins.getattr, _GETATTR, 0),
        (builtins.exec, _RUN, 0),
        (builtins.eval, _RUN, 1),
        (builtins.compile, _COMPILE, 0),
        (operator.setitem, _ITEM, 0),
        (operator.delitem, _ITEM, 0),
    ]
    plain += [(getattr(operator, name), _IN_PLACE, number) for number, name in enumerate(_IN_PLACE_FUNCTIONS)]
    plain += [(function, _ITERATES, first) for function, first in _ITERATING]
    rows: list[_Row] = [(*row, None) for row in plain]
    numpy = sys.modules.get("numpy")
    rows += [(getattr(numpy, name), _CHANGES, *which) for name, which in _NUMPY.items() if hasattr(numpy, name)]
    ctypes = sys.modules.get("ctypes")
    rows += [(getattr(ctypes, name), _CHANGES, 0, None) for name in ("memmove", "memset") if ctypes is not None]
    rows += [(function, _STREAMS, *which) for function, which in _loaded(_WRITING)]
    rows += [(function, _ITERATES, first, None) for function, first in _loaded(_AWAITING)]
    writer = type(sys.modules["_csv"].writer(io.StringIO())) if "_csv" in sys.modules else None
    rows += [(getattr(writer, name), _STREAMS, 0, None) for name in ("writerow", "writerows") if writer is not None]
    return rows


def _loaded(functions: dict[tuple[str, str], _Said]) -> Iterator[tuple[Any, _Said]]:
    """(function, what is said of it) of the modules that are loaded."""
    for (module, qualified), said in functions.items():
        found: Any = sys.modules.get(module)
        for name in qualified.split("."):
            found = getattr(found, name, None)
        if found is not None:
            yield found, said
