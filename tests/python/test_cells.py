"""Tracebacks of works whose code was typed into cells of IPython."""

import sys
import types

import pytest

import parallel


class Shell:
    """As much of IPython's shell as tells cells from files."""

    def __init__(self, names):
        self.compile = types.SimpleNamespace(_filename_map=names)


@pytest.fixture
def cells(monkeypatch):
    names = {}
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: Shell(names)))
    return names


def failing_work(filename):
    namespace = {}
    exec(compile("def divide():\n    return 1 / 0\n", filename, "exec"), namespace)
    work = parallel.submit_work(namespace["divide"])
    assert isinstance(work.exception(), ZeroDivisionError)
    return work.traceback


def test_a_cell_is_called_by_its_number(cells):
    cells["/tmp/made_up/123.py"] = 7
    text = failing_work("/tmp/made_up/123.py")
    assert "  Cell In [7], line 2, in divide" in text
    assert "made_up" not in text


def test_a_file_keeps_its_name(cells):
    cells["/tmp/made_up/123.py"] = 7
    assert 'File "/somewhere/else.py", line 2, in divide' in failing_work("/somewhere/else.py")


def test_outside_of_ipython_nothing_changes(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert 'File "/tmp/made_up/123.py", line 2, in divide' in failing_work("/tmp/made_up/123.py")


def test_cells_are_named_in_groups_of_exceptions_too(cells):
    cells["/tmp/made_up/123.py"] = 7
    source = (
        "def fail():\n    raise ValueError(1)\n"
        "def group():\n    errors = []\n    try:\n        fail()\n    except ValueError as error:\n"
        "        errors.append(error)\n"
        "    raise ExceptionGroup('outer', [ExceptionGroup('inner', errors)])\n"
    )
    namespace = {}
    exec(compile(source, "/tmp/made_up/123.py", "exec"), namespace)
    work = parallel.submit_work(namespace["group"])
    work.exception()
    assert "  |   Cell In [7], line 9, in group\n" in work.traceback
    assert "|   Cell In [7], line 2, in fail\n" in work.traceback
    assert "made_up" not in work.traceback
