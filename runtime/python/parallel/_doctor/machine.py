"""Facts about the machine: what its kernel, control groups and limits grant this process.

Files are read below `root`, so that tests can put others in their place. A file that is not there gives None.
"""

from __future__ import annotations

import os
import re
import resource
from pathlib import Path
from typing import Any

from parallel import _core

ROOT = Path("/")
_ALLOCATORS = re.compile(r"/lib(jemalloc|tcmalloc|mimalloc)[^/]*\.so")


def _text(root: Path, name: str) -> str | None:
    try:
        return (root / name).read_text(errors="replace")
    except FileNotFoundError:
        return None


def _number(root: Path, name: str) -> int | None:
    text = _text(root, name)
    return None if text is None else int(text)


def _memory_lines(root: Path) -> dict[str, int]:
    """/proc/meminfo, in bytes."""
    text = _text(root, "proc/meminfo") or ""
    return {name: int(count) * 1024 for name, count in re.findall(r"^(\S+):\s+(\d+) kB$", text, re.MULTILINE)}


def huge_pages(root: Path = ROOT) -> dict[str, Any]:
    """Transparent huge pages: `mode` is always, madvise, never, or None: the kernel has none, or is not `visible`."""
    text = _text(root, "sys/kernel/mm/transparent_hugepage/enabled")
    if text is None:
        return {"mode": None, "visible": (root / "sys/kernel/mm").is_dir()}
    chosen = re.search(r"\[(\w+)\]", text)
    if chosen is None:
        raise ValueError(f"{text.strip()!r} has no mode in brackets")
    return {"mode": chosen[1], "visible": True}


def overcommit(root: Path = ROOT) -> dict[str, Any]:
    """Does the kernel count every page that a fork might copy? `policy` is vm.overcommit_memory: 0, 1 or 2."""
    memory = _memory_lines(root)
    return {
        "policy": _number(root, "proc/sys/vm/overcommit_memory"),
        "limit": memory.get("CommitLimit"),
        "committed": memory.get("Committed_AS"),
    }


def control_groups(root: Path = ROOT) -> _core.CgroupLimits:
    """The tightest limits of this process's control groups: processors, memory in bytes, processes; None: no limit."""
    return _core.cgroup_limits(_text(root, "proc/self/cgroup") or "", str(root / "sys/fs/cgroup"))


def processors(root: Path = ROOT) -> dict[str, Any]:
    """`usable` is what contexts go by: the affinity mask, but no more than the quota of the control groups."""
    return {
        "machine": os.cpu_count(),
        "affinity": len(os.sched_getaffinity(0)),
        "quota": control_groups(root)["processors"],
        "usable": _core.processors(),
    }


def memory(root: Path = ROOT) -> dict[str, Any]:
    """Bytes of the machine, of the control groups (None: no limit), and the limit of one context's heap."""
    from parallel import _config

    return {
        "machine": _memory_lines(root).get("MemTotal"),
        "group": control_groups(root)["memory"],
        "heap_limit": _config.heap_limit(),
        "contexts": _config.contexts(),
    }


def _soft(limit: int) -> int | None:
    soft = resource.getrlimit(limit)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def processes(root: Path = ROOT) -> dict[str, Any]:
    """How many processes there may be: `user` is RLIMIT_NPROC, `group` pids.max; None: no limit. Threads count, too."""
    from parallel import _config

    return {
        "user": _soft(resource.RLIMIT_NPROC),
        "group": control_groups(root)["processes"],
        "contexts": _config.contexts(),
        "is_root": os.geteuid() == 0,
    }


def open_files() -> dict[str, Any]:
    """RLIMIT_NOFILE: how many descriptors a process may have; None: no limit."""
    return {"limit": _soft(resource.RLIMIT_NOFILE)}


def address_space() -> dict[str, Any]:
    """RLIMIT_AS in bytes, None: no limit; and what the region that all contexts share reserves of it."""
    return {"limit": _soft(resource.RLIMIT_AS), "region": _core.region()["reserved"]}


def child_memory(root: Path = ROOT) -> dict[str, Any]:
    """What forking a child and reading its memory (process_vm_readv) gave: an errno each, 0 for what worked."""
    fork_errno, read_errno = _core.child_memory()
    return {
        "fork_errno": fork_errno,
        "read_errno": read_errno,
        "ptrace_scope": _number(root, "proc/sys/kernel/yama/ptrace_scope"),
    }


def allocators(root: Path = ROOT) -> dict[str, Any]:
    """Which libraries stand in place of glibc's malloc, as far as they are files of their own.

    None: there is no telling.
    """
    maps = _text(root, "proc/self/maps")
    return {"loaded": None if maps is None else sorted(set(_ALLOCATORS.findall(maps)))}
