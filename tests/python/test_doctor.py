"""The doctor's checks, each where all is well and where not, and its command line."""

import json
import os
import re
import signal
import subprocess
import sys
import types

import IPython.utils.io  # noqa: F401 - opens a descriptor that stays, when jupyter_client imports it
import numpy
import pytest

import parallel
from parallel import _core, _libraries
from parallel._doctor import command, examine, interpreter, judge_machine, judge_python, machine, packages, text
from parallel._doctor.finding import ADVICE, OK, PROBLEM, UNKNOWN, Finding
from support import children, run_program

GB = 10**9


@pytest.fixture
def root(tmp_path):
    """A root folder with the files of /proc and /sys that are written into it."""

    def write(**files):
        for name, content in files.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return tmp_path

    return write


def says(finding, mark, *words):
    """Is that its mark, and are these words in it? There is advice where it is not ok, and each is one line."""
    told = f"{finding.found} {finding.advice}"
    assert finding.mark == mark and all(word in told for word in words), finding
    assert (finding.mark == OK) == (finding.advice == "") and "\n" not in told
    return True


# ---- the machine -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content, mode, mark, word",
    [
        ("always [madvise] never\n", "madvise", OK, "madvise"),
        ("[always] madvise never\n", "always", ADVICE, "if works are short"),
        ("always madvise [never]\n", "never", ADVICE, "echo madvise"),
    ],
)
def test_huge_pages(root, content, mode, mark, word):
    facts = machine.huge_pages(root(sys__kernel__mm__transparent_hugepage__enabled=content))
    assert facts == {"mode": mode, "visible": True} and says(judge_machine.huge_pages(facts), mark, word)


def test_a_kernel_without_huge_pages(root):
    facts = machine.huge_pages(root(sys__kernel__mm__ksm__run="0"))
    assert facts["mode"] is None and says(judge_machine.huge_pages(facts), OK, "has no")
    assert says(judge_machine.huge_pages(machine.huge_pages(root() / "elsewhere")), UNKNOWN, "is /sys mounted?")


def test_a_file_with_something_else_in_it_is_told_as_such(root):
    with pytest.raises(ValueError, match="'what is this' has no mode"):
        machine.huge_pages(root(sys__kernel__mm__transparent_hugepage__enabled="what is this\n"))


def test_overcommit(root):
    meminfo = "MemTotal:  1000 kB\nCommitLimit:  3000000 kB\nCommitted_AS:  2000000 kB\nHugePages_Total:   0\n"
    strict = machine.overcommit(root(proc__meminfo=meminfo, proc__sys__vm__overcommit_memory="2\n"))
    assert strict == {"policy": 2, "limit": 3_072_000_000, "committed": 2_048_000_000}
    assert says(judge_machine.overcommit(strict), ADVICE, "2.0 GB of 3.1 GB", "vm.overcommit_memory=0")
    for policy in ("0", "1"):
        facts = machine.overcommit(root(proc__sys__vm__overcommit_memory=policy))
        assert says(judge_machine.overcommit(facts), OK, f"vm.overcommit_memory is {policy}")


def test_overcommit_without_proc(root):
    assert says(judge_machine.overcommit(machine.overcommit(root())), UNKNOWN, "there is no /proc/sys")


def test_control_groups_of_both_versions(root):
    second = root(
        proc__self__cgroup="0::/box\n",
        **{
            "sys__fs__cgroup__box__cpu.max": "150000 100000\n",
            "sys__fs__cgroup__box__memory.max": "1000000000\n",
            "sys__fs__cgroup__box__pids.max": "100\n",
        },
    )
    assert machine.control_groups(second) == {"processors": 1.5, "memory": GB, "processes": 100}
    first = root(
        proc__self__cgroup="3:pids:/a\n2:memory:/a\n1:cpu,cpuacct:/a\n",
        **{
            "sys__fs__cgroup__memory__a__memory.limit_in_bytes": "2000000000\n",
            "sys__fs__cgroup__cpu,cpuacct__a__cpu.cfs_quota_us": "50000\n",
            "sys__fs__cgroup__cpu,cpuacct__a__cpu.cfs_period_us": "100000\n",
            "sys__fs__cgroup__pids__a__pids.max": "max\n",
        },
    )
    assert machine.control_groups(first) == {"processors": 0.5, "memory": 2 * GB, "processes": None}


def test_no_control_groups(root):
    assert machine.control_groups(root()) == {"processors": None, "memory": None, "processes": None}
    with pytest.raises(TypeError):
        _core.cgroup_limits(1)


def test_processors():
    facts = machine.processors()
    assert facts["usable"] == _core.processors() and facts["affinity"] == len(os.sched_getaffinity(0))
    all_of_8 = {"machine": 8, "affinity": 8, "quota": None, "usable": 8}
    assert says(judge_machine.processors(all_of_8), OK, "8 of 8 usable")
    some = {**all_of_8, "affinity": 4, "quota": 2.5, "usable": 3}
    assert says(judge_machine.processors(some), OK, "3 of 8", "mask has 4", "quota is 2.5")
    assert says(judge_machine.processors({**some, "usable": 1}), ADVICE, "1 of 8", "take turns", "docker --cpus")
    assert says(judge_machine.processors({**all_of_8, "machine": 1, "affinity": 1, "usable": 1}), ADVICE, "no more")


def test_memory(root):
    facts = machine.memory(root(proc__meminfo="MemTotal:  16000000 kB\n"))
    assert facts["machine"] == 16_384_000_000 and facts["group"] is None and facts["heap_limit"] > 0
    assert "unknown size" in judge_machine.memory({**facts, "machine": None}).found
    roomy = {"machine": 16 * GB, "group": None, "heap_limit": 8 * GB, "contexts": 2}
    assert says(judge_machine.memory(roomy), OK, "16.0 GB", "8.0 GB for each of 2 contexts")
    boxed = {**roomy, "group": GB // 4, "heap_limit": GB // 8}
    assert says(judge_machine.memory(boxed), ADVICE, "the cgroup grants 250.0 MB", "configure(contexts=)")
    no_limit_in_version_1 = judge_machine.memory({**roomy, "group": 9223372036854771712})
    assert says(no_limit_in_version_1, OK) and "cgroup" not in no_limit_in_version_1.found


def test_processes(root):
    group = root(proc__self__cgroup="0::/\n", **{"sys__fs__cgroup__pids.max": "64\n"})
    facts = machine.processes(group)
    assert facts["group"] == 64 and says(judge_machine.processes(facts), ADVICE, "64 by pids.max", "--pids-limit")
    free = {"user": None, "group": None, "contexts": 2, "is_root": False}
    assert says(judge_machine.processes(free), OK, "no limit")
    assert says(judge_machine.processes({**free, "user": 30}), ADVICE, "30 by ulimit -u", "raise ulimit -u")
    assert says(judge_machine.processes({**free, "user": 30, "is_root": True}), OK, "no limit that binds")
    assert says(judge_machine.processes({**free, "user": 96_364, "group": 4096}), OK, "4,096 by pids.max")


def test_open_files():
    assert says(judge_machine.open_files(machine.open_files()), OK)
    assert says(judge_machine.open_files({"limit": 64}), ADVICE, "64 by ulimit -n", "raise")
    assert says(judge_machine.open_files({"limit": None}), OK, "no limit")


def test_address_space():
    assert says(judge_machine.address_space({"limit": None, "region": GB}), OK, "no limit")
    limited = judge_machine.address_space({"limit": 4 * GB, "region": 2 * GB})
    assert says(limited, ADVICE, "4.0 GB by ulimit -v", "2.0 GB are reserved", "ulimit -v unlimited")


def test_the_memory_of_a_child_is_read_for_real(root):
    facts = machine.child_memory(root(proc__sys__kernel__yama__ptrace_scope="1\n"))
    assert facts == {"fork_errno": 0, "read_errno": 0, "ptrace_scope": 1} and not children()
    assert says(judge_machine.child_memory(facts), OK, "can be read")


def test_no_handler_of_the_users_hears_of_that_child():
    heard = []
    before = signal.signal(signal.SIGCHLD, lambda *_: heard.append(1))
    try:
        machine.child_memory()
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert not heard


@pytest.mark.parametrize(
    "facts, mark, words",
    [
        ({"read_errno": 1, "ptrace_scope": 3}, ADVICE, ["not permitted", "no stacks()", "ptrace_scope=1"]),
        ({"read_errno": 1, "ptrace_scope": None}, ADVICE, ["seccomp", "SYS_PTRACE"]),
        ({"read_errno": 38, "ptrace_scope": 1}, ADVICE, ["not implemented", "seccomp"]),
        ({"read_errno": 5, "ptrace_scope": 1}, ADVICE, ["report"]),
        ({"fork_errno": 12, "read_errno": 0, "ptrace_scope": None}, PROBLEM, ["Cannot allocate memory", "no work can start"]),
    ],
    ids=["yama", "seccomp", "no such call", "else", "no fork"],
)
def test_the_memory_of_a_child_cannot_be_read(facts, mark, words):
    assert says(judge_machine.child_memory({"fork_errno": 0, **facts}), mark, *words)


def test_another_malloc(root):
    maps = "7f00-7f01 r-xp 0 00:00 1 /usr/lib/x86_64-linux-gnu/libjemalloc.so.2\n7f02-7f03 r--p 0 00:00 2 /usr/lib/libc.so.6\n"
    facts = machine.allocators(root(proc__self__maps=maps * 2))
    assert facts == {"loaded": ["jemalloc"]} and says(judge_machine.allocators(facts), ADVICE, "jemalloc", "LD_PRELOAD")
    assert says(judge_machine.allocators({"loaded": []}), OK)
    assert says(judge_machine.allocators(machine.allocators(root() / "elsewhere")), UNKNOWN, "is /proc mounted?")


# ---- the interpreter ---------------------------------------------------------------------------------------------------------


def test_python():
    facts = interpreter.python()
    assert facts["xeus-parallel"] == parallel.__version__ and facts["executable"] == sys.executable
    assert says(judge_python.python(facts), OK, facts["python"], sys.executable)


PROTECTED = {"mode": "strict", "active": True, "by": "patches", "obstacle": None, "without_twin": {}}


@pytest.mark.parametrize(
    "facts, told",
    [
        ({}, [(OK, "by patches")]),
        ({"by": "twins", "obstacle": "it was built elsewhere"}, [(ADVICE, "by source twins, which see less: it was built elsewhere")]),
        ({"without_twin": {"f": "no source"}}, [(OK, "patches"), (ADVICE, "1 function of yours without checks: f")]),
        ({"mode": "off", "active": False, "by": None}, [(ADVICE, "the mode is off")]),
        ({"missing": [], "unknown": []}, [(OK, "patches")]),
        ({"missing": ["numpy.core.x"]}, [(OK, "patches"), (ADVICE, "1 name that it looks for are not")]),
        ({"unknown": ["d.D", "b.B", "a.A", "c.C"]}, [(OK, ""), (ADVICE, "4 methods of these libraries that it does not know: a.A, b.B, c.C and 1 more")]),
    ],
    ids=["patches", "twins", "without twin", "off", "all found", "missing", "unknown"],
)
def test_protection(facts, told):
    findings = list(judge_python.protection({**PROTECTED, **facts}, interpreter.python()))
    assert len(findings) == len(told)
    assert all(says(finding, mark, word) for finding, (mark, word) in zip(findings, told))


def test_the_advice_on_twins_goes_by_the_python():
    twins = {**PROTECTED, "by": "twins", "obstacle": "x"}
    python = {"built for": "CPython 3.11.2", "python": "3.11.7", "implementation": "CPython"}
    (other,) = judge_python.protection(twins, python)
    (same,) = judge_python.protection(twins, {**python, "python": "3.11.2"})
    assert says(other, ADVICE, "CPython 3.11.2: use that one") and says(same, ADVICE, "as Debian's is", "/proc")


def test_protection_as_it_is_here():
    assert list(judge_python.protection(interpreter.protection(), interpreter.python()))


def test_a_trial_runs_a_work():
    facts = interpreter.trial()
    assert facts["error"] is None and says(judge_python.trial(facts), OK, "a work ran in a context")
    failed = judge_python.trial({"seconds": None, "error": "ContextCrashed: fork failed"})
    assert says(failed, PROBLEM, "did not run: ContextCrashed: fork failed")


# ---- libraries ---------------------------------------------------------------------------------------------------------------


def test_libraries_that_protection_knows_are_imported():
    names = set(packages.protected())
    assert {"numpy", "pandas", "matplotlib"} <= names and not {"parallel", "_io", ""} & names
    facts = packages.import_protected()
    assert facts["imported"]["numpy"] == numpy.__version__ and not facts["failed"]
    (finding,) = judge_python.imports(facts)
    assert says(finding, OK, "numpy")


def test_a_library_that_cannot_be_imported(monkeypatch, tmp_path):
    (tmp_path / "broken_for_the_doctor.py").write_text("raise OSError('no such\\nshared object')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(packages, "protected", lambda: ["broken_for_the_doctor", "not_there_at_all"])
    facts = packages.import_protected()
    assert facts == {"imported": {}, "failed": {"broken_for_the_doctor": "OSError: no such shared object"}}
    (finding,) = judge_python.imports(facts)
    assert says(finding, UNKNOWN, "could not look at broken_for_the_doctor", "import broken_for_the_doctor")
    (finding,) = judge_python.imports({"imported": {}, "failed": {}})
    assert says(finding, OK, "none is installed")


def test_hazards_loaded_and_installed(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "grpc", types.ModuleType("grpc"))
    (tmp_path / "polars").mkdir()
    (tmp_path / "polars/__init__.py").write_text("raise AssertionError('installed ones are not imported')")
    monkeypatch.syspath_prepend(tmp_path)
    facts = packages.hazards()
    assert facts["loaded"] == ["gRPC"] and "polars" in facts["installed"] and "gRPC" not in facts["installed"]
    loaded, installed = judge_python.hazards(facts)
    assert says(loaded, ADVICE, "gRPC loaded", "in the works only") and says(installed, ADVICE, "polars")
    (finding,) = judge_python.hazards({"loaded": [], "installed": []})
    assert says(finding, OK)


@pytest.mark.parametrize("version, is_hazard", [("2.9.0+cpu", False), ("2.9.0+cu128", True), (None, False)])
def test_torch_is_a_hazard_where_it_has_cuda(monkeypatch, version, is_hazard):
    monkeypatch.setattr(packages, "installed_version", {"torch": version}.get)
    assert ("CUDA" in packages.hazards()["installed"]) == is_hazard


def test_each_hazard_that_is_warned_of_is_one_of_the_doctors(monkeypatch):
    for module, name in _libraries.NOT_AFTER_A_FORK.items():
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, module, types.ModuleType(module))
            assert name in packages.hazards()["loaded"]


def test_thread_pools():
    facts = packages.thread_pools()
    assert facts["threadpoolctl"] and "numpy" in facts["with_pools"]
    assert says(judge_python.thread_pools(facts), OK)
    pool = {"internal_api": "openblas", "version": "0.3", "threading_layer": "openmp", "num_threads": 2}
    known = {"threadpoolctl": "3.1", "with_pools": ["numpy"], "pools": [pool, pool]}
    assert says(judge_python.thread_pools(known), OK, "openblas 0.3 (openmp) with 2 threads; in a context")
    assert says(judge_python.thread_pools({**known, "pools": None}), OK, "not loaded before")
    assert says(judge_python.thread_pools({**known, "threadpoolctl": None, "pools": None}), ADVICE, "pip install threadpoolctl")
    assert says(judge_python.thread_pools({"threadpoolctl": None, "with_pools": [], "pools": None}), OK, "no BLAS")


def test_the_kernel_is_found_or_not(monkeypatch, tmp_path):
    def look():
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        return judge_python.kernelspec(packages.kernelspec())

    monkeypatch.setattr(packages, "KERNEL", "xparallel-of-this-test")
    assert says(look(), ADVICE, "Jupyter finds no kernel", "make install")
    spec = tmp_path / "kernels/xparallel-of-this-test"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": [str(tmp_path / "gone")], "display_name": "x", "language": "python"}))
    assert says(look(), PROBLEM, "a program that is not there", str(tmp_path / "gone"))
    (tmp_path / "gone").write_text("#!/bin/sh\n")
    (tmp_path / "gone").chmod(0o755)
    assert says(look(), OK, str(spec))
    without = {"jupyter_client": None, "folder": None, "executable": None, "runs": False, "build_tree": None}
    assert says(judge_python.kernelspec(without), OK, "no jupyter_client")


def test_the_build_tree_is_named_where_the_kernel_is_not_installed():
    facts = {"jupyter_client": "8", "folder": None, "executable": None, "runs": False, "build_tree": "/b/share/jupyter"}
    assert says(judge_python.kernelspec(facts), ADVICE, "JUPYTER_PATH=/b/share/jupyter")


# ---- the command line --------------------------------------------------------------------------------------------------------

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
    assert "unknown  huge pages: could not look: PermissionError: [Errno 13] Permission denied: '/sys/kernel'" in printed
    assert "1 could not look, no problem" in printed and "open files" in printed and "-> if no other line" in printed


def test_a_problem_is_the_exit_status(monkeypatch, capsys):
    monkeypatch.setattr(interpreter, "trial", lambda: {"seconds": None, "error": "OSError: no"})
    assert command.main(["doctor", "--no-imports", "--quiet"]) == 1
    assert "PROBLEM  works: a work did not run: OSError: no" in capsys.readouterr().out


def test_a_summary():
    listed = [Finding("a", OK, "x"), Finding("b", PROBLEM, "y", "z"), Finding("c", UNKNOWN, "y", "z")]
    assert text.summary(listed) == "3 checks: 1 ok, 1 could not look, 1 problem"


# ---- where something is forbidden for real -----------------------------------------------------------------------------------

FORBID = """
    import ctypes

    def forbid(error, *calls):  # a seccomp filter, as those of containers are
        class Step(ctypes.Structure):
            _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint)]

        class Filter(ctypes.Structure):
            _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]

        steps = [Step(0x20, 0, 0, 0)]
        steps += [Step(0x15, len(calls) - n, 0, call) for n, call in enumerate(calls)]
        steps += [Step(0x06, 0, 0, 0x7FFF0000), Step(0x06, 0, 0, 0x00050000 | error)]
        filter = Filter(len(steps), (Step * len(steps))(*steps))
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, ctypes.byref(filter), 0, 0) == 0, ctypes.get_errno()
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


# ---- show_versions -----------------------------------------------------------------------------------------------------------


def test_show_versions_prints(capsys):
    assert parallel.show_versions() is None
    printed = capsys.readouterr().out
    for name in ("xeus-parallel", "python", "executable", "kernel", "libc", "numpy", "huge pages", "processors"):
        assert re.search(rf"^(ok +|advice +)?{name} *: ?\S", printed, re.MULTILINE), f"{name}\n{printed}"


def test_show_versions_as_data():
    facts = parallel.show_versions(as_dict=True)
    assert json.loads(json.dumps(facts)) == facts
    assert facts["packages"]["numpy"] == {"installed": numpy.__version__, "loaded": numpy.__version__}


def test_what_is_loaded_may_be_another_version(monkeypatch):
    monkeypatch.setattr(numpy, "__version__", "9.9")
    assert "but 9.9 is loaded" in text._version(packages.versions()["numpy"])
    assert text._version({"installed": None, "loaded": "1"}) == "not installed, but 1 is loaded"


def test_show_versions_imports_nothing_and_starts_nothing():
    ended = run_program("""
        import sys, parallel
        work = parallel.submit_work(print)
        parallel.show_versions(as_dict=True)
        loaded = [name for name in ("numpy", "pandas", "IPython", "jupyter_client") if name in sys.modules]
        print(loaded, work.state, len(parallel.contexts()))
        parallel.cancel()
    """)
    assert ended.stdout == "[] pending 0\n", ended


def test_show_versions_in_a_work():
    facts = parallel.submit_work(parallel.show_versions, (True,)).result()
    assert {row["mark"] for row in facts["checks"]} <= {OK, ADVICE}


def test_versions_with_a_gap(monkeypatch, capsys):
    def refuse():
        raise OSError("no")

    for name in ("versions", "environment", "thread_pools"):
        monkeypatch.setattr(packages, name, refuse)
    parallel.show_versions()
    assert "OSError: no" in capsys.readouterr().out


# ---- another Python ----------------------------------------------------------------------------------------------------------


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
