"""Nothing is left behind: processes, descriptors, memory, whatever the program does and however it ends."""

import gc
import os
import random
import signal
import time
import weakref
from pathlib import Path

import numpy
import pytest

import parallel
from support import Program, children, is_gone, region_use, run_program, wait_until


def test_five_hundred_runs_leave_nothing():
    """In a program of its own: a fork of the tests' process, which has grown, takes ten times as long."""
    ended = run_program(
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})",
        """
        import os, threading
        import parallel
        from support import children, descriptors, region_use, shared_kilobytes

        parallel.configure(contexts=2)

        def one(n):
            xl = parallel.xlist(name="x")
            works = [
                parallel.submit_work(lambda k: xl.push((k, "some text that needs a record", b"x" * 5000)) or k, k)
                for k in range(2)
            ]
            consumed = parallel.submit_queue(xl, len)
            parallel.run()
            assert [work.result() for work in works] == [0, 1] and consumed.result() == 2
            if n % 10 == 0:
                failed = parallel.submit_work(lambda: 1 / 0)
                crashed = parallel.submit_work(lambda: os._exit(1))
                assert isinstance(failed.exception(), ZeroDivisionError)
                assert isinstance(crashed.exception(), parallel.ContextCrashed)
                parallel.run()

        for n in range(20):  # what is made once is made now
            one(n)
        before = descriptors(), region_use(), threading.active_count()
        kilobytes = shared_kilobytes()
        for n in range(500):
            one(n)
        assert children() == []
        assert (descriptors(), region_use(), threading.active_count()) == before
        assert shared_kilobytes() <= kilobytes + 64
        print("over")
        """,
        seconds=50,
    )
    assert ended.stdout == "over\n", ended


@pytest.mark.packages
def test_results_leave_nothing(two_contexts):
    before = region_use()
    for _ in range(100):
        works = [parallel.submit_work(lambda k: (k, numpy.full(3000, k), parallel.xlist([k])), k) for k in range(5)]
        parallel.run()
        for k, work in enumerate(works):
            number, array, inner = work.result()
            assert number == k and array[-1] == k and list(inner) == [k]
        del works, work, array, inner
    assert region_use() == before


def test_memory_of_a_batch_goes_with_its_last_work():
    before = region_use()
    works = [parallel.submit_work(lambda: b"x" * 1_000_000) for _ in range(3)]
    parallel.run()
    assert region_use()[0] > before[0] + 3_000_000
    last = works.pop()
    del works
    assert len(last.result()) == 1_000_000  # they share one heap
    del last
    assert region_use() == before


class Followed(Exception):
    """Can be referred to weakly, as builtin exceptions cannot."""


def fail(*args):
    raise Followed


def test_errors_keep_no_batch_alive():
    """Their tracebacks refer to frames that have referred to them: nothing may wait for the garbage collector."""

    def turn():
        parallel.submit_work(fail, b"x" * 1_000_000)
        try:
            parallel.run()
        except Followed as error:
            errors.append(weakref.ref(error))
        try:
            parallel.submit_work(fail).result()
        except Followed as error:
            errors.append(weakref.ref(error))
        parallel.run()

    before, errors = region_use(), []
    gc.disable()
    try:
        for _ in range(5):
            turn()
        assert parallel._core.region()["allocated"] == before[0] and not any(error() for error in errors)
    finally:
        gc.enable()


def test_arguments_are_let_go_when_the_batch_has_ended():
    class Big:
        alive = 0

        def __init__(self):
            Big.alive += 1

        def __del__(self):
            Big.alive -= 1

    work = parallel.submit_work(lambda big: os.getpid(), Big())
    assert Big.alive == 1
    parallel.run()
    assert Big.alive == 0 and work.result() != os.getpid()


def test_finalisers_of_the_main_programs_objects_do_not_run_in_contexts():
    ran = parallel.xlist()

    class Finalised:
        def __del__(self):
            ran.push(os.getpid())

    kept = Finalised()
    parallel.submit_work(lambda: kept is not None and os.getpid())
    parallel.run()
    assert list(ran) == []
    kept = None
    assert list(ran) == [os.getpid()]


def test_pending_work_that_is_never_started_leaves_nothing():
    before = region_use()
    for _ in range(100):
        parallel.submit_work(print, [b"x" * 1000]).cancel()
    assert region_use() == before


def test_a_batch_that_is_dropped_is_ended():
    """Below the public functions: nobody holds the batch any more while its contexts run."""
    batch = parallel._core.Batch([time.sleep, (1000,), None], [], 1, 1 << 30)
    batch.start()
    wait_until(lambda: batch.contexts()[0]["pid"])
    pid = batch.contexts()[0]["pid"]
    batch = None
    assert children() == []
    wait_until(lambda: is_gone(pid))


# ---- however the program ends ----------------------------------------------------------------------------------------

RUNNING = """
    import os, signal, sys, threading, time
    import parallel

    parallel.configure(contexts=3)
    began = parallel.xlist()

    def work(n):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        began.push(n)
        if n == 0:
            parallel.submit_work(lambda: began.push("inner") or time.sleep(1000))
            parallel.run()
        elif n == 1:
            while True:
                pass
        time.sleep(1000)

    for n in range(3):
        parallel.submit_work(work, n)
"""

WAITS = {
    "in run": "parallel.run()",
    "idle": "parallel.start(); time.sleep(1000)",
    "in a thread": "threading.Thread(target=parallel.run).start(); time.sleep(1000)",
}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=lambda number: number.name)
@pytest.mark.parametrize("wait", WAITS.values(), ids=WAITS)
def test_no_process_outlives_a_killed_program(wait, number):
    with Program(
        RUNNING,
        f"""
        threading.Thread(target=lambda: began.wait(4) and print("ready", flush=True), daemon=True).start()
        {wait}
    """,
    ) as program:
        assert program.line() == "ready"
        assert len(program.alive()) >= 7  # the program, two zygotes, four contexts
        os.kill(program.process.pid, number)
        killed = time.monotonic()
        wait_until(lambda: not program.alive(), 20)
        assert time.monotonic() - killed < 1.0
        assert program.process.wait(20) == -number


@pytest.mark.parametrize("end", ["os._exit(3)", "os.execvp('sh', ['sh', '-c', 'exit 3'])"])
def test_no_process_outlives_a_program_that_leaves_without_a_word(end):
    with Program(
        RUNNING,
        f"""
        parallel.start()
        began.wait(4)
        {end}
    """,
    ) as program:
        assert program.process.wait(30) == 3
        wait_until(lambda: not program.alive(), 5)


def test_a_program_that_becomes_another_takes_no_contexts_along():
    """The zygote's parent is the same process after exec: it is the end of the interpreter that counts."""
    with Program("""
        import os, parallel, time

        began = parallel.xlist()
        parallel.submit_work(lambda: began.push(1) or time.sleep(2))
        parallel.start()
        began.wait(1)
        os.execvp("sleep", ["sleep", "6"])
    """) as program:
        wait_until(lambda: len(program.alive()) == 1, 5)  # the work ends by itself, and then its processes


def test_exits_at_any_moment(seed):
    """The pump, daemon threads that wait, and the end of the interpreter meet each other: no crash, no hang."""
    dice = random.Random(seed)
    for _ in range(12):
        ended = run_program(f"""
            import threading, time, parallel

            xl = parallel.xlist()
            result = parallel.submit_work(time.sleep, 0.01).result
            for wait in (lambda: xl.wait(10**6), lambda: list(xl.stream()), result):
                threading.Thread(target=wait, daemon=True).start()
            works = [parallel.submit_work(time.sleep, {dice.random() * 0.02}) for _ in range(2)]
            parallel.{dice.choice(["run", "start"])}()
            time.sleep({dice.random() * 0.15})
        """)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", ""), ended


def test_the_pump_ends_before_the_interpreter():
    ended = run_program("""
        import atexit, threading
        atexit.register(lambda: print([thread.name for thread in threading.enumerate()]))  # after those of the package
        import parallel
        parallel.submit_work(print, "work")
        parallel.run()
        print([thread.name for thread in threading.enumerate()])
    """)
    assert ended.stdout.splitlines() == ["work", "['MainThread', 'parallel-pump']", "['MainThread']"]


def test_importing_starts_nothing():
    ended = run_program("""
        import os, threading
        before = len(os.listdir("/proc/self/fd"))
        import parallel
        children = open(f"/proc/self/task/{os.getpid()}/children").read()
        print(len(os.listdir("/proc/self/fd")) - before, threading.active_count(), repr(children))
    """)
    assert ended.stdout == "0 1 ''\n"
