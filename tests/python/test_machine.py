"""What works take of the machine: processors, threads of libraries, memory."""

import gc
import importlib.util
import os
from pathlib import Path

import pytest

import parallel
from support import run_program

OPENMP_BLAS = Path("/usr/lib/x86_64-linux-gnu/openblas-openmp")


def is_debians(package):
    spec = importlib.util.find_spec(package)
    return spec is not None and spec.origin.startswith("/usr/lib/python3/dist-packages/")


# ---- processors ------------------------------------------------------------------------------------------------------


def test_as_many_contexts_as_processors_are_granted():
    """The affinity mask counts, not the number of processors of the machine."""
    first = min(os.sched_getaffinity(0))
    ended = run_program(f"""
        import os

        os.sched_setaffinity(0, {{{first}}})
        import parallel

        works = [parallel.submit_work(lambda: os.sched_getaffinity(0)) for _ in range(20)]
        parallel.start()
        print(len(parallel.contexts()))
        parallel.run()
        print(*{{processor for work in works for processor in work.result()}})
    """)
    assert ended.stdout.splitlines() == ["1", str(first)], ended


def test_contexts_have_the_affinity_of_the_main_program():
    """No context is pinned to where it began, nor to where the main program was when the module was imported."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        pinned = parallel.submit_work(os.sched_getaffinity, 0)
        parallel.start()
    finally:
        os.sched_setaffinity(0, before)
    assert pinned.result() == {max(before)} and parallel.submit_work(os.sched_getaffinity, 0).result() == before


# ---- threads of libraries --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not is_debians("numpy"), reason="a wheel of numpy brings a BLAS of its own")
@pytest.mark.deadline(120)
def test_a_blas_with_a_pool_of_openmp_threads_does_not_hang():
    """Warmed up in the main program, its pool is not copied by a fork: without care every product of a copy hangs."""
    assert OPENMP_BLAS.is_dir(), "scripts/packages.txt has its package"
    ended = run_program(
        """
        import os
        import numpy as np, threadpoolctl

        matrix = np.random.default_rng(1).random((300, 300))
        product = matrix @ matrix
        (blas,) = [found for found in threadpoolctl.threadpool_info() if found["user_api"] == "blas"]
        print(blas["threading_layer"])

        pid = os.fork()
        if pid == 0:  # to see that there is something to prevent
            import signal
            signal.alarm(2)
            matrix @ matrix
            os._exit(0)
        print(os.waitpid(pid, 0)[1] != 0)

        import parallel
        parallel.configure(contexts=2)
        for _ in range(25):
            works = [parallel.submit_work(lambda: matrix @ matrix) for _ in range(4)]
            assert all(np.allclose(work.result(timeout=60), product) for work in works)
            matrix @ matrix
        print("over")
        """,
        seconds=100,
        env={"LD_LIBRARY_PATH": str(OPENMP_BLAS), "OMP_NUM_THREADS": "2"},
    )
    assert ended.stdout.splitlines() == ["openmp", "True", "over"], ended


# ---- memory ----------------------------------------------------------------------------------------------------------


def private_kilobytes() -> int:
    """What this process has for itself, copies of its parent's pages included."""
    rollup = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in rollup if line.startswith(("Private_Clean", "Private_Dirty")))


def test_a_collection_in_a_context_leaves_the_pages_of_the_main_program_alone():
    """The collector writes into the head of every object it looks at: each page of them would be copied."""
    kept = [[n] for n in range(300_000)]  # some 40 MB in containers

    def collect():
        before = private_kilobytes()
        for _ in range(3):
            gc.collect()
        return private_kilobytes() - before

    assert parallel.submit_work(collect).result() < 4_000 and len(kept) == 300_000


def test_the_memory_of_a_context_is_gone_when_it_ends():
    """Of the main program's neither the private part grows nor the shared one."""
    before = private_kilobytes()
    sizes = [parallel.submit_work(lambda: len(bytearray(b"x") * 100_000_000)) for _ in range(3)]
    parallel.run()
    assert [work.result() for work in sizes] == [100_000_000] * 3 and private_kilobytes() - before < 20_000


@pytest.mark.skipif(not os.path.ismount("/dev/shm"), reason="this machine has no /dev/shm of its own")
def test_what_is_pushed_is_not_in_dev_shm():
    """Containers give it 64 MB; who exceeds that gets a SIGBUS."""

    def used():
        facts = os.statvfs("/dev/shm")
        return (facts.f_blocks - facts.f_bfree) * facts.f_frsize

    before, xl = used(), parallel.xlist()
    works = [parallel.submit_work(lambda: xl.push(bytes(10_000_000))) for _ in range(10)]
    parallel.run()
    assert all(work.done() for work in works) and sum(map(len, xl)) == 100_000_000
    assert used() - before < 50_000_000


def test_a_killed_program_leaves_no_file():
    """Neither in /dev/shm nor in /tmp: what has no name cannot be left behind."""

    def names():
        return {(folder, name) for folder in ("/dev/shm", "/tmp") for name in os.listdir(folder)}

    before = names()
    ended = run_program("""
        import os, parallel
        xl = parallel.xlist(range(100_000))
        parallel.submit_work(lambda: xl.push(bytes(1_000_000)))
        parallel.run()
        os.kill(os.getpid(), 9)
    """)
    new = {
        (folder, name)
        for folder, name in names() - before
        if "parallel" in name or "xpar" in name or folder == "/dev/shm"
    }
    assert ended.returncode == -9 and not {entry for entry in new if "xpar-kernel-" not in entry[1]}
