"""contexts(): what is told of contexts that run and of those that have ended, in time and in memory."""

import dataclasses
import os
import signal
import time

import pytest

import parallel
from parallel import _history
from support import wait_until

MIB = 1 << 20


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def contexts_of(work):
    (row,) = [row for row in parallel.works() if row["id"] == work.id]
    return [context for context in parallel.contexts() if context.batch == row["batch"]]


def run_failing():
    try:
        parallel.run()
    except Exception:
        pass


def test_an_ended_context_tells_what_it_did(two_contexts):
    pushed, before = parallel.xlist(), time.time()
    works = [parallel.submit_work(lambda: burn(0.05) or pushed.push(1), name=f"work {n}") for n in range(4)]
    parallel.run()
    seen, after = contexts_of(works[0]), time.time()
    assert [context.slot for context in seen] == [0, 1]
    assert [context.id for context in seen] == [f"c{seen[0].batch}.0", f"c{seen[0].batch}.1"]
    for context in seen:
        assert (context.state, context.pid, context.work, context.restarts) == ("ended", None, None, 0)
        assert before < context.started < context.ended <= time.time()
        assert context.works == context.pushes == len(context.bars)
        # Its process began before it was ready for works, and ended after the last one.
        assert 0.04 * len(context.bars) <= context.cpu <= after - before
        assert 0 < context.heap_live <= context.heap_peak <= context.heap_limit
    bars = {bar["work"]: bar for context in seen for bar in context.bars}
    assert set(bars) == {work.id for work in works}
    for work in works:
        bar, context = bars[work.id], seen[work.context]
        assert bar["name"] == work.name and bar["state"] == "done" and "count" not in bar
        assert bar["ended"] - bar["started"] == pytest.approx(work.elapsed, abs=1e-5)
        assert context.started < bar["started"] < bar["ended"] < context.ended
        assert bar in context.bars
    for context in seen:
        for one, next_one in zip(context.bars, context.bars[1:]):
            assert one["ended"] <= next_one["started"]


def test_a_running_context(two_contexts):
    gate, began = parallel.xlist(), parallel.xlist()
    work = parallel.submit_work(lambda: burn(0.05) or began.push(os.getpid()) or gate.wait(1), name="busy")
    parallel.start()
    assert began.wait(1, 30)
    (context,) = parallel.contexts(ended=False)
    assert (context.state, context.work, context.pid, context.ended) == ("running", "busy", began[0], None)
    assert [(bar["work"], bar["ended"], bar["state"]) for bar in context.bars] == [(work.id, None, "running")]
    assert 0.04 < context.cpu < 30 and context.copied > 0
    assert parallel.contexts()[0].id == context.id
    gate.push(0)
    parallel.run()
    (ended,) = contexts_of(work)
    assert ended.bars[0]["started"] == context.bars[0]["started"] and ended.cpu >= context.cpu - 0.02


def test_one_that_has_nothing_to_do_is_idle(two_contexts):
    queue, consumed = parallel.xlist([1]), parallel.xlist()
    parallel.submit_queue(queue, consumed.push, name="consume")
    gate = parallel.xlist()
    parallel.submit_work(gate.wait, 1, name="holds the other")
    parallel.start()
    wait_until(lambda: len(consumed) == 1)
    wait_until(lambda: sorted(context.state for context in parallel.contexts(ended=False)) == ["idle", "running"])
    (idle,) = [context for context in parallel.contexts(ended=False) if context.state == "idle"]
    assert idle.work is None and idle.bars == [] and idle.works <= 1
    gate.push(0)
    parallel.run()


@pytest.mark.parametrize("written", [0, 16 * MIB])
def test_memory_that_was_copied(unprotected, written):
    """Pages of the snapshot that a context writes to; its own heap is none of them."""
    parallel.configure(contexts=1)
    snapshot = bytearray(b"x" * (32 * MIB))
    gate, ready = parallel.xlist(), parallel.xlist()

    def work():
        own = bytearray(24 * MIB)
        for at in range(0, written, 4096):
            snapshot[at] = 1
        ready.push(len(own))
        gate.wait(1)
        time.sleep(0.5)  # long enough that it is worth while to look at its end

    one = parallel.submit_work(work)
    parallel.start()
    assert ready.wait(1, 30)
    running = parallel.contexts(ended=False)[0].copied
    gate.push(0)
    parallel.run()
    ended = contexts_of(one)[0].copied
    for copied in (running, ended):
        assert written <= copied <= written + 20 * MIB, copied


def test_a_context_that_ends_at_once_is_not_looked_through():
    work = parallel.submit_work(int)
    parallel.run()
    assert contexts_of(work)[0].copied is None


def test_a_crashed_context_and_its_replacement():
    parallel.configure(contexts=1)
    crash = parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGKILL), name="crash")
    after = parallel.submit_work(int, name="after")
    run_failing()
    (context,) = contexts_of(crash)
    assert (context.state, context.restarts, context.works) == ("ended", 1, 1)
    assert [(bar["work"], bar["state"]) for bar in context.bars] == [(crash.id, "crashed"), (after.id, "done")]
    lonely = parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGKILL))
    run_failing()
    (context,) = contexts_of(lonely)
    assert (context.state, context.restarts, context.pid) == ("crashed", 0, None) and context.ended is not None


def test_a_batch_whose_zygote_was_killed(two_contexts):
    gate, began = parallel.xlist(), parallel.xlist()
    works = [parallel.submit_work(lambda: began.push(1) or gate.wait(1)) for _ in range(2)]
    parallel.start()
    assert began.wait(2, 30)
    os.kill(works[0]._batch.zygote_pid, signal.SIGKILL)
    for _ in works:
        with pytest.raises(parallel.ContextCrashed):
            parallel.run()
    for context in contexts_of(works[0]):
        assert context.state == "crashed" and context.ended >= context.started and context.pid is None


def test_many_works_are_few_bars(two_contexts):
    works = [parallel.submit_work(int) for _ in range(20_000)]
    parallel.run()
    seen = contexts_of(works[-1])
    bars = [bar for context in seen for bar in context.bars]
    assert len(bars) <= _history.KEPT_BARS
    assert sum(bar.get("count", 1) for bar in bars) == 20_000
    merged = [bar for bar in bars if "count" in bar]
    assert merged and all(bar["work"] is None and bar["name"] == f"{bar['count']:,} works" for bar in merged)


def test_what_was_never_needed_is_not_told():
    parallel.configure(contexts=50)
    gate = parallel.xlist()
    work = parallel.submit_work(lambda: gate.push(1))
    parallel.run()
    assert len(contexts_of(work)) == 1


def test_newest_first_and_bounded():
    for _ in range(_history.KEPT_BATCHES + 3):
        parallel.submit_work(int)
        parallel.run()
    batches = [context.batch for context in parallel.contexts()]
    assert batches == sorted(batches, reverse=True) and len(set(batches)) == _history.KEPT_BATCHES


def test_as_a_dict():
    parallel.submit_work(int)
    parallel.run()
    context = parallel.contexts()[0]
    assert context.to_dict() == dataclasses.asdict(context)
    assert list(context.to_dict())[:4] == ["id", "batch", "slot", "cell"]


@pytest.mark.packages
def test_pandas_takes_them():
    pandas = pytest.importorskip("pandas")
    parallel.submit_work(int)
    parallel.run()
    frame = pandas.DataFrame(parallel.contexts())
    assert list(frame.columns) == list(parallel.contexts()[0].to_dict()) and "ended" in set(frame["state"])
