#!/usr/bin/python3
"""Runs test suites side by side, as many as there are processors, and adds up what their runners report.

scripts/suites.py has the suites. What a suite prints is shown when it has ended, and kept in BUILD/test-reports with
its JUnit report, from which the counts are. A runner that dies, exceeds its time or runs no test counts as one failed
test. A suite whose additional packages cannot be installed (no network) counts as one skipped test. Suites that
measure run in the end, one after the other. The last line is `N passed, N failed[, N skipped]`, the exit status is 0
only if nothing failed.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import os
import signal
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import junit
from junit import Count, Report
from suites import LONG_SUITES, ROOT, SUITES, Command, Suite, environment

SLOWEST = 10


@dataclass(frozen=True)
class Result:
    """How a suite ended; `problem` is what was wrong with the runner itself, or None."""

    name: str
    report: Report
    problem: str | None
    seconds: float = 0


async def run(command: Command, build: Path, seconds: float, output: BinaryIO | None) -> int | None:
    """Run `command` in the project's root; its exit status, or None after `seconds`."""
    # A process group of its own, so that everything a hanging runner started ends with it.
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env=environment(build),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=output and asyncio.subprocess.STDOUT,
        process_group=0,
    )
    try:
        return await asyncio.wait_for(process.wait(), seconds)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


def judge(status: int | None, path: Path, seconds: float) -> tuple[Report, str | None]:
    """The report of a runner that ended with `status`, and what was wrong with the runner itself, or None."""
    report, problem = Report(), None
    try:
        report = junit.read(path)
    except (OSError, ElementTree.ParseError) as error:
        problem = f"left no readable report ({error})"
    if status is None:
        problem = f"was killed after {seconds} s"
    elif problem is None and not report.count.passed and not report.count.failed:
        problem = "ran no test"
    elif problem is None and status != 0 and not report.count.failed:
        problem = f"ended with status {status} although no test failed"
    return (replace(report, count=report.count + Count(failed=1)) if problem else report), problem


async def run_suite(suite: Suite, build: Path, output: BinaryIO | None = None) -> Result:
    """Install, build and run; what is printed goes to `output`, by default where ours goes."""
    report = build / "test-reports" / f"{suite.name}.xml"
    report.parent.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    if (obstacle := suite.obstacle()) is not None:
        return Result(suite.name, Report(Count(skipped=1)), obstacle)
    for command in suite.installation(build):
        if await run(command, build, suite.seconds, output) != 0:
            why = f"is skipped, what it needs could not be installed: {' '.join(command)}"
            return Result(suite.name, Report(Count(skipped=1)), why)
    for command in suite.preparation(build):
        if await run(command, build, suite.seconds, output) != 0:
            return Result(suite.name, Report(Count(failed=1)), f"could not be built: {' '.join(command)}")
    status = await run(suite.command(build, report), build, suite.seconds, output)
    return Result(suite.name, *judge(status, report, suite.seconds))


async def _run_and_show(suite: Suite, build: Path, free: asyncio.Semaphore, live: bool) -> Result:
    async with free:
        began = time.monotonic()
        print(f"----- {suite.name} begins", flush=True)
        if live:
            result = await run_suite(suite, build)
        else:
            log = build / "test-reports" / f"{suite.name}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as output:
                result = await run_suite(suite, build, output)
            print(f"\n===== {suite.name}", flush=True)
            sys.stdout.buffer.write(log.read_bytes())
        took = time.monotonic() - began
        if result.problem:
            verdict = "failed" if result.report.count.failed else "skipped"
            print(f"suite {suite.name} {result.problem}: counted as one {verdict} test")
        print(f"----- {suite.name} ends: {result.report.count} in {took:.0f} s", flush=True)
        return Result(result.name, result.report, result.problem, took)


async def run_suites(suites: Sequence[Suite], build: Path, jobs: int) -> list[Result]:
    free = asyncio.Semaphore(jobs)
    beside = [suite for suite in suites if not suite.alone]
    live = jobs == 1 or len(suites) == 1
    results = await asyncio.gather(*(_run_and_show(suite, build, free, live) for suite in beside))
    return results + [await _run_and_show(suite, build, free, True) for suite in suites if suite.alone]


def summary(results: Sequence[Result]) -> list[str]:
    """The lines of the end, but the last: the slowest tests, those that failed, a line for each suite."""
    tests = [(seconds, f"{name}  ({result.name})") for result in results for seconds, name in result.report.times]
    lines = ["", f"===== the {SLOWEST} slowest tests"]
    lines += [f"{seconds:8.1f} s   {name}" for seconds, name in heapq.nlargest(SLOWEST, tests)]
    failed = [f"{name}  ({result.name})" for result in results for name in result.report.failed]
    lines += ["", "===== failed tests", *failed] if failed else []
    lines += ["", "===== summary"]
    return lines + [f"{result.name:18}{result.seconds:8.1f} s   {result.report.count}" for result in results]


def main(arguments: Sequence[str]) -> int:
    suites = (*SUITES, *LONG_SUITES)
    names = [suite.name for suite in suites]
    parser = argparse.ArgumentParser(description="run the project's tests", allow_abbrev=False)
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="a tree with the target `tests` built")
    parser.add_argument("--only", action="append", choices=names, help="run this suite (may be repeated)")
    parser.add_argument("--all", action="store_true", help="the long suites, too")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="suites at a time")
    options = parser.parse_args(arguments)
    build = options.build_dir.resolve()
    if not (build / "CMakeCache.txt").exists():
        parser.error(f"{build} is no build tree; run `make test`")
    wanted = options.only or (names if options.all else [suite.name for suite in SUITES])
    # A shell that starts this in the background has SIGINT ignored, which programs inherit: theirs is tested, too.
    # Whichever ends this ends what was started, too: it runs in process groups of its own.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    try:
        results = asyncio.run(run_suites([suite for suite in suites if suite.name in wanted], build, options.jobs))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    print(*summary(results), f"{'together':18}{time.monotonic() - began:8.1f} s", sep="\n")
    total = sum((result.report.count for result in results), Count())
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
