"""SIGINT: works stop, what was pushed stays, the next run works.

Each test is a program of its own: a terminal's interrupt reaches the whole process group, so that is where it goes.
"""

import os
import signal
import time
from pathlib import Path

import pytest

from support import Program, wait_until

PREAMBLE = """
    import os, signal, sys, threading, time
    import parallel

    parallel.configure(contexts=2)
    pushed = parallel.xlist()

    def say_ready():
        '''Says so once the main thread waits in parallel.'''
        def is_waiting():
            frame = sys._current_frames()[threading.main_thread().ident]
            while frame is not None:
                if frame.f_code.co_name in ("wait_until", "_sleep"):
                    return True
                frame = frame.f_back

        def look():
            while not is_waiting():
                time.sleep(0.001)
            print("ready", flush=True)

        threading.Thread(target=look, daemon=True).start()

    def interrupted(wait):
        '''Says when the KeyboardInterrupt came.'''
        say_ready()
        try:
            wait()
        except KeyboardInterrupt:
            print("interrupted", time.time(), flush=True)
        else:
            print("not interrupted", flush=True)
"""


def interrupt(program, group=True):
    """When the signal was sent."""
    sent = time.time()
    (os.killpg if group else os.kill)(program.process.pid, signal.SIGINT)
    return sent


def assert_interrupted(program, sent, seconds=1.0):
    word, when = program.line().split()
    assert word == "interrupted" and float(when) - sent <= seconds


LOOPS = {
    "pure Python": "while True: pass",
    "sleep": "time.sleep(1000)",
    "waiting for an xlist": "parallel.xlist().wait(1)",
    "a stream": "list(parallel.xlist().stream())",
    "a program": "while True: process.wait()",  # the terminal's interrupt may end it first
    "a lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
    "pushing": "while True: pushed.push(os.getpid())",
    "a nested run": "parallel.submit_work(time.sleep, 1000); parallel.run()",
}


@pytest.mark.parametrize("group", [True, False], ids=["group", "process"])
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS)
def test_an_interrupt_stops_the_works(loop, group):
    with Program(
        PREAMBLE,
        f"""
        import subprocess

        began = parallel.xlist()

        def work(n):
            with subprocess.Popen(["sleep", "1000"]) as process:
                try:
                    began.push(n)
                    {loop}
                finally:
                    process.kill()

        works = [parallel.submit_work(work, n) for n in range(4)]
        parallel.start()
        began.wait(2)
        interrupted(parallel.run)
        parallel.run()  # waits for what is left, raises nothing
        print([work.state for work in works], list(began) in ([0, 1], [1, 0]), parallel.contexts(ended=False))
        print(parallel.submit_work(lambda: "the next run works").result())
    """,
    ) as program:
        assert program.line() == "ready"
        assert_interrupted(program, interrupt(program, group))
        assert program.line() == "['cancelled', 'cancelled', 'cancelled', 'cancelled'] True []"
        assert program.line() == "the next run works"
        ended = program.end()
        assert (ended.returncode, ended.stderr) == (0, "")
        wait_until(lambda: not program.alive())


def test_programs_that_works_start_hear_the_terminals_interrupt():
    """os.system() lets nobody stop it but the program it runs."""
    with Program(
        PREAMBLE,
        """
        parallel.submit_work(lambda: pushed.push(1) or os.system("sleep 1000"))
        parallel.start()
        pushed.wait(1)
        interrupted(parallel.run)
        parallel.run()
    """,
    ) as program:
        assert program.line() == "ready"
        wait_until(lambda: "sleep\n" in [Path(f"/proc/{pid}/comm").read_text() for pid in program.alive()])
        assert_interrupted(program, interrupt(program))
        assert program.end().returncode == 0
        wait_until(lambda: not program.alive(), 5)


@pytest.mark.parametrize(
    "wait", ["works[0].result", "works[0].exception", "lambda: pushed.wait(100)", "lambda: list(pushed.stream())"]
)
def test_whoever_waits_is_interrupted(wait):
    with Program(
        PREAMBLE,
        f"""
        works = [parallel.submit_work(lambda: pushed.push(1) or time.sleep(1000)) for _ in range(2)]
        parallel.start()
        pushed.wait(2)
        interrupted({wait})
        parallel.run()
        print([work.state for work in works])
    """,
    ) as program:
        assert program.line() == "ready"
        assert_interrupted(program, interrupt(program))
        assert program.line() == "['cancelled', 'cancelled']"
        assert program.end().returncode == 0


STUBBORN = """
    def stubborn(n):
        signal.signal(signal.SIGINT, lambda *_: None)
        pushed.push(n)
        while True:
            time.sleep(0.01)

    works = [parallel.submit_work(stubborn, n) for n in range(2)] + [parallel.submit_work(print, "never")]
    parallel.start()
    pushed.wait(2)
    interrupted(parallel.run)
"""


def test_works_that_ignore_it_are_killed():
    with Program(
        PREAMBLE,
        STUBBORN,
        """
    began = time.monotonic()
    parallel.run()
    print(time.monotonic() - began, [work.state for work in works], sorted(pushed))
    """,
    ) as program:
        assert program.line() == "ready"
        assert_interrupted(program, interrupt(program))
        seconds, rest = program.line().split(" ", 1)
        assert 0.5 < float(seconds) < 10 and rest == "['cancelled', 'cancelled', 'cancelled'] [0, 1]"
        assert program.end().returncode == 0


@pytest.mark.parametrize("pause", [0.05, 0.4])
def test_a_second_interrupt_kills_at_once(pause):
    """While run() still gives its works time to stop, and in the run() after."""
    with Program(
        PREAMBLE,
        STUBBORN,
        """
        began = time.monotonic()
        interrupted(parallel.run)
        parallel.run()
        print(time.monotonic() - began, [work.state for work in works], sorted(pushed))
    """,
    ) as program:
        assert program.line() == "ready"
        first = interrupt(program)
        time.sleep(pause)
        if pause > 0.3:
            assert_interrupted(program, first)
            assert program.line() == "ready"
        second = interrupt(program)
        if pause > 0.3:
            assert_interrupted(program, second)
        else:
            assert_interrupted(program, first)
            while not (line := program.line())[:1].isdigit():
                pass  # the second one may have come in the middle of what is printed
        line = program.line() if pause > 0.3 else line
        seconds, rest = line.split(" ", 1)
        assert float(seconds) < 1.8 and rest == "['cancelled', 'cancelled', 'cancelled'] [0, 1]"
        assert program.end().returncode == 0


def test_a_handler_of_the_programs_own_does_not_reach_the_works():
    """Whatever the main program does with SIGINT: contexts ignore the terminal's, only the main process stops them."""
    with Program(
        PREAMBLE,
        """
        seen = []
        signal.signal(signal.SIGINT, lambda *_: seen.append(1))
        gate = parallel.xlist()
        works = [parallel.submit_work(lambda: pushed.push(1) or gate.wait(1)) for _ in range(2)]
        parallel.start()
        pushed.wait(2)
        print("ready", flush=True)
        while not seen:
            time.sleep(0.01)
        gate.push(1)
        parallel.run()
        print([work.result() for work in works])
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        works = [parallel.submit_work(lambda: pushed.push(1) or time.sleep(1000)) for _ in range(2)]
        parallel.start()
        pushed.wait(4)
        parallel.cancel()
        parallel.run()
        print([work.state for work in works])
    """,
    ) as program:
        assert program.line() == "ready"
        interrupt(program)
        assert program.line() == "[True, True]" and program.line() == "['cancelled', 'cancelled']"
        assert program.end().returncode == 0


@pytest.mark.parametrize("wait", ["parallel.run()", "time.sleep(1000)"])
def test_a_program_that_is_interrupted_ends(wait):
    """Nobody catches the KeyboardInterrupt: the program ends, and everything it started."""
    with Program(
        PREAMBLE,
        f"""
        for n in range(4):
            parallel.submit_work(lambda: pushed.push(1) or time.sleep(1000))
        parallel.start()
        pushed.wait(2)
        print("ready", flush=True)
        {wait}
    """,
    ) as program:
        assert program.line() == "ready"
        interrupt(program)
        ended = program.end(10)
        assert "KeyboardInterrupt" in ended.stderr and ended.returncode in (-signal.SIGINT, 130)
        wait_until(lambda: not program.alive())


def test_an_interrupt_in_the_middle_of_the_fork_is_not_lost():
    """Hooks of fork are Python code: a handler that ran in one would raise where nobody can catch it."""
    with Program(
        PREAMBLE,
        """
        parallel.submit_work(lambda: None)
        parallel.run()  # now there is another thread, which could take the signal

        def hook():
            os.kill(os.getpid(), signal.SIGINT)
            sum(range(100_000))
            print("the hook has run to its end", flush=True)

        armed = [hook]
        os.register_at_fork(before=lambda: armed and armed.pop()())
        parallel.submit_work(lambda: None)
        try:
            parallel.run()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        parallel.run()
        print(parallel.submit_work(lambda: "works").result())
    """,
    ) as program:
        assert [program.line() for _ in range(3)] == ["the hook has run to its end", "interrupted", "works"]
        ended = program.end()
        assert (ended.returncode, ended.stderr) == (0, "")


def test_an_interrupt_that_comes_while_the_pump_begins_is_not_lost():
    """It is a thread that could take the signal from the main thread, which has blocked it: then hooks of fork run."""
    with Program(
        PREAMBLE,
        """
        import sys, threading

        def slow(frame, event, argument):  # the new thread runs no line of its own before the fork
            if threading.current_thread().name == "parallel-pump":
                sys.setprofile(None)
                time.sleep(0.5)

        def hook():
            if armed.pop():
                os.kill(os.getpid(), signal.SIGINT)
                sum(range(20_000))
                print("the hook has run to its end", flush=True)

        armed = [True, False]
        threading.setprofile(slow)
        os.register_at_fork(before=hook)
        parallel.submit_work(lambda: None)
        parallel.start()  # starts the pump
        parallel.submit_work(lambda: None)
        try:
            parallel.run()
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        os._exit(0)
    """,
    ) as program:
        assert [program.line() for _ in range(2)] == ["the hook has run to its end", "interrupted"]
        ended = program.end()
        assert (ended.returncode, ended.stderr) == (0, "")


def test_an_interrupt_at_any_moment_leaves_a_working_program():
    """Interrupts rain on a loop of runs, wherever it is in them: in between, starting, collecting, stopping."""
    with Program(
        PREAMBLE,
        """
        armed = False

        def handler(number, frame):
            global armed
            if armed:
                armed = False
                raise KeyboardInterrupt

        signal.signal(signal.SIGINT, handler)
        print("ready", flush=True)
        rounds = interrupts = 0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            try:
                armed = True
                works = [parallel.submit_work(lambda n: pushed.push(n), n) for n in range(3)]
                parallel.run()
                rounds += 1
            except KeyboardInterrupt:
                interrupts += 1
            armed = False
        parallel.run()
        last = parallel.submit_work(lambda: "works")
        parallel.run()
        print(interrupts > 5, last.result(), parallel.contexts(ended=False))
    """,
    ) as program:
        assert program.line() == "ready"
        end = time.monotonic() + 2.5
        pause = 0.0
        while time.monotonic() < end:
            interrupt(program)
            pause = (pause * 1.37 + 0.0071) % 0.03  # different moments, the same every time
            time.sleep(pause)
        assert program.line() == "True works []"
        ended = program.end()
        assert (ended.returncode, ended.stderr) == (0, "")
        wait_until(lambda: not program.alive())
