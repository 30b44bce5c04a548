"""What an UnprotectedError says: which object, by the name the user knows it by, and what to do instead."""

from __future__ import annotations

import collections
import itertools
import sys
import types
from collections.abc import Iterator
from typing import Any

_ADVICE = "Return the result from the work, or share it through parallel.xlist() or parallel.dict()."
_LOOKS = 20_000  # objects looked through for a name; takes 10 ms at most
_DEPTH = 4
_WITH_SHORT_REPR = (str, int, float, bytes, bool, type(None))
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class written in Python


def describe(target: Any, operation: str, name: str | None) -> str:
    """The message; called in the context at the moment an error is raised."""
    if operation in ("global", "nonlocal"):
        kind = "global variable" if operation == "global" else "variable of an enclosing function,"
        what = f"{kind} {name!r} {_whose()} cannot be set in a context"
        return f"{what}: the main thread would not see it. {_ADVICE}"
    if operation in ("putenv()", "unsetenv()"):
        return f"os.environ cannot be changed in a context: the main thread would not see it. {_ADVICE}"
    try:
        named = _named(target)
    except Exception:  # whatever it is, e.g. a module without a name: the error is raised in any case
        named = f"{type(target).__name__} object {_whose()}"
    if name is not None:
        operation = f"{operation} of {name!r}"
    return f"{named} cannot be changed in a context ({operation}): the main thread would not see it. {_ADVICE}"


def _whose() -> str:
    return (
        "of the notebook" if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() else "of the main thread"
    )


def _namespace() -> dict[str, Any]:
    return vars(sys.modules.get("__main__", types))


def _named(target: Any) -> str:
    kind = "class" if issubclass(type(target), type) else type.__dict__["__name__"].__get__(type(target))
    path = _path_to(target)
    if path is None and issubclass(type(target), type):
        path = type.__dict__["__name__"].__get__(target)
    elif path is None and type(target) in (types.FunctionType, types.ModuleType):
        path = target.__name__
    return f"{kind} {path!r} {_whose()}" if path is not None else f"{kind} object {_whose()}"


def _path_to(target: object) -> str | None:
    """The shortest way to `target` from the user's namespace, as an expression; None when there is none near."""
    namespace = _namespace()
    names = [
        (name, value) for name, value in list(namespace.items()) if type(name) is str and not name.startswith("__")
    ]
    names.sort(key=lambda item: item[0].startswith("_"))  # `x` rather than IPython's `_` and `_3`
    for name, value in names:
        if value is target:
            return name
    level = [(name, value) for name, value in names if not issubclass(type(value), types.ModuleType)]
    seen = {id(namespace)}
    looks = 0
    for _ in range(_DEPTH):
        below = []
        for path, value in level:
            if id(value) in seen:
                continue
            seen.add(id(value))
            for step, item in items_of(value):
                looks += 1
                if item is target:
                    return path + step
                below.append((path + step, item))
            if looks > _LOOKS:
                return None
        level = below
    return None


def items_of(value: Any) -> Iterator[tuple[str, Any]]:
    """What `value` holds, with the expression that leads there.

    Runs no code of the user's: a property can take long, or raise.
    """
    kind = type(value)
    if issubclass(kind, dict):
        for key, item in list(dict.items(value))[:_LOOKS]:
            if type(key) in _WITH_SHORT_REPR:
                yield f"[{key!r}]", item
    elif sequence := next((base for base in (list, tuple, collections.deque) if issubclass(kind, base)), None):
        for index, item in enumerate(itertools.islice(sequence.__iter__(value), _LOOKS)):
            yield f"[{index}]", item
    elif kind is types.FunctionType:
        for number, item in enumerate(value.__defaults__ or ()):
            yield f".__defaults__[{number}]", item
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
            if cell != types.CellType():  # an empty one has no contents
                yield f"'s {name}", cell.cell_contents
    elif kind is types.MethodType:
        yield ".__self__", value.__self__
    if kind.__flags__ & _HEAP_TYPE or kind is types.SimpleNamespace:
        yield from _attributes_of(value, kind)


def _attributes_of(value: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """As C code holds them: the instance's dict, and slots."""
    for owner in type.__dict__["__mro__"].__get__(kind):
        for name, member in type.__dict__["__dict__"].__get__(owner).items():
            if name == "__dict__" and type(member) is types.GetSetDescriptorType:
                attributes = member.__get__(value)
                yield ".__dict__", attributes
                for attribute, item in list(dict.items(attributes)):
                    yield f".{attribute}", item
            elif type(member) is types.MemberDescriptorType:
                try:
                    yield f".{name}", member.__get__(value)
                except AttributeError:  # a slot without a value
                    continue
