"""Many works of which a few go wrong: what is told of those, and what is kept of all."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import parallel
from support import run_program


def test_two_of_a_hundred_die(two_contexts):
    """98 results are there, both errors name work, signal and last Python stack, and what the two had pushed stays."""
    pushed = parallel.xlist()

    def segv_here():
        ctypes.string_at(1)

    def work(n):
        pushed.push(n)
        if n == 20:
            segv_here()
        if n == 70:
            os.kill(os.getpid(), signal.SIGKILL)
        return n * n

    works = [parallel.submit_work(work, n, name=f"number {n}") for n in range(100)]
    errors = {}
    while True:
        try:
            parallel.run(60)
            break
        except parallel.ContextCrashed as error:
            errors[error.work.name] = error
    assert sorted(pushed) == list(range(100))
    others = [n for n in range(100) if n not in (20, 70)]
    assert [works[n].result() for n in others] == [n * n for n in others]
    assert {name: error.signal for name, error in errors.items()} == {
        "number 20": signal.SIGSEGV,
        "number 70": signal.SIGKILL,
    }
    for name, error in errors.items():
        assert f"{name!r}" in str(error) and error.signal.name in str(error)
    assert "segv_here" in errors["number 20"].output and f'"{__file__}"' in errors["number 20"].output


def test_one_of_a_hundred_raises_and_the_others_are_kept(capsys):
    """The error is shown long before the others have ended, and none of their results is lost by it."""
    parallel.configure(contexts=6)
    gate = parallel.xlist()
    works = [parallel.submit_work(lambda n: 1 / (n - 3) if n == 3 else gate.wait(1) and n, n) for n in range(100)]
    shown = []

    def look():
        end = time.monotonic() + 20
        while time.monotonic() < end and not shown:
            if "ZeroDivisionError" in capsys.readouterr().err:
                shown.append(sum(work.done() for work in works))
            time.sleep(0.01)
        gate.push("go")

    thread = threading.Thread(target=look)
    thread.start()
    with pytest.raises(ZeroDivisionError):
        parallel.run(60)
    thread.join()
    assert shown and shown[0] < 100
    assert [work.result() for n, work in enumerate(works) if n != 3] == [n for n in range(100) if n != 3]


def test_breakpoint_is_an_error_at_once():
    """There is nobody who could answer a prompt: the work ends with that, and does not wait for ever."""

    def stops():
        value = 41
        breakpoint()
        return value + 1

    work = parallel.submit_work(stops)
    error = work.exception(30)
    assert isinstance(error, parallel.ParallelError) and "call it in the main thread" in str(error), repr(error)
    assert "breakpoint()" in work.traceback


def test_a_debugger_in_a_work_does_not_wait_for_commands():
    """Not even one that is called by its name: pdb asks `input`."""
    ended = run_program("""
        import pdb, parallel

        def stops():
            pdb.set_trace()
            return 42

        print(type(parallel.submit_work(stops).exception(20)).__name__)
    """)
    assert ended.stdout.splitlines()[-1] == "ParallelError", ended


def test_handles_of_the_main_program_are_not_closed_by_works(tmp_path, two_contexts):
    """A work ends without running exit functions and without flushing files of the main program a second time."""
    path = tmp_path / "file"
    with open(path, "w") as file:
        file.write("once\n")  # in the buffer, which every context has a copy of
        for _ in range(6):
            parallel.submit_work(lambda: None)
        parallel.submit_work(lambda: sys.exit())
        with pytest.raises(parallel.RemoteError):
            parallel.run()
        assert path.read_text() == ""
    assert path.read_text() == "once\n"


@pytest.mark.parametrize(
    "die", [lambda: os._exit(1), lambda: os.kill(os.getpid(), signal.SIGKILL)], ids=["exits", "killed"]
)
def test_children_of_a_dead_work_do_not_keep_the_others_waiting(die, two_contexts):
    """A program that outlives its work holds the work's standard output open, which somebody reads."""

    def leaves_a_program():
        subprocess.Popen(["sleep", "5"])
        die()

    began = time.monotonic()
    work = parallel.submit_work(leaves_a_program)
    others = [parallel.submit_work(pow, (n, 2)) for n in range(10)]
    with pytest.raises(parallel.ContextCrashed):
        parallel.run(30)
    assert work.state == "crashed" and [other.result() for other in others] == [n * n for n in range(10)]
    assert time.monotonic() - began < 4.5
