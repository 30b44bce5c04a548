"""Errors of works as a notebook shows them: in the colours of IPython, with the arguments, and not thousands."""

import re
import time

import pytest

from support import Kernel, plain

pytestmark = pytest.mark.packages

GREEN, CYAN, RED, NORMAL = "\x1b[0;32m", "\x1b[0;36m", "\x1b[0;31m", "\x1b[0m"  # of IPython's scheme
BOLD = "\x1b[1m"

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
    assert f"\n{GREEN}----> 3{NORMAL} {BOLD}    return 1 / n{NORMAL}\n" in text  # in one piece, as it is searched for
    assert f"\n{GREEN}----> 5{NORMAL} {BOLD}    return inner(n) + 1{NORMAL}\n" in text
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
    of_ipython = "str(get_ipython().InteractiveTB.structured_traceback(ValueError, error, None)).count('a note')"
    assert cell.error["ename"] == "ValueError" and plain(shown(cell)).splitlines()[-1] in ("ValueError: mine", "a note")
    assert plain(shown(cell)).splitlines().count("a note") == int(kernel.value(of_ipython))  # it depends on its version


def test_exception_groups_of_users_are_errors_with_all_that_is_in_them(kernel: Kernel):
    """Newer versions of IPython leave them to Python, which prints them on stderr."""
    for code in (
        "def both(): raise ExceptionGroup('both', [ValueError('one'), KeyError('two')])\nboth()",
        "try:\n    both()\nexcept* ValueError:\n    raise",
        "try:\n    both()\nexcept Exception as error:\n    raise RuntimeError('later') from error",
    ):
        cell = kernel.run(code)
        lines = plain(shown(cell)).splitlines()
        assert "    | ValueError: one" in lines and "    | KeyError: 'two'" in lines
        assert any(f"Cell In [{number_of(cell)}], line" in line for line in lines)
        assert "interactiveshell.py" not in shown(cell) and cell.text("stderr") == ""
        assert cell.reply["traceback"] == cell.error["traceback"]


# ---- every scheme of colours, every kind of error --------------------------------------------------------------------

KINDS = """\
def chained(n):
    try:
        {}[n]
    except KeyError as error:
        raise ValueError('chained') from error
def implicit(n):
    try:
        {}[n]
    except KeyError:
        raise ValueError('implicit')
def grouped(n):
    raise ExceptionGroup('grouped', [ValueError('one'), KeyError('two')])
def noted(n):
    error = ValueError('noted')
    error.add_note('a note of the work')
    error.add_note('of two\\nlines')
    raise error
"""
LAST = {
    "chained": "ValueError: chained",
    "implicit": "ValueError: implicit",
    "grouped": "  | ExceptionGroup: grouped (2 sub-exceptions)",
    "noted": "ValueError: noted",
}
SCHEMES = {"neutral": RED, "nocolor": None, "linux": "\x1b[1;31m", "lightbg": RED}


@pytest.fixture(params=SCHEMES)
def scheme(request, kernel: Kernel):
    kernel.ok(KINDS)
    kernel.ok(f"before = get_ipython().colors\n%colors {request.param}")
    yield request.param
    kernel.ok("get_ipython().run_line_magic('colors', before)")


@pytest.mark.parametrize("in_background", [False, True], ids=["in the cell", "in the background"])
@pytest.mark.parametrize("function", LAST)
def test_an_error_is_whole_in_every_scheme(kernel: Kernel, scheme, function, in_background):
    if in_background:
        cell = kernel.ok(f"work = parallel.submit_work({function}, 1)")
        kernel.wait(lambda: cell.of("error"), 20)
        kernel.ok("parallel.cancel(); parallel.run()")
    else:
        cell = kernel.run(f"parallel.submit_work({function}, 1)\nparallel.run()")
    text, lines = shown(cell), plain(shown(cell)).splitlines()
    assert cell.error["ename"] == ("ExceptionGroup" if function == "grouped" else "ValueError")
    assert LAST[function] in lines and cell.text("stderr") == ""
    assert any(line.lstrip(" |").startswith("Cell In [") and line.endswith(f", in {function}") for line in lines)
    assert any("raise " in line for line in lines)  # the source
    for note in ("a note of the work", "of two", "lines"):
        assert lines.count(note) == (function == "noted"), note
    if SCHEMES[scheme] is None:
        assert "\x1b" not in text
    else:
        kind = LAST[function].lstrip(" |").partition(":")[0]
        assert f"{SCHEMES[scheme]}{kind}{NORMAL}: " in text and f"In [{number_in(kernel, function)}]" in text


def number_in(kernel: Kernel, function: str) -> str:
    """The number of the cell that a function is from."""
    return kernel.value(f"get_ipython().compile._filename_map[{function}.__code__.co_filename]")


def test_notes_of_errors_without_a_traceback_are_told_once(kernel: Kernel):
    cell = kernel.run("import os\nfor _ in range(3): parallel.submit_work(os._exit, 3)\nparallel.run()")
    assert cell.error["ename"] == "ContextCrashed"
    assert shown(cell).count("2 more works failed") == 1
    kernel.ok("parallel.cancel(); parallel.run()")


def test_an_error_in_nested_functions_of_a_file_shows_the_lines_of_all(kernel: Kernel, tmp_path):
    (tmp_path / "nested_module.py").write_text(
        "def outermost(n):\n    return [middle(n) for _ in range(1)]\n\n"
        "def middle(n):\n    return (lambda m: innermost(m))(n)\n\n"
        "def innermost(n):\n    return 1 / n\n"
    )
    kernel.ok(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import nested_module")
    called = kernel.run("parallel.submit_work(nested_module.outermost, 0)\nparallel.run()")
    background = kernel.ok("work = parallel.submit_work(nested_module.outermost, 0)")
    kernel.wait(lambda: background.of("error"), 20)
    kernel.ok("parallel.cancel(); parallel.run()")
    for cell in (called, background):
        lines = plain(shown(cell)).splitlines()
        for place in ("2, in outermost", "5, in middle", "5, in <lambda>", "8, in innermost"):
            assert f"File {tmp_path}/nested_module.py:{place}" in lines, place
        assert "----> 8     return 1 / n" in lines and "ZeroDivisionError: division by zero" in lines


@pytest.mark.parametrize("broken", ["context_traceback._Styler", "get_ipython().InteractiveTB.structured_traceback"])
def test_an_error_is_shown_as_text_where_style_fails(own_kernel: Kernel, broken):
    """A later version of IPython may lack what the style is made with."""
    own_kernel.ok(
        "from xparallel_kernel import context_traceback\ndef fail(n): return 1 / n\n"
        f"def broken(*arguments, **options): raise AttributeError('style is broken')\n{broken} = broken"
    )
    called = own_kernel.run("parallel.submit_work(fail, 0).result()")
    background = own_kernel.ok("work = parallel.submit_work(fail, 0)")
    own_kernel.wait(lambda: background.of("error"), 20)
    for cell in (called, background):
        assert cell.error["ename"] == "ZeroDivisionError" and cell.error["evalue"] == "division by zero"
        assert "\n    def fail(n): return 1 / n\n" in shown(cell) and "style is broken" not in shown(cell)
    assert "style is broken" in own_kernel.log


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
