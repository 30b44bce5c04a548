#!/usr/bin/python3
"""Style, types and layers of the project's files: `make lint`, and one check of it by hand.

A check is one record of CHECKS: the files it looks at and the commands it runs on them. The tools come from
scripts/requirements-lint.txt; `make lint` installs them in BUILD/lint/venv. What a tool prints is shown for checks that
fail only.

    scripts/lint.py                               all checks
    scripts/lint.py --only ruff-format --fix      format the Python files
    scripts/lint.py --only clang-format FILE      look at one file
"""

from __future__ import annotations

import argparse
import fnmatch
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import junit

ROOT = Path(__file__).resolve().parent.parent

CPP = ("*.cpp", "*.hpp")
PYTHON = ("*.py", "*.pyi")
# How users write is what these files are about.
NOT_OURS = ("tests/kernel/protection_cases/*/*.py",)


@dataclass(frozen=True)
class Tree:
    """The project's files, and where the tools and the build are."""

    files: tuple[str, ...]
    build: Path

    def matching(self, *patterns: str) -> list[str]:
        ours = [file for file in self.files if not any(fnmatch.fnmatch(file, pattern) for pattern in NOT_OURS)]
        return [file for file in ours if any(fnmatch.fnmatch(file, pattern) for pattern in patterns)]

    def tool(self, name: str) -> str:
        return str(self.build / "lint/venv/bin" / name)


Command = list[str]


@dataclass(frozen=True)
class Check:
    """`commands` are what it runs, none if there is nothing to look at; `fix` what mends it, where a tool can."""

    name: str
    commands: Callable[[Tree], list[Command]]
    fix: Callable[[Tree], list[Command]] | None = None


def on(patterns: Sequence[str], command: Callable[[Tree], Command]) -> Callable[[Tree], list[Command]]:
    """One command with all files of `patterns` as its last arguments."""

    def commands(tree: Tree) -> list[Command]:
        files = tree.matching(*patterns)
        return [[*command(tree), *files]] if files else []

    return commands


def is_shell(file: str) -> bool:
    with (ROOT / file).open("rb") as opened:
        first = opened.readline()
    return first.startswith(b"#!") and first.split()[-1].rpartition(b"/")[2] in (b"sh", b"bash")


def shell_commands(tree: Tree) -> list[Command]:
    scripts = [file for file in tree.files if "." not in Path(file).name.lstrip(".") and is_shell(file)]
    return [["shellcheck", "--external-sources", *scripts]] if scripts else []


def mypy_commands(tree: Tree) -> list[Command]:
    """The packages by name, as users import them; the programs by file."""
    mypy = [tree.tool("mypy"), "--cache-dir", str(tree.build / "lint/mypy")]
    return [
        [*mypy, "-p", "parallel", "-p", "xparallel_kernel"],
        [*mypy, *tree.matching("scripts/*.py", "tests/check_layers.py")],
        [*mypy, *tree.matching("benchmarks/*.py")],
    ]


def tidy_commands(tree: Tree) -> list[Command]:
    """In a tree that is only configured, where each source is one of its own and lacks what it does not include."""
    if not tree.matching(*CPP):
        return []
    place, options = tree.build / "lint/tree", ["-DCMAKE_UNITY_BUILD=OFF"]
    options += [f"-DXPAR_HEADERS={tree.build / 'headers'}"]
    program = [sys.executable, "scripts/clang_tidy.py", "--build-dir", str(place)]
    return [
        ["cmake", "--preset", "tests", "-B", str(place), *options],
        [*program, "--clang-tidy", tree.tool("clang-tidy")],
    ]


CHECKS = (
    Check(
        "clang-format",
        on(CPP, lambda tree: [tree.tool("clang-format"), "--dry-run", "--Werror"]),
        on(CPP, lambda tree: [tree.tool("clang-format"), "-i"]),
    ),
    Check(
        "ruff-format",
        on(PYTHON, lambda tree: [tree.tool("ruff"), "format", "--quiet", "--diff"]),
        on(PYTHON, lambda tree: [tree.tool("ruff"), "format", "--quiet"]),
    ),
    Check(
        "ruff",
        on(PYTHON, lambda tree: [tree.tool("ruff"), "check", "--quiet"]),
        on(PYTHON, lambda tree: [tree.tool("ruff"), "check", "--quiet", "--fix"]),
    ),
    Check("layers", lambda tree: [[sys.executable, "tests/check_layers.py"]]),
    Check("shellcheck", shell_commands),
    Check("mypy", mypy_commands),
    Check("clang-tidy", tidy_commands),
    Check("subjects", lambda tree: [[sys.executable, "scripts/check_subjects.py"]]),
)


def project_files() -> tuple[str, ...]:
    """What git knows or would add."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return tuple(file for file in done.stdout.splitlines() if (ROOT / file).is_file())


def run_check(check: Check, tree: Tree, fix: bool) -> str | None:
    """None if all is well; else what the tool printed."""
    for commands in ([check.fix] if fix and check.fix else []) + [check.commands]:
        for command in commands(tree):
            try:
                done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            except FileNotFoundError:
                return f"{command[0]} is not there: `make lint` installs it\n"
            if done.returncode != 0 and commands is check.commands:
                return done.stdout or f"{' '.join(command)} ended with status {done.returncode}\n"
    return None


def run_checks(checks: Sequence[Check], tree: Tree, fix: bool) -> list[tuple[str, float, str | None]]:
    """(name, seconds, what is wrong or None) of each."""
    cases = []
    for check in checks:
        began = time.monotonic()
        problem = run_check(check, tree, fix)
        cases.append((check.name, time.monotonic() - began, problem))
        print(f"{check.name:14}{cases[-1][1]:6.1f} s   {'ok' if problem is None else 'FAILED'}", flush=True)
        if problem is not None:
            print(problem, flush=True)
    return cases


def main(arguments: Sequence[str]) -> int:
    names = [check.name for check in CHECKS]
    parser = argparse.ArgumentParser(description="look at style, types and layers", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="where the tools are installed")
    parser.add_argument("--only", action="append", choices=names, help="this check (may be repeated)")
    parser.add_argument("--fix", action="store_true", help="mend first what the tools can")
    parser.add_argument("--report", type=Path, help="write a JUnit report")
    parser.add_argument("files", nargs="*", help="look at these only, for checks that go by file")
    options = parser.parse_args(arguments)
    files = tuple(str(Path(file).resolve().relative_to(ROOT)) for file in options.files) or project_files()
    tree = Tree(files, options.build_dir.resolve())
    cases = run_checks([check for check in CHECKS if check.name in (options.only or names)], tree, options.fix)
    if options.report:
        junit.write(options.report, "lint", cases)
    return 1 if any(problem is not None for _, _, problem in cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
