"""The frames of messages: signatures, what is no message, what no kernel knows, and the heartbeat."""

import datetime
import hashlib
import hmac
import json

import pytest
import zmq

from support import Kernel

DELIMITER = b"<IDS|MSG>"


def frames(kernel, kind, content, key=None):
    """A request as it goes over the wire, and its id."""
    header = kernel.session.msg_header(kind)
    header["date"] = (
        header["date"].isoformat() + "Z" if isinstance(header["date"], datetime.datetime) else header["date"]
    )
    parts = [json.dumps(part).encode() for part in (header, {}, {}, content)]
    digest = hmac.new(key or kernel.connection["key"].encode(), digestmod=hashlib.sha256)
    for part in parts:
        digest.update(part)
    return [DELIMITER, digest.hexdigest().encode(), *parts]


def assert_ignored(kernel, message, channel="shell"):
    """Nothing comes back, and the next request is served."""
    kernel.read()
    before = len(kernel.orphans)
    kernel.send_raw(message, channel)
    kernel.ask("kernel_info_request", channel=channel)
    assert kernel.ok("1").result == "1"
    assert len(kernel.orphans) == before
    assert not kernel.has_ended()


CELL = {"code": "hacked = 1", "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}

GARBAGE = {
    "nothing": [b""],
    "a word": [b"hello"],
    "no frames after the delimiter": [DELIMITER],
    "a signature alone": [DELIMITER, b"0" * 64],
    "too few frames": [DELIMITER, b"0" * 64, b"{}", b"{}"],
    "an empty signature": [DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"],
    "bytes": [b"\xff\x00\xfe" * 100, DELIMITER, b"\x80", b"\x81", b"\x82", b"\x83", b"\x84"],
    "many frames": [b"x"] * 1000,
    "two delimiters": [DELIMITER, DELIMITER, b"", b"{}", b"{}"],
}


@pytest.mark.parametrize("channel", ["shell", "control", "stdin"])
@pytest.mark.parametrize("message", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_ignored(kernel: Kernel, message, channel):
    if channel == "stdin":  # has no requests; what comes is read with the next question
        kernel.send_raw(message, channel)
        cell = kernel.start("answer = input()", allow_stdin=True)
        kernel.wait(lambda: cell.of("input_request"))
        kernel.send_raw(message, channel)
        kernel.send("input_reply", {"value": "real"}, channel).complete = False
        assert cell.wait().reply["status"] == "ok" and kernel.value("answer") == "'real'"
    else:
        assert_ignored(kernel, message, channel)


BAD_PARTS = {
    "no JSON": b"{",
    "a list": b"[]",
    "null": b"null",
    "no UTF-8": b'{"msg_type": "\xff"}',
    "deep": b"[" * 5000 + b"]" * 5000,
}


@pytest.mark.parametrize("place", [0, 1, 2, 3], ids=["header", "parent", "metadata", "content"])
@pytest.mark.parametrize("part", BAD_PARTS.values(), ids=BAD_PARTS)
def test_signed_garbage_does_no_harm(kernel: Kernel, part, place):
    parts = frames(kernel, "kernel_info_request", {})[2:]
    parts[place] = part
    digest = hmac.new(kernel.connection["key"].encode(), b"".join(parts), hashlib.sha256).hexdigest().encode()
    kernel.send_raw([DELIMITER, digest, *parts])
    kernel.send_raw([DELIMITER, digest, *parts], "control")
    kernel.ask("kernel_info_request", channel="control")
    assert kernel.ok("1").result == "1"


def test_a_wrong_signature_is_ignored(kernel: Kernel):
    assert_ignored(kernel, frames(kernel, "execute_request", CELL, key=b"not the key"))
    unsigned = frames(kernel, "execute_request", CELL)
    unsigned[1] = b""
    assert_ignored(kernel, unsigned)
    assert kernel.value("'hacked' in globals()") == "False"


def test_a_replayed_message_is_ignored(kernel: Kernel):
    kernel.ok("times = 0")
    message = frames(kernel, "execute_request", CELL | {"code": "times += 1"})
    for _ in range(3):
        kernel.send_raw(message)
    kernel.ok("1")
    assert kernel.value("times") == "1"


def test_contents_that_lack_everything(kernel: Kernel):
    for kind in ("execute_request", "complete_request", "inspect_request", "is_complete_request", "history_request"):
        request = kernel.ask(kind, {})
        assert request.reply["status"] in ("ok", "error", "complete", "unknown")
    assert kernel.ok("1").result == "1"


@pytest.mark.parametrize(
    "content",
    [
        {"code": 3},
        {"code": None},
        {"code": ["x"]},
        {"code": "1", "user_expressions": 3},
        {"code": "1", "silent": "yes"},
    ],
)
def test_contents_of_the_wrong_type(kernel: Kernel, content):
    for kind in ("execute_request", "complete_request", "is_complete_request"):
        assert kernel.ask(kind, content).reply["status"] in ("ok", "error", "complete")
    assert kernel.ok("1").result == "1"


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_unknown_requests_are_answered_with_an_error(kernel: Kernel, channel):
    reply = kernel.ask("levitate_request", {"height": 3}, channel).reply
    assert reply["status"] == "error" and "levitate_request" in reply["evalue"]


@pytest.mark.parametrize("channel", ["shell", "control"])
def test_unknown_messages_are_ignored(kernel: Kernel, channel):
    message = kernel.send("levitate", {"height": 3}, channel)
    kernel.wait(lambda: message.is_idle)
    assert message.replies == [] and kernel.ok("1").result == "1"


def test_a_cell_on_the_control_channel_is_refused(kernel: Kernel):
    request = kernel.ask("execute_request", CELL, "control")
    assert request.reply["status"] == "error" and kernel.value("'hacked' in globals()") == "False"


def test_fields_from_the_future_are_ignored(kernel: Kernel):
    cell = kernel.ok("'fine'", cell_id="abc", subshell_id=None, deferred=[1, 2])
    assert cell.result == "'fine'"


def test_identity_and_headers(kernel: Kernel):
    cell = kernel.ok("print(1)\n2")
    sessions, ids = (
        {message.header["session"] for message in cell.messages},
        {message.header["msg_id"] for message in cell.messages},
    )
    assert len(sessions) == 1 and sessions != {kernel.session.session}
    assert len(ids) == len(cell.messages)
    for message in cell.messages:
        assert message.header["version"] == "5.3" and message.header["username"]
        age = datetime.datetime.now(datetime.UTC) - message.header["date"]
        assert abs(age.total_seconds()) < 60


def test_the_heartbeat_answers_while_python_is_busy_in_c(kernel: Kernel):
    kernel.ok("x = (1 << 500_000) - 1")
    socket = zmq.Context.instance().socket(zmq.REQ)
    socket.linger = 0
    socket.connect(kernel.address("hb"))
    cell = kernel.start("y = x ** 3 % (x - 12345)")  # a second or so without letting go of the GIL
    try:
        kernel.wait(lambda: "busy" in cell.states)
        answered = 0
        while not cell.is_over and answered < 50:
            socket.send(b"alive?")
            assert socket.poll(2000), "no heartbeat within 2 s"
            assert socket.recv() == b"alive?"
            answered += 1
            kernel.read()
        assert answered
        cell.wait()
    finally:
        socket.close()


def test_an_empty_key_means_no_signatures():
    with Kernel(key="") as kernel:
        assert kernel.ok("1 + 1").result == "2"
        kernel.check()
        kernel.end()
