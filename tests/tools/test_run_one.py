"""scripts/run_one.py: what is built for one test file, and what is run."""

import sys
from pathlib import Path

import pytest

import run_one

BUILD = Path("/somewhere/build")


def test_a_python_file_needs_the_modules_and_gets_the_options():
    building, running = run_one.commands("tests/python/test_map.py", ["-k", "order"], "", BUILD)
    assert building == ["cmake", "--build", str(BUILD), "--target", "all", "_clone_probe"]
    assert running == [sys.executable, "-m", "pytest", "-q", "tests/python/test_map.py", "-k", "order"]


def test_a_cpp_file_needs_its_own_program_only():
    building, running = run_one.commands("tests/unit/base_event_test.cpp", ["--gtest_filter=a*"], "", BUILD)
    assert building == ["cmake", "--build", str(BUILD), "--target", "base_event_test"]
    assert running == [str(BUILD / "bin/base_event_test"), "--gtest_filter=a*"]


@pytest.mark.parametrize("preset", ["asan", "tsan"])
def test_a_sanitizer_has_a_tree_of_its_own(preset):
    configuring, building, running = run_one.commands("tests/unit/base_event_test.cpp", [], preset, BUILD)
    assert configuring[:5] == ["cmake", "--preset", preset, "-B", str(BUILD / preset)]
    assert building == ["cmake", "--build", str(BUILD / preset), "--target", "base_event_test"]
    assert running[-1] == str(BUILD / preset / "bin/base_event_test")


def test_without_a_file_it_builds(monkeypatch):
    assert run_one.commands("", [], "", BUILD) == [["cmake", "--build", str(BUILD), "--target", "all", "_clone_probe"]]


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["tests/python/test_no_such.py"], "there is no tests/python/test_no_such.py"),
        (["--preset", "asan", "tests/python/test_map.py"], "sanitizers are for files of tests/unit"),
    ],
)
def test_what_cannot_be_run_is_refused(capsys, arguments, message):
    with pytest.raises(SystemExit) as refused:
        run_one.main(arguments)
    assert refused.value.code == 2 and message in capsys.readouterr().err


def test_a_failing_build_ends_it(monkeypatch):
    monkeypatch.setattr(run_one, "commands", lambda *_: [["false"], ["touch", "/nonexistent/never"]])
    assert run_one.main(["tests/python/test_map.py"]) == 1
