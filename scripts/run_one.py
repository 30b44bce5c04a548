#!/usr/bin/python3
"""Builds what one test file needs, and runs it: `make dev TEST="FILE [OPTIONS]"`.

TEST=tests/python/test_map.py                    a Python file, or a folder; options are pytest's
TEST="tests/kernel/test_views.py -k works"
TEST=tests/unit/base_event_test.cpp              a C++ file; options are GoogleTest's
PRESET=asan TEST=tests/unit/base_event_test.cpp  the same under AddressSanitizer; tsan: ThreadSanitizer
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from suites import ROOT, Command, configure_and_build, environment, fixed_addresses

# What Python tests need beyond the target `all`.
MODULES_OF_TESTS = "_clone_probe"


def commands(test: str, options: Sequence[str], preset: str, build: Path) -> list[Command]:
    """What builds, and last what runs."""
    place = build / preset if preset else build
    if test.endswith(".cpp"):
        program = Path(test).stem
        building = ["cmake", "--build", str(place), "--target", program]
        prepared = configure_and_build(preset, place, program) if preset else [building]
        sanitized = fixed_addresses() if preset == "tsan" else []
        return [*prepared, [*sanitized, str(place / "bin" / program), *options]]
    building = ["cmake", "--build", str(build), "--target", "all", MODULES_OF_TESTS]
    return [building, [sys.executable, "-m", "pytest", "-q", test, *options]] if test else [building]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description="build for one test, and run it", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="a tree of the preset `tests`")
    parser.add_argument("--preset", default="", choices=("", "asan", "tsan"), help="C++ files: a sanitizer's tree")
    parser.add_argument("test", nargs="?", default="", help="a file or folder in tests/; none: build only")
    options, rest = parser.parse_known_args(arguments)
    file = options.test.partition("::")[0]
    if file and not (ROOT / file).exists():
        parser.error(f"there is no {file} in {ROOT}")
    if options.preset and not file.endswith(".cpp"):
        parser.error("sanitizers are for files of tests/unit: Python itself is not built with them")
    build = options.build_dir.resolve()
    for command in commands(options.test, rest, options.preset, build):
        if status := subprocess.run(command, cwd=ROOT, env=environment(build)).returncode:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
