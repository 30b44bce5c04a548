"""stdout, stderr and displays: nothing is lost, the order is kept, few messages are sent, each belongs to its cell."""

import pytest

from support import Kernel

IMPORTS = (
    "from IPython.display import HTML, clear_output, display, update_display\n"
    "import os, subprocess, sys, threading, time\n"
)


@pytest.fixture(autouse=True)
def imports(kernel: Kernel):
    kernel.ok(IMPORTS)


# ---- streams ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", ["", ", flush=True", ", file=sys.stderr"])
def test_a_thousand_prints_are_few_messages(kernel: Kernel, options):
    cell = kernel.ok(f"for i in range(1000): print(i{options})")
    name = "stderr" if "stderr" in options else "stdout"
    assert cell.text(name) == "".join(f"{i}\n" for i in range(1000))
    assert len(cell.of("stream")) <= 20


@pytest.mark.parametrize("line", ["print(i)", "os.write(1, b'%d\\n' % i)"], ids=["print", "descriptor"])
def test_a_hundred_thousand_lines_are_all_there(kernel: Kernel, line):
    cell = kernel.ok(f"for i in range(100_000): {line}")
    assert cell.text() == "".join(f"{i}\n" for i in range(100_000))
    assert len(cell.of("stream")) <= 500


def test_what_others_publish_cuts_no_line(kernel: Kernel):
    cell = kernel.ok(
        "ended = threading.Event()\nhandle = display('0', display_id=True)\n"
        "def disturb():\n    while not ended.wait(0.0005): handle.update('1')\n"
        "thread = threading.Thread(target=disturb); thread.start()\n"
        "slow = 0\nfor i in range(100):\n    began = time.monotonic(); sys.stdout.write('half a '); time.sleep(0.002)\n"
        "    sys.stdout.write('line\\n'); slow += time.monotonic() - began > 0.01\n"
        "ended.set(); thread.join()"
    )
    assert cell.text() == "half a line\n" * 100
    cut = [message for message in cell.of("stream") if not message.content["text"].endswith("\n")]
    assert len(cut) <= int(kernel.value("slow"))  # a thread that sleeps for too long is cut all the same
    assert len(cell.of("update_display_data")) >= 20


def test_a_line_without_an_end_is_shown_all_the_same(kernel: Kernel):
    request = kernel.start("for i in range(200):\n    sys.stdout.write(f'{i} '); time.sleep(0.01)")
    kernel.wait(lambda: len(request.of("stream")) >= 5, 10)
    assert request.wait().text() == "".join(f"{i} " for i in range(200))


def test_a_long_line_arrives_whole(kernel: Kernel):
    cell = kernel.ok("print('𝄞é' * 3_000_000)")
    assert cell.text() == "𝄞é" * 3_000_000 + "\n"


def test_the_order_of_streams(kernel: Kernel):
    cell = kernel.ok("for i in range(8):\n    print(i)\n    print(-i, file=sys.stderr)")
    pieces = [(message.content["name"], message.content["text"]) for message in cell.of("stream")]
    assert pieces == [piece for i in range(8) for piece in (("stdout", f"{i}\n"), ("stderr", f"{-i}\n"))]


def test_two_streams_in_turn_are_few_messages(kernel: Kernel):
    """Front ends drop what exceeds about 1000 messages a second."""
    cell = kernel.ok("for i in range(20_000):\n    print(i)\n    print(-i, file=sys.stderr)")
    assert cell.text() == "".join(f"{i}\n" for i in range(20_000))
    assert cell.text("stderr") == "".join(f"{-i}\n" for i in range(20_000))
    assert len(cell.of("stream")) <= 500


@pytest.mark.packages
def test_the_order_of_everything(kernel: Kernel):
    cell = kernel.run(
        "print('a'); display('b'); print('c', file=sys.stderr); clear_output(wait=True); print('d')\n"
        "os.write(1, b'e\\n'); display(HTML('f')); subprocess.run(['echo', 'g'])\nprint('h', end='')\n1/0"
    )
    seen = []
    for message in cell.outputs:
        content = message.content
        match message.type:
            case "stream":
                seen.extend(content["text"].split())
            case "display_data":
                seen.append(content["data"]["text/plain"])
            case kind:
                seen.append(kind)
    html = "<IPython.core.display.HTML object>"
    assert seen == ["a", "'b'", "c", "clear_output", "d", "e", html, "g", "h", "error"]
    assert cell.messages.index(cell.of("error")[0]) < cell.messages.index(cell.of("status")[-1])


def test_a_long_cell_shows_its_output_while_it_runs(kernel: Kernel):
    cell = kernel.start("print('begun')\ngo = threading.Event()\nwhile not go.is_set(): time.sleep(0.01)")
    kernel.wait(lambda: cell.text() == "begun\n", 5)
    assert not cell.is_over
    kernel.interrupt()
    cell.wait()


def test_output_comes_before_idle_and_reply_knows_nothing_later(kernel: Kernel):
    for _ in range(20):
        cell = kernel.ok("print('x', end='')")
        assert [message.type for message in cell.messages if message.channel == "iopub"] == [
            "status",
            "execute_input",
            "stream",
            "status",
        ]


def test_text_that_utf8_cannot_say(kernel: Kernel):
    cell = kernel.ok(
        "print('a\\ud800b'); print('\\udfff', file=sys.stderr); os.write(1, b'\\xff\\xfe c\\n'); "
        "sys.stdout.buffer.write(b'\\xff d\\n')"
    )
    assert cell.text().startswith("a") and "b\n" in cell.text() and " c\n" in cell.text() and " d\n" in cell.text()
    assert kernel.ok("str('\\ud800')").result == "'\\ud800'"  # alone it would be a docstring, which 3.13 encodes
    assert kernel.ok("display({'text/plain': '\\ud800'}, raw=True)").of("display_data")


def test_characters_cut_in_two_by_a_descriptor(kernel: Kernel):
    cell = kernel.ok("for byte in '𝄞é€'.encode() * 50:\n    os.write(1, bytes([byte])); time.sleep(0.0005)")
    assert cell.text() == "𝄞é€" * 50


def test_the_interface_of_the_streams(kernel: Kernel):
    cell = kernel.ok(
        "out = sys.stdout\nprint(out.write('four'), out.encoding, out.isatty(), out.writable(), sys.stderr.fileno())\n"
        ""
        "sys.stdout.writelines(['a\\n', 'b\\n']); sys.stdout.close(); print('still open', sys.stdout.closed)"
    )
    assert cell.text() == "four4 utf-8 False True 2\na\nb\nstill open False\n"
    assert kernel.run("sys.stdout.write(b'bytes')").error["ename"] == "TypeError"


# ---- below Python ----------------------------------------------------------------------------------------------------


def test_descriptors(kernel: Kernel):
    cell = kernel.ok("os.write(1, b'out\\n'); os.write(2, b'err\\n')")
    assert (cell.text(), cell.text("stderr")) == ("out\n", "err\n")


def test_c_code(kernel: Kernel):
    cell = kernel.ok("import ctypes; libc = ctypes.CDLL(None); libc.puts(b'from C'); libc.fflush(None);")
    assert cell.text() == "from C\n"


def test_subprocesses(kernel: Kernel):
    cell = kernel.ok(
        "for i in range(20):\n    print(2 * i); subprocess.run(['echo', str(2 * i + 1)])\nos.system('echo err >&2');"
    )
    assert cell.text() == "".join(f"{i}\n" for i in range(40))
    assert cell.text("stderr") == "err\n"


@pytest.mark.packages
def test_shell_escapes(kernel: Kernel):
    cell = kernel.ok("!echo one; echo two\nwords = !echo three\nprint(words)")
    assert cell.text().replace("\r", "") == "one\ntwo\n['three']\n"


def test_a_subprocess_that_outlives_its_cell_may_go_on_writing(kernel: Kernel):
    kernel.ok("child = subprocess.Popen('read x; seq 1000', shell=True, stdin=subprocess.PIPE)")
    cell = kernel.ok("child.communicate(b'go\\n'); child.returncode")
    assert cell.result == "0" and cell.text() == "".join(f"{i}\n" for i in range(1, 1001))


def test_nothing_comes_before_a_cell_is_known_to_be_busy(kernel: Kernel):
    """Also not what a program in the background writes at that very moment. What it writes is all there."""
    kernel.ok("writer = subprocess.Popen(['sh', '-c', 'while :; do echo x; done'])")
    cells = [kernel.run("pass") for _ in range(200)]
    cells.append(kernel.ok("writer.kill(); writer.wait(); print()"))
    for cell in cells:
        cell.check()
    assert any("x\n" in cell.text() for cell in cells[:-1])


def test_a_closed_descriptor_is_back_in_the_next_cell(kernel: Kernel):
    kernel.ok("os.close(1); os.close(2)")
    cell = kernel.ok("os.write(1, b'again\\n'); os.write(2, b'here\\n'); print('too')")
    assert (cell.text(), cell.text("stderr")) == ("again\ntoo\n", "here\n")


def test_a_closed_descriptor_is_back_also_when_sqlite_has_taken_its_number(kernel: Kernel):
    kernel.ok("null = os.open('/dev/null', os.O_RDONLY)\nos.dup2(null, 1); os.dup2(null, 2); os.close(null)")
    cell = kernel.ok("os.write(1, b'again\\n'); os.write(2, b'here\\n')")
    assert (cell.text(), cell.text("stderr")) == ("again\n", "here\n")


# ---- threads and children --------------------------------------------------------------------------------------------


def test_a_thread_prints_after_its_cell(kernel: Kernel):
    cell = kernel.ok(
        "go = threading.Event()\ndef late():\n    go.wait()\n    for i in range(100): print('late', i)\n"
        "thread = threading.Thread(target=late)\nthread.start()"
    )
    before = len(cell.of("stream"))
    assert before == 0
    other = kernel.ok("go.set(); thread.join()")
    kernel.wait(lambda: (cell.text() + other.text()).count("\n") == 100, 10, "what the thread printed")
    assert "".join(sorted(cell.text() + other.text())) == "".join(sorted("".join(f"late {i}\n" for i in range(100))))


def test_a_thread_that_prints_while_the_kernel_is_idle(kernel: Kernel):
    cell = kernel.ok("timer = threading.Timer(0.3, print, ['from the timer'])\ntimer.start()")
    kernel.wait(lambda: cell.text() == "from the timer\n", 10)


def test_threads_print_whole_lines(kernel: Kernel):
    cell = kernel.ok(
        "def many(n):\n    for i in range(500): sys.stdout.write(f'{n} {i} {\"x\" * 50}\\n')\n"
        "threads = [threading.Thread(target=many, args=(n,)) for n in range(4)]\n"
        "for t in threads: t.start()\nfor t in threads: t.join()"
    )
    lines = cell.text().splitlines()
    assert sorted(lines) == sorted(f"{n} {i} {'x' * 50}" for n in range(4) for i in range(500))


def test_a_forked_child(kernel: Kernel):
    kernel.ok("import warnings; warnings.filterwarnings('ignore', 'This process', DeprecationWarning)")  # from 3.12 on
    cell = kernel.ok(
        "pid = os.fork()\nif pid == 0:\n"
        "    print('child prints'); display('child displays'); sys.stderr.write('child errs\\n'); os._exit(7)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    )
    assert cell.text() == "child prints\n'child displays'\n7\n"
    assert cell.text("stderr") == "child errs\n"
    assert kernel.ok("1").result == "1"


@pytest.mark.parametrize(
    ["code", "status"], [("pass", 0), ("1/0", 1), ("sys.exit(5)", 5), ("raise KeyboardInterrupt", 1)]
)
def test_a_forked_child_that_falls_out_of_its_cell_ends(kernel: Kernel, code, status):
    cell = kernel.ok(
        f"pid = os.fork()\nif pid == 0:\n    {code}\nelse:\n    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    )
    assert cell.text().splitlines()[-1] == str(status)
    kernel.ok("1")


def test_forked_children_print_whole_lines(kernel: Kernel):
    cell = kernel.ok(
        "pids = []\nfor n in range(4):\n    pids.append(os.fork())\n    if pids[-1] == 0:\n"
        "        for i in range(300): print('child', n, i)\n        os._exit(0)\n"
        "for pid in pids: os.waitpid(pid, 0)"
    )
    assert sorted(cell.text().splitlines()) == sorted(f"child {n} {i}" for n in range(4) for i in range(300))


def test_a_line_begun_before_a_fork_is_printed_once(kernel: Kernel):
    cell = kernel.ok(
        "print('begun', end=' ')\nif (pid := os.fork()) == 0:\n    print('in the child', end=' ')\n"
        "    if (pid := os.fork()) == 0:\n        sys.exit(0)\n    os.waitpid(pid, 0); print('over'); "
        "sys.stdout.flush(); os._exit(0)\n"
        "os.waitpid(pid, 0); print('ended')"
    )
    assert cell.text() == "begun in the child over\nended\n"


def test_multiprocessing(kernel: Kernel):
    cell = kernel.ok(
        "import multiprocessing\ndef say(n): print('worker', n); return n * n\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: print(pool.map(say, range(4)))"
    )
    assert sorted(cell.text().splitlines()) == ["[0, 1, 4, 9]", "worker 0", "worker 1", "worker 2", "worker 3"]


# ---- displays --------------------------------------------------------------------------------------------------------


@pytest.mark.packages
def test_displays_and_their_ids(kernel: Kernel):
    cell = kernel.ok(
        "handle = display(HTML('<b>1</b>'), display_id=True)\nhandle.update(HTML('<b>2</b>'))\n"
        "display('x', display_id='mine');"
    )
    shown, updated, third = cell.outputs
    assert (shown.type, updated.type, third.type) == ("display_data", "update_display_data", "display_data")
    assert shown.content["data"]["text/html"] == "<b>1</b>" and updated.content["data"]["text/html"] == "<b>2</b>"
    assert shown.content["transient"]["display_id"] == updated.content["transient"]["display_id"]
    assert third.content["transient"] == {"display_id": "mine"}
    other = kernel.ok("update_display('y', display_id='mine')")
    assert [(message.type, message.content["data"]["text/plain"]) for message in other.outputs] == [
        ("update_display_data", "'y'")
    ]


@pytest.mark.packages
def test_an_update_by_a_thread_while_idle(kernel: Kernel):
    kernel.ok("display('waiting', display_id='late')")
    cell = kernel.ok("timer = threading.Timer(0.3, update_display, ['done'], {'display_id': 'late'})\ntimer.start()")
    kernel.wait(lambda: cell.of("update_display_data"), 10)
    assert cell.of("update_display_data")[0].content["data"]["text/plain"] == "'done'"


@pytest.mark.packages
@pytest.mark.parametrize("wait", [True, False])
def test_clear_output(kernel: Kernel, wait):
    cell = kernel.ok(f"print('old'); clear_output(wait={wait}); print('new')")
    assert [(message.type, message.content.get("text")) for message in cell.outputs] == [
        ("stream", "old\n"),
        ("clear_output", None),
        ("stream", "new\n"),
    ]
    assert cell.of("clear_output")[0].content == {"wait": wait}


@pytest.mark.packages
def test_metadata_and_many_types(kernel: Kernel):
    cell = kernel.ok(
        "data = {'text/plain': 'p', 'application/json': {'a': [1, None, 2.5, 'é']}, 'image/png': 'AAAA'}\n"
        "display(data, metadata={'image/png': {'width': 3}}, raw=True)"
    )
    [shown] = cell.outputs
    assert shown.content["data"] == {
        "text/plain": "p",
        "application/json": {"a": [1, None, 2.5, "é"]},
        "image/png": "AAAA",
    }
    assert shown.content["metadata"] == {"image/png": {"width": 3}}


@pytest.mark.packages
def test_numbers_that_json_has_not(kernel: Kernel):
    cell = kernel.ok(
        "numbers = {'big': 10**30, 'nan': float('nan'), 'inf': float('inf')}\n"
        "display({'text/plain': 'p', 'application/json': numbers}, raw=True)"
    )
    assert cell.outputs[0].content["data"]["application/json"]["big"] == 1e30


@pytest.mark.packages
def test_what_is_no_json_is_an_error_of_the_cell(kernel: Kernel):
    cell = kernel.run("display({'application/json': object()}, raw=True)")
    assert cell.reply["status"] == "error" and cell.reply["ename"] == "TypeError"
    cyclic = kernel.run("a = []; a.append(a); display({'application/json': a}, raw=True)")
    assert cyclic.reply["status"] == "error"
    assert kernel.ok("1").result == "1"


@pytest.mark.packages
def test_output_may_be_given_to_another_cell(kernel: Kernel):
    """The output widget of ipywidgets does it, through the shell or, where that has no such method, the kernel."""
    for has_it in ("get_ipython()", "get_ipython().kernel"):
        first = kernel.ok("kept = get_ipython().get_parent(); kept['header']['msg_type']")
        assert first.result == "'execute_request'"
        second = kernel.ok(f"print('mine')\n{has_it}.set_parent(kept)\nprint('of the first'); display('shown')")
        assert second.text() == "mine\n" and first.text() == "of the first\n"
        assert first.of("display_data") and not second.of("display_data")
        assert kernel.ok("print('mine')").text() == "mine\n"


@pytest.mark.packages
def test_pages_and_help(kernel: Kernel):
    assert kernel.ok("print(help(len))").text().count("Return the number of items") == 1


@pytest.mark.packages
def test_logging_and_warnings(kernel: Kernel):
    cell = kernel.ok("import logging, warnings; logging.warning('logged'); warnings.warn('warned')")
    assert "logged" in cell.text("stderr") and "warned" in cell.text("stderr")


@pytest.mark.packages
def test_what_a_cell_captures_is_captured_of_its_works_too(kernel: Kernel):
    cell = kernel.ok(
        "%%capture caught\ndef work(n):\n    print('from', n)\n    display(n)\n"
        "for n in range(2): parallel.submit_work(work, n)\nparallel.run()\nprint('from main')"
    )
    assert cell.text() == "" and cell.of("display_data") == []
    text, outputs = kernel.ok("print(caught.stdout + str(len(caught.outputs)))").text().rsplit("\n", 2)[:2]
    assert sorted(text.splitlines()) == ["from 0", "from 1", "from main"] and outputs == "2"
    kernel.ok("import contextlib, io\nsink = io.StringIO()")
    cell = kernel.ok(
        "with contextlib.redirect_stdout(sink):\n    parallel.submit_work(print, 'redirected')\n    parallel.run()"
    )
    assert cell.text() == "" and kernel.value("sink.getvalue()") == "'redirected\\n'"


@pytest.mark.packages
def test_a_cell_that_captures_gets_nothing_of_earlier_cells(kernel: Kernel, tmp_path):
    gate = tmp_path / "gate"
    earlier = kernel.ok(
        "import os, time\n"
        f"def late():\n    while not os.path.exists({str(gate)!r}): time.sleep(0.01)\n    print('late')\n"
        "work = parallel.submit_work(late);"
    )
    capturing = kernel.ok(
        f"%%capture caught\nopen({str(gate)!r}, 'w').close()\n"
        "work.result()\nparallel.submit_work(print, 'mine').result()"
    )
    kernel.wait(lambda: earlier.text() == "late\n")
    assert capturing.text() == "" and kernel.value("caught.stdout") == "'mine\\n'"
