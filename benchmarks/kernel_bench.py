"""The kernel against ipykernel: how long a start takes, and a trivial cell from its request to reply and idle.

Finds the kernel by JUPYTER_PATH, as front ends do; where only the library was built there is nothing to compare.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import KernelManager

from harness import Row, timed

# ipykernel as it comes is to be as fast as this many of ours.
_WANTED = 1 / 0.6
_Make = Callable[[], KernelManager]
_CELLS = {"pass": "pass", "1 + 1": "1 + 1", "print(1)": "print(1)"}


class _Ipykernel(KernelManager):
    """ipykernel of this very interpreter, installed as a kernel or not."""

    @property
    def kernel_spec(self) -> KernelSpec:
        command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        return KernelSpec(argv=command, display_name="ipykernel", language="python")


def _xparallel() -> KernelManager:
    return KernelManager(kernel_name="xparallel")


@contextlib.contextmanager
def started(make: _Make) -> Iterator[Any]:
    """A client of a kernel that has just been started."""
    manager = make()
    manager.start_kernel(stderr=subprocess.DEVNULL)  # ipykernel's debugger warns there
    client = manager.client()
    client.start_channels()
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


@contextlib.contextmanager
def running(make: _Make) -> Iterator[Any]:
    """A client of a kernel that is ready."""
    with started(make) as client:
        client.wait_for_ready(timeout=60)
        yield client


def start(make: _Make) -> float:
    """Seconds from starting the process until it has answered a kernel_info_request."""
    # Not wait_for_ready(): its last step listens for 0.2 s whether anything else comes.
    began = time.perf_counter()
    with started(make) as client:
        client.kernel_info()
        client.get_shell_msg(timeout=60)
        return time.perf_counter() - began


def cell(client: Any, code: str) -> float:
    """Seconds from a request to its reply and its idle, whichever is later."""

    def run() -> None:
        request = client.execute(code)
        while True:
            message = client.get_iopub_msg(timeout=60)
            is_own = message["parent_header"].get("msg_id") == request
            if is_own and message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        client.get_shell_msg(timeout=60)

    return timed(run)


def measure(smoke: bool) -> Iterator[Row]:
    try:
        KernelSpecManager().get_kernel_spec("xparallel")
    except NoSuchKernel as error:
        print(f"kernel_bench: not run ({error})")
        return
    makers: tuple[_Make, ...] = (_xparallel, _Ipykernel)
    starts, cells = (1, 2) if smoke else (5, 60)
    times = [[start(make) for make in makers] for _ in range(starts)]
    ours, theirs = (statistics.median(column) for column in zip(*times))
    yield Row("start of a kernel until it answers", ours, "ipykernel", theirs, wanted=_WANTED)
    with running(_xparallel) as our_client, running(_Ipykernel) as their_client:
        for name, code in _CELLS.items():
            times = [[cell(client, code) for client in (our_client, their_client)] for _ in range(cells)]
            ours, theirs = (statistics.median(column) for column in zip(*times))
            yield Row(f"a cell of {name}, until reply and idle", ours, "ipykernel", theirs, wanted=_WANTED)
