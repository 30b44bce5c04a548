"""A push that fails half way, at whatever step: nothing is in the list, no memory of it is taken, nothing is held."""

from __future__ import annotations

import gc
import sys

import numpy
import pytest

import parallel
from support import region_use, run_program

pytestmark = pytest.mark.packages

STEPS = 12


class Failing:
    """Is pickled without trouble, unless it is the one whose turn it is to fail."""

    turn = -1  # counted down by every instance that is pickled
    error: type[BaseException] = LookupError

    def __init__(self, *content):
        self.content = content

    def __reduce__(self):
        Failing.turn -= 1
        if Failing.turn == -1:
            raise Failing.error("its turn")
        return Failing, self.content


def make_value(inner):
    """Everything a record may be made of, with instances that may fail between all of it."""
    shared = [Failing(inner), "text that is shared"]
    value = [
        Failing(),
        {"buffer": bytearray(b"b" * 9000), "array": numpy.arange(5000), "again": shared},
        shared,
        "x" * 9000,
        inner,
    ]
    for depth in range(STEPS - 4):
        value = [Failing({"depth": depth}), value, Failing(numpy.arange(600) + depth) if depth % 4 == 0 else depth]
    return value


def objects_of(value):
    """All objects the value holds, once for each place, but for the small ones that the whole interpreter shares."""
    found, waiting = [], [value]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, int):
            found.append(item)
        if isinstance(item, (list, tuple)):
            waiting += item
        elif isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, Failing):
            waiting += item.content
    return found


def facts(xl, inner):
    """What a failed push may not change."""
    return (
        len(xl),
        xl.heap["bytes"],
        xl.heap["reserved"],
        xl.heap["pushed"],
        inner.heap["bytes"],
        region_use(collect=False),
    )


@pytest.mark.parametrize(
    "error, raised",
    [
        (LookupError, ValueError),
        (MemoryError, MemoryError),
        (KeyboardInterrupt, KeyboardInterrupt),
        (RecursionError, ValueError),
        (SystemExit, SystemExit),
    ],
)
def test_an_object_refuses_at_every_step(monkeypatch, error, raised):
    monkeypatch.setattr(Failing, "error", error)
    xl, inner = parallel.xlist(["first", [1] * 100]), parallel.xlist([[2]])
    value = make_value(inner)
    held = objects_of(value)
    monkeypatch.setattr(Failing, "turn", 10**6)
    xl.push(value)  # everything that is made once has been made
    steps = 10**6 - Failing.turn
    assert steps >= STEPS
    xl.pop(), xl.pop(), xl.pop()
    xl.push("first")
    gc.collect()
    before = facts(xl, inner)
    gc.disable()  # what is in a cycle is held, too
    try:
        counts = [sys.getrefcount(item) for item in held]
        for step in range(steps):
            Failing.turn = step
            with pytest.raises(raised) as caught:
                xl.push(value)
            del caught
            assert facts(xl, inner) == before, f"step {step}"
            assert [sys.getrefcount(item) for item in held] == counts, f"step {step}"
    finally:
        gc.enable()
    Failing.turn = steps
    xl.push(value)
    assert len(xl) == 2 and xl[1][0].content == value[0].content
    bytes_of_it = xl.heap["bytes"] - before[1]
    assert bytes_of_it > 50_000  # which the failures would have taken


def test_in_a_context_at_every_step(unprotected, two_contexts):
    xl = parallel.xlist()

    def work(step):
        inner = parallel.xlist()
        Failing.turn = step
        try:
            xl.push(make_value(inner))
        except ValueError:
            return len(xl), xl.heap["bytes"]
        return "pushed"

    works = [parallel.submit_work(work, step) for step in range(STEPS + 20)]
    parallel.run()
    results = [work.result() for work in works]
    failed = results.index("pushed")
    assert failed >= STEPS and set(results[failed:]) == {"pushed"}
    assert len(xl) == len(results) - failed
    assert results[0] == (0, 0)


def test_no_allocation_of_python_succeeds():
    """The Nth allocation fails, for every N: in a process of its own, where a failure would be a crash."""
    pytest.importorskip("_testcapi")
    ended = run_program(
        """
        from _testcapi import set_nomemory, remove_mem_hooks
        import numpy, parallel
        from parallel import _core

        class Plain:
            def __init__(self):
                self.items = [1]

        xl, inner = parallel.xlist(), parallel.xlist()
        value = [Plain(), {"a": [1, 2, 3, 4], "b": {"c"}}, numpy.arange(2000), "x" * 5000, 2**100, inner, Plain()]
        xl.push(value)
        region, failures = _core.region(), 0
        for n in range(400):
            length, used = len(xl), xl.heap["bytes"]
            set_nomemory(n, n + 1)
            try:
                xl.push(value)
            except (MemoryError, ValueError):  # pickle turns some failures into errors of its own
                remove_mem_hooks()
                failures += 1
                assert (len(xl), xl.heap["bytes"]) == (length, used), n
            else:
                remove_mem_hooks()
                assert len(xl) == length + 1, n
        assert 20 < failures < 400, failures
        assert all(item[1] == value[1] for item in xl)
        print("end")
    """
    )
    assert ended.returncode == 0 and ended.stdout == "end\n", ended


def test_the_region_is_full_at_any_point():
    """Values of all sizes meet a region with less and less room: each is there as a whole, or not at all."""
    ended = run_program(
        """
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (700_000_000, resource.RLIM_INFINITY))
        import gc, numpy, parallel
        from parallel import _core

        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        start = _core.region()["allocated"]
        filler, others = parallel.xlist(), [parallel.xlist() for _ in range(3)]
        held = parallel.xlist()
        size, refused = 64_000_000, 0
        while size > 10:
            for xl in (filler, *others):
                before = len(xl), xl.heap["bytes"], _core.region()["allocated"]
                try:
                    xl.push([held, numpy.full(size // 8 + 1, 7.0), b"y" * size, size])
                except MemoryError as error:
                    assert "shared region is full" in str(error)
                    refused += 1
                    assert (len(xl), xl.heap["bytes"]) == before[:2], size
                    size = size * 2 // 3
        assert refused > 10
        for xl in (filler, *others):
            for holder, array, text, size in xl:
                assert holder is held and array.size == size // 8 + 1 and (array == 7).all() and text == b"y" * size
        del array, text, holder
        xl = None
        others.clear()
        del filler
        gc.collect()
        assert _core.region()["allocated"] == start, (_core.region(), start)
        assert _core.region()["xlists"] == 1 and len(held) == 0
        del held
        gc.collect()
        assert _core.region()["xlists"] == 0
        room = parallel.xlist()
        room.push(numpy.zeros(8_000_000))
        print("end", refused)
    """,
        seconds=60,
    )
    assert ended.returncode == 0 and ended.stdout.startswith("end"), ended
