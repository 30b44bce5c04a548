"""What front ends ask about code that is being written: completions, documentation, whether it is complete.

Positions count characters, as the protocol does. Where a cell says `async` for `parallel`, answers are about what it
means and in terms of what it says.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from IPython.core.completer import provisionalcompleter, rectify_completions
from IPython.utils.tokenutil import token_at_cursor

from xparallel_kernel import transform

if TYPE_CHECKING:
    from xparallel_kernel.shell import ZMQInteractiveShell

_MAGIC = re.compile(r"[ \t]*(?:[\w, \t]+=[ \t]*)?(%%?\w+)")  # from the beginning of a line
_TYPES = "_jupyter_types_experimental"  # JupyterLab's icons


def complete(shell: ZMQInteractiveShell, code: str, cursor: int) -> dict[str, Any]:
    """The content of a complete_reply."""
    cursor = _clipped(code, cursor)
    meant, place = transform.rewrite_at_cursor(code, cursor)
    with provisionalcompleter(), _without_jedi_in_magics(shell, meant, place):
        completions = list(rectify_completions(meant, shell.Completer.completions(meant, place)))
    found = [
        {
            "start": transform.original_position(code, completion.start),
            "end": transform.original_position(code, completion.end),
            "text": _as_written(code, meant, completion.text),
            "type": completion.type,
            "signature": completion.signature,
        }
        for completion in completions
    ]
    return {
        "status": "ok",
        "matches": [one["text"] for one in found],
        "cursor_start": found[0]["start"] if found else cursor,
        "cursor_end": found[0]["end"] if found else cursor,
        "metadata": {_TYPES: found},
    }


def inspect(shell: ZMQInteractiveShell, code: str, cursor: int, detail: int) -> dict[str, Any]:
    """The content of an inspect_reply."""
    meant, place = transform.rewrite_at_cursor(code, _clipped(code, cursor))
    name = _magic_at_cursor(meant, place) or token_at_cursor(meant, place)
    try:
        data = shell.object_inspect_mime(name, detail_level=detail)
    except KeyError:
        return {"status": "ok", "found": False, "data": {}, "metadata": {}}
    if not shell.enable_html_pager:
        data.pop("text/html", None)
    return {"status": "ok", "found": True, "data": data, "metadata": {}}


def is_complete(shell: ZMQInteractiveShell, code: str) -> dict[str, Any]:
    """The content of an is_complete_reply."""
    status, indent = shell.input_transformer_manager.check_complete(transform.rewrite(code))
    reply = {"status": status}
    if status == "incomplete":
        reply["indent"] = " " * (indent or 0)
    return reply


@contextlib.contextmanager
def _without_jedi_in_magics(shell: ZMQInteractiveShell, code: str, cursor: int) -> Iterator[None]:
    """Where a magic completes its options itself, what jedi takes them for is no completion."""
    completer, line = shell.Completer, code[:cursor].rpartition("\n")[2]
    completers = completer.custom_completers
    first = line.split(None, 1)[0] if line.strip() else ""
    has_own = (first.startswith("%") and any(completers.s_matches(first))) or any(completers.flat_matches(line))
    before = completer.use_jedi
    completer.use_jedi = before and not has_own
    try:
        yield
    finally:
        completer.use_jedi = before


def _magic_at_cursor(code: str, cursor: int) -> str | None:
    """`%%name` or `%name`, if the cursor is at one: `name` alone may be a variable's, too."""
    found = _MAGIC.match(code, code.rfind("\n", 0, cursor) + 1)
    return found[1] if found is not None and found.start(1) <= cursor <= found.end(1) else None


def _clipped(code: str, cursor: int | None) -> int:
    return len(code) if cursor is None or cursor < 0 else min(cursor, len(code))


def _as_written(code: str, meant: str, text: str) -> str:
    if code != meant and text.startswith(transform.NEW + "."):
        return transform.OLD + text[len(transform.NEW) :]
    return text
