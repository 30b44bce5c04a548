"""Looks for containers of the main thread that hold what a context has made: C code has put it there, past all gates."""

from __future__ import annotations

import time
import types
from collections import deque

from parallel import _core
from parallel.protection import messages

_NAMED_AT_MOST = 5

_told: set[int] = set()  # in a context: containers that the user has been told of


def scan(seconds: float) -> str | None:
    """Look for `seconds` of processor time; a warning that names what was found, or None."""
    deadline = time.thread_time() + seconds
    found = []
    for path, container in _containers(deadline):
        if id(container) not in _told and _is_changed(container):
            _told.add(id(container))
            found.append(f"{type(container).__name__} {path!r}{_keys(container)}")
            if len(found) == _NAMED_AT_MOST:
                break
    if not found:
        return None
    how = " (C code did, where no error could be raised)" if _core.guard_facts()["strict"] else ""
    return (
        f"parallel: this work, or one before it in this context, has changed {', '.join(found)} of the main thread, "
        f"which will not see it{how}. Return the result, or use parallel.xlist() or parallel.dict()."
    )


def _containers(deadline: float):
    """(path, container) of what the user's modules hold, the main one's first, nearest first."""
    seen = set()
    users = {namespace.get("__name__") for namespace in _core.guard_user_namespaces()}
    for prefix, namespace in _namespaces():
        waiting = deque((prefix + key, value) for key, value in list(namespace.items()) if not key.startswith("__"))
        while waiting:
            path, value = waiting.popleft()
            if id(value) in seen or isinstance(value, (types.ModuleType, BaseException)) or _core.guard_is_own(value):
                continue
            seen.add(id(value))
            if isinstance(value, (list, dict, set, deque)):
                yield path, value
            # What libraries keep in their objects is their business: theirs are not looked into.
            if type(value) in _PASSED_THROUGH or type(value).__module__ in users:
                for step, item in messages.items_of(value):
                    if type(item) not in _ATOMS:
                        waiting.append((path + step, item))
            if time.thread_time() > deadline:
                return


def _namespaces():
    modules = sorted(_core.guard_user_namespaces(), key=lambda namespace: namespace.get("__name__") != "__main__")
    for namespace in modules:
        name = namespace.get("__name__")
        yield "" if name == "__main__" else f"{name}.", namespace


_PASSED_THROUGH = (dict, list, tuple, types.FunctionType)
_ATOMS = (int, float, str, bytes, bool, complex, type(None))


def _is_changed(container) -> bool:
    if not _core.guard_holds_own(container):
        return False
    return not isinstance(container, dict) or bool(_own_keys(container))


def _own_keys(container: dict) -> list:
    return [key for key, value in dict.items(container) if _core.guard_is_own(value) or _core.guard_is_own(key)]


def _keys(container) -> str:
    return f" (at {_own_keys(container)[0]!r})" if isinstance(container, dict) else ""

