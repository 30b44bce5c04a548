"""`parallel.dict()` and `parallel.object()`: an interlocked mapping and namespace.

Both are a log in an xlist: an assignment pushes (key, value), a deletion pushes (key,). A push is atomic and ordered,
so the last writer wins, a reader always sees the mapping as it was at one moment, and the death of a writer leaves
nothing half done. Every process folds the log into an index of its own as far as it has read it. What is rejected: a
hash table in the shared region, which would free no replaced value either (a reader may be using it), and would have to
answer what a killed writer leaves behind.
"""

from __future__ import annotations

import builtins
import collections.abc
import os
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, overload

from parallel._generics import Key, Value
from parallel._xlist import XlistFacts, xlist

if TYPE_CHECKING:
    from _typeshed import SupportsKeysAndGetItem

# For all mappings: one thread at a time folds records in. Not held while anything waits.
_folding = threading.RLock()


def _renew_in_child() -> None:
    global _folding
    _folding = threading.RLock()  # a thread that is not here may have held it; folding a record twice changes nothing


os.register_at_fork(after_in_child=_renew_in_child)


class dict(collections.abc.MutableMapping[Key, Value]):
    """An interlocked mapping, shared by the main thread and all contexts; the last writer of a key wins.

    Keys and values are cloned like what is pushed to an xlist. Reading returns a new object each time: to change a
    value, assign it again. `d[k] += 1` reads, then writes: two contexts that do it at once may count once; push to an
    xlist to count every time. Replaced values keep their memory until the mapping goes.

    Args: as for the builtin dict.

    Raises: ValueError when a key or value cannot be cloned, TypeError when a key is not hashable; nothing is changed
    then. The error of a record that cannot be rebuilt here (of a class made in a context, say) is raised once, by
    whatever comes across it first.

    >>> d = dict(a=1); d["b"] = 2; sorted(d.items())
    [('a', 1), ('b', 2)]
    """

    __slots__ = ("__weakref__", "_index", "_log", "_read")

    # As of the builtin dict.
    @overload
    def __init__(self) -> None: ...
    @overload
    def __init__(self: dict[str, Value], **kwargs: Value) -> None: ...
    @overload
    def __init__(self, map: SupportsKeysAndGetItem[Key, Value], /) -> None: ...
    @overload
    def __init__(self: dict[str, Value], map: SupportsKeysAndGetItem[str, Value], /, **kwargs: Value) -> None: ...
    @overload
    def __init__(self, iterable: Iterable[tuple[Key, Value]], /) -> None: ...
    @overload
    def __init__(self: dict[str, Value], iterable: Iterable[tuple[str, Value]], /, **kwargs: Value) -> None: ...
    def __init__(self, *args: Any, **kwargs: Any):  # type: ignore[misc]  # cannot have a key 'self' among the keywords
        self._log: xlist[Any] = xlist(name="log of a parallel.dict")  # of (key, value) and (key,)
        self._read = 0
        self._index: builtins.dict[Key, int] = {}
        self.update(*args, **kwargs)

    def _fold(self) -> builtins.dict[Key, int]:
        """Read the log to its present end; key -> position of its value's record."""
        with _folding:
            end = len(self._log)
            while self._read < end:
                position = self._read
                try:
                    record = self._log[position]
                    if len(record) == 2:
                        self._index[record[0]] = position
                    else:
                        self._index.pop(record[0], None)
                finally:
                    self._read = position + 1
            return self._index

    def __getitem__(self, key: Key) -> Value:
        value: Value = self._log[self._fold()[key]][1]
        return value

    def __setitem__(self, key: Key, value: Value) -> None:
        hash(key)
        self._log.push((key, value))

    def __delitem__(self, key: Key) -> None:
        if key not in self._fold():
            raise KeyError(key)
        self._log.push((key,))

    def __contains__(self, key: builtins.object) -> bool:
        return key in self._fold()

    def __len__(self) -> int:
        return len(self._fold())

    def __iter__(self) -> Iterator[Key]:
        return iter(self._keys())

    def _keys(self) -> list[Key]:
        with _folding:
            return list(self._fold())

    # A view of the builtin dict's kind would look into a mapping that others change meanwhile.
    def items(self) -> list[tuple[Key, Value]]:  # type: ignore[override]
        """The pairs as they are at this moment, as a list."""
        with _folding:
            positions = list(self._fold().items())
        return [(key, self._log[position][1]) for key, position in positions]

    def values(self) -> list[Value]:  # type: ignore[override]
        """The values as they are at this moment, as a list."""
        return [value for _, value in self.items()]

    def copy(self) -> builtins.dict[Key, Value]:
        """The mapping as it is at this moment, as a builtin dict."""
        return builtins.dict(self.items())

    def clear(self) -> None:
        for key in self._keys():
            self._log.push((key,))

    @property
    def heap(self) -> XlistFacts:
        """Facts about its heap, as of an xlist."""
        return self._log.heap

    def __eq__(self, other: builtins.object) -> bool:
        if isinstance(other, dict):
            return self is other or self.copy() == other.copy()
        if isinstance(other, builtins.dict):
            return self.copy() == other
        return NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it can change

    def __reduce__(self) -> tuple[Any, ...]:
        return (_dict_of_log, (self._log,))

    def __repr__(self) -> str:
        return f"parallel.dict({self._text()})"

    def _text(self) -> str:
        # Reading a mapping out of itself gives another object each time: what is being shown is known by its log.
        key = (threading.get_ident(), self._log.id)
        if key in _being_shown:
            return "..."
        _being_shown.add(key)
        try:
            return repr(self.copy())
        finally:
            _being_shown.discard(key)


_being_shown: set[tuple[int, int]] = set()


def _dict_of_log(log: xlist[Any]) -> dict[Any, Any]:
    """The mapping whose log this is: how one travels through an xlist, by reference."""
    made: dict[Any, Any] = dict.__new__(dict)
    made._log, made._read, made._index = log, 0, {}
    return made


class object:
    """An interlocked namespace: attributes under the rules of `dict()`.

    >>> o = object(best=0); o.best = 3; o.best
    3
    """

    __slots__ = ("__weakref__", "_attributes")
    _attributes: dict[str, Any]

    def __init__(self, **attributes: Any):
        builtins.object.__setattr__(self, "_attributes", dict(attributes))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_attributes":  # the latter: of an object without __init__
            raise AttributeError(name)
        try:
            return self._attributes[name]
        except KeyError:
            raise AttributeError(f"this parallel.object has no attribute {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self._attributes[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self._attributes[name]
        except KeyError:
            raise AttributeError(f"this parallel.object has no attribute {name!r}") from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._attributes]

    def __reduce__(self) -> tuple[Any, ...]:
        return (_object_of_attributes, (self._attributes,))

    def __repr__(self) -> str:
        key = (threading.get_ident(), self._attributes._log.id)
        if key in _being_shown:
            return "parallel.object(...)"
        _being_shown.add(key)
        try:
            return f"parallel.object({', '.join(f'{k}={v!r}' for k, v in self._attributes.items())})"
        finally:
            _being_shown.discard(key)


def _object_of_attributes(attributes: dict[str, Any]) -> object:
    """The namespace over these attributes: how one travels through an xlist, by reference."""
    made = builtins.object.__new__(object)
    builtins.object.__setattr__(made, "_attributes", attributes)
    return made
