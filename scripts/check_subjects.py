#!/usr/bin/python3
"""Subjects of commits that are too long to be read in one line of `git log --oneline`.

scripts/check_subjects.py           the commits that came after the rule
scripts/check_subjects.py FILE      a message that is being written: the hook `commit-msg` of git
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# The last commit before the rule.
BEGINNING = "89a0f36"
MOST_CHARACTERS = 72


def too_long(subjects: Sequence[str]) -> list[str]:
    return [subject for subject in subjects if len(subject) > MOST_CHARACTERS]


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)


def subjects_since_the_rule() -> list[str]:
    """Those of HEAD's history; of HEAD alone where the clone is too shallow to tell which came after the rule."""
    commits = [f"{BEGINNING}..HEAD"] if git("cat-file", "-e", f"{BEGINNING}^{{commit}}").returncode == 0 else ["-1"]
    log = git("log", "--no-merges", "--format=%s", *commits)
    log.check_returncode()
    return log.stdout.splitlines()


def main(arguments: Sequence[str]) -> int:
    if arguments:
        subjects = Path(arguments[0]).read_text(encoding="utf-8").splitlines()[:1]
    else:
        subjects = subjects_since_the_rule()
    found = too_long(subjects)
    for subject in found:
        print(f"{len(subject)} characters, {MOST_CHARACTERS} is the most for a subject: {subject}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
