"""show_versions(): what a report needs, printed and as data."""

import json
import re

import numpy

import parallel
from parallel._doctor import packages, text
from parallel._doctor.finding import ADVICE, OK
from support import run_program


def test_show_versions_prints(capsys):
    assert parallel.show_versions() is None
    printed = capsys.readouterr().out
    for name in ("xeus-parallel", "python", "executable", "kernel", "libc", "numpy", "huge pages", "processors"):
        assert re.search(rf"^(ok +|advice +)?{name} *: ?\S", printed, re.MULTILINE), f"{name}\n{printed}"


def test_show_versions_as_data():
    facts = parallel.show_versions(as_dict=True)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["packages"]["numpy"] == {"installed": numpy.__version__, "loaded": numpy.__version__}


def test_what_is_loaded_may_be_another_version(monkeypatch):
    monkeypatch.setattr(numpy, "__version__", "9.9")
    assert "but 9.9 is loaded" in text._version(packages.versions()["numpy"])
    assert text._version({"installed": None, "loaded": "1"}) == "not installed, but 1 is loaded"


def test_show_versions_imports_nothing_and_starts_nothing():
    ended = run_program("""
        import sys, parallel
        work = parallel.submit_work(print)
        parallel.show_versions(as_dict=True)
        loaded = [name for name in ("numpy", "pandas", "IPython", "jupyter_client") if name in sys.modules]
        print(loaded, work.state, len(parallel.contexts()))
        parallel.cancel()
    """)
    assert ended.stdout == "[] pending 0\n", ended


def test_show_versions_in_a_work():
    facts = parallel.submit_work(parallel.show_versions, (True,)).result()
    assert {row["mark"] for row in facts["checks"]} <= {OK, ADVICE}


def test_versions_with_a_gap(monkeypatch, capsys):
    def refuse():
        raise OSError("no")

    for name in ("versions", "environment", "thread_pools"):
        monkeypatch.setattr(packages, name, refuse)
    parallel.show_versions()
    assert "OSError: no" in capsys.readouterr().out
