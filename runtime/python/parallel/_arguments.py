"""Arguments of works in few words, for messages of errors: whatever an object says or does, that must do no harm.

What is builtin, and what libraries that are known have made, is read by its structure and shortened on the way. The
`__repr__` of anything else is code of a user: it may print, raise, or never end. It is called in contexts only, where
the work has failed anyway and an alarm can end it; in the main process the type must do.
"""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import io
import itertools
import signal
import threading
import time
import types
from collections.abc import Callable, Collection, Iterable
from typing import Any

from parallel._views.text import clipped

_CHARACTERS = 400  # of all arguments together
_CHARACTERS_EACH = 160
_TEXT = 60  # of strings and bytes
_ITEMS = 6  # of a container
_LEVELS = 3  # of containers in containers
_LISTED = 10  # so many numbers of an array, or items of a container of a user's, are few
_SECONDS = 0.2  # for the code of users, all arguments together

# Their objects are told by type and shape, which is to be had at once.
_WITH_SHAPES = {"numpy", "pandas", "scipy", "torch", "xarray", "polars", "pyarrow"}
# Their `__repr__` is short and known.
_PLAIN_MODULES = {"datetime", "decimal", "fractions", "uuid", "pathlib", "ipaddress"}
_PLAIN_NUMBERS = (bool, float, complex, range, type(None), type(...))


def shortened(args: tuple[Any, ...], kwds: dict[str, Any] | None = None, code_of_users: bool = False) -> str:
    """`5, 'text', scale=2`: what stands in the parentheses of the call."""
    try:
        with _Reader(code_of_users) as reader:
            return _joined(reader, args, kwds)
    except Exception as failure:  # no memory, most likely: there is an error to be told, with or without them
        return f"<not shown: {type(failure).__name__}>"


def _joined(reader: _Reader, args: tuple[Any, ...], kwds: dict[str, Any] | None) -> str:
    parts, left = [], _CHARACTERS
    named = ((f"{name}=", value) for name, value in (kwds or {}).items())
    for prefix, value in itertools.chain((("", value) for value in args), named):
        if left <= 0:
            parts.append("…")
            break
        parts.append(clipped(prefix + reader.text(value, _LEVELS), _CHARACTERS_EACH))
        left -= len(parts[-1]) + 2
    return ", ".join(parts)


class _TooLong(BaseException):
    """Not an Exception: the code it is raised in should not catch it."""


class _Reader:
    """The texts of values. Within, code of users can be ended if it may be called at all."""

    def __init__(self, code_of_users: bool):
        self._may_call = code_of_users and threading.current_thread() is threading.main_thread()
        self._armed = False
        self._undo = contextlib.ExitStack()

    def __enter__(self) -> _Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def text(self, value: Any, levels: int) -> str:
        """One value; `levels` of containers are opened."""
        kind = type(value)
        try:
            if kind in _BUILTIN:
                return _BUILTIN[kind](self, value, levels)
            if (package := _module_of(kind).partition(".")[0]) in _PLAIN_MODULES:
                return repr(value)
            if package in _WITH_SHAPES:
                return _array(value)
            if issubclass(kind, enum.Enum):
                return f"{_qualname(kind)}.{value._name_}"
            if issubclass(kind, type):
                return _name(value)
            return self._of_user(value, kind, levels)
        except Exception:  # no stack is left for it, or a library's object is half made
            return f"<{_name(kind)} object>"

    def _of_user(self, value: Any, kind: type[Any], levels: int) -> str:
        if issubclass(kind, tuple) and isinstance(names := getattr(kind, "_fields", None), tuple):
            return self._fields(kind, zip(names, tuple.__iter__(value)), levels)
        if _has_generated_repr(kind):
            fields = [field.name for field in dataclasses.fields(kind) if field.repr]
            return self._fields(kind, ((name, _attribute(value, kind, name)) for name in fields), levels)
        # The two are of classes, not of objects.
        if kind.__repr__ is object.__repr__ or not self._may_call:  # type: ignore[comparison-overlap]
            return f"<{_name(kind)} object>"
        try:
            self._start()
            if hasattr(kind, "__len__") and len(value) > _LISTED:
                return f"<{_name(kind)} of {len(value):,} items>"
            if isinstance(shape := getattr(value, "shape", None), tuple) and shape:
                return f"<{_name(kind)}, shape {clipped(repr(shape), _TEXT)}>"
            return clipped(repr(value), _CHARACTERS_EACH)
        except _TooLong:
            self._stop()
            self._may_call = False
            return f"<{_name(kind)} object, whose repr takes more than {_SECONDS} s>"
        except BaseException as failure:  # a SystemExit, too: the error of the work is what is to be told
            return f"<{_name(kind)} object, whose repr raised {type(failure).__name__}>"

    def _fields(self, kind: type, fields: Iterable[tuple[str, Any]], levels: int) -> str:
        if levels <= 0:
            return f"{_qualname(kind)}(...)"
        fields = list(itertools.islice(fields, _ITEMS + 1))
        texts = [f"{name}={self.text(value, levels - 1)}" for name, value in fields[:_ITEMS]]
        return f"{_qualname(kind)}({', '.join(texts + ['...'] * (len(fields) > _ITEMS))})"

    def items(self, value: Collection[Any], levels: int, opening: str, closing: str) -> str:
        """Of a list, tuple or set."""
        if levels <= 0 and value:
            return f"{opening}...{closing}"
        texts = [self.text(item, levels - 1) for item in itertools.islice(value, _ITEMS)]
        if len(value) > _ITEMS:
            texts.append(f"... {len(value):,} items")
        return f"{opening}{', '.join(texts)}{',' if opening == '(' and len(value) == 1 else ''}{closing}"

    def pairs(self, value: dict[Any, Any], levels: int) -> str:
        """Of a dict."""
        if levels <= 0 and value:
            return "{...}"
        some = itertools.islice(value.items(), _ITEMS)
        texts = [f"{self.text(key, levels - 1)}: {self.text(item, levels - 1)}" for key, item in some]
        if len(value) > _ITEMS:
            texts.append(f"... {len(value):,} items")
        return f"{{{', '.join(texts)}}}"

    # ---- the code of users -------------------------------------------------------------------------------------------

    def _start(self) -> None:
        """From the first such code on: what it prints is dropped, and an alarm ends what does not end."""
        if self._armed:
            return
        self._undo.enter_context(contextlib.redirect_stdout(_Nowhere()))
        self._undo.enter_context(contextlib.redirect_stderr(_Nowhere()))
        began = time.monotonic()
        handler = signal.signal(signal.SIGALRM, self._ring)
        self._undo.callback(signal.signal, signal.SIGALRM, handler if handler is not None else signal.SIG_DFL)
        self._armed = True
        # Again and again: where it is swallowed, by a finaliser for one, the next one does it.
        left, interval = signal.setitimer(signal.ITIMER_REAL, _SECONDS, _SECONDS / 4)
        self._undo.callback(_resume_timer, left, interval, began)

    def _ring(self, number: int, frame: types.FrameType | None) -> None:
        if self._armed:
            raise _TooLong

    def _stop(self) -> None:
        self._armed = False  # first: from here on it rings in vain
        self._undo.close()


class _Nowhere(io.TextIOBase):
    def write(self, text: str) -> int:
        return len(text)


def _resume_timer(left: float, interval: float, began: float) -> None:
    """The timer of the work goes on as if nothing had been; with none, ours is stopped."""
    still = max(1e-3, left - (time.monotonic() - began)) if left else 0.0
    signal.setitimer(signal.ITIMER_REAL, still, interval)


def _has_generated_repr(kind: type) -> bool:
    """Is it what the decorator has made? From a text, and wrapped in what stops at cycles."""
    generated = getattr(kind.__repr__, "__wrapped__", None)
    return "__dataclass_fields__" in vars(kind) and getattr(generated, "__qualname__", "").startswith("__create_fn__.")


def _attribute(value: Any, kind: type, name: str) -> Any:
    """The attribute of an object that has it in its dictionary or in a slot; no property or __getattr__ is asked."""
    attributes = getattr(value, "__dict__", None) if kind.__dictoffset__ else None
    if attributes is not None and name in attributes:
        return attributes[name]
    slot = next(vars(base)[name] for base in kind.__mro__ if name in vars(base))
    return slot.__get__(value) if type(slot) is types.MemberDescriptorType else slot


# Not as attributes: a metaclass may have any code there.
def _module_of(kind: type) -> str:
    module = type.__dict__["__module__"].__get__(kind)
    return module if type(module) is str else ""


def _qualname(kind: type) -> str:
    qualname: str = type.__dict__["__qualname__"].__get__(kind)
    return qualname


def _name(kind: type) -> str:
    module = _module_of(kind)
    return _qualname(kind) if module in ("", "builtins", "__main__") else f"{module}.{_qualname(kind)}"


def _array(value: Any) -> str:
    kind, shape, dtype = type(value), getattr(value, "shape", None), getattr(value, "dtype", None)
    name = f"{_module_of(kind).partition('.')[0]}.{_qualname(kind)}"  # as users import it
    letter = getattr(dtype, "kind", "O")
    if letter in "biufc" and (shape == () or (kind.__name__ == "ndarray" and value.size <= _LISTED)):
        return " ".join(repr(value).split())
    if isinstance(shape, tuple):  # of a table it has a type for each column
        of = f" of {dtype}" if isinstance(letter, str) and dtype is not None else ""
        return f"<{name}{of}, shape {tuple(shape)}>"
    return f"<{name} object>"


def _text(reader: _Reader, value: str | bytes | bytearray, levels: int) -> str:
    if len(value) <= _TEXT:
        return repr(value)
    what = "characters" if isinstance(value, str) else "bytes"
    return f"{value[:_TEXT]!r}... {len(value):,} {what}"


def _integer(reader: _Reader, value: int, levels: int) -> str:
    return repr(value) if value.bit_length() <= 160 else f"<int of {value.bit_length():,} bits>"


def _callable(reader: _Reader, value: Any, levels: int) -> str:
    return f"<{type(value).__name__} {value.__qualname__}>"


def _module(reader: _Reader, value: types.ModuleType, levels: int) -> str:
    return f"<module {types.ModuleType.__getattribute__(value, '__dict__').get('__name__')}>"


def _container(opening: str, closing: str) -> Callable[[_Reader, Any, int], str]:
    return functools.partial(_in_brackets, opening, closing)


def _in_brackets(opening: str, closing: str, reader: _Reader, value: Collection[Any], levels: int) -> str:
    return reader.items(value, levels, opening, closing)


_BUILTIN: dict[type, Callable[[_Reader, Any, int], str]] = {
    kind: lambda reader, value, levels: repr(value) for kind in _PLAIN_NUMBERS
}
_BUILTIN |= {
    int: _integer,
    str: _text,
    bytes: _text,
    bytearray: _text,
    list: _container("[", "]"),
    tuple: _container("(", ")"),
    set: _container("{", "}"),
    frozenset: _container("frozenset({", "})"),
    dict: _Reader.pairs,
    types.FunctionType: _callable,
    types.BuiltinFunctionType: _callable,
    types.MethodType: _callable,
    types.ModuleType: _module,
}
