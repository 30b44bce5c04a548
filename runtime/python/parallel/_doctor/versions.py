"""What show_versions() tells, as data that json takes."""

from __future__ import annotations

import dataclasses
import platform
from collections.abc import Callable
from typing import Any

from parallel._doctor import examine, interpreter, packages


def gather() -> dict[str, Any]:
    """Sections by name. One that could not be gathered has its `error`."""
    return {
        "python": _guarded(interpreter.python),
        "system": _guarded(_system),
        "packages": _guarded(packages.versions),
        "environment": _guarded(packages.environment),
        "thread_pools": _guarded(lambda: packages.thread_pools()["pools"]),
        "protection": _guarded(interpreter.protection),
        "checks": [dataclasses.asdict(finding) for finding in examine.in_users_process()],
    }


def _guarded(facts: Callable[[], Any]) -> Any:
    try:
        return facts()
    except Exception as error:  # a report with a gap is better than none
        return {"error": f"{type(error).__name__}: {error}"}


def _system() -> dict[str, str]:
    try:
        distribution = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):  # small containers have no such file
        distribution = "unknown"
    return {
        "system": distribution,
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
    }
