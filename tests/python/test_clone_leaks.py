"""Neither success nor failure leaves anything behind, wherever it comes."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref

import _clone_probe as probe
import numpy
import pytest

from clone_support import Plain, traced_growth

pytestmark = pytest.mark.packages


def test_failures_leave_nothing_behind():
    leaf, text, array, buffer = Plain(a=1), "some text " * 1000, numpy.arange(1000), bytearray(10_000)
    value = {"a": [leaf, text, array, buffer, (leaf,)], "b": (i for i in ())}
    objects = [leaf, text, array, buffer, value, value["a"], value["b"]]
    counts = [sys.getrefcount(item) for item in objects]

    def fail():
        for encode in (probe.encode, probe.encode_reusing):
            try:
                encode(value)
            except ValueError:
                pass

    gc.disable()  # nothing may wait in a cycle either
    try:
        for _ in range(20):
            fail()
        assert [sys.getrefcount(item) for item in objects] == counts
    finally:
        gc.enable()
    assert traced_growth(fail) < 8 * 1000
    assert [sys.getrefcount(item) for item in objects] == counts


def test_success_leaves_nothing_behind():
    value = [Plain(a=[1]), "text" * 2000, numpy.arange(1000), {"k": ({1}, frozenset([2]), [1, 2, 3, 4])}, 2**100]
    counts = [sys.getrefcount(item) for item in value]
    live = probe.live_records()

    def succeed():
        for encode in (probe.encode, probe.encode_reusing):
            encode(value).decode()

    gc.disable()
    try:
        for _ in range(20):
            succeed()
        assert [sys.getrefcount(item) for item in value] == counts and probe.live_records() == live
    finally:
        gc.enable()
    assert traced_growth(succeed) < 8 * 1000
    assert [sys.getrefcount(item) for item in value] == counts and probe.live_records() == live


@pytest.mark.parametrize(
    "value",
    [
        "[1, [2**100, 'x' * 100, {'a': {3}, 'b': frozenset([4])}], bytearray(9000), 1j, (1.5,) * 9]",
        "[Plain(), {'a': [Plain()] * 2}]",
        "numpy.arange(9)[::2]",
    ],
)
def test_every_failing_allocation_is_a_memory_error(value):
    """The Nth allocation fails, for every N: in a process of its own, because a failure would be a crash."""
    program = f"""
        import sys
        from _testcapi import set_nomemory, remove_mem_hooks
        sys.path[:0] = {sys.path!r}
        import numpy, _clone_probe as probe
        class Plain: pass
        value = {value}
        def attempt(n, action):
            set_nomemory(n, n + 1)
            try:
                action()
                failed = False
            except MemoryError:
                failed = True
            except ValueError as error:
                failed = "cannot be pushed" in str(error)  # pickle has turned the failure into another error
                if not failed:
                    raise
            finally:
                remove_mem_hooks()
            return failed
        record = probe.encode_reusing(value)
        for action in (lambda: probe.encode_reusing(value), record.decode):
            failures = sum(attempt(n, action) for n in range(300))
            assert failures > 0
            assert not attempt(10**6, action)
            assert repr(probe.encode_reusing(value).decode())
    """
    pytest.importorskip("_testcapi")
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def test_weak_references_are_not_held():
    value = Plain(a=1)
    watch = weakref.ref(value)
    probe.encode_reusing([value, numpy.arange(3)])
    del value
    assert watch() is None
