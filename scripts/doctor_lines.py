"""What `python3 -m parallel doctor` of a build tree finds that is not ok, as lines for a terminal."""

import json
import os
import subprocess
import sys
from pathlib import Path

import notebook_text as text

SECONDS = 60


def findings(build_dir: Path, python: str = sys.executable) -> list[dict[str, str]]:
    """A list of dicts: check, mark, found, advice. That the doctor itself fails is a finding like others.

    Libraries are not imported, which would take a second more.
    """
    paths = [str(build_dir.resolve() / "python"), os.environ.get("PYTHONPATH")]
    command = [python, "-m", "parallel", "doctor", "--quiet", "--no-imports", "--json"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment)
        found: list[dict[str, str]] = json.loads(done.stdout)
        return found
    except subprocess.TimeoutExpired:
        why = f"it took more than {SECONDS} s"
    except (OSError, ValueError) as error:
        why = str(error)
        if isinstance(error, ValueError):  # no JSON: it has failed, and the last line says why
            why = (done.stderr.strip().splitlines() or [why])[-1]
    advice = f"PYTHONPATH={paths[0]} {python} -m parallel doctor tells more"
    return [{"check": "doctor", "mark": "unknown", "found": f"could not look: {why}", "advice": advice}]


def lines(found: list[dict[str, str]], style: text.Style) -> list[str]:
    """Two paragraphs for each finding, at the width of the style; none if there is no finding."""
    if not found:
        return []
    printed = [style.bold("What is not as it could be on this machine (python3 -m parallel doctor):")]
    for finding in found:
        is_problem = finding["mark"] == "problem"
        mark, paint = ("PROBLEM", style.red) if is_problem else (finding["mark"], style.bold)
        first = text.wrapped(f"{finding['check']}: {finding['found']}", style, f"{mark:<8} ", " " * 9)
        printed += [paint(mark) + first[0].removeprefix(mark), *first[1:]]
        if finding["advice"]:
            printed += text.wrapped(f"-> {finding['advice']}", style, " " * 9, " " * 12)
    return printed
