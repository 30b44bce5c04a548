"""How a kernel begins and ends: its command line and environment, shutdown, restart, death of kernel and launcher."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

import support
from support import EXECUTABLE, Kernel, fresh_kernel, wait_until

# Jupyter sends SIGTERM after this.
SECONDS_TO_END = 2.5

RUNNING = {
    "nothing": "",
    "a loop": "print('on')\nwhile True: pass",
    "sleep": "import time; print('on')\ntime.sleep(1000)",
    "a loop that takes interrupts": (
        "print('on')\nwhile True:\n    try:\n        while True: pass\n    except BaseException: pass"
    ),
    "C code": "print('on')\nx = (1 << 30_000_000) - 1\ny = x * x % (x - 3)",
    "input": "print('on')\ninput()",
    "an await": "import asyncio; print('on')\nawait asyncio.sleep(1000)",
    "contexts": (
        "import time\nfor _ in range(4): parallel.submit_work(lambda: print('on') or time.sleep(1000))\nparallel.run()"
    ),
    "stubborn contexts": (
        "import time, signal\ndef stubborn():\n    signal.signal(signal.SIGINT, signal.SIG_IGN); "
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "    print('on'); time.sleep(1000)\nfor _ in range(2): parallel.submit_work(stubborn)\nparallel.run()"
    ),
    "a subprocess": "import subprocess; print('on')\nsubprocess.run(['sleep', '1000'])",
}


@pytest.mark.parametrize("code", RUNNING.values(), ids=RUNNING)
def test_shutdown(code):
    with fresh_kernel() as kernel:
        cell = kernel.start(code, allow_stdin=True)
        if code:
            kernel.wait(lambda: "on" in cell.text(), 20)
        sent = time.monotonic()
        request = kernel.send("shutdown_request", {"restart": False}, "control")
        kernel.wait(kernel.has_ended, 10, "the end")
        assert time.monotonic() - sent < SECONDS_TO_END
        kernel.read()
        assert request.reply == {"status": "ok", "restart": False}
        assert kernel.process.returncode == 0, kernel.log
        if "subprocess" not in code:
            wait_until(lambda: not kernel.processes(), 1, "processes are left")


def test_shutdown_while_background_work_runs():
    with fresh_kernel() as kernel:
        cell = kernel.ok("import time\nwork = parallel.submit_work(lambda: print('on') or time.sleep(1000));")
        kernel.wait(lambda: "on" in cell.text(), 20)
        sent = time.monotonic()
        kernel.end()
        assert time.monotonic() - sent < SECONDS_TO_END


def test_views_tell_of_a_restart():
    """They stay in the notebook, and no later kernel knows of them."""
    with Kernel() as kernel:
        cell = kernel.ok(
            "import parallel, time\nx = parallel.xlist()\n"
            "parallel.submit_work(lambda: x.push('pushed') or time.sleep(60)); x"
        )

        def shown():
            return cell.of("display_data", "update_display_data")[-1].content["data"]["text/plain"]

        kernel.wait(lambda: "pushed" in shown() and "running" in shown())
        kernel.send("shutdown_request", {"restart": True}, "control")
        kernel.wait(lambda: "running" not in shown())
        assert "pushed" in shown() and "1 cancelled" in shown()


def test_shutdown_by_the_shell_channel():
    with fresh_kernel() as kernel:
        request = kernel.send("shutdown_request", {"restart": True})
        kernel.wait(lambda: request.replies and kernel.has_ended(), 10)
        assert request.reply == {"status": "ok", "restart": True}


def test_atexit_functions_run_and_files_are_closed(tmp_path):
    with fresh_kernel() as kernel:
        kernel.ok(
            f"import atexit, pathlib\nfolder = pathlib.Path({str(tmp_path)!r})\n"
            f"atexit.register(lambda: (folder / 'atexit').write_text('ran'))\n"
            "file = open(folder / 'open', 'w'); file.write('written')"
        )
        kernel.end()
    assert (tmp_path / "atexit").read_text() == "ran" and (tmp_path / "open").read_text() == "written"


def test_jupyter_starts_restarts_interrupts_and_ends_it(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv(support.MARK, tmp_path.name)
    manager = KernelManager(kernel_name="xparallel")
    manager.start_kernel(stderr=subprocess.DEVNULL)
    client = manager.client()
    client.start_channels()
    try:
        for _ in range(3):
            client.wait_for_ready(timeout=30)
            reply = client.execute_interactive(
                "parallel.submit_work(print, 1); parallel.run(); x = globals().get('x', 0) + 1; assert x == 1",
                timeout=30,
                output_hook=lambda _: None,
            )
            assert reply["content"]["status"] == "ok"
            began = time.monotonic()
            manager.restart_kernel(now=False)
            assert time.monotonic() - began < SECONDS_TO_END + 2
        client.wait_for_ready(timeout=30)
        client.execute("import time; print('on'); time.sleep(1000)")
        wait_until(lambda: client.get_iopub_msg(timeout=10)["content"].get("text") == "on\n")
        manager.interrupt_kernel()
        while (reply := client.get_shell_msg(timeout=10))["msg_type"] != "execute_reply":
            pass
        assert reply["content"]["ename"] == "KeyboardInterrupt"
    finally:
        client.stop_channels()
        began = time.monotonic()
        manager.shutdown_kernel()
    assert time.monotonic() - began < SECONDS_TO_END + 1
    wait_until(lambda: not {pid for pid, command in support.marked(tmp_path.name).items() if "xparallel" in command}, 5)


def test_a_killed_kernel_leaves_no_context():
    with fresh_kernel() as kernel:
        kernel.start(
            "import time\nfor _ in range(4): parallel.submit_work(lambda: print('on') or time.sleep(1000))\n"
            "parallel.run()"
        )
        wait_until(lambda: len(kernel.processes()) >= 2, 20)
        kernel.process.kill()
        kernel.process.wait()
        wait_until(lambda: not kernel.processes(), 1, "contexts outlive the kernel")


# A launcher that stays while the kernel runs, and is the process to kill.
LAUNCHER = ("/bin/sh", "-c", '"$@"; exit $?', "launcher")


@pytest.mark.parametrize(
    "code",
    [
        "",
        "print('on')\nwhile True: pass",
        "print('on'); parallel.submit_work(lambda: [0 for _ in iter(int, 1)]); parallel.run()",
    ],
)
def test_a_kernel_ends_when_its_launcher_is_killed(code):
    with Kernel(launcher=LAUNCHER) as kernel:
        if code:
            cell = kernel.start(code)
            kernel.wait(lambda: "on" in cell.text(), 10)
        assert kernel.ask("kernel_info_request", channel="control").reply["status"] == "ok"
        assert kernel.processes()
        kernel.process.kill()
        kernel.process.wait()
        wait_until(lambda: not kernel.processes(), 6, "the kernel outlives its launcher")  # 1.5 s to end by itself


@pytest.mark.deadline(120)
def test_many_runs_leave_nothing_behind(own_kernel: Kernel):
    kernel = own_kernel
    kernel.ok(
        "import gc, os\nparallel.configure(contexts=2, progress=False)\n"
        "def some(n):\n    for _ in range(n):\n        found = xlist()\n"
        "        for i in range(3): parallel.submit_work(found.push, i)\n        parallel.run()\n"
        "        assert sorted(found) == [0, 1, 2]\n"
        "def facts():\n    gc.collect()\n    use = parallel._core.region()\n"
        "    return [len(os.listdir(f'/proc/self/{of}')) for of in ('fd', 'task')], use['allocated'], use['xlists']"
    )
    kernel.ok("some(20)")
    wait_until(lambda: not kernel.processes(), 10)
    before = kernel.value("facts()")
    maps = Path(f"/proc/{kernel.pid}/maps")
    mappings = maps.read_text().count("\n")
    cell = kernel.ok("some(500)", 100)
    assert cell.outputs == []
    wait_until(lambda: not kernel.processes(), 10, "processes are left")
    assert kernel.value("facts()") == before
    assert maps.read_text().count("\n") < mappings + 20
    assert "/dev/shm" not in maps.read_text()  # what has no name cannot be left behind


# ---- descriptors -----------------------------------------------------------------------------------------------------

CLOSE_ALL = {
    "closerange": "os.closerange(3, 100_000)",
    "one by one": "for fd in range(3, 1000):\n    try: os.close(fd)\n    except OSError: pass",
    "by name": "for fd in range(3, 1000):\n    try: os.close(fd=fd)\n    except OSError: pass",
    "with the standard ones": "os.closerange(0, 100_000)",
    "again and again": "for _ in range(100): os.closerange(3, 100_000)",
}


@pytest.mark.parametrize("close", CLOSE_ALL)
def test_a_cell_that_closes_all_descriptors_closes_its_own(own_kernel: Kernel, close):
    own_kernel.ok("""
import asyncio, os, socket
def look():
    links = {}
    for fd in os.listdir("/proc/self/fd"):
        try: links[int(fd)] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError: pass  # that of the folder
    return links
mine = os.open("/dev/null", os.O_RDONLY)
left, right = socket.socketpair()
mine = {fd: look()[fd] for fd in (mine, left.fileno(), right.fileno())}
""")
    late = [own_kernel.connect_again() for _ in range(3)]  # connections that have come since the start
    own_kernel.ok("before = look()\n" + CLOSE_ALL[close])
    # But for what the history has open while it writes.
    own_kernel.ok("kept = [fd for fd, link in before.items() if fd > 2 and 'profile_default' not in link]")
    closed = own_kernel.value("sorted(fd for fd in kept if look().get(fd) != before[fd])")
    assert closed == own_kernel.value("sorted(mine)")
    assert own_kernel.ok("print('a')\nawait asyncio.sleep(0.01)\nprint('b')").text() == "a\nb\n"
    assert own_kernel.ok("parallel.submit_work(lambda: print('from a work') or 5).result()").result == "5"
    echo = "import subprocess\nsubprocess.run(['echo', 'from a program']).returncode"
    assert own_kernel.ok(echo).text() == "from a program\n"
    assert "mine = os.open" in own_kernel.ok("%history -n").text()
    assert all(own_kernel.asks_by(each) for each in late) and own_kernel.asks_by(own_kernel.connect_again())


def test_connections_stay_where_the_kernel_listens_on_all_addresses():
    with Kernel(ip="0.0.0.0") as kernel:
        late = [kernel.connect_again() for _ in range(3)]
        kernel.ok("""
import os
def sockets():
    found = set()
    for fd in os.listdir("/proc/self/fd"):
        try: link = os.readlink(f"/proc/self/fd/{fd}")
        except OSError: continue  # that of the folder
        found |= {fd} if link.startswith("socket:") else set()
    return found
before = sockets()
os.closerange(3, 100_000)
assert len(before) > 10 and sockets() == before
""")
        assert all(kernel.asks_by(each) for each in late)


def test_a_forked_child_may_close_all_descriptors(own_kernel: Kernel):
    own_kernel.ok("""
import os
def child():
    os.closerange(3, 100_000)
    return len(os.listdir('/proc/self/fd'))
pid = os.fork()
if pid == 0:
    os._exit(child())
""")
    assert own_kernel.ok("os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])").result == "4"  # and that of the folder
    assert own_kernel.ok("parallel.submit_work(child).result()").result == "4"


def test_closing_descriptors_goes_on_as_in_python(own_kernel: Kernel, tmp_path):
    own_kernel.ok("import os, pickle")
    for wrong, error in [
        ("os.close(-1)", "OSError"),
        ("os.close('x')", "TypeError"),
        ("os.close()", "TypeError"),
        ("os.close(1, 2)", "TypeError"),
        ("os.close(10**20)", "OverflowError"),
        ("os.closerange(3)", "TypeError"),
        ("os.closerange('a', 'b')", "TypeError"),
        ("r, w = os.pipe(); os.close(r); os.close(w); os.close(w)", "OSError"),
    ]:
        assert own_kernel.run(wrong).error["ename"] == error
    own_kernel.ok("os.closerange(9, 3)\nos.closerange(10**6, 10**6 + 1)")
    own_kernel.ok(
        "f = os.fdopen(os.open('/dev/null', os.O_RDONLY))\nf.close()\n"
        "class N(int): pass\nr, w = os.pipe()\nos.close(N(r))"
    )
    look = "os.close.__module__, type(os.close).__name__, pickle.loads(pickle.dumps(os.close)) is os.close"
    assert own_kernel.value(look) == "('posix', 'builtin_function_or_method', True)"


def test_a_number_that_the_kernel_has_given_back_is_anybodys(own_kernel: Kernel):
    """IPython's loop is closed by the user, and its descriptors get other files."""
    own_kernel.ok("""
import asyncio, os
loop = asyncio.get_event_loop()
freed = loop._selector.fileno()
loop.close()
mine = [os.open("/dev/null", os.O_RDONLY) for _ in range(10)]
assert freed in mine
for fd in mine:
    os.close(fd)
""")
    assert own_kernel.ok("await asyncio.sleep(0.01)\nprint('awaited')").text() == "awaited\n"


@pytest.mark.packages
def test_files_of_startup_code_are_the_users(tmp_path):
    folder = tmp_path / "profile_default/startup"
    folder.mkdir(parents=True)
    (folder / "opens.py").write_text("import os\nlog = os.open('/dev/null', os.O_WRONLY)")
    with Kernel(env={"IPYTHONDIR": str(tmp_path)}) as kernel:
        kernel.ok("os.close(log)")


# ---- the command line ------------------------------------------------------------------------------------------------


def invoke(*arguments):
    return subprocess.run(
        [EXECUTABLE, *arguments], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
    )


def test_version_and_help():
    done = invoke("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "xparallel 0.1.0\n", "")
    for flag in ("--help", "-h"):
        done = invoke(flag)
        assert done.returncode == 0 and "usage: xparallel" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("arguments", [(), ("-f",), ("--unknown",)])
def test_without_a_connection_file(arguments):
    done = invoke(*arguments)
    assert done.returncode == 2 and "connection file" in done.stderr and "usage" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}", '{"ip": 3}'])
def test_a_bad_connection_file(tmp_path, content):
    path = tmp_path / "connection.json"
    if content is not None:
        path.write_text(content)
    done = invoke("-f", str(path))
    assert done.returncode == 1 and str(path) in done.stderr and "terminate called" not in done.stderr


def test_a_port_that_is_taken(tmp_path):
    with fresh_kernel() as kernel:
        done = invoke("-f", kernel.file)
        assert done.returncode == 1 and done.stderr and "terminate called" not in done.stderr
        kernel.ok("1")


@pytest.mark.packages
def test_flags_of_other_kernels_are_ignored():
    with Kernel(
        "--HistoryManager.hist_file=:memory:",
        "--debug",
        "--ip=127.0.0.1",
        "--no-such-flag",
        "word",
        "--InteractiveShell.ast_node_interactivity=all",
    ) as kernel:
        assert kernel.value("get_ipython().history_manager.hist_file") == "':memory:'"
        assert len(kernel.ok("1\n2").of("execute_result")) == 2
        kernel.end()


@pytest.mark.parametrize("flag", ["-f", "--f", "-f=", "--f="])
def test_spellings_of_the_connection_file(monkeypatch, flag):
    class Spec:
        argv = (
            [str(EXECUTABLE), flag + "{connection_file}"]
            if flag.endswith("=")
            else [str(EXECUTABLE), flag, "{connection_file}"]
        )

    monkeypatch.setattr(support.KernelSpecManager, "get_kernel_spec", lambda *_: Spec)
    with fresh_kernel() as kernel:
        assert kernel.ok("1").result == "1"


# ---- the environment -------------------------------------------------------------------------------------------------


def test_where_it_starts(tmp_path):
    folder = tmp_path / "a folder with späces"
    folder.mkdir()
    (folder / "beside.py").write_text("here = True\n")
    with Kernel(cwd=folder) as kernel:
        assert kernel.value("__import__('os').getcwd()") == repr(str(folder))
        assert kernel.value("__import__('sys').path[0]") == "''"
        assert kernel.ok("import beside; beside.here").result == "True"
        assert kernel.ok("parallel.submit_work(lambda: __import__('beside').here).result()").result == "True"
        kernel.end()
    assert sorted(path.name for path in folder.iterdir() if path.name != "__pycache__") == ["beside.py"]


def test_another_python_in_path_does_not_matter(tmp_path):
    for name in ("python", "python3", f"python3.{sys.version_info.minor}"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    with Kernel(env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "VIRTUAL_ENV": ""}) as kernel:
        assert kernel.value("__import__('sys').executable") == "'/usr/bin/python3'"
        assert kernel.value("__import__('sys').prefix") == "'/usr'"
        cell = kernel.ok("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(6 * 7)']);")
        assert cell.text() == "42\n"
        kernel.end()


@pytest.mark.packages
def test_an_active_virtual_environment_is_the_one_of_cells(tmp_path):
    environment = tmp_path / "an environment"
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--without-pip", environment], check=True, timeout=60)
    (folder,) = environment.glob("lib/python3.*/site-packages")
    (folder / "only_there.py").write_text("here = True\n")
    with Kernel(env={"VIRTUAL_ENV": str(environment)}) as kernel:
        assert kernel.value("__import__('sys').prefix") == repr(str(environment))
        assert kernel.ok("import only_there; only_there.here").result == "True"
        assert kernel.ok("parallel.submit_work(lambda: __import__('only_there').here).result()").result == "True"
        code = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'import only_there; print(1)']);"
        cell = kernel.ok(code)
        assert cell.text() == "1\n"
        kernel.end()


def test_an_environment_of_another_python_is_left_alone(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "bin/python").chmod(0o755)
    (tmp_path / "pyvenv.cfg").write_text("home = /elsewhere\n")
    with Kernel(env={"VIRTUAL_ENV": str(tmp_path)}) as kernel:
        assert kernel.value("__import__('sys').prefix") == "'/usr'"
        kernel.end()


@pytest.mark.packages
def test_the_environment_of_cells():
    with Kernel(env={"MPLBACKEND": "", "PAGER": "less"}) as kernel:
        assert kernel.value("__import__('os').environ['MPLBACKEND']") == "'module://matplotlib_inline.backend_inline'"
        assert kernel.value("__import__('os').environ['PAGER']") == "'cat'"
        assert kernel.value("__name__, __import__('sys').argv[0].endswith('xparallel')") == "('__main__', True)"
        kernel.end()


@pytest.mark.packages
def test_what_is_for_terminals_is_there_when_asked_for():
    with fresh_kernel() as kernel:
        assert kernel.ok("import sys\n'prompt_toolkit' in sys.modules").result == "False"
        assert kernel.ok("import IPython\nIPython.embed.__module__").result == "'IPython.terminal.embed'"
        assert kernel.ok("from IPython import embed\nembed is IPython.terminal.embed.embed").result == "True"
        assert kernel.run("IPython.no_such_name").error["ename"] == "AttributeError"
        kernel.end()


@pytest.mark.packages
def test_jedi_comes_with_the_first_completion():
    with fresh_kernel() as kernel:
        loaded = "import sys\nprint('jedi' in sys.modules, getattr(sys.modules.get('jedi'), '__file__', None))"
        assert kernel.ok(loaded).text() == "False None\n"
        assert kernel.ok("get_ipython().Completer.use_jedi").result == "True"
        kernel.ok("import collections")
        reply = kernel.ask("complete_request", {"code": "collections.OrderedD", "cursor_pos": 20}).reply
        types = {one["text"]: one["type"] for one in reply["metadata"]["_jupyter_types_experimental"]}
        assert any(text.endswith("OrderedDict") and kind == "class" for text, kind in types.items())  # jedi knows kinds
        assert kernel.ok(loaded).text().startswith("True /")
        assert kernel.ok("import jedi\njedi.settings.case_insensitive_completion").result == "False"
        kernel.end()


@pytest.mark.packages
def test_a_backend_that_was_chosen_stays():
    with Kernel(env={"MPLBACKEND": "svg"}) as kernel:
        assert kernel.value("__import__('os').environ['MPLBACKEND']") == "'svg'"
        kernel.end()


def test_the_kernelspec():
    spec = support.KernelSpecManager().get_kernel_spec("xparallel")
    assert (spec.language, spec.interrupt_mode) == ("python", "signal") and spec.display_name
    assert Path(spec.argv[0]) == EXECUTABLE and "{connection_file}" in spec.argv
    names = {path.name for path in Path(spec.resource_dir).iterdir()}
    assert {"kernel.json", "logo-32x32.png", "logo-64x64.png", "logo-svg.svg"} <= names
    assert json.loads((Path(spec.resource_dir) / "kernel.json").read_text())["metadata"]["debugger"] is True


def test_a_crash_is_told_to_the_operator():
    with fresh_kernel() as kernel:
        kernel.start("import ctypes; ctypes.string_at(1)")
        kernel.wait(kernel.has_ended, 20)
        assert kernel.process.returncode == -signal.SIGSEGV and "Segmentation fault" in kernel.log


@pytest.mark.packages
def test_nobody_forks_while_the_history_is_written(own_kernel: Kernel):
    """A child that was forked then would find locks of SQLite taken for ever."""
    kernel = own_kernel
    kernel.ok(
        "import time\nmanager = get_ipython().history_manager\nwriting = []\n"
        "def slow(connection, write=manager._writeout_input_cache):\n"
        "    writing.append(1); time.sleep(0.3); write(connection); writing.pop()\n"
        "manager._writeout_input_cache = slow"
    )
    shown = kernel.ok(
        # IPython 9 stops its thread for a fork, and starts it again when there is something to write.
        "seen = []\nfor _ in range(3):\n    getattr(manager, '_restart_thread_if_stopped', int)()\n"
        "    manager.save_flag.set()\n    while not writing: time.sleep(0.001)\n"
        "    seen.append(parallel.submit_work(lambda: len(writing)).result())\nseen"
    )
    assert shown.result == "[0, 0, 0]"


def test_a_fork_just_before_the_history_is_written(own_kernel: Kernel):
    """IPython 9 waits for its thread before a fork: it must not wait for locks that the kernel takes for the fork."""
    shown = own_kernel.ok("""
import os, time
manager = get_ipython().history_manager
def late(connection, write=manager.writeout_cache):
    time.sleep(0.05)
    write(connection)
manager.writeout_cache = late
for n in range(5):
    manager.store_inputs(10_000 + n, "x")
    time.sleep(0.02)
    parallel.submit_work(int).result()
""")
    assert shown.outputs == []
