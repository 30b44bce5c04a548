"""scripts/other_pythons.py, and the suites that run in what it finds: with pythons that pretend to be others."""

import sys

import pytest

import other_pythons
import suites

PRETENDS = """#!/bin/sh
printf '%s\\n' "{answer}"
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A function that puts a python there which answers the question what it is; nothing else is there."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    other_pythons.find.cache_clear()

    def put(path, answer):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(PRETENDS.format(answer=answer))
        place.chmod(0o755)
        return place

    yield put
    other_pythons.find.cache_clear()


def test_one_in_path_comes_first(machine):
    machine("pyenv/versions/3.99.1/bin/python3.99", "3.99")
    wanted = machine("bin/python3.99", "3.99")
    assert other_pythons.find("3.99") == wanted and other_pythons.find("3.98") is None


def test_that_of_pyenv_where_its_command_finds_none(machine):
    machine("bin/python3.99", "pyenv: python3.99: command not found")
    older = machine("pyenv/versions/3.99.1/bin/python3.99", "")  # without headers
    wanted = machine("uv/cpython-3.99.0-linux-x86_64-gnu/bin/python3.99", "3.99")
    assert other_pythons.find("3.99") == wanted != older


def test_the_suite_of_the_python_that_runs_all_others_is_not_run_twice():
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    suite = suites.OtherPython("python-own", version=own, folder="tests/python", marked="sample")
    assert "all other suites" in suite.obstacle()


def test_a_suite_without_its_python_says_so(machine):
    suite = suites.OtherPython("python-3.99", version="3.99", folder="tests/python", marked="sample")
    assert "CPython 3.99, which is not found" in suite.obstacle()
