"""What the tables of names (`exemptions`, `twins.library`) have that the installed packages lack, and vice versa.

A program of its own, as it imports matplotlib: other tests look at the functions of all that is loaded.
"""

import importlib
import json
import sys

from parallel.protection import exemptions
from parallel.protection.twins import library

# What neither plots nor decorates: asks, draws what is there, or answers to the mouse. set() calls Artist.set, which is
# in the table.
OF_FIGURES = set(
    "ArtistList apply_aspect autoscale_view can_pan can_zoom contains contains_point drag_pan draw draw_artist "
    "draw_without_rendering end_pan execute_constrained_layout format_coord format_xdata format_ydata gca ginput "
    "has_data in_axes pick redraw_in_frame relim reset_position savefig sca set show start_pan update_datalim "
    "waitforbuttonpress xaxis_inverted yaxis_inverted".split()
)
FIGURES = (
    ("matplotlib.axes._axes", "Axes"),
    ("matplotlib.axes._base", "_AxesBase"),
    ("matplotlib.figure", "FigureBase"),
    ("matplotlib.figure", "Figure"),
)


def full_names() -> set[str]:
    """The entries that are "module:qualified.name"."""
    names = {
        name for name in (*exemptions.EXEMPT, *exemptions.MUTATORS) if ":" in name and not name.startswith("type:")
    }
    names = {name for name in names if not name.endswith("_*")}  # how names begin
    return names | {f"{module}:{name}" for module, qualified in library._STANDARD.items() for name in qualified.split()}


def is_there(name: str) -> bool:
    """Does the installed version have it, where the package is installed?"""
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


def methods_of_figures() -> set[str]:
    """Full names of the public ones whose names do not say what they do."""
    return {
        f"{module}:{kind}.{name}"
        for module, kind in FIGURES
        for name, value in vars(getattr(importlib.import_module(module), kind)).items()
        if callable(value) and not name.startswith(("_", "get_", "set_", "add_"))
    }


def report() -> dict:
    names, methods = full_names(), methods_of_figures()
    known = {method for method in methods if {method, method.rpartition(".")[2]} & set(exemptions.MUTATORS)}
    harmless = {method for method in methods if method.rpartition(".")[2] in OF_FIGURES}
    return {
        "looked_for": len(names),
        "absent": sorted(name for name in names if not is_there(name)),
        "methods_of_figures": len(methods),
        "in_neither": sorted(methods - known - harmless),
        "in_both": sorted(known & harmless),
    }


if __name__ == "__main__":
    json.dump(report(), sys.stdout)
