"""All checks, in the order in which they are told. One that fails says so, and the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from parallel._doctor import interpreter, judge_machine, judge_python, machine, packages
from parallel._doctor.finding import OK, Finding, could_not_look

_Check = tuple[str, Callable[[], Finding | Iterable[Finding]]]

# Name, and what gathers the facts and judges them. The order counts: a batch looks at what has been imported, and
# protection and threads tell what it has found.
_PYTHON: _Check = ("python", lambda: judge_python.python(interpreter.python()))
_QUICK: tuple[_Check, ...] = (
    ("protection", lambda: judge_python.protection(interpreter.protection(), interpreter.python())),
    ("threads", lambda: judge_python.thread_pools(packages.thread_pools())),
    ("forks", lambda: judge_python.hazards(packages.hazards())),
    ("malloc", lambda: judge_machine.allocators(machine.allocators())),
    ("processors", lambda: judge_machine.processors(machine.processors())),
    ("memory", lambda: judge_machine.memory(machine.memory())),
    ("overcommit", lambda: judge_machine.overcommit(machine.overcommit())),
    ("huge pages", lambda: judge_machine.huge_pages(machine.huge_pages())),
    ("processes", lambda: judge_machine.processes(machine.processes())),
    ("open files", lambda: judge_machine.open_files(machine.open_files())),
    ("address space", lambda: judge_machine.address_space(machine.address_space())),
    ("stacks", lambda: judge_machine.child_memory(machine.child_memory())),
)
_IMPORTS: _Check = ("libraries", lambda: judge_python.imports(packages.import_protected()))
_TRIAL: _Check = ("works", lambda: judge_python.trial(interpreter.trial()))
_KERNEL: _Check = ("kernel", lambda: judge_python.kernelspec(packages.kernelspec()))


def in_users_process() -> list[Finding]:
    """What can be told without importing anything and without starting works."""
    return _run([_PYTHON, *_QUICK])


def in_own_process(imports: bool = True) -> list[Finding]:
    """Everything. Libraries are imported, if `imports`, and a work is run: for a process that does nothing else."""
    return _run([_PYTHON, *([_IMPORTS] if imports else []), _TRIAL, *_QUICK, _KERNEL])


def is_ok(finding: Finding) -> bool:
    """Is there nothing to do about it?"""
    return finding.mark == OK


def _run(checks: Iterable[_Check]) -> list[Finding]:
    findings: list[Finding] = []
    for name, check in checks:
        try:
            found = check()
            findings += [found] if isinstance(found, Finding) else list(found)
        except Exception as error:  # what a check runs into is what it tells
            findings.append(could_not_look(name, error))
    return findings
