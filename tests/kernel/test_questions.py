"""What front ends ask about code and the kernel: completion, documentation, completeness, history, kernel_info."""

import platform

import pytest

from support import Kernel, fresh_kernel, plain

pytestmark = pytest.mark.packages


def complete(kernel, code, cursor=None):
    cursor = len(code) if cursor is None else cursor
    return kernel.ask("complete_request", {"code": code, "cursor_pos": cursor}).reply


def inspect(kernel, code, cursor=None, detail=0):
    cursor = len(code) if cursor is None else cursor
    content = {"code": code, "cursor_pos": cursor, "detail_level": detail}
    reply = kernel.ask("inspect_request", content).reply
    if "text/plain" in reply["data"]:
        reply["data"]["text/plain"] = plain(reply["data"]["text/plain"])
    return reply


# ---- completion ------------------------------------------------------------------------------------------------------


def test_completions_have_types(kernel: Kernel):
    kernel.ok("import math\nclass Something: pass\nsomething_else = 1")
    reply = complete(kernel, "someth")
    assert "something_else" in reply["matches"]
    types = {one["text"]: one for one in reply["metadata"]["_jupyter_types_experimental"]}
    assert types.keys() == set(reply["matches"])
    assert types["something_else"]["type"] in ("instance", "statement")
    assert (types["something_else"]["start"], types["something_else"]["end"]) == (0, 6)
    functions = complete(kernel, "math.fac")["metadata"]["_jupyter_types_experimental"]
    assert [(one["text"], one["type"]) for one in functions] == [("factorial", "function")]


@pytest.mark.parametrize(
    "before", ["", "'𝄞𝄞𝄞'; ", "s = 'é'\n", "'👩‍👩‍👧'; "], ids=["none", "astral", "accent", "joined"]
)
def test_cursors_count_characters(kernel: Kernel, before):
    kernel.ok("astral_value = 1")
    code = before + "astral_v + 1"
    reply = complete(kernel, code, len(before) + len("astral_v"))
    assert reply["matches"] == ["astral_value"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (len(before), len(before) + len("astral_v"))


def test_completion_in_old_cells_speaks_of_async(kernel: Kernel):
    reply = complete(kernel, "async.submit_w")
    assert reply["matches"] == ["submit_work"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (6, 14)
    assert complete(kernel, "x = 1; async.rdt")["matches"] == ["rdtsc"]


@pytest.mark.parametrize("cursor", [-1, 0, 3, 10**6])
def test_completion_survives_any_cursor(kernel: Kernel, cursor):
    reply = complete(kernel, "prin", cursor)
    assert reply["status"] == "ok" and 0 <= reply["cursor_start"] <= reply["cursor_end"] <= 4


def test_completion_runs_into_code_of_the_user(kernel: Kernel):
    kernel.ok(
        "class Hostile:\n    def __dir__(self): raise SystemExit\n    def __getattr__(self, name): raise KeyError\n"
        "hostile = Hostile()"
    )
    assert complete(kernel, "hostile.")["status"] in ("ok", "error")
    assert complete(kernel, "%tim")["matches"]
    assert kernel.ok("1").result == "1"


def test_completion_of_names_that_a_cell_before_made(kernel: Kernel):
    cell = kernel.start("late_name = 1")
    assert complete(kernel, "late_n")["matches"] == ["late_name"]
    cell.wait()


# ---- documentation ---------------------------------------------------------------------------------------------------


def test_inspection(kernel: Kernel):
    kernel.ok("def documented(a, b=2):\n    '''What it does.'''\n    return a  # its source")
    brief = inspect(kernel, "documented(1)", 4)
    assert brief["found"] and "What it does." in brief["data"]["text/plain"]
    assert "documented(a, b=2)" in brief["data"]["text/plain"]
    assert "its source" not in brief["data"]["text/plain"]
    assert "its source" in inspect(kernel, "documented", detail=1)["data"]["text/plain"]


def test_inspection_finds_nothing(kernel: Kernel):
    reply = inspect(kernel, "no_such_thing_anywhere")
    assert (reply["status"], reply["found"], reply["data"]) == ("ok", False, {})
    assert inspect(kernel, "")["status"] == "ok"


def test_inspection_inside_a_call_finds_the_function(kernel: Kernel):
    assert "divmod" in inspect(kernel, "divmod(1, ")["data"]["text/plain"]


@pytest.mark.parametrize("name", ["submit_work", "run", "xlist", "submit_queue", "rdtsc"])
def test_public_names_are_documented(kernel: Kernel, name):
    for module in ("parallel", "async"):
        reply = inspect(kernel, f"{module}.{name}")
        assert reply["found"] and len(reply["data"]["text/plain"]) > 100


# ---- is it complete? -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ["code", "status", "indent"],
    [
        ("1 + 1", "complete", None),
        ("for i in range(3):", "incomplete", "    "),
        ("if x:\n    for y in z:", "incomplete", "        "),
        ("'''open", "incomplete", ""),
        ("x = )", "invalid", None),
        ("async.run()", "complete", None),
        ("async.submit_work(", "incomplete", ""),
        ("async def f():", "incomplete", "    "),
        ("import async", "complete", None),
        ("%%timeit\nx", "incomplete", None),
        ("await f()", "complete", None),
        ("", "complete", None),
    ],
)
def test_completeness(kernel: Kernel, code, status, indent):
    reply = kernel.ask("is_complete_request", {"code": code}).reply
    assert reply["status"] == status
    assert ("indent" in reply) == (status == "incomplete")
    if indent is not None:
        assert reply["indent"] == indent


# ---- history ---------------------------------------------------------------------------------------------------------


def history(kernel, kind, **options):
    content = {"hist_access_type": kind, "raw": True, "output": False, **options}
    entries = kernel.ask("history_request", content).reply["history"]
    assert all(len(entry) == 3 for entry in entries)
    return entries


def test_history(own_kernel: Kernel):
    kernel = own_kernel
    codes = ["first = 1", "first + 1", "second = '𝄞'", "second"]
    for code in codes:
        kernel.ok(code)
    tail = history(kernel, "tail", n=4)
    assert [entry[2] for entry in tail] == codes
    session, start = tail[0][:2]
    assert [entry[:2] for entry in tail] == [[session, start + i] for i in range(4)]
    assert history(kernel, "tail", n=2) == tail[2:]
    assert history(kernel, "range", session=session, start=start + 1, stop=start + 3) == tail[1:3]
    assert history(kernel, "range", session=0, start=start, stop=start + 1) == tail[:1]
    assert [entry[2] for entry in history(kernel, "search", pattern="first*")] == codes[:2]
    assert len(history(kernel, "search", pattern="*", n=3)) == 3
    kernel.ok("first + 1")
    assert [entry[2] for entry in history(kernel, "search", pattern="first +*", unique=True)] == ["first + 1"]
    with_output = history(kernel, "range", session=session, start=start + 1, stop=start + 2, output=True)
    assert with_output == [[session, start + 1, ["first + 1", "2"]]]


def test_history_of_an_unknown_kind(kernel: Kernel):
    reply = kernel.ask("history_request", {"hist_access_type": "sideways"}).reply
    assert reply["status"] == "error" and "sideways" in reply["evalue"]


def test_history_keeps_what_was_written(kernel: Kernel):
    kernel.ok("async.rdtsc() > 0")
    assert history(kernel, "tail", n=1)[0][2] == "async.rdtsc() > 0"


# ---- the kernel ------------------------------------------------------------------------------------------------------


def test_kernel_info(kernel: Kernel):
    info = kernel.ask("kernel_info_request").reply
    assert info["status"] == "ok" and info["protocol_version"] == "5.3"
    assert info["implementation"] == "xparallel" and info["implementation_version"].count(".") == 2
    language = info["language_info"]
    assert language["name"] == "python" and language["version"] == platform.python_version()
    assert language["mimetype"] == "text/x-python" and language["file_extension"] == ".py"
    assert language["pygments_lexer"] == "ipython3" and language["nbconvert_exporter"] == "python"
    assert language["codemirror_mode"] == {"name": "ipython", "version": 3}
    assert info["debugger"] is True
    assert info["banner"] and all(link["url"].startswith("https://") for link in info["help_links"])


def test_kernel_info_on_control_while_a_cell_runs(kernel: Kernel):
    kernel.ok("import threading; go = threading.Event()")
    busy = kernel.start("import time\nwhile not go.is_set(): pass")
    kernel.wait(lambda: "busy" in busy.states)
    info = kernel.ask("kernel_info_request", channel="control").reply
    assert info["language_info"]["name"] == "python" and not busy.is_over
    kernel.interrupt()
    assert busy.wait().reply["ename"] == "KeyboardInterrupt"
    assert info == kernel.ask("kernel_info_request").reply


def test_the_first_message_says_starting():
    with fresh_kernel() as kernel:
        starting = [message for message in kernel.orphans if message.type == "status"]
        # A subscriber that comes too late misses it: nothing else may come without a request.
        assert {message.content["execution_state"] for message in starting} <= {"starting"}
        assert len(starting) == len(kernel.orphans) <= 1
        kernel.end()
