"""The test suites: what is installed and built for each, and which runner is started.

A suite is one record. `installation` names the commands that bring packages, `preparation` those that build,
`command` the runner, which writes a JUnit report. All of them run in the project's root, with `environment`.
"""

from __future__ import annotations

import abc
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import other_pythons

ROOT = Path(__file__).resolve().parent.parent

# Seconds one C++ test may take that sets no limit of its own.
CTEST_LIMIT = 120

# The marker of tests that compare times: they run when nothing runs beside them.
MEASURING = "measures"

Command = list[str]


def configure_and_build(preset: str, place: Path, *targets: str) -> list[Command]:
    interpreter = f"-DPython3_EXECUTABLE={sys.executable}"
    return [
        ["cmake", "--preset", preset, "-B", str(place), interpreter],
        ["cmake", "--build", str(place), "--target", *targets],
    ]


def venv_of(build: Path, name: str) -> Path:
    return build / name / "venv"


def make_venv(build: Path, name: str) -> list[Command]:
    """Installs the packages of scripts/requirements-NAME.txt, unless they are there."""
    venv = str(venv_of(build, name))
    return [["scripts/make-venv", venv, sys.executable, f"scripts/requirements-{name}.txt"]]


@dataclass(frozen=True)
class Suite(abc.ABC):
    """What all suites have. `seconds` bounds each command; `alone`: nothing runs beside it."""

    name: str
    seconds: float = 1800
    alone: bool = False

    def obstacle(self) -> str | None:
        """Why there is nothing to run on this machine, or None."""
        return None

    def installation(self, build: Path) -> list[Command]:
        return []

    def preparation(self, build: Path) -> list[Command]:
        return []

    @abc.abstractmethod
    def command(self, build: Path, report: Path) -> Command: ...


@dataclass(frozen=True, kw_only=True)
class CTest(Suite):
    """The C++ unit tests (label `unit`), in the build tree of one preset; without those whose names match `exclude`."""

    preset: str = ""
    exclude: str = ""

    def place(self, build: Path) -> Path:
        return build / self.preset if self.preset else build

    def preparation(self, build: Path) -> list[Command]:
        return configure_and_build(self.preset, self.place(build), "unit_tests") if self.preset else []

    def command(self, build: Path, report: Path) -> Command:
        command = ["ctest", "--test-dir", str(self.place(build)), "--label-regex", "^unit$", "--output-on-failure"]
        command += ["--timeout", str(CTEST_LIMIT), "--output-junit", str(report)]
        if self.exclude:
            command += ["--exclude-regex", self.exclude]
        return fixed_addresses() + command if self.preset == "tsan" else command


@dataclass(frozen=True, kw_only=True)
class Pytest(Suite):
    """The Python tests of one folder, but for what is `apart`, that a marker expression chooses."""

    folder: str
    apart: str = ""
    marked: str = ""

    def python(self, build: Path) -> Command:
        return [sys.executable]

    def command(self, build: Path, report: Path) -> Command:
        command = [*self.python(build), "-m", "pytest", "-ra", "--junitxml", str(report), self.folder]
        command += ["--ignore", self.apart] if self.apart else []
        return command + (["-m", self.marked] if self.marked else [])


@dataclass(frozen=True, kw_only=True)
class Fuzzing(Pytest):
    """Short runs of the fuzzers, which clang builds in a tree of their own."""

    def preparation(self, build: Path) -> list[Command]:
        return configure_and_build("fuzz", build / "fuzz", "clone_decode_fuzz")


@dataclass(frozen=True, kw_only=True)
class PytestInVenv(Pytest):
    """With the packages of scripts/requirements-NAME.txt, which the first run installs in BUILD/NAME/venv."""

    requirements: str

    def installation(self, build: Path) -> list[Command]:
        return make_venv(build, self.requirements)

    def python(self, build: Path) -> Command:
        return [str(venv_of(build, self.requirements) / "bin/python")]


@dataclass(frozen=True, kw_only=True)
class Frontend(PytestInVenv):
    """The front ends; their browser is a Debian package."""

    requirements: str = "frontend"

    def installation(self, build: Path) -> list[Command]:
        return [["scripts/install-packages", "scripts/packages-frontend.txt"], *super().installation(build)]


@dataclass(frozen=True, kw_only=True)
class Newest(PytestInVenv):
    """With newer packages than Debian's: the pins that `make newest` renews."""

    requirements: str = "newest"

    def python(self, build: Path) -> Command:
        # The kernel embeds Debian's interpreter; it takes the packages of the active virtual environment.
        return ["env", f"VIRTUAL_ENV={venv_of(build, self.requirements)}", *super().python(build)]


@dataclass(frozen=True, kw_only=True)
class OtherPython(Pytest):
    """The module, built for another version of CPython that this machine has, with the packages of `make newest`."""

    version: str

    def place(self, build: Path) -> Path:
        return build / f"python-{self.version}"

    def obstacle(self) -> str | None:
        if self.version == f"{sys.version_info.major}.{sys.version_info.minor}":
            return "is for the Python that all other suites have"
        if other_pythons.find(self.version) is None:
            return f"is for CPython {self.version}, which is not found here with its headers"
        return None

    def python(self, build: Path) -> Command:
        place = self.place(build)
        found = {"XPAR_BUILD_DIR": str(place), "PYTHONPATH": f"{place / 'python'}:{place / 'python-test'}"}
        return ["env", *(f"{name}={value}" for name, value in found.items()), str(place / "venv/bin/python")]

    def installation(self, build: Path) -> list[Command]:
        venv = str(self.place(build) / "venv")
        return [["scripts/make-venv", venv, str(other_pythons.find(self.version)), "scripts/requirements-newest.txt"]]

    def preparation(self, build: Path) -> list[Command]:
        place = self.place(build)
        interpreter = f"-DPython3_EXECUTABLE={place / 'venv/bin/python'}"
        alone = ["flock", f"{place}.lock"]  # several suites have this tree
        return [
            [*alone, "cmake", "--preset", "module", "-B", str(place), interpreter],
            [*alone, "cmake", "--build", str(place), "--target", "all", "_clone_probe"],
        ]


@dataclass(frozen=True, kw_only=True)
class Tools(Pytest):
    """Tests of the tools, and by them: those of scripts/requirements-lint.txt."""

    def installation(self, build: Path) -> list[Command]:
        return make_venv(build, "lint")


@dataclass(frozen=True, kw_only=True)
class Lint(Suite):
    """What `make lint` looks at without running the project's code."""

    def installation(self, build: Path) -> list[Command]:
        return make_venv(build, "lint")

    def command(self, build: Path, report: Path) -> Command:
        return [sys.executable, "scripts/lint.py", "--build-dir", str(build), "--report", str(report)]


_NOT_MEASURING = f"not {MEASURING}"
_PACKAGES = f"packages and not {MEASURING}"
_EXAMPLES = "tests/kernel/test_docs.py"
_OTHER_PYTHONS = ("3.12", "3.13", "3.14")

# The longest first, so that none is left alone in the end.
SUITES: tuple[Suite, ...] = (
    # Two processes: what one has grown to makes each fork dearer.
    Pytest("python", folder="tests/python", apart="tests/python/protection", marked=_NOT_MEASURING),
    CTest("asan", preset="asan"),
    Pytest("kernel", folder="tests/kernel", apart=_EXAMPLES, marked=_NOT_MEASURING),
    Newest("newest-kernel", folder="tests/kernel", marked=_PACKAGES),
    Lint("lint"),
    # ThreadSanitizer sees races between the threads of one process: tests of killed processes tell it nothing.
    CTest("tsan", preset="tsan", exclude="killed"),
    Pytest("protection", folder="tests/python/protection", marked=_NOT_MEASURING),
    Newest("newest-protection", folder="tests/python/protection", marked=_PACKAGES),
    Frontend("frontend", folder="tests/frontend"),
    CTest("unit"),
    Newest("newest-python", folder="tests/python", apart="tests/python/protection", marked=_PACKAGES),
    *(OtherPython(f"python-{one}", version=one, folder="tests/python", marked="sample") for one in _OTHER_PYTHONS),
    Pytest("notebooks", folder="tests/notebooks"),
    Fuzzing("fuzz", folder="tests/fuzz"),
    Tools("tools", folder="tests/tools"),
    Pytest("docs", folder=_EXAMPLES),
    Pytest("python-speed", folder="tests/python", marked=MEASURING, alone=True),
    Pytest("kernel-speed", folder="tests/kernel", marked=MEASURING, alone=True),
)

# Before a release, besides the others: all tests, not only those that are marked, with the newest packages.
LONG_SUITES: tuple[Suite, ...] = (
    Newest("newest-all-python", folder="tests/python", apart="tests/python/protection", marked=_NOT_MEASURING),
    Newest("newest-all-kernel", folder="tests/kernel", marked=_NOT_MEASURING),
    Newest("newest-all-protection", folder="tests/python/protection", marked=_NOT_MEASURING),
    *(
        OtherPython(
            f"python-{one}-all",
            version=one,
            folder="tests/python",
            apart="tests/python/protection",
            marked=_NOT_MEASURING,
        )
        for one in _OTHER_PYTHONS
    ),
    *(
        OtherPython(f"python-{one}-protection", version=one, folder="tests/python/protection", marked=_NOT_MEASURING)
        for one in _OTHER_PYTHONS
    ),
)


def fixed_addresses() -> Command:
    """A command prefix for ThreadSanitizer: that of gcc 12 dies where addresses are randomized by more than 28 bits."""
    bits = Path("/proc/sys/vm/mmap_rnd_bits")
    if bits.exists() and int(bits.read_text()) > 28 and shutil.which("setarch"):
        return ["setarch", "--addr-no-randomize"]
    return []


def environment(build: Path) -> dict[str, str]:
    """What the tests need to find the build tree; the rest is the caller's environment."""
    added = {
        "XPAR_BUILD_DIR": str(build),
        "PYTHONPATH": f"{build / 'python'}:{build / 'python-test'}",
        "JUPYTER_PATH": str(build / "share/jupyter"),
        "TSAN_OPTIONS": f"suppressions={ROOT / 'tests/unit/tsan.suppressions'}",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    return {**os.environ, **added}
