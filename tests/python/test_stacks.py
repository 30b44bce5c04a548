"""Where running works are: their stacks, read from outside while they sleep, compute, hang or are stopped."""

import contextlib
import functools
import linecache
import os
import signal
import threading
import time

import pytest

import parallel
from pythons import needs_readable_python
from support import run_program, wait_until


class Gate:
    """What works wait for, so that they end with their test."""

    def __init__(self):
        self._closed = parallel.xlist()

    def wait(self, n):
        return self._closed.wait(n)

    def close(self):
        if self._closed is not None:
            self._closed.close()
            self._closed = None  # pytest keeps the fixture for longer


@pytest.fixture
def gate():
    gate = Gate()
    yield gate
    gate.close()
    parallel.cancel()
    with contextlib.suppress(Exception):
        parallel.run()


def started(*functions):
    works = [parallel.submit_work(function) for function in functions]
    parallel.start()
    for work in works:
        wait_until(lambda: work.state == "running" and work.stack() is not None)
    return works if len(works) > 1 else works[0]


def test_a_work_that_waits(gate, two_contexts):
    def outer():
        return inner(3)

    def inner(n):
        return gate.wait(n)  # here

    work = started(outer)
    wait_until(lambda: "# here" in work.stack())
    here, outer_line = inner.__code__.co_firstlineno + 1, outer.__code__.co_firstlineno + 1
    lines = work.stack().splitlines()
    assert lines[0] == f'  File "{__file__}", line {outer_line}, in outer' and lines[1] == "    return inner(3)"
    assert lines[2] == f'  File "{__file__}", line {here}, in inner' and lines[3] == "    return gate.wait(n)  # here"
    assert [(row["id"], row["name"]) for row in parallel.stacks()] == [(work.id, "outer")]
    assert parallel.stacks()[0]["stack"].splitlines()[:4] == lines[:4]


def test_it_is_neither_stopped_nor_asked(gate, two_contexts):
    """In the middle of C code, on a lock that nobody releases, and when the system has stopped its process."""
    pids = parallel.xlist()
    sleeps = started(lambda: pids.push(os.getpid()) or time.sleep(60))  # asleep in one call of C code
    locked = started(lambda: threading.Lock().acquire() and [lock.acquire() for lock in [threading.Lock()] * 2])
    assert "time.sleep(60)" in sleeps.stack() and "lock.acquire()" in locked.stack()
    os.kill(pids[0], signal.SIGSTOP)
    assert "time.sleep(60)" in sleeps.stack()
    os.kill(pids[0], signal.SIGCONT)
    parallel.configure(contexts=3)
    assert started(functools.partial(time.sleep, 60)).stack() == "  (in C code)\n"


def test_a_stack_that_changes_all_the_time(gate, two_contexts):
    """What is read is what was there: each call is one of these functions, on one of its lines."""

    def busy():
        while True:
            sum(odd(n) for n in range(7))

    def odd(n):
        return even(n - 1) if n else True

    def even(n):
        return odd(n - 1) if n else False

    work = started(busy)
    places = {f.__code__.co_name: f.__code__ for f in (busy, odd, even)}
    seen = set()
    for _ in range(2000):
        stack = work.stack()
        for file, line, name in (parse(line) for line in (stack or "").splitlines() if line.startswith("  File")):
            assert file == __file__
            if name in places:
                assert 0 <= line - places[name].co_firstlineno <= 2, (line, name)
            else:
                assert name == "<genexpr>", name
            seen.add(name)
    assert seen >= {"busy", "odd", "even"}


def parse(line):
    file, number, name = line.strip().removeprefix('File "').split(", ")
    return file.rstrip('"'), int(number.removeprefix("line ")), name.removeprefix("in ")


def test_a_deep_stack_has_its_innermost_calls(gate, two_contexts):
    def down(n):
        return down(n - 1) if n else gate.wait(1)

    work = started(lambda: down(900))
    wait_until(lambda: "in wait" in work.stack())
    assert "Previous line repeated" in work.stack() and "<lambda>" not in work.stack()


def test_names_of_every_width(gate, two_contexts):
    for name, file in (("größe", "ä.py"), ("数", "数.py"), ("𝔞bc", "😀.py")):
        source = f"def {name}(gate):\n    x = 1\n\n    return gate.wait(1), '{name}'\n"
        namespace = {}
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)
        exec(compile(source, file, "exec"), namespace)
        function = next(value for key, value in namespace.items() if not key.startswith("__"))
        work = parallel.submit_work(function, (gate,))
        parallel.configure(contexts=8)
        parallel.start()
        wait_until(lambda: work.state == "running" and "line 4" in (work.stack() or ""))
        first, second, *_ = work.stack().splitlines()
        assert first == f'  File "{file}", line 4, in {function.__name__}'
        assert second.strip().startswith("return gate.wait(1)")


def test_generators_coroutines_and_classes(gate, two_contexts):
    import asyncio

    class Reader:
        def __iter__(self):
            yield gate.wait(1)

        async def read(self):
            return [item for item in self]  # noqa: C416 - a comprehension has a frame of its own

    work = started(lambda: asyncio.run(Reader().read()))
    wait_until(lambda: "in __iter__" in work.stack())
    names = [parse(line)[2] for line in work.stack().splitlines() if line.startswith("  File")]
    assert names[0] == "<lambda>" and "read" in names and names.index("__iter__") > names.index("read")


def test_only_works_that_run_have_one(gate, two_contexts):
    pending = parallel.submit_work(int)
    assert pending.stack() is None and parallel.stacks() == []
    parallel.run()
    assert pending.stack() is None and parallel.stacks() == []
    assert repr(parallel.stacks()) == "no work runs" and "no work runs" in parallel.stacks().html()


def test_consumers_of_a_queue(gate, two_contexts):
    def consume(item):
        gate.wait(1)

    queue = parallel.xlist([1, 2, 3])
    work = parallel.submit_queue(queue, consume)
    parallel.start()
    wait_until(lambda: len(parallel.stacks()) == 2)
    rows = parallel.stacks()
    assert [(row["id"], row["context"]) for row in rows] == [(work.id, 0), (work.id, 1)]
    assert all("in consume" in row["stack"] for row in rows) and work.stack() is None
    queue.close()


def test_a_work_looks_at_those_it_has_started(gate, two_contexts):
    def inner():
        gate.wait(1)

    def outer():
        work = parallel.submit_work(inner)
        parallel.start()
        wait_until(lambda: work.stack() is not None and "in inner" in work.stack())
        seen.push(len(parallel.stacks()))

    seen = parallel.xlist()
    work = parallel.submit_work(outer)
    parallel.start()
    assert seen.wait(1, 20)
    gate.close()  # what it has started is a part of it
    assert work.result() is None and list(seen) == [1]


def test_contexts_that_die_meanwhile(two_contexts):
    stop = threading.Event()
    failures = []

    def look():
        while not stop.is_set():
            try:
                for row in parallel.stacks():
                    assert "in die" in row["stack"] or "in C code" in row["stack"], row
            except Exception as error:
                failures.append(error)
                return

    def die(n):
        time.sleep(0.001 * (n % 3))
        os.kill(os.getpid(), signal.SIGKILL)

    looking = threading.Thread(target=look)
    looking.start()
    works = [parallel.submit_work(die, n) for n in range(100)]
    parallel.start()
    assert all(isinstance(work.exception(), parallel.ContextCrashed) for work in works)
    stop.set()
    looking.join()
    assert failures == []


def test_what_is_shown(gate, two_contexts):
    def long_way(n):
        return long_way(n - 1) if n else [gate.wait(1)][0]

    started(lambda: long_way(3), lambda: gate.wait(1))
    wait_until(lambda: all("gate.wait" in row["stack"] for row in parallel.stacks()))
    text, page = repr(parallel.stacks()), parallel.stacks().html()
    assert text.startswith("works that run: 2\n\nwork ") and "in long_way" in text and " in c" in text
    assert page.count("<pre") == 2 and "&lt;lambda&gt;" in page and "<script" not in page
    assert page.count("\n") >= sum(row["stack"].count("\n") - 1 for row in parallel.stacks())  # line by line


@needs_readable_python
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody whose processes may not be read")
def test_where_the_system_forbids_it_that_is_said():
    ended = run_program("""
        import os, time, parallel
        os.setgid(65534)
        os.setuid(65534)
        work = parallel.submit_work(time.sleep, 60)
        parallel.start()
        while work.state == "pending":
            time.sleep(0.01)
        try:
            print(work.stack())
        except parallel.ParallelError as error:
            print(error)
        work.cancel()
    """)
    assert "does not let a process read its children's memory" in ended.stdout, ended
