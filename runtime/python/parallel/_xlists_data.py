"""What xlists there are, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from parallel import _core, _views

if TYPE_CHECKING:
    from parallel._xlist import xlist


def xlists() -> list[dict[str, Any]]:
    """Facts about every xlist that somebody holds in this process, by id.

    Returns: a list of dicts. `id` ('x7') names its heap, too; `name` is its own or that of a variable that holds it;
    `items` it has now, `pushed` and `popped` ever; `closed`; `bytes` its items take, `reserved` bytes of the shared
    region; `views`: how many live views show it.

    >>> values = xlist([1, 2, 3], name="three values")
    >>> [row["items"] for row in xlists() if row["name"] == "three values"]
    [3]
    """
    return _views.Xlists(_row(x) for x in sorted(_core.xlists(), key=lambda x: x.id))


def _row(x: xlist) -> dict[str, Any]:
    facts = x.heap
    return {
        "id": f"x{x.id}",
        "name": x.name,
        "items": facts["items"],
        "pushed": facts["pushed"],
        "popped": max(0, facts["pushed"] - facts["items"]),  # the two are read one after the other
        "closed": x.closed,
        "bytes": facts["bytes"],
        "reserved": facts["reserved"],
        "views": _views.count(x),
    }
