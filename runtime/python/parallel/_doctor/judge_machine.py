"""What facts about the machine mean: a finding each, from the data of `machine`."""

from __future__ import annotations

import errno
import os
from typing import Any

from parallel._doctor.finding import ADVICE, OK, PROBLEM, UNKNOWN, Finding
from parallel._views.units import bytes_text, plural

_FEW_PROCESSES = 256  # beside contexts, whatever else the user runs: a desktop has some hundred
_FEW_FILES = 256
_SMALL_HEAP = 256 * 10**6
_MADVISE = "as root: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"
_NO_TRACING = 2  # of kernel.yama.ptrace_scope: from here on, a parent may not look into its children either


def processors(facts: dict[str, Any]) -> Finding:
    usable, machine = facts["usable"], facts["machine"]
    found = f"{usable} of {machine} usable"
    causes = []
    if machine is not None and facts["affinity"] < machine:
        causes.append(f"the affinity mask has {facts['affinity']}")
    if facts["quota"] is not None:
        causes.append(f"the cgroup's quota is {facts['quota']:g}")
    if causes:
        found += f" ({', '.join(causes)})"
    if usable > 1:
        return Finding("processors", OK, found)
    where = "see taskset, docker --cpus, the batch system's options" if causes else "the machine has no more"
    return Finding("processors", ADVICE, found, f"works take turns on one processor; {where}")


def memory(facts: dict[str, Any]) -> Finding:
    found = "the machine has " + ("an unknown size" if facts["machine"] is None else bytes_text(facts["machine"]))
    # Version 1 has a number beyond all machines where it has no limit.
    if facts["group"] is not None and (facts["machine"] is None or facts["group"] < facts["machine"]):
        found += f", the cgroup grants {bytes_text(facts['group'])}"
    found += f"; {bytes_text(facts['heap_limit'])} for each of {plural(facts['contexts'], 'context')}"
    if facts["heap_limit"] >= _SMALL_HEAP:
        return Finding("memory", OK, found)
    return Finding(
        "memory", ADVICE, found, "works that need more get a HeapLimitError: configure(contexts=) with fewer"
    )


def huge_pages(facts: dict[str, Any]) -> Finding:
    mode = facts["mode"]
    if not facts["visible"]:
        return Finding("huge pages", UNKNOWN, "there is no /sys/kernel/mm", "is /sys mounted?")
    if mode is None:
        return Finding("huge pages", OK, "this kernel has no transparent huge pages")
    if mode == "madvise":
        return Finding("huge pages", OK, "madvise: large heaps of contexts use them, small ones do not")
    if mode == "never":
        found = "never: large new memory of works costs three to five times as much as in huge pages"
        return Finding("huge pages", ADVICE, found, _MADVISE)
    found = (
        f"{mode}: the first write of a context to new memory clears 2 MiB (up to 3 ms), "
        "and writes after forks split huge pages"
    )
    return Finding("huge pages", ADVICE, found, f"if works are short: {_MADVISE}")


def overcommit(facts: dict[str, Any]) -> Finding:
    policy = facts["policy"]
    if policy is None:
        return Finding("overcommit", UNKNOWN, "there is no /proc/sys/vm/overcommit_memory", "is /proc mounted?")
    if policy != 2:
        return Finding("overcommit", OK, f"vm.overcommit_memory is {policy}: no fork is refused for what it might copy")
    found = "vm.overcommit_memory is 2: a fork is refused if a copy of the whole program would not fit"
    if facts["limit"] is not None and facts["committed"] is not None:
        found += f" ({bytes_text(facts['committed'])} of {bytes_text(facts['limit'])} are taken)"
    return Finding("overcommit", ADVICE, found, "if forks fail with ENOMEM, as root: sysctl vm.overcommit_memory=0")


def processes(facts: dict[str, Any]) -> Finding:
    limits = []
    if facts["user"] is not None and not facts["is_root"]:
        limits.append((facts["user"], "ulimit -u", "raise ulimit -u"))
    if facts["group"] is not None:
        limits.append((facts["group"], "pids.max of the cgroup", "raise pids.max (docker --pids-limit)"))
    if not limits:
        return Finding("processes", OK, "no limit that binds this user" if facts["is_root"] else "no limit")
    limit, name, remedy = min(limits)
    found = f"{limit:,} by {name}, threads included"
    if limit >= facts["contexts"] + _FEW_PROCESSES:
        return Finding("processes", OK, found)
    return Finding("processes", ADVICE, found, f"{remedy}, or forks may fail with EAGAIN when much else runs")


def open_files(facts: dict[str, Any]) -> Finding:
    limit = facts["limit"]
    if limit is None or limit >= _FEW_FILES:
        return Finding("open files", OK, "no limit" if limit is None else f"{limit:,} by ulimit -n")
    return Finding(
        "open files", ADVICE, f"{limit:,} by ulimit -n", "raise ulimit -n: pipes of contexts need some, libraries many"
    )


def address_space(facts: dict[str, Any]) -> Finding:
    limit = facts["limit"]
    if limit is None:
        return Finding("address space", OK, "no limit")
    found = f"{bytes_text(limit)} by ulimit -v; {bytes_text(facts['region'])} are reserved for xlists"
    return Finding(
        "address space", ADVICE, found, "ulimit -v unlimited: it counts address space that is reserved and never used"
    )


def child_memory(facts: dict[str, Any]) -> Finding:
    name = "stacks"
    if code := facts["fork_errno"]:
        advice = "no work can start: see the checks of memory, overcommit and processes"
        return Finding(name, PROBLEM, f"a fork of this process failed: {os.strerror(code)}", advice)
    code = facts["read_errno"]
    if not code:
        return Finding(name, OK, "the memory of a forked child can be read, as stacks() and heap(id) do")
    found = f"the memory of a forked child cannot be read ({os.strerror(code)}): no stacks(), no types in heap(id)"
    if (facts["ptrace_scope"] or 0) >= _NO_TRACING:
        return Finding(name, ADVICE, found, "as root: sysctl kernel.yama.ptrace_scope=1")
    if code in (errno.EPERM, errno.ENOSYS, errno.EACCES):
        advice = "permit process_vm_readv: in a container by its seccomp profile, or docker run --cap-add=SYS_PTRACE"
        return Finding(name, ADVICE, found, advice)
    return Finding(name, ADVICE, found, "works run all the same; please report it")


def allocators(facts: dict[str, Any]) -> Finding:
    loaded = facts["loaded"]
    if loaded is None:
        return Finding("malloc", UNKNOWN, "there is no /proc/self/maps", "is /proc mounted?")
    if not loaded:
        return Finding("malloc", OK, "the C library's own")
    advice = "tested with the C library's only: if works hang or crash, try without it (unset LD_PRELOAD)"
    return Finding("malloc", ADVICE, f"{', '.join(loaded)} in place of the C library's", advice)
