"""What parallel works are for: time. Bounds are far from what was measured, so that only a mistake misses them."""

import inspect
import time

import pytest

import parallel
from support import run_program, usable_processors

pytestmark = pytest.mark.measures

needs_two_processors = pytest.mark.skipif(usable_processors() < 2, reason="fewer than two processors are usable")


def burn(count):
    """A pure-Python job that is bound by the processor."""
    total = 0
    for n in range(count):
        total += n * n % 7
    return total


def seconds(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


@needs_two_processors
def test_two_processors_take_half_the_time():
    """At most 0.6 of the serial time, in the best of several tries.

    Where others use the processors too, two bare processes do not reach that either: then at most half as much again.
    In a program of its own: the forks of the tests' process take 0.1 s.
    """
    ended = run_program(
        inspect.getsource(burn),
        inspect.getsource(seconds),
        """
        import os, time, parallel

        parallel.configure(contexts=2)
        share, tries = 4_000_000, 0  # 0.2 s
        alone = both = bare = float("inf")

        def work_twice():
            burn(share)
            burn(share)

        def two_works():
            works = [parallel.submit_work(burn, share) for _ in range(2)]
            parallel.run()
            assert len({work.result() for work in works}) == 1

        def two_processes():
            pids = []
            for _ in range(2):
                pid = os.fork()
                if pid == 0:
                    burn(share)
                    os._exit(0)
                pids.append(pid)
            for pid in pids:
                os.waitpid(pid, 0)

        while both > max(0.6 * alone, 1.5 * bare) or tries < 3:
            alone, both, bare = (
                min(alone, seconds(work_twice)),
                min(both, seconds(two_works)),
                min(bare, seconds(two_processes)),
            )
            tries += 1
            assert tries < 15, f"serial {alone:.3f} s, two works {both:.3f} s, two bare processes {bare:.3f} s"
    """,
    )
    assert ended.returncode == 0, ended.stderr


def test_a_work_costs_little():
    """No-op works from a list: some hundred thousand a second; even a tenth of that would not miss this."""

    def many():
        for _ in range(20_000):
            parallel.submit_work(int)
        parallel.run()

    assert min(seconds(many) for _ in range(3)) < 2


def test_a_run_costs_little():
    def one():
        parallel.submit_work(int)
        parallel.run()

    assert min(seconds(one) for _ in range(20)) < 0.1


def test_pushes_and_reads_cost_little():
    xl = parallel.xlist()
    assert min(seconds(lambda: [xl.push(n) for n in range(100_000)]) for _ in range(3)) < 1
    assert min(seconds(lambda: list(xl)) for _ in range(3)) < 1
