"""What the doctor says of the interpreter, of protection and of libraries."""

import json
import sys
import types

import IPython.utils.io  # noqa: F401 - opens a descriptor that stays, when jupyter_client imports it
import numpy
import pytest

import parallel
from doctor_support import says
from parallel import _libraries
from parallel._doctor import interpreter, judge_python, packages
from parallel._doctor.finding import ADVICE, OK, PROBLEM, UNKNOWN

# ---- the interpreter -------------------------------------------------------------------------------------------------


def test_python():
    facts = interpreter.python()
    assert facts["xeus-parallel"] == parallel.__version__ and facts["executable"] == sys.executable
    assert says(judge_python.python(facts), OK, facts["python"], sys.executable)


PROTECTED = {
    "mode": "strict",
    "active": True,
    "by": "patches",
    "obstacle": None,
    "missing": [],
    "unknown": [],
    "without_twin": {},
}


@pytest.mark.parametrize(
    "facts, told",
    [
        ({}, [(OK, "by patches")]),
        (
            {"by": "twins", "obstacle": "it was built elsewhere"},
            [(ADVICE, "by source twins, which see less: it was built elsewhere")],
        ),
        ({"without_twin": {"f": "no source"}}, [(OK, "patches"), (ADVICE, "1 function of yours without checks: f")]),
        ({"mode": "off", "active": False, "by": None}, [(ADVICE, "the mode is off")]),
        (
            {"missing": ["numpy.core.x"], "active": "partly"},
            [(ADVICE, "not complete: 1 name that it looks for not found")],
        ),
        (
            {"unknown": ["d.D", "b.B", "a.A", "c.C"]},
            [(OK, ""), (ADVICE, "4 methods of these libraries that it does not know: a.A, b.B, c.C and 1 more")],
        ),
    ],
    ids=["patches", "twins", "without twin", "off", "missing", "unknown"],
)
def test_protection(facts, told):
    findings = list(judge_python.protection({**PROTECTED, **facts}, interpreter.python()))
    assert len(findings) == len(told)
    assert all(says(finding, mark, word) for finding, (mark, word) in zip(findings, told))


def test_the_advice_on_twins_goes_by_the_python():
    twins = {**PROTECTED, "by": "twins", "obstacle": "x"}
    python = {"built for": "CPython 3.11.2", "python": "3.11.7", "implementation": "CPython"}
    (other,) = judge_python.protection(twins, python)
    (same,) = judge_python.protection(twins, {**python, "python": "3.11.2"})
    assert says(other, ADVICE, "CPython 3.11.2: use that one") and says(same, ADVICE, "as Debian's is", "/proc")


def test_protection_as_it_is_here():
    assert list(judge_python.protection(interpreter.protection(), interpreter.python()))


def test_a_trial_runs_a_work():
    facts = interpreter.trial()
    assert facts["error"] is None and says(judge_python.trial(facts), OK, "a work ran in a context")
    failed = judge_python.trial({"seconds": None, "error": "ContextCrashed: fork failed"})
    assert says(failed, PROBLEM, "did not run: ContextCrashed: fork failed")


# ---- libraries -------------------------------------------------------------------------------------------------------


def test_libraries_that_protection_knows_are_imported():
    names = set(packages.protected())
    assert {"numpy", "pandas", "matplotlib"} <= names and not {"parallel", "_io", ""} & names
    facts = packages.import_protected()
    assert facts["imported"]["numpy"] == numpy.__version__ and not facts["failed"]
    (finding,) = judge_python.imports(facts)
    assert says(finding, OK, "numpy")


def test_a_library_that_cannot_be_imported(monkeypatch, tmp_path):
    (tmp_path / "broken_for_the_doctor.py").write_text("raise OSError('no such\\nshared object')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packages, "protected", lambda: ["broken_for_the_doctor", "not_there_at_all"])
    facts = packages.import_protected()
    assert facts == {"imported": {}, "failed": {"broken_for_the_doctor": "OSError: no such shared object"}}
    (finding,) = judge_python.imports(facts)
    assert says(finding, UNKNOWN, "could not look at broken_for_the_doctor", "import broken_for_the_doctor")
    (finding,) = judge_python.imports({"imported": {}, "failed": {}})
    assert says(finding, OK, "none is installed")


def test_hazards_loaded_and_installed(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "grpc", types.ModuleType("grpc"))
    (tmp_path / "polars").mkdir()
    (tmp_path / "polars/__init__.py").write_text("raise AssertionError('installed ones are not imported')")
    monkeypatch.syspath_prepend(tmp_path)
    facts = packages.hazards()
    assert facts["loaded"] == ["gRPC"] and "polars" in facts["installed"] and "gRPC" not in facts["installed"]
    loaded, installed = judge_python.hazards(facts)
    assert says(loaded, ADVICE, "gRPC loaded", "in the works only") and says(installed, ADVICE, "polars")
    (finding,) = judge_python.hazards({"loaded": [], "installed": []})
    assert says(finding, OK)


@pytest.mark.parametrize("version, is_hazard", [("2.9.0+cpu", False), ("2.9.0+cu128", True), (None, False)])
def test_torch_is_a_hazard_where_it_has_cuda(monkeypatch, version, is_hazard):
    monkeypatch.setattr(packages, "installed_version", {"torch": version}.get)
    assert ("CUDA" in packages.hazards()["installed"]) == is_hazard


def test_each_hazard_that_is_warned_of_is_one_of_the_doctors(monkeypatch):
    for module, name in _libraries.NOT_AFTER_A_FORK.items():
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, types.ModuleType(module))
            assert name in packages.hazards()["loaded"]


def test_thread_pools():
    facts = packages.thread_pools()
    assert facts["threadpoolctl"] and "numpy" in facts["with_pools"]
    assert says(judge_python.thread_pools(facts), OK)
    pool = {"internal_api": "openblas", "version": "0.3", "threading_layer": "openmp", "num_threads": 2}
    known = {"threadpoolctl": "3.1", "with_pools": ["numpy"], "pools": [pool, pool]}
    assert says(judge_python.thread_pools(known), OK, "openblas 0.3 (openmp) with 2 threads; in a context")
    assert says(judge_python.thread_pools({**known, "pools": None}), OK, "not loaded before")
    assert says(
        judge_python.thread_pools({**known, "threadpoolctl": None, "pools": None}), ADVICE, "pip install threadpoolctl"
    )
    assert says(judge_python.thread_pools({"threadpoolctl": None, "with_pools": [], "pools": None}), OK, "no BLAS")


def test_the_kernel_is_found_or_not(monkeypatch, tmp_path):
    def look():
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        return judge_python.kernelspec(packages.kernelspec())

    monkeypatch.setattr(packages, "KERNEL", "xparallel-of-this-test")
    assert says(look(), ADVICE, "Jupyter finds no kernel", "make install")
    spec = tmp_path / "kernels/xparallel-of-this-test"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": [str(tmp_path / "gone")], "display_name": "x", "language": "python"})
    )
    assert says(look(), PROBLEM, "a program that is not there", str(tmp_path / "gone"))
    (tmp_path / "gone").write_text("#!/bin/sh\n")
    (tmp_path / "gone").chmod(0o755)
    assert says(look(), OK, str(spec))
    without = {"jupyter_client": None, "folder": None, "executable": None, "runs": False, "build_tree": None}
    assert says(judge_python.kernelspec(without), OK, "no jupyter_client")


def test_the_build_tree_is_named_where_the_kernel_is_not_installed():
    facts = {"jupyter_client": "8", "folder": None, "executable": None, "runs": False, "build_tree": "/b/share/jupyter"}
    assert says(judge_python.kernelspec(facts), ADVICE, "JUPYTER_PATH=/b/share/jupyter")
