#!/usr/bin/python3
"""Runs every test suite and adds up what their runners report.

A suite is one record of SUITES: what has to be built for it and which runner is started. The runners print as they
would by hand; their counts are read from the JUnit reports they write into BUILD/test-reports. A runner that dies,
exceeds its time or runs no test counts as one failed test. A suite whose additional packages cannot be installed (no
network) counts as one skipped test. The last line is `N passed, N failed[, N skipped]`, the exit status is 0 only if
nothing failed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Seconds one C++ test may take that sets no limit of its own.
CTEST_LIMIT = 120


@dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def configure_and_build(preset, place, *targets):
    interpreter = f"-DPython3_EXECUTABLE={sys.executable}"
    return [["cmake", "--preset", preset, "-B", str(place), interpreter], ["cmake", "--build", str(place), *targets]]


@dataclass(frozen=True)
class CTest:
    """The C++ unit tests (label `unit`), in the build tree of one preset; without those whose names match `exclude`."""

    name: str
    preset: str
    exclude: str = ""
    seconds: int = 900

    def place(self, build):
        return build if self.preset == "default" else build / self.preset

    def installation(self, build):
        return []

    def preparation(self, build):
        if self.preset == "default":
            return []  # built by whoever named the build tree
        return configure_and_build(self.preset, self.place(build), "--target", "unit_tests")

    def command(self, build, report):
        command = ["ctest", "--test-dir", str(self.place(build)), "--label-regex", "^unit$", "--output-on-failure"]
        command += ["--timeout", str(CTEST_LIMIT), "--output-junit", str(report)]
        if self.exclude:
            command += ["--exclude-regex", self.exclude]
        return fixed_addresses() + command if self.preset == "tsan" else command


@dataclass(frozen=True)
class Pytest:
    """The Python tests of one folder, but for the folder `apart` in it, against the default build."""

    name: str
    folder: str
    apart: str = ""
    seconds: int = 900

    def installation(self, build):
        return []

    def preparation(self, build):
        return []

    def command(self, build, report):
        command = [sys.executable, "-m", "pytest", "-ra", "--junitxml", str(report), self.folder]
        return command + (["--ignore", self.apart] if self.apart else [])


@dataclass(frozen=True)
class Fuzzing(Pytest):
    """Short runs of the fuzzers, which clang builds in a tree of their own."""

    def preparation(self, build):
        return configure_and_build("fuzz", build / "fuzz", "--target", "clone_decode_fuzz")


@dataclass(frozen=True)
class PytestInVenv(Pytest):
    """With the packages of scripts/requirements-NAME.txt, which the first run installs in BUILD/NAME/venv."""

    requirements: str = ""

    def venv(self, build):
        return build / self.requirements / "venv"

    def installation(self, build):
        return [
            [
                "scripts/make-venv",
                str(self.venv(build)),
                sys.executable,
                f"scripts/requirements-{self.requirements}.txt",
            ]
        ]

    def command(self, build, report):
        return [str(self.venv(build) / "bin/python"), *super().command(build, report)[1:]]


@dataclass(frozen=True)
class Frontend(PytestInVenv):
    """The front ends; their browser is a Debian package."""

    requirements: str = "frontend"

    def installation(self, build):
        return [["scripts/install-packages", "scripts/packages-frontend.txt"], *super().installation(build)]


@dataclass(frozen=True)
class Newest(PytestInVenv):
    """The tests marked `packages`, with newer packages than Debian's: the pins that `make newest` renews."""

    requirements: str = "newest"

    def command(self, build, report):
        # The kernel embeds Debian's interpreter; it takes the packages of the active virtual environment.
        active = ["env", f"VIRTUAL_ENV={self.venv(build)}"]
        return [*active, *super().command(build, report), "-m", "packages"]


SUITES = (
    CTest("unit", "default"),
    CTest("asan", "asan"),
    # ThreadSanitizer sees races between the threads of one process: tests of killed processes tell it nothing.
    CTest("tsan", "tsan", exclude="killed"),
    Pytest("tools", "tests/tools"),
    Fuzzing("fuzz", "tests/fuzz"),
    # Two processes: what one has grown to makes each fork dearer.
    Pytest("python", "tests/python", apart="tests/python/protection"),
    Pytest("protection", "tests/python/protection"),
    Pytest("kernel", "tests/kernel"),
    Pytest("notebooks", "tests/notebooks"),
    Newest("newest-python", "tests/python", apart="tests/python/protection"),
    Newest("newest-protection", "tests/python/protection"),
    Newest("newest-kernel", "tests/kernel"),
    Frontend("frontend", "tests/frontend"),
)


def fixed_addresses():
    """A command prefix for ThreadSanitizer: that of gcc 12 dies where addresses are randomized by more than 28 bits."""
    bits = Path("/proc/sys/vm/mmap_rnd_bits")
    if bits.exists() and int(bits.read_text()) > 28 and shutil.which("setarch"):
        return ["setarch", "--addr-no-randomize"]
    return []


def environment(build):
    """What the tests need to find the build tree; the rest is the caller's environment."""
    added = {
        "XPAR_BUILD_DIR": str(build),
        "PYTHONPATH": f"{build / 'python'}:{build / 'python-test'}",
        "JUPYTER_PATH": str(build / "share/jupyter"),
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    return {**os.environ, **added}


def read_report(path):
    """The counts of a JUnit report by ctest or pytest."""
    count = Count()
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            count += Count(failed=1)
        elif case.find("skipped") is not None:
            count += Count(skipped=1)
        else:
            count += Count(passed=1)
    return count


def run(command, build, seconds):
    """Runs `command` in the project's root, its output going where ours goes; its exit status, or None after `seconds`."""
    # A process group of its own, so that everything a hanging runner started ends with it.
    process = subprocess.Popen(command, cwd=ROOT, env=environment(build), stdin=subprocess.DEVNULL, process_group=0)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def judge(status, report, seconds):
    """The counts of a runner that ended with `status`, and what was wrong with the runner itself, or None."""
    try:
        count = read_report(report)
    except (OSError, ElementTree.ParseError) as error:
        count, problem = Count(), f"left no readable report ({error})"
    else:
        problem = None
    if status is None:
        problem = f"was killed after {seconds} s"
    elif problem is None and not count.passed and not count.failed:
        problem = "ran no test"
    elif problem is None and status != 0 and not count.failed:
        problem = f"ended with status {status} although no test failed"
    return (count + Count(failed=1) if problem else count), problem


def run_suite(suite, build):
    report = build / "test-reports" / f"{suite.name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    for command in suite.installation(build):
        if run(command, build, suite.seconds) != 0:
            return Count(skipped=1), f"is skipped, what it needs could not be installed: {' '.join(command)}"
    for command in suite.preparation(build):
        if run(command, build, suite.seconds) != 0:
            return Count(failed=1), f"could not be built: {' '.join(command)}"
    status = run(suite.command(build, report), build, suite.seconds)
    return judge(status, report, suite.seconds)


def run_suites(suites, build):
    total, rows = Count(), []
    for suite in suites:
        print(f"\n===== {suite.name}", flush=True)
        began = time.monotonic()
        count, problem = run_suite(suite, build)
        if problem:
            verdict = "failed" if count.failed else "skipped"
            print(f"suite {suite.name} {problem}: counted as one {verdict} test", flush=True)
        rows.append(f"{suite.name:18}{time.monotonic() - began:8.1f} s   {count}")
        total += count
    print("\n===== summary", *rows, sep="\n")
    return total


def main(arguments):
    names = [suite.name for suite in SUITES]
    parser = argparse.ArgumentParser(description="run the project's tests", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="a built tree of the default preset")
    parser.add_argument("--only", action="append", choices=names, help="run this suite (may be repeated)")
    options = parser.parse_args(arguments)
    build = options.build_dir.resolve()
    if not (build / "CMakeCache.txt").exists():
        parser.error(f"{build} is no build tree; run `make build` first")
    try:
        total = run_suites([suite for suite in SUITES if suite.name in (options.only or names)], build)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
