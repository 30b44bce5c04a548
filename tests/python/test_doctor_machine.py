"""What the doctor says of the machine, with files of /proc and /sys as other machines have them."""

import os
import signal

import pytest

from doctor_support import says
from parallel import _core
from parallel._doctor import judge_machine, machine
from parallel._doctor.finding import ADVICE, OK, PROBLEM, UNKNOWN
from support import children

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
        (
            {"fork_errno": 12, "read_errno": 0, "ptrace_scope": None},
            PROBLEM,
            ["Cannot allocate memory", "no work can start"],
        ),
    ],
    ids=["yama", "seccomp", "no such call", "else", "no fork"],
)
def test_the_memory_of_a_child_cannot_be_read(facts, mark, words):
    assert says(judge_machine.child_memory({"fork_errno": 0, **facts}), mark, *words)


def test_another_malloc(root):
    maps = (
        "7f00-7f01 r-xp 0 00:00 1 /usr/lib/x86_64-linux-gnu/libjemalloc.so.2\n"
        "7f02-7f03 r--p 0 00:00 2 /usr/lib/libc.so.6\n"
    )
    facts = machine.allocators(root(proc__self__maps=maps * 2))
    assert facts == {"loaded": ["jemalloc"]} and says(judge_machine.allocators(facts), ADVICE, "jemalloc", "LD_PRELOAD")
    assert says(judge_machine.allocators({"loaded": []}), OK)
    assert says(judge_machine.allocators(machine.allocators(root() / "elsewhere")), UNKNOWN, "is /proc mounted?")
