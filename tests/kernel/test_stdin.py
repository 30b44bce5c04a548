"""input() and getpass(): the question goes to the front end that sent the cell, or is refused at once."""

import pytest

from support import Kernel

pytestmark = pytest.mark.packages


def answer(kernel, cell, value):
    """Wait for a cell's first question, answer it, return it."""
    kernel.wait(lambda: cell.of("input_request"))
    kernel.send("input_reply", {"value": value}, "stdin").complete = False
    return cell.of("input_request")[0]


def test_input(kernel: Kernel):
    cell = kernel.start("print('before'); name = input('Name? '); name", allow_stdin=True)
    kernel.wait(lambda: cell.text() == "before\n")  # the cell goes on only when it has its answer
    question = answer(kernel, cell, "Ada 𝄞")
    assert question.channel == "stdin" and question.content == {"prompt": "Name? ", "password": False}
    assert cell.wait().result == "'Ada 𝄞'"


def test_several_questions(kernel: Kernel):
    cell = kernel.start("[input(str(i)) for i in range(5)]", allow_stdin=True)
    for i in range(5):
        kernel.wait(lambda i=i: len(cell.of("input_request")) == i + 1)
        assert cell.of("input_request")[i].content["prompt"] == str(i)
        kernel.send("input_reply", {"value": f"answer {i}"}, "stdin").complete = False
    assert cell.wait().result == str([f"answer {i}" for i in range(5)])


def test_getpass(kernel: Kernel):
    cell = kernel.start("import getpass\nsecret = getpass.getpass('Password: ')\nlen(secret)", allow_stdin=True)
    assert answer(kernel, cell, "hidden").content == {"prompt": "Password: ", "password": True}
    assert cell.wait().result == "6"
    assert not any("hidden" in str(message.content) for message in cell.messages)


@pytest.mark.parametrize("code", ["input()", "input('? ')", "import getpass; getpass.getpass()"])
def test_refused_where_the_front_end_does_not_answer(kernel: Kernel, code):
    cell = kernel.run(code, allow_stdin=False)
    assert cell.reply["ename"] == "StdinNotImplementedError" and cell.of("input_request") == []


def test_the_end_of_input(kernel: Kernel):
    cell = kernel.start("input()", allow_stdin=True)
    answer(kernel, cell, "\x04")
    assert cell.wait().reply["ename"] == "EOFError"


@pytest.mark.parametrize("content", [{}, {"value": None}, {"value": 3}])
def test_an_answer_that_is_none(kernel: Kernel, content):
    cell = kernel.start("answer = input()", allow_stdin=True)
    kernel.wait(lambda: cell.of("input_request"))
    kernel.send("input_reply", content, "stdin").complete = False
    assert cell.wait().reply["status"] in ("ok", "error")
    assert kernel.ok("1").result == "1"


def test_input_in_a_thread_is_an_error_there(kernel: Kernel):
    cell = kernel.ok(
        "import threading\ndef ask():\n    try: input()\n    except Exception as error: print(type(error).__name__)\n"
        "thread = threading.Thread(target=ask); thread.start(); thread.join()",
        allow_stdin=True,
    )
    assert cell.text() == "StdinNotImplementedError\n"


def test_a_child_does_not_take_the_kernels_input(kernel: Kernel):
    cell = kernel.ok("import subprocess\nsubprocess.run(['cat'], timeout=10).returncode", allow_stdin=True)
    assert cell.result == "0"


def test_the_debugger_of_python(kernel: Kernel):
    cell = kernel.start("def f(n):\n    breakpoint()\n    return n + 1\nf(41)", allow_stdin=True)
    kernel.wait(lambda: cell.of("input_request"))
    kernel.send("input_reply", {"value": "p n"}, "stdin").complete = False
    kernel.wait(lambda: len(cell.of("input_request")) == 2)
    kernel.wait(lambda: "41" in cell.text())  # comes by another channel than the question
    kernel.send("input_reply", {"value": "c"}, "stdin").complete = False
    assert cell.wait().result == "42"
