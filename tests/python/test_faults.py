"""Contexts that die: who is told what, what goes on, what stays."""

import ctypes
import faulthandler
import os
import random
import signal
import sys
import time

import pytest

import parallel
from pythons import needs_readable_python
from support import children, is_gone, run_program, wait_until


def die_by(number):
    return lambda: os.kill(os.getpid(), number)


DEATHS = {
    "exit code": (lambda: os._exit(3), None, 3, "exit code 3"),
    "exit code 0": (lambda: os._exit(0), None, 0, "exit code 0"),
    "SIGKILL": (die_by(signal.SIGKILL), signal.SIGKILL, None, "SIGKILL"),
    "SIGTERM": (die_by(signal.SIGTERM), signal.SIGTERM, None, "SIGTERM"),
    "real-time signal": (die_by(signal.SIGRTMIN + 1), signal.SIGRTMIN + 1, None, "signal"),
    "SIGSEGV": (lambda: ctypes.string_at(1), signal.SIGSEGV, None, "SIGSEGV"),
    "abort": (os.abort, signal.SIGABRT, None, "SIGABRT"),
    "stack overflow": (faulthandler._stack_overflow, signal.SIGSEGV, None, "SIGSEGV"),
    "C exit": (lambda: ctypes.CDLL(None).exit(7), None, 7, "exit code 7"),
}


@pytest.mark.parametrize("die, number, code, words", DEATHS.values(), ids=DEATHS)
def test_a_death_is_an_error_of_the_work_and_of_no_other(die, number, code, words, two_contexts, capfd):
    xl = parallel.xlist()

    def doomed():
        xl.push("before")
        die()

    before = [parallel.submit_work(lambda n: n * n, n) for n in range(10)]
    work = parallel.submit_work(doomed, name="doomed")
    after = [parallel.submit_work(lambda n: xl.push(n), n) for n in range(10)]
    with pytest.raises(parallel.ContextCrashed) as caught:
        parallel.run()
    parallel.run()  # the only error
    error = caught.value
    assert (error.signal, error.exitcode, error.work) == (number, code, work) and work.exception() is error
    assert f"work {work.id} 'doomed' in context {work.context}" in str(error) and words in str(error)
    assert work.state == "crashed" and work.traceback is None
    assert [other.result() for other in before] == [n * n for n in range(10)] and all(other.done() for other in after)
    assert sorted(item for item in xl if item != "before") == list(range(10)) and list(xl).count("before") == 1


def test_every_work_may_crash(two_contexts):
    works = [parallel.submit_work(lambda: os._exit(1)) for _ in range(30)]
    for _ in works:
        with pytest.raises(parallel.ContextCrashed):
            parallel.run()
    parallel.run()
    assert {work.state for work in works} == {"crashed"}


def test_a_crash_with_an_errback():
    calls = []
    work = parallel.submit_work(lambda: os._exit(2), errback=calls.append)
    parallel.run()
    [(kind, value, _)] = calls
    assert kind is parallel.ContextCrashed and value.work is work


def test_contexts_killed_from_outside(two_contexts):
    began, gate = parallel.xlist(), parallel.xlist()

    def work(n):
        began.push((n, os.getpid()))
        gate.wait(1)
        return n

    works = [parallel.submit_work(work, n) for n in range(6)]
    parallel.start()
    assert began.wait(2, 30)
    os.kill(began[0][1], signal.SIGKILL)
    assert began.wait(3, 30)  # another context takes its place, from the same snapshot
    assert sum(context.restarts for context in parallel.contexts(ended=False)) == 1
    gate.push(1)
    with pytest.raises(parallel.ContextCrashed) as caught:
        parallel.run()
    assert caught.value.work is works[began[0][0]]
    others = [work.result() for work in works if work is not caught.value.work]
    assert others == [n for n in range(6) if n != began[0][0]]


def test_killed_at_random(seed, two_contexts):
    """Contexts are killed again and again while they push; what a push returned from is there, once, in order."""
    dice = random.Random(seed)
    xl = parallel.xlist()

    def push(who):
        for n in range(400):
            xl.push((who, n, "some text that needs a record"))

    works = [parallel.submit_work(push, who) for who in range(24)]
    parallel.start()
    while not all(work.done() for work in works):
        for context in parallel.contexts(ended=False):
            if context.pid and dice.random() < 0.3:
                try:
                    os.kill(context.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        time.sleep(dice.random() * 0.01)
    crashed = 0
    while True:
        try:
            parallel.run()
            break
        except parallel.ContextCrashed:
            crashed += 1
    assert crashed == sum(work.state == "crashed" for work in works)
    for who, work in enumerate(works):
        numbers = [n for pusher, n, _ in xl if pusher == who]
        assert numbers == list(range(len(numbers))) and (len(numbers) == 400 or work.state == "crashed")


def test_the_process_that_looks_after_the_contexts_is_killed(two_contexts):
    began, gate = parallel.xlist(), parallel.xlist()
    works = [parallel.submit_work(lambda: began.push(os.getpid()) or gate.wait(1)) for _ in range(4)]
    quick = parallel.submit_work(lambda: 1)
    parallel.start()
    assert began.wait(2, 30)
    [zygote] = children()
    os.kill(zygote, signal.SIGKILL)
    for _ in range(5):
        with pytest.raises(parallel.ContextCrashed, match="process that looks after its batch was killed"):
            parallel.run()
    parallel.run()
    assert {work.state for work in [*works, quick]} == {"crashed"}
    for pid in began:  # its contexts went with it
        wait_until(lambda: is_gone(pid))


def test_a_work_that_kills_the_process_above_it():
    parallel.submit_work(lambda: os.kill(os.getppid(), signal.SIGKILL) or time.sleep(30))
    began = time.monotonic()
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    assert time.monotonic() - began < 20
    assert parallel.submit_work(lambda: "still works").result() == "still works"


def test_what_was_printed_before_a_death_is_there(capsys):
    def doomed():
        print("a line")
        print("another", file=sys.stderr)
        os._exit(1)

    parallel.submit_work(doomed)
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    assert capsys.readouterr() == ("a line\n", "another\n")


def test_a_context_that_dies_in_a_nested_run_takes_what_it_started_along(unprotected):
    """Nothing of the inner works is left: no process, no memory, no list."""
    began = parallel.xlist()

    def outer():
        for _ in range(3):
            parallel.submit_work(lambda: began.push(os.getpid()) or time.sleep(60))
        parallel.configure(contexts=3)
        parallel.start()
        assert began.wait(3, 30)
        kept.append(parallel.xlist([b"x" * 100_000]))
        os.kill(os.getpid(), signal.SIGKILL)

    kept = []
    parallel.submit_work(outer)
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    for pid in began:
        assert is_gone(pid)  # at once: before run() has returned


@needs_readable_python
def test_fork_fails():
    """At the limit of processes a run() ends with the reason; below it, the next one works."""
    ended = run_program("""
        import os, resource, parallel

        if os.getuid() == 0:
            os.setgroups([])
            os.setresgid(54321, 54321, 54321)
            os.setresuid(54321, 54321, 54321)  # root has no such limit
        soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
        resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
        work = parallel.submit_work(lambda: 1)
        try:
            parallel.run()
        except parallel.ContextCrashed as error:
            print(work.state, error)
        resource.setrlimit(resource.RLIMIT_NPROC, (soft, hard))
        print(parallel.submit_work(lambda: 2).result())
    """)
    assert ended.stdout.splitlines() == [
        "crashed work 1 '<lambda>' could not run: fork failed (Resource temporarily unavailable)",
        "2",
    ], ended


def test_the_region_is_full():
    """What finds no room is a MemoryError; what was there stays, and room that is made is used."""
    ended = run_program("""
        import resource, sys

        resource.setrlimit(resource.RLIMIT_AS, (700_000_000, resource.RLIM_INFINITY))
        import parallel
        from parallel import _core

        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert _core.region()["reserved"] < 700_000_000
        xl = parallel.xlist()
        room = parallel.xlist([b"r" * 5_000_000])  # given back below: how much is left beside the big ones is chance

        def fill():
            try:
                while True:
                    xl.push(b"x" * 10_000_000)
            except MemoryError as error:
                print(error)

        fill()
        full = len(xl)
        assert parallel.submit_work(lambda: 1).result() == 1  # small things still fit
        parallel.submit_work(lambda: b"y" * 20_000_000)
        try:
            parallel.run()
        except MemoryError as error:
            print(error)
        del room
        while True:
            try:
                xl.push(b"z" * 100)
            except MemoryError:
                break
        works = [parallel.submit_work(fill), parallel.submit_work(lambda: 1 / 0)]
        for _ in range(3):
            try:
                parallel.run()
                break
            except Exception as error:
                print(type(error).__name__)
        assert xl[0] == b"x" * 10_000_000 and len(xl) > full
        parallel.cancel()  # whether there was room for the table of those two is chance
        del xl, works
        xl = parallel.xlist()
        assert parallel.submit_work(lambda: xl.push(b"x" * 10_000_000)).result() is None and len(xl) == 1
        print("end")
    """)
    lines = ended.stdout.splitlines()
    print(ended.stdout, ended.stderr)
    assert ended.returncode == 0
    assert lines[0].startswith("the shared region is full: no room for a clone of 10")
    assert lines[-1] == "end" and "shared region is full" in lines[1], lines


HANGING = """
    import os, threading, time, parallel
    from parallel import _core

    _core.set_begin_patience(0.5)
    lock = threading.Lock()
    lock.acquire()
    hangs = True
    os.register_at_fork(after_in_child=lambda: hangs and lock.acquire())
"""


def test_contexts_that_hang_before_they_begin_are_told_and_cost_no_more():
    ended = run_program(
        HANGING,
        """
        works = [parallel.submit_work(int, n, timeout=60) for n in range(3)]
        began = time.monotonic()
        try:
            parallel.run(30)
        except parallel.ContextCrashed as error:
            print(error)
        assert time.monotonic() - began < 20
        print([work.state for work in works])
        hangs = False
        parallel.cancel()
        for _ in works[1:]:
            try:
                parallel.run()
            except parallel.ContextCrashed:
                pass
        print(parallel.submit_work(pow, (2, 5)).result())
    """,
    )
    lines = ended.stdout.splitlines()
    assert "hung before they began" in lines[0] and "register_at_fork" in lines[0], ended
    assert lines[1:] == ["['crashed', 'crashed', 'crashed']", "32"], ended


def test_a_work_whose_context_hangs_can_be_cancelled():
    ended = run_program(
        HANGING,
        """
        work = parallel.submit_work(int)
        parallel.start()
        time.sleep(0.1)
        print(work.cancel(), work.state)
        parallel.run(30)
        print("over")
    """,
    )
    assert ended.stdout.splitlines() == ["True cancelled", "over"], ended
