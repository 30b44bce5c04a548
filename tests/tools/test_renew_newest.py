"""`make newest`: which pins it writes, what it says of them, and what it does where something goes wrong."""

import re
import sys
from dataclasses import dataclass

import pytest

import renew_newest
import run_tests
import suites

PYTHON = sys.executable
PASSING = '<testsuite><testcase classname="tests.a" name="good"/></testsuite>'
FAILING = (
    '<testsuite><testcase classname="tests.a" name="good"/>'
    '<testcase classname="tests.a" name="skipped"><skipped/></testcase>'
    '<testcase classname="tests.a" name="bad"><failure message="no"/></testcase>'
    '<testcase classname="tests.a" name="bad"><error message="failed on teardown"/></testcase>'
    '<testcase classname="tests.b" name="worse"><error message="no"/></testcase></testsuite>'
)


@dataclass(frozen=True)
class Suite:
    """Its runner leaves `report`, if there is one; `install` is a command that it needs first."""

    name: str
    report: str | None = PASSING
    install: str = "true"
    seconds: float = 60
    alone: bool = False

    def obstacle(self):
        return None

    def installation(self, build):
        return [[self.install]]

    def preparation(self, build):
        return []

    def command(self, build, report):
        return [PYTHON, "-c", f"open({str(report)!r}, 'w').write({self.report!r})" if self.report else "pass"]


class Place:
    """A build tree and the two lists; a Python whose environments have a pip that has installed `frozen`."""

    def __init__(self, folder, monkeypatch):
        self.build, self.names, self.pins = folder / "build", folder / "names.in", folder / "pins.txt"
        self.build.mkdir()
        (self.build / "CMakeCache.txt").touch()
        self.names.write_text("alpha\n")
        self._python = folder / "python"
        self._patch = monkeypatch.setattr
        for name, value in {"NAMES": self.names, "PINS": self.pins}.items():
            self._patch(renew_newest, name, value)
        self._patch(sys, "executable", str(self._python))

    def renew(self, frozen="", pip="exit 0", suites=()):
        """Run it; all its suites pass, but for `suites`."""
        self._python.write_text(
            '#!/bin/sh\nmkdir -p "$3/bin"\ncat > "$3/bin/pip" <<\'END\'\n#!/bin/sh\n'
            f"[ $1 = freeze ] || {pip}\nprintf '{frozen}'\nEND\n"
            'chmod +x "$3/bin/pip"\n'
        )
        self._python.chmod(0o755)
        named = {suite.name: suite for suite in [*map(Suite, renew_newest.SUITES), *suites]}
        self._patch(run_tests, "SUITES", tuple(named.values()))
        return renew_newest.main(["--build-dir", str(self.build)])


@pytest.fixture
def place(tmp_path, monkeypatch):
    return Place(tmp_path, monkeypatch)


def section(printed, title):
    """The lines under a title."""
    return printed.partition(f"===== {title}\n")[2].partition("\n\n")[0].splitlines()


def test_pins_are_written_and_changes_are_named(place, capfd):
    place.pins.write_text("# old\nalpha==1.0\ngone==2\nsame==3\n")
    assert place.renew(r"Alpha==1.1\nnew_one==4\nsame==3\n") == 0
    assert place.pins.read_text() == renew_newest.HEAD + "alpha==1.1\nnew-one==4\nsame==3\n"
    printed = capfd.readouterr().out
    assert section(printed, "pins changed") == ["alpha: 1.0 -> 1.1", "gone: 2 -> none", "new-one: none -> 4"]
    assert section(printed, "tests failed") == ["none"]
    assert not (place.build / "newest/candidate").exists()


def test_pins_are_the_newest_each_time(place):
    """Also where the list of names is the one of the last time."""
    place.renew(r"alpha==1\n")
    place.renew(r"alpha==2\n")
    assert "alpha==2" in place.pins.read_text()


def test_what_broke_is_named(place, capfd):
    assert place.renew(r"alpha==1\n", suites=[Suite("newest-python", FAILING)]) == 1
    failed = ["newest-python: tests.a::bad", "newest-python: tests.b::worse"]
    assert section(capfd.readouterr().out, "tests failed") == failed
    assert "alpha==1" in place.pins.read_text()


@pytest.mark.parametrize("broken", [{"report": None}, {"install": "false"}, {"report": "<testsuite>"}])
def test_a_suite_that_did_not_run_is_broken(place, capfd, broken):
    assert place.renew(r"alpha==1\n", suites=[Suite("newest-kernel", **broken)]) == 1
    assert section(capfd.readouterr().out, "tests failed") == ["newest-kernel: its tests did not run to their end"]


def test_old_pins_stay_where_the_newest_cannot_be_installed(place, capfd):
    place.pins.write_text("alpha==1\n")
    assert place.renew(r"alpha==2\n", pip="exit 3") == 1
    assert place.pins.read_text() == "alpha==1\n"
    assert "the pins stay as they are" in capfd.readouterr().err
    assert not (place.build / "test-reports").exists()


def test_the_suites_are_those_of_the_test_runner():
    newest = {suite.name for suite in suites.SUITES if isinstance(suite, suites.Newest)}
    assert set(renew_newest.SUITES) == newest


def test_nothing_floats():
    """Each line is one pin, and every package that is asked for has one."""
    lines = [line for line in renew_newest.PINS.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.!+]+", line) for line in lines)
    names = [line for line in renew_newest.NAMES.read_text().splitlines() if line and not line.startswith("#")]
    pinned = {line.partition("==")[0] for line in lines}
    assert names and {name.lower().replace("_", "-") for name in names} <= pinned
