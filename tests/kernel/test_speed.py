"""Not a benchmark: what would be slow for everybody fails here. Limits are several times what was measured."""

import statistics
import time

import pytest

from support import Kernel

pytestmark = pytest.mark.measures


def median_seconds(kernel, code, times):
    seconds = []
    for _ in range(times):
        cell = kernel.ok(code)
        seconds.append(max(message.time for message in cell.messages) - cell.sent)
    return statistics.median(seconds)


def test_an_empty_cell(kernel: Kernel):
    assert median_seconds(kernel, "pass", 50) < 0.05


def test_a_cell_that_runs_works(kernel: Kernel):
    kernel.ok("parallel.configure(contexts=2)")
    assert median_seconds(kernel, "for n in range(100): parallel.submit_work(int)\nparallel.run()", 15) < 0.3


def test_printing(kernel: Kernel):
    assert median_seconds(kernel, "for i in range(10_000): print(i)", 5) < 0.6


def test_a_cell_that_displays_a_long_list(kernel: Kernel):
    kernel.ok("long = xlist(range(300_000))")
    assert median_seconds(kernel, "display(long)", 7) < 0.3


def test_the_start():
    began = time.monotonic()
    with Kernel() as kernel:
        assert time.monotonic() - began < 5
        kernel.end()
