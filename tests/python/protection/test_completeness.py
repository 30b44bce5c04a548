"""That no type of these libraries with methods in C has been overlooked: each is in one table or the other, with every method."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from parallel.protection import exemptions
from parallel.protection.twins import library


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

# What neither plots nor decorates: asks, draws what is there, or answers to the mouse.
OF_FIGURES = set(
    "ArtistList apply_aspect autoscale_view can_pan can_zoom contains contains_point drag_pan draw draw_artist draw_without_rendering "
    "end_pan execute_constrained_layout format_coord format_xdata format_ydata gca ginput has_data in_axes pick redraw_in_frame relim "
    "reset_position savefig sca show start_pan update_datalim waitforbuttonpress xaxis_inverted yaxis_inverted".split()
)
# Names that some supported version does not have.
OF_SOME_VERSIONS = {
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


def _is_there(name: str) -> bool:
    """Does the installed version have "module:qualified.name", where the package is installed?"""
    module, _, qualified = name.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        return error.name == module.partition(".")[0]
    for part in qualified.split("."):
        if part in ("<locals>", "*"):
            return True
        found = vars(found).get(part)
        if found is None:
            return False
    return True


def test_every_name_in_the_tables_is_there():
    names = {name for name in (*exemptions.EXEMPT, *exemptions.MUTATORS) if ":" in name and not name.startswith("type:")}
    names = {name for name in names if not name.endswith(("_*", "_"))}  # how names begin
    names |= {f"{module}:{name}" for module, qualified in library._STANDARD.items() for name in qualified.split()}
    assert len(names) > 200
    assert {name for name in names if not _is_there(name)} <= OF_SOME_VERSIONS


@pytest.mark.parametrize(
    "module, name",
    [
        ("matplotlib.axes._axes", "Axes"),
        ("matplotlib.axes._base", "_AxesBase"),
        ("matplotlib.figure", "FigureBase"),
        ("matplotlib.figure", "Figure"),
    ],
)
def test_every_method_of_figures_is_classified(module, name):
    kind = getattr(pytest.importorskip(module), name)
    public = {each for each, value in vars(kind).items() if callable(value) and not each.startswith(("_", "get_", "set_", "add_"))}
    known = {each for each in public if each in exemptions.MUTATORS or f"{module}:{name}.{each}" in exemptions.MUTATORS}
    assert public - known - OF_FIGURES - {"set"} == set(), "neither in exemptions.MUTATORS nor in OF_FIGURES"
    assert not known & OF_FIGURES
