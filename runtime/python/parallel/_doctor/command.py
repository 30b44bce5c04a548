"""`python3 -m parallel`: the doctor, and the versions, on the command line."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
import warnings

from parallel import _core
from parallel._doctor import examine, show_versions, text
from parallel._doctor.finding import PROBLEM, Finding


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m parallel", description="Looks at what parallel needs, and tells it."
    )
    parser.add_argument("--version", action="version", version=f"xeus-parallel {_core.build()['version']}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    what = "check this machine and this Python: a line for each check, and what to do where it is not ok"
    status = "Exit status: 1 if there is a problem, which keeps works from running; else 0, advice or not."
    doctor = commands.add_parser("doctor", help=what, description=f"{what[0].upper()}{what[1:]}.", epilog=status)
    doctor.add_argument("-q", "--quiet", action="store_true", help="print only what is not ok; nothing if all is")
    doctor.add_argument(
        "--no-imports", action="store_true", help="do not import numpy, pandas and others to look at them"
    )
    doctor.add_argument("--json", action="store_true", help="print a list of objects: check, mark, found, advice")
    what = "print the versions that a report needs: parallel.show_versions()"
    versions = commands.add_parser("versions", help=what, description=f"{what[0].upper()}{what[1:]}.")
    versions.add_argument("--json", action="store_true", help="print them as one object")
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run a command; what it is to exit with."""
    options = _parser().parse_args(arguments)
    if options.command == "versions":
        if options.json:
            print(json.dumps(show_versions(as_dict=True), indent=2))
        else:
            show_versions()
        return 0
    return _doctor(options)


def _doctor(options: argparse.Namespace) -> int:
    # What libraries print at their import is not for who reads this as JSON; what is warned of is in the findings.
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        findings = examine.in_own_process(imports=not options.no_imports)
    shown = [finding for finding in findings if not (options.quiet and examine.is_ok(finding))]
    if options.json:
        print(json.dumps([dataclasses.asdict(finding) for finding in shown], indent=2))
    else:
        _print(shown, None if options.quiet else text.summary(findings))
    return 1 if any(finding.mark == PROBLEM for finding in findings) else 0


def _print(shown: list[Finding], summary: str | None) -> None:
    for line in text.findings(shown):
        print(line)
    if summary is not None:
        print(f"\n{summary}")
