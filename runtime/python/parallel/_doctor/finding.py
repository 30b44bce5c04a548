"""What one check says: a mark, what was found, and what to do about it."""

from __future__ import annotations

import dataclasses

OK = "ok"
ADVICE = "advice"  # works run, but slower, or with something missing
PROBLEM = "problem"  # works do not run, or cannot be relied on
UNKNOWN = "unknown"  # the check could not look


@dataclasses.dataclass(frozen=True)
class Finding:
    """One line of the doctor. `advice` is empty where there is nothing to do."""

    check: str
    mark: str
    found: str
    advice: str = ""


def could_not_look(check: str, error: BaseException) -> Finding:
    """What is said for a check that raised `error`."""
    what = " ".join(str(error).split())
    return Finding(
        check,
        UNKNOWN,
        f"could not look: {type(error).__name__}" + (f": {what}" if what else ""),
        "if no other line explains it, please report it",
    )
