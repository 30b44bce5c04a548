"""JupyterLab's debugger: breakpoints in cells, what is there when one is hit, and going on."""

import pytest

from support import Kernel

pytestmark = pytest.mark.packages

CELL = (
    "def add(a, b):\n    total = a + b\n    return total\n\nprint('begun')\nresult = add(3, 4)\nprint('ended')\nresult"
)


class Debugger:
    def __init__(self, kernel):
        self.kernel = kernel
        self.number = 0

    def ask(self, command, **arguments):
        self.number += 1
        content = {"type": "request", "seq": self.number, "command": command, "arguments": arguments}
        reply = self.kernel.ask("debug_request", content, "control").reply
        assert (reply["type"], reply["request_seq"], reply["command"]) == ("response", self.number, command)
        return reply

    def body(self, command, **arguments):
        reply = self.ask(command, **arguments)
        assert reply["success"], reply
        return reply.get("body")

    def events(self, name):
        return [
            message
            for request in list(self.kernel.requests.values())
            for message in request.of("debug_event")
            if message.content["event"] == name
        ]

    def start(self):
        self.body(
            "initialize",
            clientID="test",
            clientName="test",
            adapterID="",
            pathFormat="path",
            linesStartAt1=True,
            columnsStartAt1=True,
        )
        self.body("attach")

    def break_at(self, code, *lines):
        path = self.body("dumpCell", code=code)["sourcePath"]
        body = self.body(
            "setBreakpoints",
            source={"path": path},
            breakpoints=[{"line": line} for line in lines],
            sourceModified=False,
        )
        assert [point["verified"] for point in body["breakpoints"]] == [True] * len(lines)
        return path

    def wait_for_stop(self, count):
        self.kernel.wait(lambda: len(self.events("stopped")) == count, 20, "a stop")
        return self.events("stopped")[-1].content["body"]["threadId"]


@pytest.fixture
def debugger(own_kernel: Kernel):
    """debugpy stays in a process once it has been started: a kernel of its own."""
    return Debugger(own_kernel)


@pytest.mark.deadline(90)
def test_a_breakpoint(debugger):
    kernel = debugger.kernel
    info = debugger.body("debugInfo")
    assert info["isStarted"] is False and info["hashMethod"] == "Murmur2" and info["tmpFileSuffix"] == ".py"
    debugger.start()
    path = debugger.break_at(CELL, 2)
    assert path.startswith(info["tmpFilePrefix"])
    debugger.body("configurationDone")
    assert debugger.body("debugInfo")["isStarted"] is True

    cell = kernel.start(CELL)
    thread = debugger.wait_for_stop(1)
    assert cell.text() == "begun\n" and not cell.is_over
    info = debugger.body("debugInfo")
    assert thread in info["stoppedThreads"] and info["breakpoints"][0]["source"] == path

    frames = debugger.body("stackTrace", threadId=thread)["stackFrames"]
    assert [(frame["name"], frame["line"]) for frame in frames] == [("add", 2), ("<module>", 6)]
    assert frames[0]["source"]["path"] == path
    scopes = debugger.body("scopes", frameId=frames[0]["id"])["scopes"]
    variables = debugger.body("variables", variablesReference=scopes[0]["variablesReference"])["variables"]
    assert {variable["name"]: variable["value"] for variable in variables if variable["name"] in "ab"} == {
        "a": "3",
        "b": "4",
    }
    assert debugger.body("source", source={"path": path})["content"] == CELL

    debugger.body("next", threadId=thread)
    thread = debugger.wait_for_stop(2)
    assert debugger.body("stackTrace", threadId=thread)["stackFrames"][0]["line"] == 3
    rich = debugger.body(
        "richInspectVariables",
        variableName="total",
        frameId=debugger.body("stackTrace", threadId=thread)["stackFrames"][0]["id"],
    )
    assert rich["data"]["text/plain"] == "7"

    debugger.body("continue", threadId=thread)
    assert cell.wait().result == "7" and cell.text() == "begun\nended\n"
    assert debugger.ask("continue", threadId=thread)["success"] is False
    names = [variable["name"] for variable in debugger.body("inspectVariables")["variables"]]
    assert "result" in names and "parallel" not in names

    debugger.body("disconnect", restart=False, terminateDebuggee=False)
    assert debugger.body("debugInfo")["isStarted"] is False
    assert kernel.ok(CELL).result == "7"  # stops nowhere
    assert len(debugger.events("stopped")) == 2

    debugger.start()  # and once more
    debugger.break_at(CELL, 6)
    debugger.body("configurationDone")
    cell = kernel.start(CELL)
    thread = debugger.wait_for_stop(3)
    debugger.body("continue", threadId=thread)
    assert cell.wait().result == "7"


@pytest.mark.deadline(90)
def test_works_while_the_debugger_is_on(debugger):
    kernel = debugger.kernel
    debugger.start()
    code = (
        "def work(n):\n    return n * n\nsquares = [parallel.submit_work(work, n) for n in range(4)]\n"
        "parallel.run()\n[s.result() for s in squares]"
    )
    debugger.break_at(code, 2)
    debugger.body("configurationDone")
    assert kernel.ok(code).result == "[0, 1, 4, 9]"  # no context may wait for a debugger that cannot see it
    cell = kernel.ok("parallel.submit_work(print, 'from a context'); parallel.run()")
    assert cell.text() == "from a context\n"


@pytest.mark.deadline(90)
def test_an_interrupt_at_a_breakpoint(debugger):
    kernel = debugger.kernel
    debugger.start()
    code = "import time\nx = 1\ntime.sleep(1000)"
    debugger.break_at(code, 2)
    debugger.body("configurationDone")
    cell = kernel.start(code)
    debugger.wait_for_stop(1)
    kernel.interrupt()
    cell.wait()
    assert cell.reply["status"] == "error" and cell.reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok("1").result == "1"


def test_shutdown_at_a_breakpoint(debugger):
    kernel = debugger.kernel
    debugger.start()
    debugger.break_at(CELL, 2)
    debugger.body("configurationDone")
    cell = kernel.start(CELL)
    cell.complete = False
    debugger.wait_for_stop(1)
    kernel.end()


def test_requests_before_initialize_are_refused(debugger):
    for command in ("attach", "setBreakpoints", "stackTrace", "continue", "variables", "disconnect", "no such command"):
        arguments = {"source": {"path": "x"}, "breakpoints": [], "threadId": 1, "variablesReference": 1}
        reply = debugger.ask(command, **arguments)
        assert reply["success"] is False and reply["message"]
    assert debugger.kernel.ok("1").result == "1"


def test_the_debugger_cannot_be_started_while_a_cell_runs(debugger):
    kernel = debugger.kernel
    cell = kernel.start("print('on')\nwhile True: pass")
    kernel.wait(lambda: "on" in cell.text())
    reply = debugger.ask("initialize")
    assert reply["success"] is False and reply["message"]
    kernel.interrupt()
    cell.wait()
    debugger.start()
