"""`get_ipython().kernel.session`: the part of jupyter_client's Session that libraries in notebooks use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _xparallel import Native


class Session:
    """Sends messages to front ends."""

    def __init__(self, native: Native, username: str, session: str):
        self._native = native
        self.username = username
        self.session = session

    def send(
        self,
        stream: object,
        msg_or_type: dict[str, Any] | str,
        content: dict[str, Any] | None = None,
        parent: dict[str, Any] | None = None,
        ident: object = None,
        buffers: Iterable[bytes | bytearray | memoryview] | None = None,
        track: bool = False,
        header: object = None,
        metadata: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Publish a message. The only stream there is, is iopub; `ident` and `track` mean nothing here.

        Returns what was sent, as a dict.
        """
        if isinstance(msg_or_type, dict):
            message = msg_or_type
            kind, content, metadata = message["header"]["msg_type"], message["content"], message.get("metadata")
            buffers = message.get("buffers", buffers)
        else:
            kind = msg_or_type
        belongs_to = None
        if parent:
            belongs_to = type(self._native.parent())(parent.get("header", parent))
        self._native.publish(kind, content or {}, metadata or {}, belongs_to, buffers)
        return {
            "header": {"msg_type": kind},
            "content": content or {},
            "metadata": metadata or {},
            "buffers": buffers or [],
        }
