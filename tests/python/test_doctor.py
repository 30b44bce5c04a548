"""python3 -m parallel: the doctor as a program, also where the system forbids something, and the versions."""

import json
import os
import re
import subprocess
import sys

import IPython.utils.io  # noqa: F401 - opens a descriptor that stays, when jupyter_client imports it
import pytest

import parallel
from parallel._doctor import command, examine, interpreter, machine, text
from parallel._doctor.finding import OK, PROBLEM, UNKNOWN, Finding
from support import run_program

LINE = re.compile(r"(ok|advice|PROBLEM|unknown) +[a-z ]+: \S.*|         -> \S.*")


def doctor(*arguments, before=(), **environment):
    return subprocess.run(
        [*before, sys.executable, "-m", "parallel", *arguments],
        capture_output=True, text=True, timeout=50, env={**os.environ, **environment},
    )  # fmt: skip


def test_every_check_is_a_line():
    ended = doctor("doctor")
    assert ended.returncode == 0, ended
    *lines, empty, summary = ended.stdout.splitlines()
    assert empty == "" and all(map(LINE.fullmatch, lines)), ended.stdout
    assert re.fullmatch(r"\d+ checks: \d+ ok(, \d+ with advice)?, no problem", summary)
    checks = [line[9:].partition(":")[0] for line in lines if "->" not in line[:12]]
    assert checks[:4] == ["python", "libraries", "works", "protection"]
    assert {name for name, _ in examine._QUICK} | {"kernel"} <= set(checks)
    assert "numpy" in ended.stdout and "a work ran in a context" in ended.stdout


def test_json_is_all_there_is_on_standard_output(tmp_path):
    (tmp_path / "numpy.py").write_text("print('a greeting'); __version__ = '0'")
    ended = doctor("doctor", "--json", PYTHONPATH=os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    rows = json.loads(ended.stdout)
    assert all(set(row) == {"check", "mark", "found", "advice"} for row in rows) and "a greeting" in ended.stderr


def test_quiet_tells_what_is_not_ok_only():
    rows = json.loads(doctor("doctor", "--quiet", "--no-imports", "--json").stdout)
    assert all(row["mark"] != "ok" and row["advice"] for row in rows)
    ended = doctor("doctor", "-q", "--no-imports", before=["taskset", "-c", str(min(os.sched_getaffinity(0)))])
    assert "advice   processors: 1 of" in ended.stdout and "\nok " not in ended.stdout and ended.returncode == 0


def test_libraries_need_not_be_imported():
    ended = doctor("doctor", "--no-imports")
    assert "libraries:" not in ended.stdout and ended.returncode == 0


def test_versions_on_the_command_line():
    ended = doctor("versions")
    assert ended.returncode == 0 and ended.stdout.startswith("xeus-parallel       : ") and "numpy" in ended.stdout
    assert json.loads(doctor("versions", "--json").stdout)["python"]["executable"] == sys.executable
    assert doctor("--version").stdout == f"xeus-parallel {parallel.__version__}\n"


@pytest.mark.parametrize("arguments, word", [((), "COMMAND"), (("doctr",), "doctr"), (("doctor", "--what"), "--what")])
def test_what_it_does_not_understand(arguments, word):
    ended = doctor(*arguments)
    assert ended.returncode == 2 and not ended.stdout and ended.stderr.startswith("usage: ") and word in ended.stderr


def test_help():
    assert "doctor" in doctor("--help").stdout and "Exit status" in doctor("doctor", "--help").stdout


def test_a_check_that_fails_says_so_and_the_others_go_on(monkeypatch, capsys):
    def refuse():
        raise PermissionError(13, "Permission denied", "/sys/kernel")

    monkeypatch.setattr(machine, "huge_pages", refuse)
    assert command.main(["doctor", "--no-imports"]) == 0
    printed = capsys.readouterr().out
    assert (
        "unknown  huge pages: could not look: PermissionError: [Errno 13] Permission denied: '/sys/kernel'" in printed
    )
    assert "1 could not look, no problem" in printed and "open files" in printed and "-> if no other line" in printed


def test_a_problem_is_the_exit_status(monkeypatch, capsys):
    monkeypatch.setattr(interpreter, "trial", lambda: {"seconds": None, "error": "OSError: no"})
    assert command.main(["doctor", "--no-imports", "--quiet"]) == 1
    assert "PROBLEM  works: a work did not run: OSError: no" in capsys.readouterr().out


def test_a_summary():
    listed = [Finding("a", OK, "x"), Finding("b", PROBLEM, "y", "z"), Finding("c", UNKNOWN, "y", "z")]
    assert text.summary(listed) == "3 checks: 1 ok, 1 could not look, 1 problem"


# ---- where something is forbidden for real ---------------------------------------------------------------------------

FORBID = """
    import ctypes

    def forbid(error, *calls):  # a seccomp filter, as those of containers are
        class Step(ctypes.Structure):
            _fields_ = [
                ("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint)
            ]

        class Filter(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]

        steps = [Step(0x20, 0, 0, 0)]
        steps += [Step(0x15, len(calls) - n, 0, call) for n, call in enumerate(calls)]
        steps += [Step(0x06, 0, 0, 0x7FFF0000), Step(0x06, 0, 0, 0x00050000 | error)]
        filter = Filter(len(steps), (Step * len(steps))(*steps))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0, ctypes.get_errno()
        assert libc.prctl(22, 2, ctypes.byref(filter), 0, 0) == 0, ctypes.get_errno()
"""
DOCTOR = """
    import sys
    from parallel._doctor.command import main
    sys.exit(main(["doctor", "--quiet", "--no-imports"]))
"""


def test_process_vm_readv_is_forbidden():
    ended = run_program(FORBID, "forbid(1, 310)  # EPERM, process_vm_readv", DOCTOR)
    assert "advice   stacks: the memory of a forked child cannot be read (Operation not permitted)" in ended.stdout
    assert ended.returncode == 0, ended


def test_forks_are_forbidden():
    ended = run_program(FORBID, "forbid(11, 56, 57, 58, 435)  # EAGAIN; clone, fork, vfork, clone3", DOCTOR)
    assert "PROBLEM  works: a work did not run: " in ended.stdout, ended
    assert "PROBLEM  stacks: a fork of this process failed: Resource temporarily unavailable" in ended.stdout
    assert ended.returncode == 1


def test_little_address_space():
    """Less than most libraries need; the doctor tells it to the end."""
    ended = run_program("import resource; resource.setrlimit(resource.RLIMIT_AS, (700_000_000, -1))", DOCTOR)
    assert "advice   address space: 700.0 MB by ulimit -v" in ended.stdout and ended.returncode in (0, 1), ended


# ---- another Python --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module, told",
    [("_core.cpython-399-x86_64-linux-gnu.so", "was built for another Python"), (None, "is missing")],
    ids=["built for another", "not built"],
)
def test_without_a_module_for_this_python_the_import_says_so(tmp_path, module, told):
    folder = tmp_path / "parallel"
    folder.mkdir()
    for name in ("__init__.py", "_other_python.py"):
        (folder / name).write_bytes(open(os.path.join(parallel.__path__[0], name), "rb").read())
    if module is not None:
        (folder / module).write_bytes(b"")
    ended = doctor("doctor", PYTHONPATH=str(tmp_path))
    assert ended.returncode == 1 and told in ended.stderr and "circular" not in ended.stderr, ended
