"""Cells written for PyParallel run as they are, and today's `async` means what it always did."""

import pytest

from support import Kernel

pytestmark = pytest.mark.packages

# The programs the project began with: two functions, each in a context, write a time stamp into what is shared.
SEEDS = {
    "xlist": (
        "xl = async.xlist()\n\ndef foo():\n    xl.push(async.rdtsc())\n\ndef bar():\n    xl.push(async.rdtsc())\n\n"
        "async.submit_work(foo)\nasync.submit_work(bar)\nasync.run()",
        "len(xl), all(isinstance(ticks, int) for ticks in xl)",
        "(2, True)",
    ),
    "dict": (
        "d = async.dict()\n\ndef foo():\n    d['foo'] = async.rdtsc()\n\ndef bar():\n    d['bar'] = async.rdtsc()\n\n"
        "async.submit_work(foo)\nasync.submit_work(bar)\nasync.run()",
        "sorted(d), all(isinstance(ticks, int) for ticks in d.values())",
        "(['bar', 'foo'], True)",
    ),
    "quickstart": (
        "results = xlist()\n\ndef stamp(name):\n    results.push((name, async.rdtsc()))\n\n"
        'async.submit_work(stamp, "first")\nasync.submit_work(stamp, "second")\nasync.run()\n'
        "for name, ticks in results:\n    print(name, ticks)",
        "sorted(name for name, ticks in results), results[0][1] != results[1][1]",
        "(['first', 'second'], True)",
    ),
}


@pytest.mark.parametrize(["program", "question", "answer"], SEEDS.values(), ids=SEEDS)
def test_the_seeds(kernel: Kernel, program, question, answer):
    cell = kernel.ok(program)
    assert cell.of("error") == []
    assert kernel.value(question) == answer
    if "print" in program:
        lines = [line.split() for line in cell.text().splitlines()]
        assert sorted(name for name, _ in lines) == ["first", "second"] and all(ticks.isdigit() for _, ticks in lines)


@pytest.mark.parametrize(
    ["code", "result"],
    [
        ("import async\nasync.rdtsc is parallel.rdtsc", "True"),
        ("import async as old\nold is parallel", "True"),
        ("import os, async, sys\nasync.run is parallel.run", "True"),
        ("from async import xlist as other, rdtsc\nother is xlist", "True"),
        ("from async import *\nsubmit_work is parallel.submit_work", "True"),
        ("(async\n .rdtsc)() > 0", "True"),
        ("f = lambda: async.rdtsc(); f() > 0", "True"),
        ("if True: import async\nasync.is_parallel_thread()", "False"),
        ("'async.run()'", "'async.run()'"),
        ("x = {'async': 1}; x['async']  # async.run()", "1"),
        ("class A: pass\na = A(); setattr(a, 'async', 2); getattr(a, 'async')", "2"),
    ],
)
def test_the_module_by_its_old_name(kernel: Kernel, code, result):
    assert kernel.ok(code).result == result


@pytest.mark.parametrize(
    ["code", "result"],
    [
        ("import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1\nawait f()", "1"),
        (
            "import asyncio\nasync def numbers():\n    for i in range(3):\n        yield i\n"
            "        await asyncio.sleep(0)\n"
            "[i async for i in numbers()]",
            "[0, 1, 2]",
        ),
        (
            "class Scope:\n    async def __aenter__(self): return 5\n    async def __aexit__(self, *args): pass\n"
            "async with Scope() as entered:\n    pass\nentered",
            "5",
        ),
        ("total = 0\nasync for i in numbers():\n    total += i\ntotal", "3"),
        ("import asyncio\nasyncio.run(f())", "1"),
        ("async def old():\n    return async.rdtsc() > 0\nawait old()", "True"),
    ],
)
def test_the_keyword_still_works(kernel: Kernel, code, result):
    kernel.ok(
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 1\n"
        "async def numbers():\n    for i in range(3):\n        yield i\n        await asyncio.sleep(0)"
    )
    assert kernel.ok(code).result == result


def test_a_misused_keyword_is_still_an_error(kernel: Kernel):
    for code in ("async = 3", "async", "async + 1", "x.async"):
        assert kernel.run(code).error["ename"] == "SyntaxError"


def test_errors_name_the_line_that_was_written(kernel: Kernel):
    cell = kernel.run("x = 1\nasync.no_such_function(x)")
    assert cell.error["ename"] == "AttributeError"
    assert "no_such_function" in "".join(cell.error["traceback"])


def test_coroutines_go_on_while_the_kernel_is_idle(kernel: Kernel):
    kernel.ok(
        "import asyncio\nsteps = []\nasync def go_on():\n    for i in range(5):\n"
        "        await asyncio.sleep(0.02); steps.append(i)\n    print('gone on')"
    )
    cell = kernel.ok("task = asyncio.create_task(go_on()); await asyncio.sleep(0)")
    kernel.wait(lambda: "gone on\n" in cell.text(), 10)
    assert kernel.value("steps") == "[0, 1, 2, 3, 4]"
