"""Works of cells: where their output, their views, their errors and their callbacks appear."""

import pytest

from support import Kernel, plain

IMPORTS = """
import os, signal, socket, sys, time
parallel.configure(contexts=2)

def wait_for(path):
    while not os.path.exists(path): time.sleep(0.005)
"""


@pytest.fixture(autouse=True)
def imports(kernel: Kernel):
    kernel.ok(IMPORTS)


@pytest.fixture
def gate(tmp_path):
    """Something a work waits for: it runs until the test opens it, however slow the machine is."""

    class Gate:
        wait = f"wait_for({str(tmp_path / 'open')!r})"

        def open(self):
            (tmp_path / "open").touch()

    return Gate()


def test_a_later_cell_gives_running_works_more_contexts(kernel: Kernel, gate):
    kernel.ok(
        "parallel.configure(contexts=1)\nbegan = xlist()\n"
        f"for n in range(6): parallel.submit_work(lambda n=n: (began.push(n), {gate.wait}, print('work', n)))"
    )
    kernel.ok("began.wait(1, 20)")
    assert kernel.value("[context.slot for context in parallel.contexts(ended=False)]") == "[0]"
    cell = kernel.ok("parallel.configure(contexts=4)\nbegan.wait(4, 20), len(began)")
    assert cell.result == "(True, 4)"
    assert kernel.value("[context.slot for context in parallel.contexts(ended=False)]") == "[0, 1, 2, 3]"
    gate.open()
    kernel.ok("parallel.run()")
    assert kernel.value("sorted(began)") == "[0, 1, 2, 3, 4, 5]"


# ---- output ----------------------------------------------------------------------------------------------------------


def test_prints_of_works_appear_under_their_cell_as_whole_lines(kernel: Kernel):
    cell = kernel.ok(
        "def say(n):\n    for i in range(200):\n        print('work', n, 'line', i, 'x' * 60)\n"
        "    print('error', n, file=sys.stderr)\n"
        "for n in range(4): parallel.submit_work(say, n)\nparallel.run()\nprint('over')"
    )
    lines = cell.text().splitlines()
    assert lines[-1] == "over"
    assert sorted(lines[:-1]) == sorted(f"work {n} line {i} {'x' * 60}" for n in range(4) for i in range(200))
    for n in range(4):  # of one work, in order
        assert [line.split()[3] for line in lines if line.startswith(f"work {n} ")] == [str(i) for i in range(200)]
    assert sorted(cell.text("stderr").splitlines()) == [f"error {n}" for n in range(4)]
    assert len(cell.of("stream")) <= 100


def test_output_appears_while_the_work_runs(kernel: Kernel, gate):
    cell = kernel.start(f"parallel.submit_work(lambda: (print('begun'), {gate.wait}))\nparallel.run()")
    kernel.wait(lambda: cell.text() == "begun\n", 10)
    assert not cell.is_over
    gate.open()
    assert cell.wait().reply["status"] == "ok"


def test_descriptors_and_subprocesses_of_works(kernel: Kernel):
    cell = kernel.ok(
        "def write():\n    print('a')\n    os.write(1, b'b\\n')\n"
        "    os.system('echo c; echo error >&2')\n    print('d')\n"
        "parallel.submit_work(write)\nparallel.run()"
    )
    assert cell.text() == "a\nb\nc\nd\n" and cell.text("stderr") == "error\n"


def test_what_programs_of_background_work_write_appears_under_its_cell(kernel: Kernel, gate):
    first = kernel.ok(f"parallel.submit_work(lambda: ({gate.wait}, os.system('echo from the first cell')) and None);")
    second = kernel.ok("print('second')")
    gate.open()
    kernel.wait(lambda: "first" in first.text(), what="its output")
    assert first.text() == "from the first cell\n" and second.text() == "second\n"


def test_a_crash_shows_where_it_was_under_its_cell(kernel: Kernel):
    cell = kernel.run(
        "import ctypes\ndef crash():\n    ctypes.string_at(0)\nparallel.submit_work(crash)\nparallel.run()"
    )
    assert cell.error["ename"] == "ContextCrashed" and "SIGSEGV" in cell.error["evalue"]
    assert "Fatal Python error: Segmentation fault" in cell.text("stderr") and "in crash" in cell.text("stderr")


# ---- displays --------------------------------------------------------------------------------------------------------


@pytest.mark.packages
def test_displays_of_works_are_displays_of_their_cell(kernel: Kernel):
    cell = kernel.ok(
        "from IPython.display import HTML, display\n"
        "class Rich:\n    def _repr_html_(self): return '<b>rich</b>'\n    def __repr__(self): return 'plain'\n"
        "def show():\n    print('before')\n    display(Rich())\n"
        "    print('between')\n    display(HTML('<i>x</i>'), 7)\n"
        "parallel.submit_work(show)\nparallel.run()"
    )
    shown = [message.content["data"] for message in cell.of("display_data")]
    assert shown[0] == {"text/plain": "plain", "text/html": "<b>rich</b>"}
    assert shown[1]["text/html"] == "<i>x</i>" and shown[2] == {"text/plain": "7"}
    kinds = [message.type for message in cell.outputs if message.type in ("stream", "display_data")]
    assert kinds == ["stream", "display_data", "stream", "display_data", "display_data"]


@pytest.mark.packages
def test_a_work_updates_its_displays(kernel: Kernel):
    cell = kernel.ok(
        "def show():\n    handle = display('first', display_id=True)\n    handle.update('second')\n"
        "    from IPython.display import clear_output\n    clear_output(wait=True)\n"
        "parallel.submit_work(show)\nparallel.run()"
    )
    (made,), (updated,) = cell.of("display_data"), cell.of("update_display_data")
    assert made.content["data"]["text/plain"] == "'first'" and updated.content["data"]["text/plain"] == "'second'"
    assert made.content["transient"] == updated.content["transient"] != {}
    assert [message.content for message in cell.of("clear_output")] == [{"wait": True}]


@pytest.mark.packages
def test_displays_of_background_work_appear_under_its_cell(kernel: Kernel, gate):
    first = kernel.ok(f"parallel.submit_work(lambda: ({gate.wait}, display('late')) and None);")
    second = kernel.ok("1")
    gate.open()
    kernel.wait(lambda: first.of("display_data"), what="the display")
    assert not second.of("display_data")


PNG = "iVBORw0KGgo"  # how every PNG begins, in base64


@pytest.mark.packages
def test_figures_of_works(kernel: Kernel):
    """Shown by plt.show(), or at the end of the work as at the end of a cell; figures of the main thread are not."""
    kernel.ok("%matplotlib inline\nimport matplotlib.pyplot as plt")
    cell = kernel.ok(
        "plt.plot([3, 1, 2])\n"
        "def draw(n):\n    plt.figure()\n    plt.plot(range(n))\n    if n == 2: plt.show()\n"
        "for n in (2, 3): parallel.submit_work(draw, n)\nparallel.run()\nplt.close('all')"
    )
    shown = [message.content["data"] for message in cell.of("display_data")]
    assert len(shown) == 2 and all(data["image/png"].startswith(PNG) for data in shown)


@pytest.mark.packages
def test_figures_of_items_of_a_queue(kernel: Kernel):
    kernel.ok("%matplotlib inline\nimport matplotlib.pyplot as plt")
    cell = kernel.ok(
        "queue = xlist([2, 3, 4])\nparallel.submit_queue(queue, lambda n: plt.plot(range(n)) and None)\nparallel.run()"
    )
    assert [message.content["data"]["image/png"][: len(PNG)] for message in cell.of("display_data")] == [PNG] * 3


def test_what_cannot_be_sent_is_an_error_of_the_work(kernel: Kernel):
    cell = kernel.run(
        "def show(): display({'text/plain': (n for n in range(3))}, raw=True)\n"
        "parallel.submit_work(show)\nparallel.run()"
    )
    assert cell.error["ename"] in ("ValueError", "TypeError")


# ---- background ------------------------------------------------------------------------------------------------------


def test_pending_work_starts_at_the_end_of_its_cell(kernel: Kernel):
    cell = kernel.ok("work = parallel.submit_work(lambda: print('by itself'))")
    kernel.wait(lambda: cell.text() == "by itself\n", 10)
    assert kernel.ok("work.result()").reply["status"] == "ok"


def test_background_work_belongs_to_its_cell_while_others_run(kernel: Kernel, gate):
    background = kernel.ok(
        "ticks = xlist()\ndef tick():\n    for i in range(60):\n        print('tick', i); ticks.push(i); "
        "time.sleep(0.02)\n"
        f"    {gate.wait}\n    print('last words')\nwork = parallel.submit_work(tick)\nticks"
    )
    others = []
    while background.text().count("tick") < 30:
        others.append(kernel.ok("print('mine'); [i * i for i in range(100000)][-1]"))
    kernel.wait(lambda: background.text().count("tick") == 60, 10)  # and while nothing runs
    gate.open()
    kernel.wait(lambda: "last words\n" in background.text(), 10)
    assert kernel.ok("work.result(); work.state").result == "'done'"
    assert others
    for other in others:
        assert other.text() == "mine\n"
        assert [message.type for message in other.outputs[:2]] == ["stream", "execute_result"]
        assert {message.type for message in other.outputs[2:]} <= {"update_display_data"}
    assert background.text() == "".join(f"tick {i}\n" for i in range(60)) + "last words\n"


def test_cells_run_while_background_work_goes_on(kernel: Kernel, gate):
    cell = kernel.ok(f"work = parallel.submit_work(lambda: {gate.wait}, name='long')")
    assert kernel.value("work.state") in ("'pending'", "'running'")
    assert kernel.ok("6 * 7").result == "42"
    gate.open()
    assert kernel.ok("parallel.run(); work.state").result == "'done'"
    assert cell.of("error") == []


# ---- live views ------------------------------------------------------------------------------------------------------


def views(cell) -> list[dict]:
    return [message.content for message in cell.of("display_data", "update_display_data")]


def told_in(later, cell):
    """What a later cell tells of the views of `cell`; it may tell of views of earlier tests, too."""
    ids = [view["transient"]["display_id"] for view in views(cell)]
    return [message for message in later.outputs if message.content.get("transient", {}).get("display_id") in ids]


def of_its_display(cell):
    """The display of a cell that has one, and its updates. The last updates of earlier cells are sent in it, too."""
    (first,) = cell.of("display_data")
    shown = cell.of("display_data", "update_display_data")
    return [each for each in shown if each.content["transient"] == first.content["transient"]]


@pytest.mark.packages
def test_a_live_view(kernel: Kernel):
    cell = kernel.ok(
        "grown = xlist(name='growing')\ndef grow():\n    for i in range(150):\n        grown.push(i); "
        "time.sleep(0.01)\n"
        "parallel.submit_work(grow)\ndisplay(grown)\nparallel.run()"
    )
    shown = of_its_display(cell)
    assert [message.type for message in shown] == ["display_data"] + ["update_display_data"] * (len(shown) - 1)
    for message in shown:
        assert message.content["data"].keys() == {"text/plain", "text/html"}
        assert message.parent == cell.id
        assert "<script" not in message.content["data"]["text/html"]
    seconds = shown[-1].time - shown[0].time
    assert seconds >= 1.0, "the work takes 1.5 s"
    assert 4 <= len(shown) <= 12 * seconds + 2
    assert shown[-1].number < cell.of("status")[-1].number  # nbclient reads no further
    last = shown[-1].content["data"]["text/plain"]
    assert "150" in last.splitlines()[0] and last.splitlines()[-1].split() == ["149", "149"]
    assert "running" not in last
    sizes = [message.content["data"]["text/plain"].splitlines()[0] for message in shown]
    assert len(set(sizes)) == len(shown), "nothing is sent when nothing has changed"


def test_many_pushes_are_few_updates(kernel: Kernel):
    cell = kernel.ok(
        "flood = xlist()\ndef push():\n    for i in range(100_000): flood.push(i)\n"
        "for n in range(4): parallel.submit_work(push)\ndisplay(flood)\nparallel.run()",
        60,
    )
    shown = of_its_display(cell)
    assert len(shown) <= 12 * (shown[-1].time - shown[0].time) + 3
    assert "400,000" in shown[-1].content["data"]["text/plain"].splitlines()[0]


def test_a_view_grows_while_the_kernel_is_idle(kernel: Kernel, gate):
    cell = kernel.ok(
        f"both = xlist()\ndef push():\n    both.push('early'); {gate.wait}; both.push('late')\n"
        f"parallel.submit_work(push)\nboth"
    )
    kernel.wait(lambda: "'early'" in views(cell)[-1]["data"]["text/plain"], 10)
    assert "'late'" not in views(cell)[-1]["data"]["text/plain"]
    gate.open()
    kernel.wait(lambda: "'late'" in views(cell)[-1]["data"]["text/plain"], 10)
    kernel.wait(lambda: "running" not in views(cell)[-1]["data"]["text/plain"], 10)
    assert len({one["transient"]["display_id"] for one in views(cell)}) == 1


def test_a_later_cell_tells_how_views_of_earlier_ones_are(kernel: Kernel, gate):
    """nbclient hears of the cell it runs only; once, and not again when nothing has changed."""
    first = kernel.ok(
        f"told = xlist()\ndef push():\n    {gate.wait}; told.push('late')\nparallel.submit_work(push)\ndisplay(told)"
    )
    gate.open()
    kernel.wait(lambda: "'late'" in views(first)[-1]["data"]["text/plain"], 10)
    kernel.wait(lambda: "running" not in views(first)[-1]["data"]["text/plain"], 10)
    kernel.ok("pass", silent=True)  # a front end's own: no cell of the notebook
    second = kernel.ok("print('second')")
    assert second.outputs[0].type == "stream"
    (told,) = told_in(second, first)
    assert told.type == "update_display_data" and told.content == views(first)[-1]
    assert told.number < second.of("status")[-1].number
    assert told_in(kernel.ok("pass"), first) == []


def test_a_later_cell_that_waits_tells_the_end_of_views(kernel: Kernel, gate):
    first = kernel.ok(
        f"told = xlist()\ndef push():\n    {gate.wait}; told.push('late')\nparallel.submit_work(push)\ntold"
    )
    gate.open()
    (told,) = told_in(kernel.ok("parallel.run()"), first)
    assert "'late'" in told.content["data"]["text/plain"] and told.content == views(first)[-1]


def test_what_is_pushed_is_escaped(kernel: Kernel):
    cell = kernel.ok("xlist(['<script>alert(1)</script>', '&amp;'], name='<b>')")
    page = views(cell)[0]["data"]["text/html"]
    assert "&lt;script&gt;" in page and "<script>" not in page and "<b>" not in page


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.packages
def test_the_error_of_a_work(kernel: Kernel):
    cell = kernel.run(
        "class MyError(Exception): pass\ndef inner(n):\n    raise MyError(f'went wrong at {n}')  # the guilty line\n"
        "def outer(n):\n    inner(n)\nparallel.submit_work(outer, 3, name='the third')\nparallel.run()"
    )
    assert (cell.reply["ename"], cell.reply["evalue"]) == ("MyError", "went wrong at 3")
    text = plain("\n".join(cell.error["traceback"]))
    assert "the guilty line" in text and "in outer" in text and "in inner" in text
    assert "the third" in text
    assert "runtime/python" not in text and "/parallel/_" not in text
    assert kernel.run(
        "try:\n    parallel.submit_work(outer, 1); parallel.run()\nexcept MyError as error: print('caught', error)"
    ).text() == ("caught went wrong at 1\n")
    assert kernel.ok("parallel.run(); 'nothing is left to raise'").result


@pytest.mark.packages
def test_the_error_of_background_work_is_shown_under_its_cell(kernel: Kernel, gate):
    cell = kernel.ok(
        f"def bad():\n    {gate.wait}\n    raise LookupError('in the background')\nwork = parallel.submit_work(bad)"
    )
    other = kernel.ok("'unaware'")
    gate.open()
    kernel.wait(lambda: cell.of("error"), 10)
    assert (cell.error["ename"], cell.error["evalue"]) == ("LookupError", "in the background")
    assert "wait_for" in plain("\n".join(cell.error["traceback"])) or "bad" in "".join(cell.error["traceback"])
    assert other.of("error") == []
    assert kernel.run("parallel.run()").reply["ename"] == "LookupError"  # once more: a program wants to know, too
    kernel.ok("parallel.run()")


@pytest.mark.parametrize(
    ["code", "name", "text"],
    [
        ("os._exit(3)", "ContextCrashed", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "ContextCrashed", "SIGKILL"),
        ("__import__('ctypes').string_at(1)", "ContextCrashed", "SIGSEGV"),
        ("os.abort()", "ContextCrashed", "SIGABRT"),
        ("sys.exit(3)", "RemoteError", "sys.exit()"),
        ("exit()", None, ""),
    ],
)
def test_a_work_that_ends_its_context(kernel: Kernel, code, name, text):
    cell = kernel.run(
        "kept = xlist()\ndef end():\n    kept.push('kept')\n    " + code + "\n"
        "good = [parallel.submit_work(lambda n=n: kept.push(n)) for n in range(4)]\n"
        "bad = parallel.submit_work(end, name='the bad one')\nparallel.run()"
    )
    if name is not None:
        assert cell.reply["ename"] == name and text in cell.reply["evalue"] and "the bad one" in cell.reply["evalue"]
    assert kernel.value("sorted(map(str, kept)), [work.state for work in good]") == (
        "(['0', '1', '2', '3', 'kept'], ['done', 'done', 'done', 'done'])"
    )
    assert kernel.ok("parallel.submit_work(lambda: 'the next').result()").result == "'the next'"


def test_what_is_no_work(kernel: Kernel):
    cell = kernel.run("parallel.submit_work(3)")
    assert cell.reply["ename"] == "TypeError" and "int" in cell.reply["evalue"]


@pytest.mark.parametrize(
    ["value", "kind"],
    [("socket.socket()", "socket.socket"), ("(i for i in range(3))", "generator"), ("sys._getframe()", "frame")],
)
def test_what_cannot_be_pushed(kernel: Kernel, value, kind):
    cell = kernel.run(f"refusing = xlist()\nparallel.submit_work(lambda: refusing.push([1, {value}]))\nparallel.run()")
    assert cell.reply["ename"] == "ValueError"
    assert f"objects of type {kind} cannot be pushed to xlists" in cell.reply["evalue"]
    assert kernel.value("len(refusing)") == "0"
    assert kernel.run(f"refusing.push({value})").reply["ename"] == "ValueError"


def test_input_in_a_work_is_an_error_at_once(kernel: Kernel):
    cell = kernel.run("parallel.submit_work(lambda: input('?'))\nparallel.run()", allow_stdin=True)
    assert cell.reply["status"] == "error" and "input" in cell.reply["evalue"]
    assert cell.of("input_request") == []


# ---- callbacks -------------------------------------------------------------------------------------------------------


def test_what_a_callback_prints_appears_under_the_cell_of_its_work(kernel: Kernel, gate):
    cell = kernel.ok(f"work = parallel.submit_work(lambda: {gate.wait} or 7, callback=print);")
    other = kernel.ok("1")
    gate.open()
    kernel.wait(lambda: cell.text() + other.text() == "7\n", 10)
    assert (cell.text(), other.text()) == ("7\n", "")


def test_callbacks_run_while_the_kernel_is_idle(kernel: Kernel, gate):
    cell = kernel.ok(
        "import threading\nmain = threading.main_thread()\n"
        "def note(result): print('callback', result, threading.current_thread() is main)\n"
        f"work = parallel.submit_work(lambda: {gate.wait} or 7, callback=note);"
    )
    gate.open()
    kernel.wait(lambda: cell.text() == "callback 7 True\n", 10)


def test_a_callback_that_raises_while_idle_is_shown(kernel: Kernel, gate):
    cell = kernel.ok(f"work = parallel.submit_work(lambda: {gate.wait}, callback=lambda _: 1/0);")
    gate.open()
    kernel.wait(lambda: cell.of("error"), 10)
    assert cell.error["ename"] == "ZeroDivisionError"
    assert kernel.run("parallel.run()").reply["ename"] == "ZeroDivisionError"
    kernel.ok("parallel.run()")


def test_the_main_thread_is_asked_while_the_kernel_is_idle(kernel: Kernel, gate):
    cell = kernel.ok(
        "seen = []\nanswers = xlist()\n@parallel.call_from_main_thread_and_wait\n"
        "def ask(n):\n    print('asked for', n)\n    seen.append(n)\n    return n * n\n"
        f"parallel.submit_work(lambda: ({gate.wait}, answers.push(ask(7))) and None);"
    )
    gate.open()
    kernel.wait(lambda: "asked for 7" in cell.text(), what="the call")
    assert kernel.ok("answers.wait(1, 30), list(answers), seen").result == "(True, [49], [7])"


@pytest.mark.packages
def test_works_can_be_awaited(kernel: Kernel):
    assert kernel.ok("await parallel.submit_work(lambda: 6 * 7)").result == "42"


def test_works_and_threads_that_print(kernel: Kernel):
    """Forks while other threads print, log and publish: no context may hang."""
    cell = kernel.ok(
        "import logging, threading\nstop = threading.Event()\n"
        "def noise():\n    while not stop.is_set():\n        print('noise'); logging.getLogger('n').error('log'); "
        "time.sleep(0.0005)\n"
        "threads = [threading.Thread(target=noise) for _ in range(3)]\nfor t in threads: t.start()\n"
        "found = xlist()\ntry:\n    for _ in range(40):\n"
        "        for n in range(2): parallel.submit_work(lambda n: (print('work'), found.push(n)) and None, n)\n"
        "        parallel.run()\nfinally:\n    stop.set()\n    for t in threads: t.join()\nlen(found)",
        60,
    )
    assert cell.result == "80" and cell.text().count("work") == 80


def test_the_bar_of_a_run_counts_no_work_of_cells_before(own_kernel: Kernel):
    kernel = own_kernel
    kernel.ok("import time, parallel\nfor _ in range(5): parallel.submit_work(int).result()")
    cell = kernel.ok("parallel.submit_work(time.sleep, 1)\nparallel.run()")
    bars = [message.content["data"]["text/plain"] for message in cell.of("display_data", "update_display_data")]
    assert "1 work done" in bars[-1] and not any("of 2" in bar for bar in bars), bars


# ---- what cells wait by ----------------------------------------------------------------------------------------------

ASK = "seen = []\n@parallel.call_from_main_thread_and_wait\ndef ask(n):\n    seen.append(n)\n    return n + 1\n"


@pytest.mark.parametrize(
    "wait",
    [
        "await work",
        "await asyncio.wrap_future(work)",
        "(await asyncio.gather(work, asyncio.sleep(0.01)))[0]",
        "await asyncio.wait_for(work, 20)",
        "[await asyncio.sleep(0.01) for _ in iter(work.done, True)] and work.result()",
        "asyncio.run(main())",
        "next(concurrent.futures.as_completed([work])).result()",
        "xl.wait(1) and xl[0]",
        "[item for item in xl.stream()][0]",
    ],
)
def test_the_main_thread_is_asked_while_a_cell_waits(kernel: Kernel, wait):
    cell = kernel.ok(
        f"import asyncio, concurrent.futures\n{ASK}xl = xlist()\n"
        "work = parallel.submit_work(lambda: xl.push(ask(3)) or xl[0], callback=lambda n: print('callback', n))\n"
        "async def main(): return await work\nparallel.start()\n"
        f"answer = {wait}\nparallel.run()\nanswer, seen",
        20,
    )
    assert cell.result == "(4, [3])" and cell.text() == "callback 4\n"


def test_calls_are_answered_under_their_cell_while_another_awaits(kernel: Kernel, gate):
    first = kernel.ok(
        "@parallel.call_from_main_thread\ndef say(n): print('said', n)\n"
        f"parallel.submit_work(lambda: ({gate.wait}, say(3)) and None);"
    )
    second = kernel.start("import asyncio\nawait asyncio.sleep(30)")
    gate.open()
    kernel.wait(lambda: first.text() == "said 3\n", 10)
    assert not second.is_over
    kernel.interrupt()
    assert second.wait().reply["ename"] == "KeyboardInterrupt"


def test_tasks_that_await_works_go_on_while_the_kernel_is_idle(kernel: Kernel):
    cell = kernel.ok(
        f"import asyncio\n{ASK}async def wait():\n    print('answer', await parallel.submit_work(lambda: ask(6)))\n"
        "async def begin(): return asyncio.ensure_future(wait())\ntask = await begin();"
    )
    kernel.wait(lambda: cell.text() == "answer 7\n", 10)


# ---- works that are submitted while no cell runs ---------------------------------------------------------------------


def test_what_a_thread_submits_while_the_kernel_is_idle_starts(kernel: Kernel, gate):
    cell = kernel.ok(
        "import threading\ndef submit():\n"
        f"    {gate.wait}\n"
        "    for n in range(20): parallel.submit_work(lambda n: print('work', n), n)\n"
        "    parallel.submit_queue(xlist([7]), lambda n: print('item', n))\n"
        "threading.Thread(target=submit).start()"
    )
    kernel.listen(0.2)
    gate.open()
    expected = sorted([*(f"work {n}" for n in range(20)), "item 7"])
    kernel.wait(lambda: sorted(cell.text().splitlines()) == expected, 10)


def test_what_tasks_and_timers_submit_while_the_kernel_is_idle_starts(kernel: Kernel):
    cell = kernel.ok(
        "import asyncio\nasync def submit():\n    for n in range(3):\n        await asyncio.sleep(0.05)\n"
        "        parallel.submit_work(print, f'task {n}')\n"
        "async def begin():\n    loop = asyncio.get_running_loop()\n"
        "    loop.call_later(0.1, parallel.submit_work, print, 'timer')\n    return loop.create_task(submit())\n"
        "task = await begin();"
    )
    expected = ["task 0", "task 1", "task 2", "timer"]
    kernel.wait(lambda: sorted(cell.text().splitlines()) == expected, 10)


def test_what_a_thread_submits_at_random_moments_starts(kernel: Kernel):
    """While cells begin and end: none may be left that nobody starts."""
    kernel.ok(
        "import random, threading\ndone = xlist()\ndef submit():\n    for n in range(300):\n"
        "        parallel.submit_work(done.push, n)\n        time.sleep(random.random() * 0.004)\n"
        "thread = threading.Thread(target=submit)\nthread.start()"
    )
    while kernel.ok("thread.is_alive()").result == "True":
        kernel.ok("", silent=True)
    assert kernel.ok("done.wait(300, 20)\nsorted(done) == list(range(300))").result == "True"


def test_what_a_silent_cell_submits_starts(kernel: Kernel):
    kernel.ok("made = xlist()")
    kernel.ok("work = parallel.submit_work(made.push, 1)", silent=True)
    kernel.wait(lambda: kernel.ok("work.done()").result == "True", 10)


# ---- figures of callbacks --------------------------------------------------------------------------------------------


def figures(cell) -> list[str]:
    return [message.content["data"].get("image/png", "")[: len(PNG)] for message in cell.of("display_data")]


@pytest.mark.packages
@pytest.mark.parametrize("how", ["callback=lambda _: plt.plot([3, 1, 2])", "callback=draw", "errback=draw", "ask"])
def test_figures_drawn_while_the_kernel_is_idle_appear_under_their_cell(kernel: Kernel, gate, how):
    kernel.ok(
        "%matplotlib inline\nimport matplotlib.pyplot as plt\ndef draw(_):\n    plt.figure()\n    plt.plot([1, 2])\n"
        "asked = parallel.call_from_main_thread(draw)"
    )
    body = {"errback=draw": "1 / 0", "ask": "asked(1)"}.get(how, "1")
    options = "" if how == "ask" else f", {how}"
    cell = kernel.ok(f"parallel.submit_work(lambda: ({gate.wait}, {body}) and None{options});")
    other = kernel.ok("1")
    gate.open()
    kernel.wait(lambda: figures(cell), 20)
    later = kernel.ok("2")
    assert figures(cell) == [PNG] and figures(other) == figures(later) == []


@pytest.mark.packages
def test_figures_drawn_in_run_are_those_of_the_cell_that_runs(kernel: Kernel):
    kernel.ok("%matplotlib inline\nimport matplotlib.pyplot as plt")
    cell = kernel.ok(
        "plt.plot([1, 2])\nfor _ in range(2): parallel.submit_work(bool, callback=lambda _: plt.plot([3, 1]))\n"
        "parallel.run()\nplt.title('one figure, with three lines');"
    )
    assert figures(cell) == [PNG]


# ---- tracebacks of callbacks -----------------------------------------------------------------------------------------

BAD = "def bad(*_):\n    raise LookupError('of a callback')\n"


@pytest.mark.packages
@pytest.mark.parametrize(
    "submit", ["bool, callback=bad", "divmod, (1, 0), errback=bad", "parallel.call_from_main_thread(bad)"]
)
def test_the_error_of_a_callback_shows_the_user_s_code_only(kernel: Kernel, submit):
    cell = kernel.run(f"{BAD}parallel.submit_work({submit})\nparallel.run()  # the call")
    assert cell.reply["ename"] == "LookupError"
    text = plain("\n".join(cell.error["traceback"]))
    assert "in bad(" in text and "the call" in text and "/parallel/_" not in text


@pytest.mark.packages
def test_the_error_of_a_callback_shows_the_user_s_code_only_while_idle(kernel: Kernel, gate):
    cell = kernel.ok(f"{BAD}work = parallel.submit_work(lambda: {gate.wait}, callback=bad);")
    gate.open()
    kernel.wait(lambda: cell.of("error"), 10)
    text = plain("\n".join(cell.error["traceback"]))
    assert "in bad(" in text and "raise LookupError" in text and "/parallel/_" not in text
    kernel.run("parallel.run()")
