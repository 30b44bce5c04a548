#!/usr/bin/python3
"""Pins the newest releases of the packages in requirements-newest.in, and runs the suites that use them.

Prints which pins have changed and which tests fail with them; the exit status is 1 if any does. The pins are those of
a fresh virtual environment, indirect dependencies included. If it cannot be installed, the old pins stay.
"""

import argparse
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import junit
import run_tests
from suites import ROOT

SUITES = ("newest-python", "newest-protection", "newest-kernel")
NAMES = ROOT / "scripts/requirements-newest.in"
PINS = ROOT / "scripts/requirements-newest.txt"
HEAD = "# Made by `make newest` from requirements-newest.in: what the suites newest-* install.\n"


def newest_releases(venv: Path) -> dict[str, str]:
    """Name -> version of all packages in a new virtual environment with the newest releases of NAMES."""
    shutil.rmtree(venv, ignore_errors=True)
    try:
        subprocess.run([ROOT / "scripts/make-venv", venv, sys.executable, NAMES], check=True)
        listed = subprocess.run([venv / "bin/pip", "freeze"], check=True, stdout=subprocess.PIPE, text=True).stdout
    finally:
        shutil.rmtree(venv, ignore_errors=True)
    return read_pins(listed)


def read_pins(text: str) -> dict[str, str]:
    """Name -> version of the lines `name==version`; names are normalized as package indexes do it."""
    pins = re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pins}


def differences(old: dict[str, str], new: dict[str, str]) -> list[str]:
    """One line for each package whose pin is another one."""
    names = sorted(name for name in old | new if old.get(name) != new.get(name))
    return [f"{name}: {old.get(name, 'none')} -> {new.get(name, 'none')}" for name in names]


def failed_tests(report: Path) -> list[str]:
    """The names of the tests that failed, from the JUnit report of a suite."""
    try:
        failed = junit.read(report).failed
    except (OSError, ElementTree.ParseError):
        return [f"{report.stem}: its tests did not run to their end"]
    # A test whose teardown fails as well is there twice.
    return list(dict.fromkeys(f"{report.stem}: {name}" for name in failed))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="renew scripts/requirements-newest.txt", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="a built tree of the default preset")
    build = parser.parse_args(arguments).build_dir.resolve()

    old = read_pins(PINS.read_text()) if PINS.exists() else {}
    try:
        new = newest_releases(build / "newest/candidate")
    except subprocess.CalledProcessError as error:
        print(f"the newest releases could not be installed, the pins stay as they are: {error}", file=sys.stderr)
        return 1
    PINS.write_text(HEAD + "".join(f"{name}=={version}\n" for name, version in sorted(new.items())))

    chosen = [argument for suite in SUITES for argument in ("--only", suite)]
    status = run_tests.main(["--build-dir", str(build), *chosen])
    failed = [test for suite in SUITES for test in failed_tests(build / "test-reports" / f"{suite}.xml")]
    print("\n===== pins changed", *(differences(old, new) or ["none"]), sep="\n")
    print("\n===== tests failed", *(failed or ["none"]), sep="\n", flush=True)
    return 1 if status or failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
