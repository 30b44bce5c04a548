"""`map`: a function over many items, several items to a work."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from parallel import _arguments, _calls, _config, _core, _engine, _random
from parallel._work import name_of

if TYPE_CHECKING:
    from types import TracebackType

    from parallel._work import Work

T = TypeVar("T")

# So many works for each context: enough that none waits long for the last one, few enough that they cost nothing.
_CHUNKS_A_CONTEXT = 32


def map(func: Callable[..., T], *iterables: Iterable[Any], chunksize: int | None = None) -> list[T]:
    """Call `func` with the items of the iterables, in contexts; the results as a list, in order.

    Items reach the contexts as part of the snapshot: nothing is pickled on the way in.

    Args:
        func: called with one item of each iterable.
        iterables: at least one; it ends with the shortest.
        chunksize: how many items a work takes; by default about a 32nd of a context's share.

    Returns: a list with as many results as there were items.

    Raises: the exception of the first item that failed, as soon as one has, with a note that says which item it was;
    what was not done by then is cancelled. TypeError or ValueError for arguments that make no sense.

    >>> map(pow, [2, 3, 4], [10, 2, 1])
    [1024, 9, 4]
    """
    if not callable(func):
        raise TypeError(f"map calls a function with items, and {type(func).__name__} is not callable: map(func, items)")
    if not iterables:
        raise TypeError("map needs at least one iterable: map(func, items)")
    items = [(item,) for item in iterables[0]] if len(iterables) == 1 else list(zip(*iterables))
    if chunksize is None:
        chunksize = max(1, len(items) // (_config.contexts() * _CHUNKS_A_CONTEXT))
    elif (chunksize := operator.index(chunksize)) < 1:
        raise ValueError(f"chunksize must be at least 1, not {chunksize}")
    name = name_of(func)
    engine = _engine.current()
    works: list[Work[list[T]]] = []
    for first in range(0, len(items), chunksize):
        some = items[first : first + chunksize]
        key = _random.next_key(len(some))
        works.append(engine.submit(call_each, (func, some, first, key), None, f"{name} {_numbered(first, some)}"))
        works[-1]._error_taken = True  # it is raised here
    engine.wait_for_all(works, "map")
    results: list[T] = []
    for work in works:
        results += work.result()
    return results


def _numbered(first: int, some: list[tuple[Any, ...]]) -> str:
    return f"[{first}]" if len(some) == 1 else f"[{first}:{first + len(some)}]"


def _item_of(args: tuple[Any, ...], frames: TracebackType | None) -> _calls.Call | None:
    """The call of the item that failed. Where a context has died it is known only if the work had no other."""
    func, some = args[:2]
    arguments = _calls.local_of(call_each, frames, "arguments")
    if arguments is None and len(some) == 1:
        arguments = some[0]
    return None if arguments is None else _calls.Call(func, arguments, None)


@_calls.passes_on(_item_of)
def call_each(
    func: Callable[..., T], some: list[tuple[Any, ...]], first: int, key: tuple[int, int] | None = None
) -> list[T]:
    """In a context: the results for some of the items, of which the first has the number `first`.

    With a `key`, each item draws from a random stream of its own, however many a work takes.
    """
    results = []
    for number, arguments in enumerate(some, first):
        try:
            if key is not None:
                _random.seed_work((key[0], key[1] + number - first), getattr(func, "__globals__", {}))
            results.append(_core.call_for_user(func, *arguments))
        except BaseException as error:
            error.add_note(f"item {number} of map: {_arguments.shortened(arguments, code_of_users=True)}")
            raise
    return results
