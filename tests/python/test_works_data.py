"""works(): which works there are, in every state, of batches that run and of those that have ended."""

import gc
import os
import signal
import time
import weakref

import pytest

import parallel
from parallel import _history, _works_data
from support import run_program, wait_until

KEYS = ["id", "name", "state", "cell", "batch", "context", "submitted", "started", "ended", "elapsed", "error"]


def row_of(work):
    (row,) = [row for row in parallel.works() if row["id"] == work.id]
    return row


def fail():
    raise KeyError("the key")


def test_a_work_from_its_submission_to_its_end(two_contexts):
    gate, began = parallel.xlist(), parallel.xlist()
    before = time.time()
    work = parallel.submit_work(lambda: began.push(1) or gate.wait(1), name="the work")
    row = row_of(work)
    assert list(row) == KEYS
    assert (row["name"], row["state"], row["cell"]) == ("the work", "pending", None)
    assert before <= row["submitted"] <= time.time() and row["batch"] is row["context"] is row["started"] is None
    parallel.start()
    assert began.wait(1, 30)
    row = row_of(work)
    assert (row["state"], row["context"], row["ended"], row["error"]) == ("running", 0, None, None)
    assert before <= row["submitted"] <= row["started"] <= time.time() and 0 < row["elapsed"] < time.time() - before
    gate.push(0)
    parallel.run()
    ended = row_of(work)
    assert ended["state"] == "done" and ended["started"] == row["started"] and ended["batch"] == row["batch"]
    assert row["started"] < ended["ended"] <= time.time()
    assert ended["elapsed"] == pytest.approx(ended["ended"] - ended["started"], abs=1e-5)
    assert ended["elapsed"] == work.elapsed


def test_every_way_to_end(two_contexts):
    works = {
        "done": parallel.submit_work(int),
        "failed": parallel.submit_work(fail),
        "crashed": parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGKILL)),
        "cancelled": parallel.submit_work(int),
    }
    works["cancelled"].cancel()
    for _ in range(3):
        try:
            parallel.run()
        except (KeyError, parallel.ContextCrashed):
            pass
    for state, work in works.items():
        assert row_of(work)["state"] == work.state == state
        assert work.id in [row["id"] for row in parallel.works(state)]
    assert row_of(works["failed"])["error"] == "KeyError: 'the key'"
    assert "SIGKILL" in row_of(works["crashed"])["error"]
    assert row_of(works["done"])["error"] is None and row_of(works["cancelled"])["error"] is None


def test_what_was_interrupted_is_cancelled(two_contexts):
    began = parallel.xlist()
    works = [parallel.submit_work(lambda: began.push(1) or time.sleep(60)) for _ in range(3)]
    parallel.start()
    assert began.wait(2, 30)
    parallel.cancel()
    wait_until(lambda: not parallel.contexts(ended=False))
    rows = [row_of(work) for work in works]
    assert [row["state"] for row in rows] == ["cancelled"] * 3
    assert [row["context"] is None for row in rows] == [False, False, True]
    assert rows[2]["started"] is None and rows[2]["elapsed"] is None


def test_a_queue_is_a_work_too(two_contexts):
    queue, seen = parallel.xlist(range(3)), parallel.xlist()

    def consume(n):
        seen.push(n)
        if n == 1:
            raise ValueError("one is too many")

    work = parallel.submit_queue(queue, consume, name="eats")
    assert row_of(work)["state"] == "pending"
    with pytest.raises(ValueError):
        parallel.run()
    row = row_of(work)
    assert (row["name"], row["state"], row["error"]) == ("eats", "failed", "ValueError: one is too many")
    assert row["context"] is None and row["started"] < row["ended"] and row["elapsed"] > 0
    assert work.id in [row["id"] for row in parallel.works("failed")]
    assert work.id not in [row["id"] for row in parallel.works("done")]


@pytest.mark.parametrize("errors", [1, 0])
def test_errors_are_one_line_that_never_raises(errors):
    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    def work():
        raise Hostile() if errors else ValueError("first\nsecond" + "x" * 999)

    parallel.submit_work(work)
    with pytest.raises(parallel.RemoteError if errors else ValueError):
        parallel.run()
    error = parallel.works("failed")[-1]["error"]
    assert "\n" not in error and len(error) <= 200
    assert "Hostile" in error if errors else error == "ValueError: first"


def test_states_that_there_are_not():
    with pytest.raises(ValueError, match="works are pending, running, .* or crashed, not 'over'"):
        parallel.works("over")
    with pytest.raises(TypeError, match="cell is a number or a label"):
        parallel.works(cell=1.5)
    assert parallel.works(cell=10**9) == []


def test_ids_are_in_order_and_come_once(two_contexts):
    for _ in range(3):
        for _ in range(5):
            parallel.submit_work(int)
        parallel.run()
    withdrawn = parallel.submit_work(int)
    assert withdrawn.cancel() and withdrawn.cancel()
    parallel.submit_work(int)
    numbers = [row["id"] for row in parallel.works()]
    assert numbers == sorted(set(numbers)) and len(numbers) >= 17


def test_of_a_large_batch_those_that_failed_and_the_last_are_known(two_contexts):
    def odd(n):
        if n == 7:
            raise ArithmeticError(n)

    works = [parallel.submit_work(odd, n) for n in range(5000)]
    with pytest.raises(ArithmeticError):
        parallel.run()
    batch = row_of(works[-1])["batch"]
    known = {row["id"]: row for row in parallel.works() if row["batch"] == batch}
    assert len(known) == _history.KEPT_WORKS
    assert known[works[7].id]["error"] == "ArithmeticError: 7"
    assert set(known) == {works[7].id} | {work.id for work in works[-_history.KEPT_WORKS + 1 :]}
    rows, total = _works_data.select("done", most=10)
    assert total >= 4999 and len(rows) < total


def test_as_many_as_asked_for_of_those_that_wait():
    for _ in range(50):
        parallel.submit_work(int)
    rows, total = _works_data.select("pending", most=10)
    assert (len(rows), total) == (10, 50)
    assert len(parallel.works("pending")) == 50


def test_what_is_remembered_keeps_no_work_and_no_result(two_contexts):
    work = parallel.submit_work(lambda: bytes(1_000_000))
    work.result()
    gone = weakref.ref(work)
    number = work.id
    wait_until(lambda: not parallel.contexts(ended=False))
    del work
    gc.collect()
    assert gone() is None
    assert [row["state"] for row in parallel.works() if row["id"] == number] == ["done"]


def test_only_the_last_batches_are_known():
    first = parallel.submit_work(int)
    parallel.run()
    for _ in range(_history.KEPT_BATCHES):
        parallel.submit_work(int)
        parallel.run()
    assert first.id not in [row["id"] for row in parallel.works()]
    assert len({row["batch"] for row in parallel.works("done")}) == _history.KEPT_BATCHES


def test_a_child_and_a_context_begin_with_nothing():
    parallel.submit_work(int)
    parallel.run()
    assert parallel.works() != []
    assert parallel.submit_work(lambda: (parallel.works(), parallel.contexts())).result() == ([], [])


@pytest.mark.packages
def test_pandas_takes_them():
    pandas = pytest.importorskip("pandas")
    parallel.submit_work(int)
    assert "pending" in set(pandas.DataFrame(parallel.works())["state"])


def test_looking_while_works_run_and_batches_end(two_contexts, seed):
    """Whoever looks, at any moment, sees each work once and in a state it can have."""
    done = run_program(f"""
        import random, threading, parallel
        parallel.configure(contexts=2)
        random.seed({seed})
        stop, seen = threading.Event(), set()

        def look():
            while not stop.is_set():
                rows = parallel.works()
                numbers = [row["id"] for row in rows]
                assert len(set(numbers)) == len(numbers)
                for row in rows:
                    assert (row["ended"] is not None) == (row["state"] == "done"), row
                    seen.add(row["state"])
                for context in parallel.contexts():
                    assert context.ended is None or context.state == "ended", context
                parallel.xlists(), parallel.heaps()

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads: thread.start()
        for _ in range(60):
            for _ in range(random.randrange(1, 300)): parallel.submit_work(int)
            parallel.run()
        stop.set()
        for thread in threads: thread.join()
        print(sorted(seen - {{"running"}}))
    """)
    assert done.stdout.splitlines() == ["['done', 'pending']"] and not done.stderr, (done.stdout, done.stderr)
