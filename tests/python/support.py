"""What the tests of the module share: waiting for conditions, other processes, what a process holds."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import parallel
from parallel import _core

# Every process a test starts inherits it, however far down and whoever its parent is by then.
MARK = "XPAR_TEST_MARK"


def wait_until(condition: Callable[[], object], seconds: float = 20.0, what: str = "") -> None:
    """Look again and again until `condition()` is true; AssertionError when it is not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what or "what was waited for did not come"
        time.sleep(0.002)


# ---- what this process holds -----------------------------------------------------------------------------------------


def children() -> list[int]:
    """The process numbers of this process's children, zombies included."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has ended since
            found += map(int, (task / "children").read_text().split())
    return found


def is_gone(pid: int) -> bool:
    """Is this no running process? One that nobody has reaped yet counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] in "ZX"
    except OSError:
        return True


def descriptors() -> dict[str, str]:
    """The open descriptors of this process and what they refer to."""
    found = {}
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the one of the listing itself
            found[number] = os.readlink(f"/proc/self/fd/{number}")
    return found


def shared_kilobytes() -> int:
    """Resident shared memory of this process, the region's above all."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssShmem"))
    return int(line.split()[1])


def region_use(collect: bool = True) -> tuple[int, int]:
    """Bytes in owned chunks and live xlists, once the garbage collector has had its turn."""
    if collect:
        gc.collect()
    region = _core.region()
    return region["allocated"], region["xlists"]


def usable_processors() -> int:
    """How many processors the machine grants."""
    return _core.processors()


# ---- other programs --------------------------------------------------------------------------------------------------


_libc = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """A test run that is killed leaves no program that works on for ever."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Program:
    """A Python program, given in parts, in a session of its own, and everything that descends from it."""

    def __init__(self, *sources: str, **options):
        self.mark = uuid.uuid4().hex
        environment = {**os.environ, MARK: self.mark, **options.pop("env", {})}
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
        command = [sys.executable, "-X", "faulthandler", "-c", "\n".join(map(textwrap.dedent, sources))]
        self.process = subprocess.Popen(
            command, text=True, start_new_session=True, env=environment, preexec_fn=_end_with_parent, **options
        )

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *exception) -> None:
        for pid in self.alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate(timeout=20)

    def line(self) -> str:
        """The next line it prints; the deadline of the test bounds the wait."""
        return self.process.stdout.readline().rstrip("\n")

    def end(self, seconds: float = 30.0) -> subprocess.CompletedProcess:
        """Wait for its end: status, output, errors."""
        output, errors = self.process.communicate(timeout=seconds)
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, output, errors)

    def alive(self) -> list[int]:
        """The processes that began with it and still run; zombies do not."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            with contextlib.suppress(OSError):  # gone meanwhile
                if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return [pid for pid in found if not is_gone(pid)]


def run_program(*sources: str, seconds: float = 30.0, **options) -> subprocess.CompletedProcess:
    """Run a Python program to its end. Nothing of it may be left then."""
    with Program(*sources, **options) as program:
        ended = program.end(seconds)
        wait_until(lambda: not program.alive(), 10, "processes are left")
        return ended


@contextlib.contextmanager
def busy_threads(count: int, work: Callable[[], None]) -> Iterator[None]:
    """`count` threads that call `work` again and again meanwhile."""
    stop = threading.Event()

    def turn():
        while not stop.is_set():
            work()

    threads = [threading.Thread(target=turn) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


# ---- heaps -----------------------------------------------------------------------------------------------------------


def ended_context() -> dict:
    """The heap of the context that has ended last."""
    newest = next(row for row in parallel.heaps() if row["kind"] == "context" and row["state"] == "ended")
    return parallel.heap(newest["id"])
