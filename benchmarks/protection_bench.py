"""What protection costs: a store, a mutating method call, code without stores, the start of a batch, with and without.

Each is measured in contexts, with protection and without in turns. The numbers are nanoseconds more for one; the goals
are 15 ns a store, 10 ns a method call, and 3 ms until the first work of a batch begins with numpy and pandas loaded.
Then the same with source twins in place of patches, for which there are no goals.
"""

from __future__ import annotations

import functools
import linecache
import time
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import parallel
from harness import Row, in_turns, timed
from parallel.protection import _state

STORES = {
    "x[0] = v, a list": ("x = [0]", "x[0] = 1"),
    "x['k'] = v, a dict": ("x = {'k': 0}", "x['k'] = 1"),
    "x.a = v": ("x = A()", "x.a = 1"),
    "x.a = v, __slots__": ("x = S()", "x.a = 1"),
    "nonlocal n; n = v": ("n = 0", "f()"),
    "list.append and pop": ("x = []", "x.append(1); x.pop()"),
    "set.add": ("x = set()", "x.add(1)"),
    "dict.update": ("x = {}; y = {'k': 1}", "x.update(y)"),
    "array[0] = v, numpy": ("import numpy; x = numpy.zeros(4)", "x[0] = 1"),
    "no store: x[0] + y": ("x = [1]; y = 2", "x[0] + y"),
}

TEMPLATE = """
class A: pass
class S: __slots__ = ("a",)
def measured(count):
    {setup}
    def f():
        {nonlocal_line}
    loop = range(count)
    began = now()
    for _ in loop:
        {statement}
    return now() - began
"""


held: list[Any] = []  # what a search after works comes by


def in_context(name: str, count: int, protection: str) -> float:
    """Seconds of one, measured inside of a context."""
    setup, statement = STORES[name]
    nonlocal_line = "nonlocal n; n = 1" if setup == "n = 0" else "pass"
    code = TEMPLATE.format(setup=setup, statement=statement, nonlocal_line=nonlocal_line)

    def work() -> float:
        namespace: dict[str, Any] = {"now": time.thread_time}  # of this thread: others may have the processor
        exec(code, namespace)
        namespace["measured"](1000)
        least: float = min(namespace["measured"](count) for _ in range(5))
        return least / count

    parallel.configure(protection=protection)
    return parallel.submit_work(work).result()


def start(protection: str) -> float:
    """Seconds until a work of a batch of one begins."""
    parallel.configure(protection=protection)
    began = time.monotonic()
    return parallel.submit_work(time.monotonic).result() - began


def batch(protection: str) -> float:
    """Seconds of a batch of one work that does nothing."""
    parallel.configure(protection=protection)
    return timed(lambda: parallel.submit_work(int).result())


def measure(smoke: bool) -> Iterator[Row]:
    count, rounds = (1000, 1) if smoke else (200_000, 5)
    try:
        for name in STORES:
            on, off = in_turns(rounds, *_both(functools.partial(in_context, name, count)))
            yield Row(f"{name} ({(on - off) * 1e9:+.1f} ns)", on, "without protection", off)
        import numpy  # noqa: F401 - a process as large as a notebook's
        import pandas  # noqa: F401

        batch("strict")
        for what, function in (("the start of", start), ("all of", batch)):
            on, off = in_turns(3 if smoke else 25, *_both(function))
            yield Row(
                f"{what} a batch of one work, pandas loaded ({(on - off) * 1e3:+.2f} ms)", on, "without protection", off
            )
        global held
        held = [{"a": number, "b": [number]} for number in range(1000 if smoke else 200_000)]
        on, off = in_turns(3 if smoke else 25, *_both(batch))
        yield Row(
            f"all of it, where the program holds 400,000 containers ({(on - off) * 1e3:+.2f} ms)",
            on,
            "without protection",
            off,
        )
        held = []
        yield from _measure_twins(smoke, count, rounds)
    finally:
        _state._force_twins(False)
        parallel.configure(protection="strict")


def _measure_twins(smoke: bool, count: int, rounds: int) -> Iterator[Row]:
    _state._force_twins(True)
    for name in STORES:
        on, off = in_turns(rounds, *_both(functools.partial(in_context, name, count)))
        yield Row(f"twins: {name} ({(on - off) * 1e9:+.1f} ns)", on, "without protection", off)
    batch("strict")
    on, off = in_turns(3 if smoke else 25, *_both(batch))
    yield Row(f"twins: a batch of one work, pandas loaded ({(on - off) * 1e3:+.2f} ms)", on, "without protection", off)
    functions = _define(10 if smoke else 500)
    parallel.configure(protection="strict")
    yield Row(f"twins of {len(functions)} functions of 11 lines, once", timed(_state.prepare))
    yield Row("  when nothing is new", timed(_state.prepare))


FUNCTION = """
def f{number}(a, b=1, *args, **kw):
    total, data = 0, {{}}
    for k in range(a):
        total += k * b
        data[k] = total
        if k % 3:
            data.setdefault(k, []).append(args)
    chosen = [x for x in args if x]
    chosen.append(kw.get("name"))
    return sorted(data.items(), key=lambda item: item[1]), chosen, total
"""


def _define(count: int) -> list[FunctionType]:
    text = "".join(FUNCTION.format(number=number) for number in range(count))
    linecache.cache["<measured>"] = len(text), None, text.splitlines(True), "<measured>"
    namespace: dict[str, Any] = {"__name__": "measured"}
    exec(compile(text, "<measured>", "exec"), namespace)
    return [value for name, value in namespace.items() if not name.startswith("__")]


def _both(function: Callable[[str], float]) -> list[Callable[[], float]]:
    return [lambda: function("strict"), lambda: function("off")]
