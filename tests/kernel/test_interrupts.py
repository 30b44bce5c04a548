"""Interrupts: by signal to the whole process group, as Jupyter sends them, and by interrupt_request. The cell gets a
KeyboardInterrupt, the kernel lives, works stop, what they pushed stays."""

import random

import pytest

from support import Kernel, wait_until

IMPORTS = (
    "import asyncio, os, signal, subprocess, sys, threading, time\nparallel.configure(contexts=2)\npushed = xlist()\n"
)

# What an interrupt may take; 300 ms are what users are promised.
SECONDS = 1.0


@pytest.fixture(autouse=True)
def imports(kernel: Kernel):
    kernel.ok(IMPORTS)


@pytest.fixture(params=["signal", "message"])
def interrupt(request, kernel: Kernel):
    """Interrupts the kernel; returns when that was."""

    def by_message():
        return kernel.ask("interrupt_request", channel="control").sent

    return kernel.interrupt if request.param == "signal" else by_message


def assert_interrupted(kernel, cell, sent):
    cell.wait()
    assert cell.reply["ename"] == "KeyboardInterrupt" == cell.error["ename"]
    assert cell.reply["traceback"] == cell.error["traceback"]
    took = cell.replies[0].time - sent
    # An interrupt ends in a traceback; an ordinary one tells how busy the machine is with other things.
    ordinary = kernel.run("1/0")
    limit = SECONDS + 5 * (ordinary.replies[0].time - ordinary.sent)
    assert took < limit, f"it took {took:.2f} s"
    assert kernel.ok("40 + 2").result == "42"


CELLS = {
    "a loop": "print('on', flush=True)\nwhile True: pass",
    "a loop in a function": "def f():\n    while True: sum(range(100))\nprint('on')\nf()",
    "time.sleep": "print('on')\ntime.sleep(1000)",
    "an await": "print('on')\nawait asyncio.sleep(1000)",
    "asyncio.run": "print('on')\nasyncio.run(asyncio.sleep(1000))",
    "a lock": "print('on')\nlock = threading.Lock(); lock.acquire(); lock.acquire()",
    "a subprocess": "print('on')\nsubprocess.run(['sleep', '1000'])",
    "a shell escape": "print('on')\n!sleep 1000",
    "a loop of prints": "print('on')\nwhile True: print('x')",
    "an except clause": "print('on')\nwhile True:\n    try: time.sleep(1000)\n    except Exception: pass",
}


def test_an_interrupt_before_the_code_of_its_cell_has_begun_is_not_lost(own_kernel: Kernel):
    kernel = own_kernel
    kernel.ok(
        "import time; shell = get_ipython(); begin = shell.kernel.begin_cell\n"
        "def begin_slowly(*arguments):\n    time.sleep(0.5)\n    return begin(*arguments)\n"
        "shell.kernel.begin_cell = begin_slowly"
    )
    for _ in range(3):
        cell = kernel.start("while True: pass")
        kernel.wait(lambda cell=cell: "busy" in cell.states)
        kernel.interrupt()
        assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert kernel.ok("40 + 2").result == "42"


def test_an_interrupt_waits_until_the_history_has_noted_the_cell(own_kernel: Kernel):
    """It would leave a lock of the history taken, and the next cell would wait for ever."""
    kernel = own_kernel
    kernel.ok(
        "import time; flag = get_ipython().history_manager.save_flag; plain = flag.set; begun = []; ended = []\n"
        "def set_slowly():\n    begun.append(1)\n    print('noting', flush=True)\n"
        "    time.sleep(0.5)\n    plain()\n    ended.append(1)\n"
        "flag.set = set_slowly"
    )
    cell = kernel.start("while True: pass")
    kernel.wait(lambda: "noting" in cell.text())
    kernel.interrupt()
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert kernel.value("begun == ended == [1]") == "True"
    assert kernel.ok("40 + 2").result == "42"


@pytest.mark.packages
@pytest.mark.parametrize("code", CELLS.values(), ids=CELLS)
def test_a_cell(kernel: Kernel, interrupt, code):
    cell = kernel.start(code)
    kernel.wait(lambda: "on" in cell.text(), 10)
    if "sleep 1000" in code or "'sleep'" in code:
        wait_until(lambda: any("sleep" in command for command in kernel.processes().values()), 10)
    sent = interrupt()
    if code.endswith("!sleep 1000"):  # IPython's own way of running a command takes the interrupt; it ends early
        cell.wait()
        assert cell.replies[0].time - sent < 3 * SECONDS
    else:
        assert_interrupted(kernel, cell, sent)
    wait_until(lambda: not any("sleep" in command for command in kernel.processes().values()), 10)


def test_input(kernel: Kernel, interrupt):
    cell = kernel.start("input('? ')", allow_stdin=True)
    kernel.wait(lambda: cell.of("input_request"))
    assert_interrupted(kernel, cell, interrupt())
    # A late answer is not the next question's.
    kernel.send("input_reply", {"value": "late"}, "stdin").complete = False
    cell = kernel.start("answer = input('? ')", allow_stdin=True)
    kernel.wait(lambda: cell.of("input_request"))
    kernel.send("input_reply", {"value": "right"}, "stdin").complete = False
    cell.wait()
    assert kernel.value("answer") == "'right'"


def test_a_cell_may_catch_it(kernel: Kernel, interrupt):
    cell = kernel.start(
        "try:\n    print('on')\n    time.sleep(1000)\nexcept KeyboardInterrupt:\n    print('caught')\n'went on'"
    )
    kernel.wait(lambda: "on" in cell.text(), 10)
    interrupt()
    assert cell.wait().result == "'went on'" and cell.text() == "on\ncaught\n"


def test_an_idle_kernel(kernel: Kernel, interrupt):
    for _ in range(5):
        interrupt()
        assert kernel.ok("'alive'").result == "'alive'"


def test_queued_cells_are_aborted(kernel: Kernel, interrupt):
    cell = kernel.start("print('on')\ntime.sleep(1000)")
    queued = kernel.start("1")
    kernel.wait(lambda: "on" in cell.text(), 10)
    assert_interrupted(kernel, cell, interrupt())
    assert queued.wait().reply["status"] == "error" and queued.result is None


# ---- works -----------------------------------------------------------------------------------------------------------

WORKS = {
    "sleep": "time.sleep(1000)",
    "a loop": "\n    while True: pass",
    "pushing": "\n    while True: pushed.push(0); time.sleep(0.0001)",
    "printing": "\n    while True: print('x' * 50); time.sleep(0.0005)",
    "a subprocess": "subprocess.run(['sleep', '1000'])",
}


def wait_for_works(kernel, code=""):
    """Until both contexts and what looks after them are there; and their programs: one that is just being started when
    the interrupt comes may outlive it, as with every Python."""
    wait_until(lambda: len(kernel.processes()) >= 3, 10)
    if "'sleep'" in code:
        wait_until(lambda: sum("sleep" in command for command in kernel.processes().values()) == 2, 10)


def contexts_are_gone(kernel):
    wait_until(lambda: not kernel.processes(), 3 * SECONDS, "contexts are left")


@pytest.mark.parametrize("code", WORKS.values(), ids=WORKS)
def test_run(kernel: Kernel, interrupt, code):
    count = 2 if "'sleep'" in code else 8  # see test_no_queued_work_starts
    cell = kernel.start(
        f"def work(n):\n    pushed.push(n); {code}\n"
        f"for n in range(1, {count} + 1): parallel.submit_work(work, n)\nparallel.run()"
    )
    wait_for_works(kernel, code)
    sent = interrupt()
    assert_interrupted(kernel, cell, sent)
    contexts_are_gone(kernel)
    begun = eval(kernel.value("sorted(set(pushed) - {0})"))
    assert set(begun) <= {1, 2, 3, 4}, "queued works must not start"
    assert kernel.value("len(pushed) == len(list(pushed))") == "True"
    assert (
        kernel.ok("parallel.run(); parallel.submit_work(lambda: 'the next run works').result()").result
        == "'the next run works'"
    )


def test_no_queued_work_starts(kernel: Kernel):
    """A terminal's interrupt reaches the programs that works have started, too: those works seem to be done."""
    for _ in range(20):
        kernel.ok("pushed.flush()")
        cell = kernel.start(
            "def work(n):\n    pushed.push(n)\n    subprocess.run(['sleep', '1000'])\n"
            "for n in range(1, 9): parallel.submit_work(work, n)\nparallel.run()"
        )
        wait_for_works(kernel, "'sleep'")
        assert_interrupted(kernel, cell, kernel.interrupt())
        contexts_are_gone(kernel)
        assert kernel.value("sorted(pushed)") == "[1, 2]"


def test_works_that_ignore_it_are_killed(kernel: Kernel, interrupt):
    cell = kernel.start(
        "def stubborn(n):\n    print('on')\n    while True:\n        try: time.sleep(1000)\n"
        "        except KeyboardInterrupt: print('no')\n"
        "works = [parallel.submit_work(stubborn, n) for n in (1, 2)]\nparallel.run()"
    )
    kernel.wait(lambda: cell.text().count("on") == 2, 10)
    assert_interrupted(kernel, cell, interrupt())
    wait_until(lambda: not kernel.processes(), 6 * SECONDS, "stubborn contexts are left")  # killed after 2 s
    kernel.ok("parallel.run()")
    assert "running" not in kernel.value("[work.state for work in works]")


def test_a_second_interrupt_kills_at_once(kernel: Kernel, interrupt):
    cell = kernel.start(
        "def stubborn():\n    signal.signal(signal.SIGINT, signal.SIG_IGN); print('on'); time.sleep(1000)\n"
        "for _ in range(2): parallel.submit_work(stubborn)\nparallel.run()"
    )
    kernel.wait(lambda: cell.text().count("on") == 2, 10)
    assert_interrupted(kernel, cell, interrupt())
    interrupt()
    contexts_are_gone(kernel)


def test_background_work_is_stopped_while_the_kernel_is_idle(kernel: Kernel, interrupt):
    cell = kernel.ok("work = parallel.submit_work(lambda: pushed.push(1) or time.sleep(1000));")
    wait_until(lambda: kernel.processes(), 10)
    interrupt()
    contexts_are_gone(kernel)
    assert kernel.value("work.state") in ("'cancelled'", "'failed'", "'crashed'")
    assert "KeyboardInterrupt" not in cell.text("stderr")
    assert kernel.ok("1").result == "1"


def test_background_work_is_stopped_while_another_cell_runs(kernel: Kernel, interrupt):
    kernel.ok("work = parallel.submit_work(time.sleep, 1000);")
    wait_until(lambda: kernel.processes(), 10)
    cell = kernel.start("print('on')\ntime.sleep(1000)")
    kernel.wait(lambda: "on" in cell.text(), 10)
    assert_interrupted(kernel, cell, interrupt())
    contexts_are_gone(kernel)


def test_a_live_view_tells_the_end(kernel: Kernel):
    cell = kernel.start(
        "shown = xlist()\ndef push():\n    for i in range(10**9): shown.push(i); time.sleep(0.01)\n"
        "parallel.submit_work(push)\ndisplay(shown)\nparallel.run()"
    )
    kernel.wait(lambda: len(cell.of("update_display_data")) > 3, 10)
    assert_interrupted(kernel, cell, kernel.interrupt())
    count = int(kernel.value("len(shown)"))
    kernel.wait(lambda: f"{count:,} items" in cell.of("update_display_data")[-1].content["data"]["text/plain"], 10)
    kernel.wait(lambda: "running" not in cell.of("update_display_data")[-1].content["data"]["text/plain"], 10)


# ---- at any moment ---------------------------------------------------------------------------------------------------

STORM = [
    "1 + 1",
    "for i in range(300): print(i)",
    "time.sleep(0.02)",
    "[parallel.submit_work(lambda n=n: pushed.push(n)) for n in range(4)]; parallel.run()",
    "await asyncio.sleep(0.01)",
    "display(pushed)",
    "parallel.submit_work(time.sleep, 0.05);",
    "1/0",
    "def f(:",
    "subprocess.run(['true'])",
]


@pytest.mark.deadline(90)
def test_a_storm(kernel: Kernel, seed):
    """100 interrupts at random moments: each cell has its one reply, and fails with an interrupt or its own error."""
    rng = random.Random(seed)
    cells, sent = [], 0
    while sent < 100:
        cell = kernel.start(rng.choice(STORM), stop_on_error=False)
        cells.append(cell)
        for _ in range(rng.randrange(4)):
            kernel.listen(rng.random() * 0.03)
            kernel.interrupt()
            sent += 1
        cell.wait()
    assert not kernel.has_ended()
    names = {cell.reply["ename"] for cell in cells if cell.reply["status"] == "error"}
    assert names <= {"KeyboardInterrupt", "ZeroDivisionError", "SyntaxError", "CalledProcessError"}
    wait_until(lambda: not kernel.processes(), 15, "contexts are left")
    for _ in range(20):  # one that came last may still stop the first of these
        if kernel.run("parallel.run()").reply["status"] == "ok":
            break
    assert kernel.ok("parallel.submit_work(lambda: 'works').result()").result == "'works'"


@pytest.mark.parametrize(
    "kind", ["complete_request", "inspect_request", "is_complete_request", "history_request", "kernel_info_request"]
)
def test_other_requests_survive_interrupts(kernel: Kernel, kind, seed):
    rng = random.Random(seed)
    for _ in range(15):
        request = kernel.send(
            kind, {"code": "parallel.sub", "cursor_pos": 12, "detail_level": 0, "hist_access_type": "tail", "n": 5}
        )
        kernel.listen(rng.random() * 0.01)
        kernel.interrupt()
        request.wait()
    assert kernel.ok("1").result == "1"
