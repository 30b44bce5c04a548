"""`xlist`: the interlocked list that is shared by the main thread and all contexts."""

from __future__ import annotations

import collections.abc
import operator
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, SupportsIndex, TypedDict, overload

from parallel import _core, _views
from parallel._generics import T

if TYPE_CHECKING:
    from parallel._engine import Engine

_SLICE_SECONDS = 0.1  # a waiter looks again this often; pushes, and in the main process reports, wake it at once


class XlistFacts(TypedDict):
    """What `heap` of an xlist, and of a mapping, tells."""

    id: int
    items: int
    pushed: int
    bytes: int
    reserved: int
    pages: int


class xlist(_core.xlist[T]):
    """An interlocked list with a heap of its own, shared by the main thread and all contexts.

    What is pushed is cloned into the list's heap; what is read is a new object each time, and changing it changes
    nobody else's. Big arrays are the exception: they are read in place, and read-only. All pushes have one order, the
    same for every reader. Displaying an xlist gives a live view.

    Args:
        iterable: items to push at once.
        name: shown in views and messages; by default the name of the variable that holds the list.

    >>> results = xlist()
    >>> results.push({"n": 1}); len(results), results[0]
    (1, {'n': 1})
    """

    __slots__ = ("_name",)

    # Two, because pyright takes the default of one for the type of the items: nothing could be pushed to `xlist()`.
    @overload
    def __init__(self, *, name: str | None = None) -> None: ...
    @overload
    def __init__(self, iterable: Iterable[T], *, name: str | None = None) -> None: ...
    def __init__(self, iterable: Iterable[T] = (), *, name: str | None = None):
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name must be a str, not {type(name).__name__}")
        self._name = name
        self.extend(iterable)

    @property
    def name(self) -> str | None:
        """The name given to it, or else of a variable of the user's that holds it; None if there is none."""
        return getattr(self, "_name", None) or _views.variable_name(self)

    def wait(self, n: int, timeout: float | None = None) -> bool:
        """Wait until the list holds at least `n` items.

        Work that is still pending is started. On the main thread callbacks run meanwhile, and calls that works ask for.

        Args:
            n: number of items.
            timeout: seconds; None waits until it is decided.

        Returns:
            True when it holds them. False when it does not and nobody can push any more (it is closed, or, in the main
            thread, all work has ended), or `timeout` has passed.

        >>> x = xlist()
        >>> work = submit_work(x.push, 1); x.wait(1)
        True
        """
        from parallel import _engine

        n = operator.index(n)
        engine = _engine.current()
        engine.start()
        deadline = None if timeout is None else time.monotonic() + timeout
        with engine.interruptible(), engine.waits.waiting():
            while True:
                events = engine.serve()
                over = self._pushing_is_over(engine)  # before the length: nothing is pushed after it has become true
                seen = self._pushed  # before the length, too: a push in between ends the sleep below
                if len(self) >= n:
                    return True
                if over or not self._sleep(seen, deadline, events):
                    return False

    def stream(self, timeout: float | None = None) -> Iterator[T]:
        """Yield items as they are pushed, oldest first, until nobody can push any more.

        It reads, it does not take: the list keeps its items, and what others take before it has come there is left out.
        It ends when the list is closed, or, in the main thread, when all work has ended. Work that is still pending is
        started. While the main thread waits for an item, callbacks run, and calls that works ask for.

        Args:
            timeout: seconds to wait for the next item; when they have passed, `WaitTimeoutError` is raised.

        >>> x = xlist()
        >>> work = submit_work(x.extend, range(3)); list(x.stream())
        [0, 1, 2]
        """
        from parallel import _engine, _errors

        engine = _engine.current()
        engine.start()
        position = self._pushed - len(self)  # counted from the first push ever
        while True:
            deadline = None if timeout is None else time.monotonic() + timeout
            with engine.interruptible(), engine.waits.waiting():
                while True:
                    events = engine.serve()
                    over = self._pushing_is_over(engine)  # before the number of pushes, as in wait()
                    if self._pushed > position:
                        break
                    if over:
                        return
                    if not self._sleep(position, deadline, events):
                        raise _errors.WaitTimeoutError(f"nothing was pushed for {timeout} s")
            while position < self._pushed:
                position += 1
                try:
                    item = self._at(position - 1)
                except IndexError:
                    continue
                yield item

    def _sleep(self, seen: int, deadline: float | None, events: int | None) -> bool:
        """Until more than `seen` items were ever pushed or it is time to look again; False past the deadline."""
        left = _SLICE_SECONDS if deadline is None else min(_SLICE_SECONDS, deadline - time.monotonic())
        if left <= 0:
            return False
        self._wait_beyond(seen, left, events)
        return True

    def _pushing_is_over(self, engine: Engine) -> bool:
        """As far as `engine` knows from its last serve()."""
        return self.closed or (_core.context() is None and not engine.has_running())

    def count(self, value: Any) -> int:
        """How many items are equal to `value`.

        >>> xlist([1, 2, 1]).count(1)
        2
        """
        return sum(item is value or item == value for item in self)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """The index of the first item in `[start:stop]` that is equal to `value`; ValueError if there is none.

        >>> xlist("abc").index("c")
        2
        """
        items = list(self)
        return items.index(value, start, len(items) if stop is None else stop)

    def __reversed__(self) -> Iterator[T]:
        items: Iterator[T] = reversed(list(self))
        return items

    def __eq__(self, other: object) -> bool:
        if isinstance(other, xlist):
            return self is other or (len(self) == len(other) and list(self) == list(other))
        if isinstance(other, list):
            return list(self) == other
        return NotImplemented

    __hash__: ClassVar[None] = None  # type: ignore[assignment]  # it can change

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("an xlist lives in the shared region of this process and its contexts: pickle list(x) instead")

    def __repr__(self) -> str:
        return _views.one_line(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return _views.bundle(self)

    def _ipython_display_(self) -> None:
        _views.show_live(self)


collections.abc.Sequence.register(xlist)
