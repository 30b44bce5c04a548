"""What the tests of the kernel share: a kernel process, and a front end that keeps every message it gets.

The front end has one thread and no callbacks: `wait` reads all channels until a condition holds. Messages are filed
under the request they belong to, so a test can look at any request at any time, and nothing is read past.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.session import Session

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("XPAR_BUILD_DIR", ROOT / "build"))
EXECUTABLE = BUILD / "bin/xparallel"

# Every process of a kernel inherits it, however far down and whoever its parent is by then.
MARK = "XPAR_TEST_MARK"

SECONDS = 30.0  # what a request may take; the longest needs a tenth of it on a slow machine
_AT_ONCE = 100  # messages read before conditions are looked at again: a kernel may publish faster than they are read
CHANNELS = ("shell", "control", "stdin", "iopub")


def wait_until(condition: Callable[[], object], seconds: float = SECONDS, what: str = "") -> float:
    """Look again and again until `condition()` is true, for what no message tells; how long it took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, what or "what was waited for did not come"
        time.sleep(0.005)
    return time.monotonic() - began


def plain(text: str) -> str:
    """Without the colours that terminals obey."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def marked(mark: str) -> dict[int, str]:
    """The processes that began with this mark and still run, and their command lines; zombies do not."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # gone meanwhile
                if f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    if (entry / "stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX":
                        found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ").strip()
    return found


# ---- messages --------------------------------------------------------------------------------------------------------


@dataclass
class Message:
    """One message from the kernel; `number` counts all of them in the order in which they were read."""

    channel: str
    type: str
    content: dict
    metadata: dict
    header: dict
    buffers: list
    parent: str | None
    time: float
    number: int


@dataclass
class Request:
    """A message to the kernel, and everything that came back under its name."""

    kernel: Kernel
    id: str
    type: str
    sent: float
    messages: list[Message] = field(default_factory=list)
    complete: bool = True  # False when the kernel is ended before it can answer

    def of(self, *types: str) -> list[Message]:
        """What came with these types."""
        return [message for message in self.messages if message.type in types]

    @property
    def replies(self) -> list[Message]:
        """On the channel of the request: what answers it."""
        return [message for message in self.messages if message.type.endswith("_reply") and message.channel != "iopub"]

    @property
    def reply(self) -> dict:
        """The content of its one reply, which must have come."""
        assert len(self.replies) == 1, f"{len(self.replies)} replies to {self.type}"
        return self.replies[0].content

    @property
    def states(self) -> list[str]:
        """Of the kernel, as iopub told them."""
        return [message.content["execution_state"] for message in self.of("status")]

    @property
    def is_idle(self) -> bool:
        return "idle" in self.states

    @property
    def outputs(self) -> list[Message]:
        """Everything on iopub but the frame that every request has."""
        hidden = ("status", "execute_input")
        return [message for message in self.messages if message.channel == "iopub" and message.type not in hidden]

    def text(self, name: str = "stdout") -> str:
        """What was printed."""
        return "".join(message.content["text"] for message in self.of("stream") if message.content["name"] == name)

    @property
    def error(self) -> dict:
        """The one error shown."""
        errors = self.of("error")
        assert len(errors) == 1, f"{len(errors)} errors were shown"
        return errors[0].content

    @property
    def result(self) -> str | None:
        """The text of the cell's last expression."""
        results = self.of("execute_result")
        return results[0].content["data"]["text/plain"] if results else None

    @property
    def is_over(self) -> bool:
        return bool(self.replies) and self.is_idle

    def wait(self, seconds: float = SECONDS) -> Request:
        """Until reply and idle have come."""
        self.kernel.wait(lambda: self.is_over, seconds, f"{self.type}: {len(self.replies)} replies, {self.states}")
        return self

    def check(self) -> None:
        """Exactly one reply, exactly one busy, then what was put out, exactly one idle."""
        if not self.complete:
            return
        if self.type.endswith("_request"):
            assert [message.type for message in self.replies] == [self.type.replace("_request", "_reply")]
            if self.type not in ("is_complete_request", "debug_request"):  # these have their own
                assert self.replies[0].content["status"] in ("ok", "error")
        assert self.states == ["busy", "idle"], f"{self.type}: {self.states}"
        assert next(message for message in self.messages if message.channel == "iopub").type == "status"


# ---- the kernel ------------------------------------------------------------------------------------------------------


def _held_port(stack: contextlib.ExitStack) -> int:
    """A port that nobody else is given while `stack` is open: a bound socket that does not listen lets another that
    asks for the same port have it, and whoever asks for any port, or connects, gets a different one."""
    held = stack.enter_context(socket.socket())
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held.getsockname()[1]


class Kernel:
    """A kernel, started as Jupyter does, with a front end connected to it. A context manager: nothing is left of it."""

    def __init__(self, *arguments: str, cwd=None, env=None, key: str | None = None, launcher=(), ip="127.0.0.1"):
        self.mark = uuid.uuid4().hex
        self.requests: dict[str, Request] = {}
        self.orphans: list[Message] = []  # those that belong to no request of ours
        self._count = 0
        self._folder = tempfile.TemporaryDirectory(prefix="xpar-kernel-")
        folder = Path(self._folder.name)
        key = uuid.uuid4().hex if key is None else key
        self._held = contextlib.ExitStack()
        ports = {f"{channel}_port": _held_port(self._held) for channel in (*CHANNELS, "hb")}
        self.file, self.connection = write_connection_file(
            str(folder / "connection.json"), key=key.encode(), ip=ip, **ports
        )
        self.session = Session(key=key.encode(), username="tester")
        self.environment = {
            **os.environ,
            "IPYTHONDIR": str(folder / "ipython"),
            "JPY_PARENT_PID": str(os.getpid()),
            MARK: self.mark,
            **(env or {}),
        }
        spec = KernelSpecManager().get_kernel_spec("xparallel")
        command = [part.replace("{connection_file}", self.file) for part in spec.argv]
        self._log = open(folder / "log", "w+b")
        self.process = subprocess.Popen(
            [*launcher, *command, *arguments],
            cwd=cwd,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self._context = zmq.Context()
        self._poller = zmq.Poller()
        self._sockets = {}
        self._others: list[zmq.Socket] = []
        for channel in CHANNELS:
            connected = self._context.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
            connected.linger, connected.rcvhwm = 0, 0
            if channel == "iopub":
                connected.subscribe(b"")
            else:
                connected.identity = self.session.bsession  # input_request goes to whom the cell came from
            connected.connect(self.address(channel))
            self._poller.register(connected, zmq.POLLIN)
            self._sockets[channel] = connected

    def __enter__(self) -> Kernel:
        try:
            self.ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *exception) -> None:
        self.kill()

    def address(self, channel: str) -> str:
        """Where a channel is."""
        return f"tcp://127.0.0.1:{self.connection[channel + '_port']}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        """What it wrote for the operator so far."""
        return Path(self._log.name).read_text(errors="replace")

    def ready(self) -> None:
        """Until it answers and iopub is subscribed to, which only a message can tell."""
        end = time.monotonic() + SECONDS
        asked = []
        while not any(request.replies for request in asked) or not any(
            request.messages and request.is_idle for request in asked
        ):
            assert self.process.poll() is None and time.monotonic() < end, f"the kernel did not start: {self.log}"
            asked.append(self.send("kernel_info_request"))
            with contextlib.suppress(AssertionError):
                self.wait(lambda: asked[-1].is_over, 0.1)
        self._held.close()
        for request in asked[:-1]:
            request.complete = False
        asked[-1].wait()

    # ---- talking -----------------------------------------------------------------------------------------------------

    def send(self, kind: str, content: dict | None = None, channel="shell", buffers=None, metadata=None) -> Request:
        """Send a message; nothing is waited for."""
        message = self.session.msg(kind, content or {}, metadata=metadata)
        self.session.send(self._sockets[channel], message, buffers=buffers)
        request = Request(self, message["header"]["msg_id"], kind, time.monotonic())
        self.requests[request.id] = request
        return request

    def send_raw(self, frames: list[bytes], channel: str = "shell") -> None:
        """Put anything on the wire."""
        self._sockets[channel].send_multipart(frames)

    def ask(self, kind: str, content: dict | None = None, channel: str = "shell", **options) -> Request:
        """Send a message and wait for reply and idle."""
        return self.send(kind, content, channel, **options).wait()

    def start(self, code: str, **options: Any) -> Request:
        """Send a cell."""
        content = {
            "code": code,
            "silent": False,
            "store_history": True,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": True,
        }
        return self.send("execute_request", content | options)

    def run(self, code: str, seconds: float = SECONDS, **options: Any) -> Request:
        """Send a cell and wait for its end, however it ends."""
        return self.start(code, **options).wait(seconds)

    def ok(self, code: str, seconds: float = SECONDS, **options: Any) -> Request:
        """Run a cell that must succeed."""
        cell = self.run(code, seconds, **options)
        assert cell.reply["status"] == "ok", "\n".join(cell.reply["traceback"])
        return cell

    def value(self, expression: str) -> str:
        """The repr of a value of the user's namespace, without a trace in history or count."""
        cell = self.ok("", silent=True, store_history=False, user_expressions={"value": f"repr(({expression}))"})
        answer = cell.reply["user_expressions"]["value"]
        assert answer["status"] == "ok", answer
        return eval(answer["data"]["text/plain"])

    def connect_again(self, channel: str = "shell") -> zmq.Socket:
        """A second front end's connection, which has got through; closed with the kernel."""
        other = self._context.socket(zmq.DEALER)
        other.linger = 0
        other.connect(self.address(channel))
        self._others.append(other)
        assert self.asks_by(other)
        return other

    def asks_by(self, other: zmq.Socket) -> bool:
        """Is a request answered that comes by a connection of `connect_again`?"""
        self.session.send(other, self.session.msg("kernel_info_request", {}))
        return other.poll(SECONDS * 1000) != 0 and bool(other.recv_multipart())

    # ---- listening ---------------------------------------------------------------------------------------------------

    def wait(self, condition: Callable[[], object], seconds: float = SECONDS, what: str = "") -> None:
        """Read messages until `condition()` holds."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            if left <= 0:
                state = "is alive" if self.process.poll() is None else f"ended with {self.process.returncode}"
                raise AssertionError(
                    f"not in {seconds} s: {what or 'a condition'}; the kernel {state}; its log: {self.log}"
                )
            # A process that ends, or a file that is written, sends no message: looked at now and then.
            self.read(min(left, 0.02))

    def read(self, seconds: float = 0.0) -> None:
        """Read what is there; if nothing is, wait for the first to come."""
        for readable, _ in self._poller.poll(seconds * 1000):
            channel = next(name for name, connected in self._sockets.items() if connected is readable)
            with contextlib.suppress(zmq.Again):
                for _ in range(_AT_ONCE):
                    self._file(channel, readable.recv_multipart(zmq.NOBLOCK))

    def listen(self, seconds: float) -> None:
        """Read messages for some time: for tests of what happens at random moments."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= end)

    def _file(self, channel: str, frames: list[bytes]) -> None:
        _, parts = self.session.feed_identities(frames)
        read = self.session.deserialize(parts)  # raises on a wrong signature, and on a message that comes twice
        self._count += 1
        message = Message(
            channel,
            read["header"]["msg_type"],
            read["content"],
            read["metadata"],
            read["header"],
            read["buffers"],
            read["parent_header"].get("msg_id"),
            time.monotonic(),
            self._count,
        )
        request = self.requests.get(message.parent)
        (request.messages if request else self.orphans).append(message)

    def check(self) -> None:
        """Every request has had its one reply, busy and idle; a later cell that is through shows there is no more."""
        self.ok("", silent=True)
        for request in self.requests.values():
            request.check()

    # ---- the process -------------------------------------------------------------------------------------------------

    def processes(self) -> dict[int, str]:
        """Of its session and below: those that run, without the kernel itself."""
        return {pid: command for pid, command in marked(self.mark).items() if pid != self.pid}

    def interrupt(self) -> float:
        """As Jupyter does in signal mode: to the whole group. When it was sent."""
        sent = time.monotonic()
        os.killpg(self.pid, signal.SIGINT)
        return sent

    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        """Shut it down as front ends do; nothing may be left, and Jupyter must not have to send signals."""
        request = self.send("shutdown_request", {"restart": False}, "control")
        self.wait(lambda: request.replies and self.has_ended(), SECONDS, "the end")
        for other in self.requests.values():
            other.complete &= other.is_over or other.type != "shutdown_request"
        assert self.process.returncode == 0, f"status {self.process.returncode}: {self.log}"
        wait_until(lambda: not self.processes(), 5, "processes are left")

    def kill(self) -> None:
        """Whatever state it is in: end it and everything that began with it."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for connected in (*self._sockets.values(), *self._others):
            connected.close()
        self._held.close()
        self._context.term()
        self._log.close()
        self._folder.cleanup()


_spare: Kernel | None = None


def fresh_kernel() -> Kernel:
    """As `Kernel()`, but one that began to start when the last one was taken: a second less to wait."""
    global _spare
    taken, _spare = _spare or Kernel(), None
    _spare = Kernel()
    return taken


def drop_spare() -> None:
    """At the end: the one that nobody took."""
    global _spare
    spare, _spare = _spare, None
    if spare is not None:
        spare.kill()
