"""The magics in plain IPython: `%load_ext parallel` in a terminal, and what is given away again."""

import pytest

from support import run_program

pytestmark = pytest.mark.packages

pytest.importorskip("IPython")

SHELL = """
import os, tempfile
os.environ["IPYTHONDIR"] = tempfile.mkdtemp()
from IPython.terminal.interactiveshell import TerminalInteractiveShell
from traitlets.config import Config

options = Config()
options.HistoryManager.enabled = False
options.TerminalInteractiveShell.simple_prompt = True
options.TerminalInteractiveShell.colors = "NoColor"
options.TerminalInteractiveShell.term_title = False
shell = TerminalInteractiveShell.instance(config=options)

def cell(code):
    return shell.run_cell(code, store_history=True)

"""


def run_cells(program):
    done = run_program(SHELL, program)
    assert done.returncode == 0, done.stderr
    return done


def test_load_use_and_unload():
    done = run_cells("""
        assert cell("import parallel").success and "works" not in shell.magics_manager.magics["line"]
        cell("%load_ext parallel")
        cell("parallel.submit_work(pow, (2, 10), name='a power').result()")
        cell("%works")
        cell("%%parallel -n 2\\nrank * 2")
        print(shell.complete("", "%works --st", 11)[1], shell.complete("", "%%parallel --in", 15)[1])
        cell("%load_ext parallel")
        cell("%unload_ext parallel")
        print("works" in shell.magics_manager.magics["line"], "parallel" in shell.magics_manager.magics["cell"])
        print(shell.complete("", "%works --st", 11)[1])
    """)
    text = done.stdout
    assert "1024" in text and "a power" in text and "In [3]" in text, "the prompt in which it was started"
    assert "['--state'] ['--into']" in text and "\n  0  0\n  1  2\n" in text
    before, _, after = text.rpartition("False False")
    assert "already loaded" in before and "--state" not in after


def test_what_is_shown_fits_a_terminal():
    done = run_cells("""
        cell("%load_ext parallel")
        cell("import parallel")
        cell("xs = [parallel.xlist([1] * n, name='a long name for an xlist' * 5) for n in range(100)]")
        cell("works = [parallel.submit_work(sum, [n, 1], name='another that is too long ' * 9) for n in range(100)]")
        cell("parallel.submit_work(int, 'x' * 500); parallel.run()")
        import parallel
        heap = parallel.contexts()[0].id
        for magic, line in ("works", ""), ("contexts", ""), ("heaps", ""), ("xlists", ""), ("heap", heap):
            shown = shell.run_line_magic(magic, line)
            for line in repr(shown).splitlines():
                assert len(line) <= 80, line
            assert len(repr(shown).splitlines()) <= 65
            print(magic, len(shown))
    """)
    assert "works 101" in done.stdout and "xlists 100" in done.stdout


def test_an_error_of_a_rank_has_the_lines_of_its_cell():
    done = run_cells("""
        cell("%load_ext parallel")
        result = cell("%%parallel -n 2\\n\\nvalue = 7\\nvalue / rank")
        print(type(result.error_in_exec).__name__)
    """)
    assert "ZeroDivisionError" in done.stdout.splitlines()[-1]
    assert "In [2], line 4, in <module>" in done.stdout and "value / rank" in done.stdout


def test_pandas_takes_a_table():
    pytest.importorskip("pandas")
    done = run_cells("""
        import pandas
        cell("%load_ext parallel")
        cell("import parallel; parallel.submit_work(int).result()")
        print(list(pandas.DataFrame(shell.run_line_magic("works", "")).columns))
    """)
    assert "'elapsed'" in done.stdout


def test_without_ipython_nothing_asks_for_it():
    done = run_program("""
        import sys
        import parallel
        parallel.submit_work(int).result()
        parallel.works(), parallel.contexts(), parallel.xlists(), parallel.run_cell("rank", 2)
        print("IPython" in sys.modules)
    """)
    assert done.stdout == "False\n"
