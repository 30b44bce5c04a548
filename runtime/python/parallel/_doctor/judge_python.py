"""What facts about the interpreter and packages mean: findings from the data of `interpreter` and `packages`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from parallel._doctor.finding import ADVICE, OK, PROBLEM, UNKNOWN, Finding
from parallel._views.units import duration_text, plural

_NAMES = 3  # of a long list, so that it stays a line


def _some(names: list[str]) -> str:
    more = len(names) - _NAMES
    return ", ".join(names[:_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def python(facts: dict[str, Any]) -> Finding:
    found = f"{facts['python']} at {facts['executable']}; xeus-parallel {facts['xeus-parallel']} in {facts['folder']}"
    return Finding("python", OK, found)


def trial(facts: dict[str, Any]) -> Finding:
    if facts["error"] is None:
        return Finding(
            "works", OK, f"a work ran in a context, and ended {duration_text(facts['seconds'])} after it was submitted"
        )
    return Finding(
        "works",
        PROBLEM,
        f"a work did not run: {facts['error']}",
        "see the checks of memory, processes and address space",
    )


def protection(facts: dict[str, Any], python: dict[str, Any]) -> Iterator[Finding]:
    """How works are protected; what of it was not found in loaded libraries, where this version tells."""
    if not facts["active"]:
        found = f"the mode is {facts['mode']}: writes of works to objects of the main thread are lost"
        yield Finding("protection", ADVICE, found, 'parallel.configure(protection="strict") makes them errors')
        return
    if facts["by"] == "patches" and not facts["missing"]:
        yield Finding("protection", OK, "by patches of the interpreter")
    elif facts["by"] == "twins" and facts["obstacle"] is None and not facts["missing"]:
        yield Finding("protection", OK, "by source twins of your functions")
    elif facts["by"] == "twins" and facts["obstacle"] is not None:
        if python["built for"] == f"{python['implementation']} {python['python']}":
            advice = (
                "patches need a Python compiled as Debian's is, and a system that lets it change its own code "
                "(/proc; no seccomp profile against it)"
            )
        else:
            advice = (
                f"patches need the Python it was built for, {python['built for']}: use that one, or build with this one"
            )
        yield Finding("protection", ADVICE, f"by source twins, which see less: {facts['obstacle']}", advice)
    if without := facts["without_twin"]:
        found = f"{plural(len(without), 'function')} of yours without checks: {_some(sorted(without))}"
        yield Finding("protection", ADVICE, found, "parallel.protection.status()['without_twin'] has the reasons")
    if missing := facts["missing"]:
        found = (
            f"not complete: {plural(len(missing), 'name')} that it looks for not found in these libraries: "
            f"{_some(sorted(missing))}"
        )
        yield Finding(
            "protection", ADVICE, found, "writes through what took their place may pass unseen: please report it"
        )
    if unknown := facts["unknown"]:
        found = f"{plural(len(unknown), 'method')} of these libraries that it does not know: {_some(sorted(unknown))}"
        yield Finding(
            "protection", ADVICE, found, "if they write to their object, that may pass unseen: please report it"
        )


def imports(facts: dict[str, Any]) -> Iterator[Finding]:
    """What was imported so that protection could be looked at with it."""
    if imported := facts["imported"]:
        names = ", ".join(f"{name} {version}" for name, version in imported.items())
        yield Finding("libraries", OK, f"imported to look at their protection: {names}")
    for name, error in facts["failed"].items():
        found = f"could not look at {name}, whose import failed: {error}"
        yield Finding(
            "libraries",
            UNKNOWN,
            found,
            f"if no other line explains it: {sys.executable} -c 'import {name}' shows all of the error",
        )
    if not facts["imported"] and not facts["failed"]:
        yield Finding("libraries", OK, "none is installed that protection has rules for")


def hazards(facts: dict[str, Any]) -> Iterator[Finding]:
    """Libraries whose threads do not survive a fork."""
    if loaded := facts["loaded"]:
        found = f"{', '.join(loaded)} loaded in the main process: works that use it may hang or fail"
        yield Finding("forks", ADVICE, found, "import it in the works only, or give them a timeout")
    if installed := facts["installed"]:
        found = f"{', '.join(installed)} installed: works may hang or fail if the main process uses it, too"
        yield Finding("forks", ADVICE, found, "use it in works only, or in the main process only")
    if not loaded and not installed:
        yield Finding("forks", OK, "no installed library is known to hang after one")


def thread_pools(facts: dict[str, Any]) -> Finding:
    if facts["threadpoolctl"] is None and facts["with_pools"]:
        found = f"threadpoolctl is not installed, {', '.join(facts['with_pools'])} may have threads of BLAS or OpenMP"
        return Finding("threads", ADVICE, found, "pip install threadpoolctl: without it some of them hang after a fork")
    if facts["pools"]:
        pools = ", ".join(sorted({_pool(row) for row in facts["pools"]}))
        return Finding("threads", OK, f"{pools}; in a context as many as configure(threads=) says")
    if facts["pools"] is None and facts["threadpoolctl"] is not None:
        return Finding("threads", OK, "threadpoolctl is installed, and not loaded before the first batch needs it")
    return Finding("threads", OK, "no BLAS or OpenMP library is loaded")


def _pool(row: dict[str, Any]) -> str:
    layer = f" ({row['threading_layer']})" if row.get("threading_layer") else ""
    return (
        f"{row['internal_api']} {row['version'] or ''}".rstrip()
        + f"{layer} with {plural(row['num_threads'], 'thread')}"
    )


def kernelspec(facts: dict[str, Any]) -> Finding:
    if facts["jupyter_client"] is None:
        return Finding("kernel", OK, "this Python has no jupyter_client, so it cannot tell where Jupyter finds kernels")
    if facts["folder"] is None:
        advice = "make install"
        if facts["build_tree"] is not None:
            advice += f", or start Jupyter with JUPYTER_PATH={facts['build_tree']}"
        return Finding("kernel", ADVICE, "Jupyter finds no kernel named xparallel", advice)
    if not facts["runs"]:
        found = f"the kernel in {facts['folder']} names a program that is not there: {facts['executable']}"
        return Finding(
            "kernel", PROBLEM, found, "install it again (make install), or jupyter kernelspec remove xparallel"
        )
    return Finding("kernel", OK, f"Jupyter finds it: {facts['folder']}")
