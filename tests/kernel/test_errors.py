"""Errors of works as a notebook shows them: in the colours of IPython, with the arguments, and not thousands."""

import re
import time

import pytest
from support import Kernel, plain

GREEN, CYAN, RED, NORMAL = "\x1b[0;32m", "\x1b[0;36m", "\x1b[0;31m", "\x1b[0m"  # of IPython's scheme

FUNCTIONS = """def inner(n):
    "what is around"
    return 1 / n
def outer(n):
    return inner(n) + 1
"""


def shown(cell):
    return "\n".join(cell.error["traceback"])


def number_of(cell):
    """The number of a cell, as it stands in tracebacks."""
    return cell.reply["execution_count"]


# ---- how a traceback looks -------------------------------------------------------------------------------------------


def test_the_traceback_of_a_context_is_in_the_style_of_ipython(kernel: Kernel):
    cell = kernel.run(FUNCTIONS + "work = parallel.submit_work(outer, 0, name='colourful')\nwork.result()")
    text, place = shown(cell), f"Cell {GREEN}In [{number_of(cell)}], line "
    assert f"{place}3{NORMAL}, in {CYAN}inner{NORMAL}\n" in text
    assert f"{place}5{NORMAL}, in {CYAN}outer{NORMAL}\n" in text
    assert f"\n{GREEN}----> 3{NORMAL} " in text
    assert f"\n{RED}ZeroDivisionError{NORMAL}: division by zero\n" in text
    lines = plain(text).splitlines()
    at = lines.index("----> 3     return 1 / n")
    assert lines[at - 2 : at + 4] == [
        "      1 def inner(n):",
        '      2     "what is around"',
        "----> 3     return 1 / n",
        "                   ~~^~~",
        "      4 def outer(n):",
        "      5     return inner(n) + 1",
    ]
    assert cell.reply["traceback"] == cell.error["traceback"]


def test_the_text_of_a_work_is_plain(kernel: Kernel):
    kernel.run(FUNCTIONS + "work = parallel.submit_work(outer, 0)\nwork.result()")
    text = eval(kernel.value("work.traceback"))
    assert "\x1b" not in text
    assert re.search(r"\n  Cell In \[\d+\], line 3, in inner\n    return 1 / n\n           ~~\^~~\n", text)


def test_without_colours_there_are_none(kernel: Kernel):
    before = kernel.value("get_ipython().colors")
    cell = kernel.run(FUNCTIONS + "%colors NoColor\nparallel.submit_work(outer, 0).result()")
    kernel.ok(f"%colors {before[1:-1]}")
    assert "\x1b" not in shown(cell) and "    return 1 / n\n           ~~^~~\n" in shown(cell)
    cell = kernel.run("parallel.submit_work(outer, 0).result()")
    assert f"{RED}ZeroDivisionError{NORMAL}: division by zero" in shown(cell)


def test_a_file_and_a_library(kernel: Kernel, tmp_path):
    path = tmp_path / "some_module.py"
    path.write_text("'''\nA long\ntext\n'''\n\ndef fail():\n    raise LookupError('from a file')\n")
    cell = kernel.run(
        f"import json, sys; sys.path.insert(0, {str(tmp_path)!r}); import some_module\n"
        "parallel.submit_work(some_module.fail).result()"
    )
    assert f"File {GREEN}{path}:7{NORMAL}, in {CYAN}fail{NORMAL}\n" in shown(cell)
    kernel.ok("work = parallel.submit_work(some_module.fail); work.exception()")
    path.write_text("# another text by now\n" * 9)
    cell = kernel.run("import linecache; linecache.clearcache()\nwork.result()")
    assert "another text" not in shown(cell)
    assert "----> 7 raise LookupError('from a file')\n" in plain(shown(cell))
    cell = kernel.run("parallel.submit_work(json.loads, '{').result()")
    assert f"{RED}json.decoder.JSONDecodeError{NORMAL}: Expecting property name" in shown(cell)
    assert f"in {CYAN}loads{NORMAL}\n" in shown(cell) and "with arguments ('{')" in shown(cell)


def test_groups_and_chains(kernel: Kernel):
    cell = kernel.run(
        "def fail(n):\n    try:\n        {}[n]\n    except KeyError as error:\n"
        "        raise ValueError('first\\nsecond') from error\n"
        "def group():\n    errors = []\n    try:\n        fail(1)\n    except ValueError as error:\n"
        "        errors.append(error)\n    raise ExceptionGroup('both', errors)\n"
        "parallel.submit_work(group).result()"
    )
    text = shown(cell)
    place = f"Cell {GREEN}In [{number_of(cell)}], line "
    assert f"  | {place}12{NORMAL}, in {CYAN}group{NORMAL}\n" in text
    assert f"    | {place}3{NORMAL}, in {CYAN}fail{NORMAL}\n" in text
    assert f"    | {RED}KeyError{NORMAL}: 1\n" in text and "The above exception was the direct cause" in text
    assert f"    | {RED}ValueError{NORMAL}: first\n    | second\n" in text
    assert "xpython_" not in text and "/tmp/" not in text


def test_an_interrupted_work_and_notes(kernel: Kernel):
    cell = kernel.run("import time\nparallel.submit_work(time.sleep, 60, timeout=0.1).result()")
    assert "with arguments (60)" in shown(cell) and "WorkTimeoutError" in shown(cell)
    cell = kernel.run(
        "def noted():\n    error = ValueError('x')\n    error.add_note('a note of the work')\n    raise error\n"
        "for _ in range(3): parallel.submit_work(noted)\nparallel.run()"
    )
    assert plain(shown(cell)).splitlines().count("a note of the work") == 1
    assert shown(cell).endswith("2 more works failed: the next run() raises the next, cancel() forgets them")
    kernel.ok("parallel.cancel(); parallel.run()")


def test_errors_of_users_that_have_nothing_to_do_with_works_are_left_alone(kernel: Kernel):
    cell = kernel.run("error = ValueError('mine')\nerror.add_note('a note')\nraise error")
    assert cell.error["ename"] == "ValueError" and "a note" not in shown(cell).splitlines()[-1]


# ---- what the work was called with -----------------------------------------------------------------------------------


def test_arguments_are_told(kernel: Kernel):
    cell = kernel.run(
        "import numpy, os, signal, time\n"
        "class Slow:\n    def __repr__(self):\n        time.sleep(60)\n"
        "class Noisy:\n    def __repr__(self):\n        print('a repr prints')\n        return 'Noisy()'\n"
        "def fail(*args, **kwds): raise ValueError\n"
        "parallel.submit_work(fail, (7, numpy.zeros((1000, 10)), Noisy(), Slow()), {'scale': 'x' * 1000}).result()"
    )
    text = plain(shown(cell))
    array = "<numpy.ndarray of float64, shape (1000, 10)>"
    assert f"with arguments (7, {array}, Noisy(), <Slow object, whose repr takes" in text
    assert "scale='xxxx" in text and "1,000 characters" in text and cell.text() == ""
    cell = kernel.run(
        "def die(*args): os.kill(os.getpid(), signal.SIGKILL)\nparallel.submit_work(die, (7, Slow())).result()"
    )
    assert " with arguments (7, <Slow object>) was running when its context was killed" in cell.reply["evalue"]
    cell = kernel.run("parallel.map(fail, [1], [[2]])")
    assert "with arguments (1, [2]):" in shown(cell) and "item 0 of map: 1, [2]" in shown(cell)


# ---- thousands -------------------------------------------------------------------------------------------------------


def test_a_flood_of_errors(kernel: Kernel, tmp_path):
    """Jupyter drops what comes faster than a thousand messages a second; nobody reads them in any case."""
    cell = kernel.ok(
        f"import os, time\ndef fail(n):\n    while not os.path.exists({str(tmp_path / 'open')!r}): time.sleep(0.01)\n"
        "    raise ValueError(n)\n"
        "works = [parallel.submit_work(fail, n) for n in range(5000)]"
    )
    (tmp_path / "open").touch()
    kernel.wait(lambda: "more works failed" in cell.text("stderr"), 60)
    time.sleep(1.5)
    kernel.read()
    assert len(cell.of("error")) == 5
    last = cell.text("stderr").splitlines()[-1]
    assert last == "... and 4,995 more works failed: %works --state failed"
    assert len(cell.of("stream")) <= 5
    innocent = kernel.run("parallel.submit_work(int); parallel.run()")  # one of them, for a program wants to know
    assert innocent.reply["ename"] == "ValueError"
    assert "4,999 more works failed, as has been shown; works('failed') lists them" in shown(innocent)
    kernel.ok("parallel.submit_work(int); parallel.run()")
    assert kernel.value("sum(work.state == 'failed' for work in works)") == "5000"
    assert len(plain(kernel.ok("%works --state failed").result or "").splitlines()) > 5


@pytest.mark.parametrize("command", ["parallel.cancel()", "%cancel"])
def test_cancel_clears_what_has_failed(kernel: Kernel, command):
    cell = kernel.ok("def fail(n): raise ValueError(n)\nfor n in range(20): parallel.submit_work(fail, n)")
    kernel.wait(lambda: "... and 15 more works failed" in cell.text("stderr"), 20)
    kernel.ok(command)
    kernel.ok("parallel.submit_work(int); parallel.run()")
