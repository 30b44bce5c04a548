"""JUnit reports, which pytest, ctest and lint.py write: how many tests passed, and how long each took."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Count:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True)
class Report:
    """What a runner said: the counts, (seconds, name) of each test, and the names of those that failed."""

    count: Count = Count()
    times: tuple[tuple[float, str], ...] = ()
    failed: tuple[str, ...] = ()


def read(path: Path) -> Report:
    """The report at `path`. Raises OSError or ElementTree.ParseError where there is none that can be read."""
    count, times, failed = Count(), [], []
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            count += Count(failed=1)
            failed.append(name)
        elif case.find("skipped") is not None:
            count += Count(skipped=1)
        else:
            count += Count(passed=1)
        times.append((float(case.get("time") or 0), name))
    return Report(count, tuple(times), tuple(failed))


def write(path: Path, suite: str, cases: list[tuple[str, float, str | None]]) -> None:
    """A report of `cases`: name, seconds, and what is wrong or None."""
    root = ElementTree.Element("testsuite", name=suite)
    for name, seconds, problem in cases:
        case = ElementTree.SubElement(root, "testcase", classname=suite, name=name, time=f"{seconds:.3f}")
        if problem is not None:
            ElementTree.SubElement(case, "failure").text = problem
    ElementTree.ElementTree(root).write(path, encoding="utf-8")
