"""How the doctor's findings and the versions look: plain text, a line for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parallel._doctor.finding import ADVICE, OK, PROBLEM, UNKNOWN, Finding
from parallel._views.units import plural

_MARKS = {OK: "ok", ADVICE: "advice", PROBLEM: "PROBLEM", UNKNOWN: "unknown"}
_INDENT = " " * 9
_NAME = 20  # columns: OPENBLAS_NUM_THREADS


def findings(listed: Iterable[Finding]) -> list[str]:
    """Two lines at most for each: what was found, and what to do."""
    lines = []
    for finding in listed:
        lines.append(f"{_MARKS[finding.mark]:<8} {finding.check}: {finding.found}")
        if finding.advice:
            lines.append(f"{_INDENT}-> {finding.advice}")
    return lines


def summary(listed: Iterable[Finding]) -> str:
    """13 checks: 11 ok, 2 with advice, no problem"""
    marks = [finding.mark for finding in listed]
    parts = [f"{marks.count(OK)} ok"]
    if advice := marks.count(ADVICE):
        parts.append(f"{advice} with advice")
    if unknown := marks.count(UNKNOWN):
        parts.append(f"{unknown} could not look")
    problems = marks.count(PROBLEM)
    parts.append(plural(problems, "problem") if problems else "no problem")
    return f"{plural(len(marks), 'check')}: {', '.join(parts)}"


def _row(name: str, value: Any) -> str:
    return f"{name:<{_NAME}}: {value}"


def _rows(section: dict[str, Any]) -> list[str]:
    """Of a section that could not be gathered, that is its error."""
    return [_row(name, value) for name, value in section.items()]


def versions(data: dict[str, Any]) -> list[str]:
    """What show_versions() prints."""
    lines = [*_rows(data["python"]), *_rows(data["system"])]
    lines += ["", "packages", "--------"]
    for name, version in data["packages"].items():
        lines.append(_row(name, _version(version)))
    if data["environment"]:
        lines += ["", "environment", "-----------", *_rows(data["environment"])]
    if (pools := data["thread_pools"]) is not None:
        lines += ["", "libraries with threads", "----------------------"]
        lines += _rows(pools) if isinstance(pools, dict) else map(_pool, pools)
    lines += ["", "checks (python3 -m parallel doctor makes all)", "---------------------------------------------"]
    return lines + findings(Finding(**check) for check in data["checks"])


def _pool(pool: dict[str, Any]) -> str:
    facts = [str(pool[key]) for key in ("version", "threading_layer", "architecture") if pool.get(key)]
    return _row(pool["internal_api"], ", ".join([*facts, plural(pool["num_threads"], "thread"), pool["filepath"]]))


def _version(version: Any) -> str:
    if not isinstance(version, dict):
        return str(version)
    installed, loaded = version["installed"], version["loaded"]
    if loaded is None:
        return str(installed)
    if installed == loaded:
        return f"{installed}, loaded"
    return f"{installed or 'not installed'}, but {loaded} is loaded"
