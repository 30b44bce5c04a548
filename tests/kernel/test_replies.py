"""Cells: one reply each, whatever they end by. Exactly one reply, busy and idle is checked for every request of every
test (support.Request.check)."""

import pytest

from support import Kernel, fresh_kernel

pytestmark = pytest.mark.packages

CODE = {
    "a name that is not there": ("no_such_name", "NameError", "no_such_name"),
    "an error of the user": ("class MyError(Exception): pass\nraise MyError('mine')", "MyError", "mine"),
    "no text": ("raise ValueError", "ValueError", ""),
    "a syntax error": ("x = = 1", "SyntaxError", "invalid syntax"),
    "an indentation error": ("if True:\nx = 1", "IndentationError", "expected an indented block"),
    "incomplete code": ("def f(:\n", "SyntaxError", ""),
    "an open bracket": ("print((1,", "SyntaxError", ""),
    "SystemExit": ("raise SystemExit(3)", "SystemExit", "3"),
    "sys.exit": ("import sys; sys.exit('bye')", "SystemExit", "bye"),
    "a subclass of BaseException": ("class Away(BaseException): pass\nraise Away('far')", "Away", "far"),
    "GeneratorExit": ("raise GeneratorExit('g')", "GeneratorExit", "g"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt('k')", "KeyboardInterrupt", ""),
    "asyncio.CancelledError": ("import asyncio; raise asyncio.CancelledError()", "CancelledError", ""),
    "a top-level await": ("import asyncio\nawait asyncio.sleep(0)\n1/0", "ZeroDivisionError", "division by zero"),
    "endless recursion": ("def f(): return f()\nf()", "RecursionError", "recursion"),
    "a group": ("raise ExceptionGroup('several', [ValueError(1), TypeError(2)])", "ExceptionGroup", "several"),
    "a lone surrogate": ("raise ValueError('\\ud800')", "ValueError", "?"),
    "no UTF-8": ("raise UnicodeDecodeError('utf-8', b'\\xff', 0, 1, 'broken')", "UnicodeDecodeError", "broken"),
    "a str() that raises": (
        "class Silent(Exception):\n    def __str__(self): raise RuntimeError('no')\nraise Silent",
        "Silent",
        "RuntimeError",
    ),
    "a long text": ("raise ValueError('x' * 1_000_000)", "ValueError", "x" * 1000),
    "a magic that is not there": ("%%no_such_magic\n1", "UsageError", "no_such_magic"),
}


@pytest.mark.parametrize(["code", "name", "text"], CODE.values(), ids=CODE)
def test_an_error(kernel: Kernel, code, name, text):
    cell = kernel.run(code)
    assert cell.reply["status"] == "error"
    subclass = "_IncompleteInputError" if name == "SyntaxError" else name  # of an open bracket, from 3.13 on
    assert cell.reply["ename"] in (name, subclass)  # the bare name: nbclient compares it
    assert text in cell.reply["evalue"]
    assert isinstance(cell.reply["traceback"], list) and all(isinstance(line, str) for line in cell.reply["traceback"])
    assert cell.reply["traceback"]
    if name != "UsageError":  # is printed, without a traceback
        assert {key: cell.reply[key] for key in ("ename", "evalue", "traceback")} == cell.error
    assert kernel.ok("40 + 2").result == "42"


def test_the_traceback_shows_the_line_of_the_cell(kernel: Kernel):
    cell = kernel.run("def half(n):\n    return n / 0  # the line\n\nhalf(1)")
    text = "\n".join(cell.error["traceback"])
    assert "the line" in text and "half" in text
    assert "xparallel_kernel" not in text


def test_a_success(kernel: Kernel):
    cell = kernel.ok("6 * 7")
    assert cell.reply["user_expressions"] == {} and cell.reply["payload"] == []
    [shown] = cell.outputs
    assert shown.type == "execute_result"
    assert shown.content["execution_count"] == cell.reply["execution_count"]
    [echo] = cell.of("execute_input")
    assert echo.content == {"code": "6 * 7", "execution_count": cell.reply["execution_count"]}
    assert kernel.ok("_").result == "42"
    assert kernel.ok("6 * 7;").outputs == []


def test_silent(kernel: Kernel):
    before = kernel.ok("1").reply["execution_count"]
    cell = kernel.ok("silent = 1\nsilent", silent=True)
    assert cell.outputs == [] and cell.of("execute_input") == []
    failed = kernel.run("1/0", silent=True)
    assert failed.reply["status"] == "error" and failed.reply["ename"] == "ZeroDivisionError"
    after = kernel.ok("silent")
    assert (after.reply["execution_count"], after.result) == (before + 1, "1")


def test_without_history(kernel: Kernel):
    before = kernel.ok("1").reply["execution_count"]
    cell = kernel.ok("'not kept'", store_history=False)
    assert cell.result == "'not kept'"
    assert kernel.run("1/0", store_history=False).reply["status"] == "error"
    assert kernel.ok("1").reply["execution_count"] == before + 1
    tail = kernel.ask("history_request", {"hist_access_type": "tail", "n": 2, "raw": True, "output": False}).reply
    assert [entry[2] for entry in tail["history"]] == ["1", "1"]


@pytest.mark.parametrize("code", ["", "\n", "   ", "# only a comment"])
def test_a_cell_with_nothing_in_it(kernel: Kernel, code):
    cell = kernel.ok(code)
    assert cell.outputs == []


def test_counting_goes_on_over_errors(kernel: Kernel):
    counts = [
        kernel.run(code).reply["execution_count"]
        for code in ("1", "1/0", "x = = 1", "raise SystemExit", "%nope", "print(1)")
    ]
    assert counts == list(range(counts[0], counts[0] + 6))


def test_user_expressions(kernel: Kernel):
    asked = {"good": "a + 1", "bad": "1/0", "syntax": "= 1", "rich": "rich", "exit": "exiting()"}
    cell = kernel.ok(
        "a = 1\nclass Rich:\n    def _repr_html_(self): return '<b>'\nrich = Rich()\n"
        "def exiting(): raise ValueError('x')",
        user_expressions=asked,
    )
    answers = cell.reply["user_expressions"]
    assert answers.keys() == asked.keys()
    assert answers["good"] == {"status": "ok", "data": {"text/plain": "2"}, "metadata": {}}
    assert answers["rich"]["data"]["text/html"] == "<b>"
    for key, name in (("bad", "ZeroDivisionError"), ("syntax", "SyntaxError"), ("exit", "ValueError")):
        assert (answers[key]["status"], answers[key]["ename"]) == ("error", name)
        assert isinstance(answers[key]["evalue"], str) and isinstance(answers[key]["traceback"], list)
    assert cell.of("error") == []


def test_queued_cells_are_aborted_after_an_error(kernel: Kernel):
    kernel.ok("import time; ran = []")
    cells = [kernel.start("time.sleep(0.5); 1/0"), kernel.start("ran.append(1)"), kernel.start("ran.append(2)")]
    question = kernel.send("is_complete_request", {"code": "1"})
    for request in [*cells, question]:
        request.wait()
    assert cells[0].reply["ename"] == "ZeroDivisionError"
    for cell in cells[1:]:
        assert cell.reply["status"] == "error" and cell.reply["execution_count"] == cells[0].reply["execution_count"]
        assert isinstance(cell.reply["ename"], str) and cell.reply["ename"]
        assert isinstance(cell.reply["evalue"], str) and cell.reply["traceback"] == []
        assert cell.outputs == []
    assert question.reply["status"] == "complete"
    assert kernel.value("ran") == "[]"


def test_queued_cells_run_where_errors_do_not_stop(kernel: Kernel):
    kernel.ok("import time; ran = []")
    cells = [kernel.start("time.sleep(0.5); 1/0", stop_on_error=False), kernel.start("ran.append(1)")]
    for cell in cells:
        cell.wait()
    assert cells[1].reply["status"] == "ok" and kernel.value("ran") == "[1]"


def test_cells_run_in_order(kernel: Kernel):
    kernel.ok("order = []")
    cells = [kernel.start(f"order.append({n})") for n in range(200)]
    for cell in cells:
        cell.wait()
    assert kernel.value("order == list(range(200))") == "True"
    numbers = [cell.replies[0].number for cell in cells]
    assert numbers == sorted(numbers)


def test_a_repr_that_raises(kernel: Kernel):
    cell = kernel.run("class Bad:\n    def __repr__(self): raise RuntimeError('no repr')\nBad()")
    assert "no repr" in cell.text("stderr") + "".join("".join(error.content["traceback"]) for error in cell.of("error"))
    assert kernel.run("class Worse:\n    def __repr__(self): raise KeyboardInterrupt\nWorse()").is_over
    assert kernel.ok("1").result == "1"


@pytest.mark.parametrize("end", ["exit(keep_kernel=True)", "quit(keep_kernel=True)"])
def test_exit_that_keeps_the_kernel(kernel: Kernel, end):
    cell = kernel.ok(end)
    assert cell.reply["payload"] == [{"source": "ask_exit", "keepkernel": True}]
    assert kernel.ok("1").result == "1"


@pytest.mark.parametrize("end", ["exit()", "quit()", "get_ipython().ask_exit()"])
def test_exit_ends_the_kernel_after_its_reply(own_kernel: Kernel, end):
    cell = own_kernel.ok(f"print('last words')\n{end}")
    assert cell.reply["payload"] == [{"source": "ask_exit", "keepkernel": False}]
    assert cell.text() == "last words\n"
    own_kernel.wait(own_kernel.has_ended, 10, "the end")
    assert own_kernel.process.returncode == 0


def test_earlier_results_have_names(own_kernel: Kernel):
    own_kernel.ok("6 * 7")
    own_kernel.ok("'not shown, so not kept either';")
    own_kernel.ok("x = 1")
    assert own_kernel.ok("_1, Out[1], _i1, In[1]").result == "(42, 42, '6 * 7', '6 * 7')"
    assert own_kernel.ok("_ is _4, __").result == "(True, 42)"


def test_magics_of_whole_cells(kernel: Kernel, tmp_path):
    assert kernel.ok("%%bash\nfor n in 1 2; do echo $n; done").text() == "1\n2\n"
    assert "Wall time" in kernel.ok("%%time\nsum(range(10))").text()
    file = tmp_path / "written.txt"
    kernel.ok(f"%%writefile {file}\nwhat it says")
    assert file.read_text() == "what it says\n"
    caught = kernel.ok("%%capture caught\nprint('caught')\n6 * 7")
    assert caught.outputs == []
    found = kernel.ok("caught.stdout, [output.data for output in caught.outputs]").result
    assert found == r"('caught\n', [{'text/plain': '42'}])"


def test_input_for_the_next_cell(kernel: Kernel):
    cell = kernel.ok("get_ipython().set_next_input('next = 1')")
    assert cell.reply["payload"] == [{"source": "set_next_input", "text": "next = 1", "replace": False}]


def test_the_pager(kernel: Kernel):
    [page] = kernel.ok("len?").reply["payload"]
    assert page["source"] == "page" and "number of items" in page["data"]["text/plain"]
    assert kernel.ok("1").reply["payload"] == []


BROKEN = {
    "run_cell": "get_ipython().run_cell = None",
    "showtraceback": "get_ipython().showtraceback = None",
    "_showtraceback": "get_ipython()._showtraceback = None\n1/0",
    "a raising traceback": "def broken(*args): raise RuntimeError('no traceback')\n"
    "get_ipython().InteractiveTB.structured_traceback = broken\n1/0",
    "a custom exception handler": "def broken(*args, **keys): raise RuntimeError('handler')\n"
    "get_ipython().set_custom_exc((ZeroDivisionError,), broken)\n1/0",
    "the display hook": "get_ipython().displayhook = None\nimport sys; sys.displayhook = None\n1",
    "the history": "get_ipython().history_manager = None",
    "the events": "get_ipython().events = None",
    "the formatter": "get_ipython().display_formatter = None\n1",
    "the payloads": "get_ipython().payload_manager = None",
    "the count": "get_ipython().execution_count = 'many'",
    "the compiler": "get_ipython().compile = None",
    "an input transformer": "def broken(lines): raise RuntimeError('transform')\n"
    "get_ipython().input_transformers_cleanup.append(broken)",
    "sys.stdout": "import sys; sys.stdout = sys.stderr = None\nprint(1)",
    "the namespace": "get_ipython().user_ns = None",
    "builtins": "import builtins; del builtins.print, builtins.len, builtins.isinstance",
    "the main module": "import sys; sys.modules.clear()",
}


@pytest.mark.parametrize("code", BROKEN.values(), ids=BROKEN)
def test_a_shell_broken_by_the_user_still_replies(code):
    """IPython cannot be expected to work then; every request gets its reply, and the kernel ends when asked to."""
    with fresh_kernel() as kernel:
        kernel.run(code)
        for cell in (kernel.run("1 + 1"), kernel.run("1/0"), kernel.run("print(1)")):
            assert cell.reply["status"] in ("ok", "error")
        kernel.ask("is_complete_request", {"code": "1"})
        kernel.ask("complete_request", {"code": "pri", "cursor_pos": 3})
        kernel.ask("kernel_info_request", channel="control")
        for request in kernel.requests.values():
            request.check()
        stop = kernel.send("shutdown_request", {"restart": False}, "control")
        kernel.wait(lambda: stop.replies and kernel.has_ended(), 10, "the end")


@pytest.mark.parametrize(
    "code",
    [
        "get_ipython().set_hook('show_in_pager', lambda *_: 1/0)\nlen?",
        "get_ipython().events.register('pre_run_cell', lambda *_: 1/0)",
        "get_ipython().events.register('post_run_cell', lambda *_: 1/0)",
        "get_ipython().input_transformers_post.append(lambda lines: 1/0)",
        "get_ipython().ast_transformers.append(3)",
    ],
)
def test_a_hook_that_raises_does_not_stop_cells(code):
    with fresh_kernel() as kernel:
        kernel.run(code)
        assert kernel.run("kept = 1").is_over
        for request in kernel.requests.values():
            request.check()


def test_recursion_to_death(own_kernel: Kernel):
    """As deep as the limit says, and deeper than the stack: an error, or a dead kernel that says so, but no hang."""
    cell = own_kernel.run(
        "import sys; sys.setrecursionlimit(3000)\nclass R:\n    def __repr__(self): return repr(self)\nR()"
    )
    assert cell.is_over
    assert own_kernel.ok("2").result == "2"


def test_a_cell_may_change_folder_and_standard_modules(kernel: Kernel, tmp_path):
    kernel.ok(f"import os; os.chdir({str(tmp_path)!r})")
    assert kernel.ok("os.getcwd()").result == repr(str(tmp_path))
    assert list(tmp_path.iterdir()) == []  # nothing of the kernel is written into the folder of a notebook
