"""Many of everything: works in a batch, contexts on few processors, open batches, batches one after the other."""

import os
import time

import pytest

import parallel
import soak
from parallel import _config
from support import children, descriptors, run_program, wait_until


@pytest.mark.deadline(120)
def test_a_million_works_in_a_batch():
    """Submitted, run, and every result read. Bounds are far from what is measured, to notice a mistake of order."""
    ended = run_program(
        """
        import time, parallel

        def private_bytes():
            lines = open("/proc/self/smaps_rollup").read().splitlines()
            return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

        count, before, began = 1_000_000, private_bytes(), time.process_time()
        works = [parallel.submit_work(int) for _ in range(count)]
        parallel.run()
        assert all(work.result() == 0 for work in works)
        print(time.process_time() - began, (private_bytes() - before) / count)
        """,
        seconds=100,
    )
    assert ended.returncode == 0, ended
    seconds, size = map(float, ended.stdout.split())
    print(f"{seconds:.2f} s of this process, {size:.0f} bytes a work")
    assert seconds < 12 and size < 600


def test_many_contexts_on_few_processors_make_progress_evenly():
    contexts = 64
    parallel.configure(contexts=contexts)
    here, turns, gate = parallel.xlist(), parallel.xlist(), parallel.xlist()

    def spin(seconds):
        here.push(os.getpid())
        gate.wait(1)
        end, count = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            count += 1
        turns.push(count)

    for _ in range(contexts):
        parallel.submit_work(spin, 4)
    parallel.start()
    assert here.wait(contexts, 50)
    gate.push("go")
    parallel.run()
    counts = sorted(turns)
    print(counts)
    assert len(counts) == contexts == len(set(here))
    tenth = contexts // 10
    assert counts[tenth] * 5 > counts[-tenth - 1], counts  # without the extremes: others use the processors too


@pytest.mark.deadline(120)
def test_two_hundred_batches_open_at_once():
    """Each sees the program as it was when it started, and all go on when what they wait for comes."""
    gate, here, before = parallel.xlist(), parallel.xlist(), len(descriptors())
    works, count = [], 200
    for number in range(count):
        works.append(parallel.submit_work(lambda: here.push(1) or (gate.wait(1) and number)))
        parallel.start()
    assert here.wait(count, 60)
    assert len(children()) == count and len({context.batch for context in parallel.contexts(ended=False)}) == count
    assert len(descriptors()) - before <= 2 * count  # of each zygote, at most
    assert parallel.submit_work(lambda: "one more").result(30) == "one more"
    gate.push("go")
    parallel.run(60)
    assert [work.result() for work in works] == list(range(count))
    wait_until(lambda: not children(), 20)


@pytest.mark.deadline(90)
@pytest.mark.keeps_memory
def test_batches_with_faults_leave_nothing(seed, monkeypatch):
    """As many as fit in a few seconds; `make soak` runs ten thousand."""
    monkeypatch.setattr(_config, "_heap_limit", None)  # set in there
    found = soak.run(batches=10_000, seed=seed, seconds=12)
    print(found)
    assert found["batches"] >= 20


def test_many_pending_works_are_cancelled_and_many_errors_read():
    """Neither may take time that grows with the square of how many there are: it was 5 s and 8 s for these."""
    count = 20_000
    began = time.process_time()
    works = [parallel.submit_work(int) for _ in range(count)]
    parallel.cancel()
    assert all(work.cancelled() for work in works)
    cancelled = time.process_time()
    works = [parallel.submit_work(int, "x") for _ in range(count)]
    with pytest.raises(ValueError):
        parallel.run()
    assert all(isinstance(work.exception(), ValueError) for work in works)
    print(cancelled - began, time.process_time() - cancelled)
    assert cancelled - began < 2.5 and time.process_time() - cancelled < 4
    parallel.run()
