"""Exceptions as bytes: how one keeps its own type on the way from a context to the main thread.

Pickle rebuilds an exception by calling its class with `args`, which fails, or gives another message, wherever
`__init__` takes or hands on something else. So two ways are tried in the context, and the first that gives the
exception back is taken.
"""

from __future__ import annotations

import pickle
from typing import Any


def portable(exception: BaseException) -> bytes | None:
    """What `restored` makes the exception of; None when its class cannot be found by name, or refuses."""
    loads = None
    for way in (_as_pickle_does, _without_init):
        try:
            data = way(exception)
            twin = restored(data)
            if type(twin) is type(exception):
                loads = loads or data  # its text may differ because an address is part of it
                if _looks_like(twin, exception):
                    return data
        except BaseException:  # anything, a SystemExit too: this is user code, and the next way may do
            continue
    return loads


def restored(data: bytes | None) -> BaseException | None:
    """The exception that `portable` saw, or None."""
    if data is None:
        return None
    try:
        made = pickle.loads(data)
        if isinstance(made, tuple):
            kind, arguments, state = made
            made = kind.__new__(kind, *arguments)
            _builtin_base(kind).__init__(made, *arguments)
            vars(made).update(state)
    except Exception:  # anything: this is user code; RemoteError takes its place
        return None
    return made if isinstance(made, BaseException) else None


def _as_pickle_does(exception: BaseException) -> bytes:
    return pickle.dumps(exception, 5)


def _without_init(exception: BaseException) -> bytes:
    """Bypasses the class's own __init__: only that of the builtin it derives from is run.

    Keeps the type also where not all can be pickled: such attributes are left out, such arguments replaced by their
    text.
    """
    arguments = tuple(item if _can_be_pickled(item) else str(item) for item in _arguments(exception))
    state = {name: value for name, value in vars(exception).items() if _can_be_pickled(value)}
    return pickle.dumps((type(exception), arguments, state), 5)


def _can_be_pickled(value: object) -> bool:
    try:
        pickle.loads(pickle.dumps(value, 5))
    except Exception:  # anything: this is user code, and the answer is no
        return False
    return True


def _builtin_base(kind: type) -> Any:
    return next(base for base in kind.__mro__ if base.__module__ == "builtins")


def _arguments(exception: BaseException) -> tuple[Any, ...]:
    """What the builtin class is to be called with: `args`, and for OSError the names of files as well."""
    arguments: tuple[Any, ...] = _builtin_base(type(exception)).__reduce__(exception)[1]
    return arguments


def _looks_like(twin: BaseException, exception: BaseException) -> bool:
    return str(twin) == str(exception) and repr(twin) == repr(exception) and set(vars(twin)) == set(vars(exception))
