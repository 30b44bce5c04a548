"""That no type of these libraries with methods in C has been overlooked: each is in a table, with every method."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


def _report(*forgotten: str) -> dict:
    """Of a program of its own (see there), which knows nothing of the ungated types whose reason is `forgotten`."""
    program = [sys.executable, Path(__file__).with_name("type_tables.py"), *forgotten]
    return json.loads(subprocess.run(program, check=True, capture_output=True, text=True, timeout=30).stdout)


@pytest.fixture(scope="module")
def report():
    return _report()


def test_every_type_with_methods_in_c_is_classified(report):
    assert report["looked_at"] > 150  # they are all loaded
    assert not report["in_neither"], f"neither in effects.TYPES nor in ungated.UNGATED: {report['in_neither']}"


def test_no_type_is_in_both_tables(report):
    of_cython_too = ("memoryview", "generator")  # which has types of these names
    assert [name for name in report["in_both"] if name.rpartition(".")[2] not in of_cython_too] == []


def test_every_name_without_a_gate_is_a_type(report):
    assert report["unknown"] == []


def test_a_type_that_is_in_neither_table_is_missed():
    assert "datetime.timedelta" in _report("their objects cannot be changed")["in_neither"]


# ---- methods of packages in Python, which are known by name ----------------------------------------------------------

# Names that some supported version does not have.
OF_SOME_VERSIONS = {
    "_weakrefset:WeakSet._commit_removals",
    "_weakrefset:_IterationGuard.__enter__",
    "_weakrefset:_IterationGuard.__exit__",
    "dataclasses:_recursive_repr.<locals>.wrapper",
    "weakref:WeakKeyDictionary._commit_removals",
    "weakref:WeakValueDictionary._commit_removals",
    "matplotlib.axes._axes:Axes.ecdf",
    "matplotlib.axes._axes:Axes.grouped_bar",
    "matplotlib.axes._axes:Axes.pie_label",
    "matplotlib.axes._axes:Axes.plot_date",
    "matplotlib.axes._base:_AxesBase.label_outer",
    "matplotlib.axis:Axis._set_ticklabels",
    "matplotlib.figure:FigureBase.align_titles",
    "pandas.core.frame:DataFrame._clear_item_cache",
    "pandas.core.internals.base:SingleDataManager.setitem_inplace",
    "pandas.core.internals.managers:SingleBlockManager.setitem_inplace",
}


@pytest.fixture(scope="module")
def names():
    """Of a program of its own: twins of matplotlib's functions are another test's business."""
    program = [sys.executable, Path(__file__).with_name("name_tables.py")]
    return json.loads(subprocess.run(program, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_every_name_in_the_tables_is_there(names):
    assert names["looked_for"] > 200
    assert set(names["absent"]) <= OF_SOME_VERSIONS


def test_every_method_of_figures_is_classified(names):
    assert names["methods_of_figures"] > 100
    assert names["in_neither"] == [], "neither in exemptions.MUTATORS nor in name_tables.OF_FIGURES"
    assert names["in_both"] == []
