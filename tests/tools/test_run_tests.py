"""The arithmetic of run_tests.py: whatever goes wrong with a runner, the sum says so."""

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import dataclass

import pytest

import junit
import run_tests
import suites
from junit import Count

PYTEST_REPORT = """<testsuites><testsuite>
<testcase name="a"/><testcase name="b"><failure message="no"/></testcase>
<testcase name="c"><error message="no"/></testcase><testcase name="d"><skipped/></testcase>
</testsuite></testsuites>"""
CTEST_REPORT = """<testsuite><testcase name="a" status="run"/><testcase name="b" status="fail"><failure/></testcase>
<testcase name="c" status="disabled"><skipped/></testcase></testsuite>"""
PASSING_REPORT = '<testsuite><testcase name="a"/></testsuite>'
EMPTY_REPORT = "<testsuite/>"


@dataclass(frozen=True)
class Script:
    """A suite whose runner is a Python text; it finds the report's path in sys.argv[1]."""

    name: str
    text: str
    built_by: tuple = ()
    installed_by: tuple = ()
    seconds: float = 60
    alone: bool = False
    why_not: str | None = None

    def obstacle(self):
        return self.why_not

    def installation(self, build):
        return [list(self.installed_by)] if self.installed_by else []

    def preparation(self, build):
        return [list(self.built_by)] if self.built_by else []

    def command(self, build, report):
        return [sys.executable, "-c", self.text, str(report)]


def run_suite(suite, build):
    return asyncio.run(run_tests.run_suite(suite, build))


def writing(report, status=0):
    return f"import sys; open(sys.argv[1], 'w').write({report!r}); sys.exit({status})"


@pytest.mark.parametrize("text, count", [(PYTEST_REPORT, Count(1, 2, 1)), (CTEST_REPORT, Count(1, 1, 1))])
def test_read_report(tmp_path, text, count):
    (tmp_path / "report.xml").write_text(text)
    assert junit.read(tmp_path / "report.xml").count == count


@pytest.mark.parametrize(
    "runner, count, problem",
    [
        (writing(PASSING_REPORT), Count(1), None),
        (writing(PYTEST_REPORT, status=1), Count(1, 2, 1), None),
        (writing(EMPTY_REPORT), Count(failed=1), "ran no test"),
        (writing(PASSING_REPORT, status=3), Count(1, 1), "ended with status 3"),
        ("pass", Count(failed=1), "left no readable report"),
        (writing("<testsuite>"), Count(failed=1), "left no readable report"),
        ("import os; os.abort()", Count(failed=1), "left no readable report"),
    ],
)
def test_run_suite(tmp_path, runner, count, problem):
    result = run_suite(Script("some", runner), tmp_path)
    assert result.report.count == count
    assert result.problem is None if problem is None else result.problem.startswith(problem)


def test_a_report_of_an_earlier_run_does_not_count(tmp_path):
    assert run_suite(Script("some", writing(PASSING_REPORT)), tmp_path).report.count == Count(1)
    assert run_suite(Script("some", "pass"), tmp_path).report.count == Count(failed=1)


def test_a_failing_build_counts(tmp_path):
    suite = Script("some", writing(PASSING_REPORT), built_by=("false",))
    result = run_suite(suite, tmp_path)
    assert (result.report.count, result.problem) == (Count(failed=1), "could not be built: false")


def test_a_failing_installation_is_a_skipped_test_with_its_reason(tmp_path, monkeypatch, capfd):
    (tmp_path / "CMakeCache.txt").touch()
    offline = Script("offline", writing(PASSING_REPORT), installed_by=("false",))
    monkeypatch.setattr(run_tests, "SUITES", (offline, Script("some", writing(PASSING_REPORT))))
    assert run_tests.main(["--build-dir", str(tmp_path)]) == 0
    printed = capfd.readouterr().out
    assert "suite offline is skipped, what it needs could not be installed: false: counted as one skipped" in printed
    assert printed.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"


def test_what_this_machine_does_not_have_is_a_skipped_test_with_its_reason(tmp_path):
    result = run_suite(Script("other", "", why_not="is for CPython 3.99"), tmp_path)
    assert result.report.count == Count(skipped=1) and result.problem == "is for CPython 3.99"


def test_a_hanging_runner_is_killed_with_what_it_started(tmp_path):
    # Its child holds the write end of the pipe: end of file shows that the child is gone too.
    runner = "import subprocess, time; subprocess.Popen(['sleep', '600'], stdout=1).wait()"
    program = (
        "import sys; from pathlib import Path; from test_run_tests import Script, run_suite\n"
        f"print(run_suite(Script('some', {runner!r}, seconds=0.5), Path(sys.argv[1])))"
    )
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert "was killed after 0.5 s" in done.stdout
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_ended_ends_what_it_has_started(tmp_path, number):
    (tmp_path / "CMakeCache.txt").touch()
    runner = "import subprocess; print('on', flush=True); subprocess.Popen(['sleep', '600'], stdout=1).wait()"
    program = (
        "import sys, run_tests; from test_run_tests import Script\n"
        f"run_tests.SUITES = (Script('some', {runner!r}),)\n"
        "sys.exit(run_tests.main(['--build-dir', sys.argv[1]]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        while running.stdout.readline() != "on\n":
            pass
        running.send_signal(number)
        # The end of its output comes when the last process is gone that holds the pipe.
        _, told = running.communicate(timeout=30)
    assert running.returncode == 130 and told == "interrupted\n"


@pytest.mark.parametrize(
    "runner, last, status",
    [
        (writing(PASSING_REPORT), "1 passed, 0 failed", 0),
        (writing(PYTEST_REPORT, status=1), "1 passed, 2 failed, 1 skipped", 1),
        (writing(EMPTY_REPORT), "0 passed, 1 failed", 1),
    ],
)
def test_last_line_and_exit_status(tmp_path, monkeypatch, capfd, runner, last, status):
    (tmp_path / "CMakeCache.txt").touch()
    monkeypatch.setattr(run_tests, "SUITES", (Script("some", runner),))
    assert run_tests.main(["--build-dir", str(tmp_path)]) == status
    assert capfd.readouterr().out.splitlines()[-1] == last


def test_sums_over_suites_and_only(tmp_path, monkeypatch, capfd):
    (tmp_path / "CMakeCache.txt").touch()
    suites = (Script("good", writing(PASSING_REPORT)), Script("bad", writing(CTEST_REPORT, status=8)))
    monkeypatch.setattr(run_tests, "SUITES", suites)
    assert run_tests.main(["--build-dir", str(tmp_path)]) == 1
    assert capfd.readouterr().out.splitlines()[-1] == "2 passed, 1 failed, 1 skipped"
    assert run_tests.main(["--build-dir", str(tmp_path), "--only", "good"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed"


def test_a_suite_that_measures_runs_after_all_others(tmp_path, monkeypatch, capfd):
    """Each writes when it began and ended; two at a time, but for the one that is alone."""
    (tmp_path / "CMakeCache.txt").touch()
    noting = (
        "import sys, time; from pathlib import Path; began = time.monotonic(); time.sleep(0.3); "
        f"Path(sys.argv[1]).write_text({PASSING_REPORT!r}); "
        "Path(sys.argv[1]).with_suffix('.times').write_text(f'{began} {time.monotonic()}')"
    )
    names = ("alone", "first", "second")
    chosen = tuple(Script(name, noting, alone=name == "alone") for name in names)
    monkeypatch.setattr(run_tests, "SUITES", chosen)
    assert run_tests.main(["--build-dir", str(tmp_path), "--jobs", "2"]) == 0
    times = {name: (tmp_path / f"test-reports/{name}.times").read_text().split() for name in names}
    (alone_began, _), others = map(float, times["alone"]), [times["first"], times["second"]]
    assert all(float(ended) <= alone_began for _, ended in others)
    assert max(float(began) for began, _ in others) < min(float(ended) for _, ended in others), "not side by side"


def test_what_a_suite_prints_is_in_one_piece(tmp_path, monkeypatch, capfd):
    (tmp_path / "CMakeCache.txt").touch()
    talking = "import time; [(print('{0}', n, flush=True), time.sleep(0.02)) for n in range(10)]; " + writing(
        PASSING_REPORT
    )
    chosen = tuple(Script(name, talking.format(name)) for name in ("ape", "bee"))
    monkeypatch.setattr(run_tests, "SUITES", chosen)
    assert run_tests.main(["--build-dir", str(tmp_path), "--jobs", "2"]) == 0
    printed = capfd.readouterr().out
    for name in ("ape", "bee"):
        assert "".join(f"{name} {n}\n" for n in range(10)) in printed
        assert (tmp_path / f"test-reports/{name}.log").read_text().startswith(f"{name} 0\n")


def test_the_slowest_tests_are_printed(tmp_path, monkeypatch, capfd):
    (tmp_path / "CMakeCache.txt").touch()
    report = "".join(f'<testcase classname="file" name="test_{n}" time="{n}"/>' for n in range(1, 30))
    monkeypatch.setattr(run_tests, "SUITES", (Script("some", writing(f"<testsuite>{report}</testsuite>")),))
    assert run_tests.main(["--build-dir", str(tmp_path)]) == 0
    lines = [line.split() for line in capfd.readouterr().out.splitlines() if "file::test_" in line]
    assert [line[2] for line in lines] == [f"file::test_{n}" for n in range(29, 19, -1)]


def test_each_measuring_folder_has_a_suite_that_runs_alone(root):
    """A test with the marker that no suite chooses would be left out by all."""
    alone = [suite for suite in suites.SUITES if suite.alone]
    assert alone and all(suite.marked == suites.MEASURING for suite in alone)
    for test in (root / "tests").rglob("test_*.py"):
        if f"pytest.mark.{suites.MEASURING}" in test.read_text() and test.parent != root / "tests/tools":
            assert any((root / suite.folder) in test.parents for suite in alone), test


def test_refuses_a_folder_that_is_no_build_tree(tmp_path):
    with pytest.raises(SystemExit) as refused:
        run_tests.main(["--build-dir", str(tmp_path)])
    assert refused.value.code == 2


def test_every_folder_of_tests_has_its_suite(root):
    """Python tests that no suite runs would pass for ever. Suites with newer packages run some tests of a folder."""
    of_python = [suite for suite in suites.SUITES if isinstance(suite, suites.Pytest)]
    folders = {suite.folder for suite in of_python if not isinstance(suite, suites.PytestInVenv)} | {"tests/frontend"}
    assert all(folder.startswith("tests/") for folder in folders)
    for test in (root / "tests").rglob("test_*.py"):
        places = (test, *test.parents)
        assert any((root / folder) in places for folder in folders), f"no suite runs {test}"


def test_the_newest_suites_run_marked_tests_with_the_pinned_packages(tmp_path):
    """By the interpreter of their virtual environment, which is the active one for kernels, too."""
    suite, venv = suites.Newest("newest", folder="tests/some", marked="packages"), tmp_path / "newest/venv"
    assert suite.installation(tmp_path) == [
        ["scripts/make-venv", str(venv), sys.executable, "scripts/requirements-newest.txt"]
    ]
    command = suite.command(tmp_path, tmp_path / "report.xml")
    assert command[:4] == ["env", f"VIRTUAL_ENV={venv}", f"{venv}/bin/python", "-m"]
    assert "tests/some" in command and command[-2:] == ["-m", "packages"]


def test_the_front_ends_come_with_their_suite(tmp_path):
    suite, venv = suites.Frontend("front", folder="tests/some"), tmp_path / "frontend/venv"
    assert [command[0] for command in suite.installation(tmp_path)] == ["scripts/install-packages", "scripts/make-venv"]
    assert suite.installation(tmp_path)[1][1:] == [str(venv), sys.executable, "scripts/requirements-frontend.txt"]
    assert suite.command(tmp_path, tmp_path / "report.xml")[0] == f"{venv}/bin/python"
