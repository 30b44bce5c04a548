"""A connection to debugpy's adapter, which speaks the Debug Adapter Protocol over TCP."""

from __future__ import annotations

import itertools
import json
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any, TypeVar

_Item = TypeVar("_Item")

_SECONDS_TO_ANSWER = 10.0  # the control channel waits meanwhile; a shutdown may be behind it


class DapConnection:
    """Requests from one thread; a thread of its own reads replies and events."""

    def __init__(self, host: str, port: int, on_event: Callable[[dict[str, Any]], None]):
        self._socket = socket.create_connection((host, port), timeout=_SECONDS_TO_ANSWER)
        self._socket.settimeout(None)
        self._input = self._socket.makefile("rb")
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._lock = threading.Lock()  # guards _waiting and writing
        self._on_event = on_event
        thread = threading.Thread(target=self._read, name="xparallel-debugger", daemon=True)
        hide_from_debugger(thread)
        thread.start()

    def send(self, command: str, arguments: dict[str, Any], on_reply: Callable[[dict[str, Any]], None]) -> int:
        """Send a request; `on_reply(reply)` is called on the reading thread. Returns the request's number."""
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = on_reply
            body = json.dumps({"seq": number, "type": "request", "command": command, "arguments": arguments}).encode()
            self._socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return number

    def ask(self, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for its reply. TimeoutError or ConnectionError when none comes."""
        replies: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.send(command, arguments, replies.put)
        return wait_for(replies, command)

    def close(self) -> None:
        """Hang up; the reading thread ends."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the adapter was first
        self._socket.close()

    def _read(self) -> None:
        try:
            while (message := self._read_message()) is not None:
                if message.get("type") == "event":
                    self._on_event(message)
                elif (on_reply := self._take(message.get("request_seq"))) is not None:
                    on_reply(message)
        except (OSError, ValueError):
            pass  # closed, or not the protocol any more: the same for those who wait
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        for on_reply in waiting.values():
            on_reply({"success": False, "message": "the connection to debugpy has been closed"})

    def _take(self, number: int | None) -> Callable[[dict[str, Any]], None] | None:
        with self._lock:
            return self._waiting.pop(number, None) if number is not None else None

    def _read_message(self) -> dict[str, Any] | None:
        size = None
        while (line := self._input.readline()).strip():
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                size = int(value)
        return json.loads(self._input.read(size)) if size is not None else None


def wait_for(replies: queue.SimpleQueue[_Item], what: str) -> _Item:
    """The next item, within the time that the control channel can spare."""
    try:
        return replies.get(timeout=_SECONDS_TO_ANSWER)
    except queue.Empty:
        raise TimeoutError(f"debugpy did not answer {what!r} within {_SECONDS_TO_ANSWER:.0f} s") from None


def hide_from_debugger(thread: threading.Thread) -> None:
    """pydevd neither shows nor stops a thread that has these."""
    vars(thread).update(pydev_do_not_trace=True, is_pydev_daemon_thread=True)
