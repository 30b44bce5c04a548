"""Warns of containers of the main thread that hold what a context has made: C code has put it there, past all gates."""

from __future__ import annotations

from typing import Any

from parallel import _core
from parallel.protection import messages


def warning(found: list[tuple[Any, ...]]) -> str:
    """`found`: each the namespace of a module, what leads from there to a container, and that."""
    named = ", ".join(f"{type(way[-1]).__name__} {_path(*way)!r}{_keys(way[-1])}" for way in found)
    how = " (C code did, where no error could be raised)" if _core.guard_facts()["strict"] else ""
    return (
        f"parallel: this work, or one before it in this context, has changed {named} of the main thread, "
        f"which will not see it{how}. Return the result, or use parallel.xlist() or parallel.dict()."
    )


def _path(namespace: dict[str, Any], first: object, *rest: object) -> str:
    module = namespace.get("__name__")
    path = "" if module == "__main__" else f"{module}."
    path += next((name for name, value in list(namespace.items()) if value is first), "[...]")
    for holder, held in zip((first, *rest), rest):
        path += next((step for step, item in messages.items_of(holder) if item is held), "[...]")
    return path


def _keys(container: object) -> str:
    if not isinstance(container, dict):
        return ""
    own = next(key for key, value in dict.items(container) if _core.guard_is_own(value) or _core.guard_is_own(key))
    return f" (at {own!r})"
