#!/usr/bin/python3
"""Runs the benchmark scripts of this folder and prints their figures as a table.

Usage: PYTHONPATH=build/python benchmarks/run.py [--smoke] [--tables DIR] [SCRIPT]...
--smoke runs everything with small numbers, to see that it works; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = sorted(path.stem for path in HERE.glob("*_bench.py"))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="run the benchmark scripts", allow_abbrev=False)
    parser.add_argument("scripts", nargs="*", metavar="SCRIPT", help=f"of {', '.join(SCRIPTS)} (default: all)")
    parser.add_argument("--smoke", action="store_true", help="small numbers, only to see that it works")
    parser.add_argument("--tables", type=Path, help="the folder to write the table to as well")
    options = parser.parse_args(arguments)
    for name in options.scripts:
        if name not in SCRIPTS:
            parser.error(f"there is no script {name}: choose from {', '.join(SCRIPTS)}")
    sys.path.insert(0, str(HERE))
    lines = [
        f"{len(os.sched_getaffinity(0))} processors, Linux {platform.release()}, Python {platform.python_version()}"
    ]
    print(lines[0], flush=True)
    for name in options.scripts or SCRIPTS:
        for row in importlib.import_module(name).measure(options.smoke):
            lines.append(row.text(with_verdict=not options.smoke))
            print(lines[-1], flush=True)
    if options.tables is not None:
        options.tables.mkdir(parents=True, exist_ok=True)
        (options.tables / "scripts.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
