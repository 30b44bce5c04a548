"""What an error tells of the call that a work was: its arguments, as the user has given them."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from parallel._core import _Call

    _Find = Callable[[tuple[Any, ...], types.TracebackType | None], "Call | None"]

F = TypeVar("F", bound=Callable[..., Any])


class Call(NamedTuple):
    """What a work, or the consumer of an item, calls."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwds: dict[str, Any] | None


# Functions of this package that call a user's: what that was called with, of their own arguments and of the frames that
# an error has come through, if it is known; None when it is not.
_INNER: dict[Callable[..., Any], _Find] = {}


def passes_on(find: _Find) -> Callable[[F], F]:
    """Decorates a function that is submitted in the place of a user's: `find(args, frames)` is the user's call."""

    def note(function: F) -> F:
        _INNER[function] = find
        return function

    return note


def told(call: _Call | None, frames: types.TracebackType | None = None, code_of_users: bool = False) -> str:
    """' with arguments (5, scale=2)', or nothing when there are none; `frames` is the traceback of an error in it."""
    while call is not None and (find := _find_inner(call[0])) is not None:
        call = find(call[1], frames)
    if call is None or not (call[1] or call[2]):
        return ""
    from parallel import _arguments  # not above: views, whose texts it uses, import who decorates with passes_on

    return f" with arguments ({_arguments.shortened(call[1], call[2], code_of_users)})"


def _find_inner(function: Callable[..., Any]) -> _Find | None:
    if type(function) is types.MethodType:
        function = function.__func__
    return _INNER.get(function) if type(function) is types.FunctionType else None  # others need not be hashable


def local_of(function: Callable[..., Any], frames: types.TracebackType | None, name: str) -> Any:
    """The local variable of `function` where an error has come through it; None if it has not."""
    while frames is not None:
        if frames.tb_frame.f_code is function.__code__:
            return frames.tb_frame.f_locals.get(name)
        frames = frames.tb_next
    return None
