"""Type variables of what is generic here: of `xlist()` and `Work`, of which nothing more is said, `Any` is assumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
    Key = TypeVar("Key", default=Any)
    Value = TypeVar("Value", default=Any)
else:  # Python 3.11 knows no default
    from typing import TypeVar

    T = TypeVar("T")
    Key = TypeVar("Key")
    Value = TypeVar("Value")
