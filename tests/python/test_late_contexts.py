"""configure(contexts=) holds for batches that run: they get further contexts, from the snapshot they began with."""

import os
import signal
import time

import pytest

import parallel
from parallel import _config, _core
from support import wait_until
from test_limit_of_contexts import most_at_once


class Held:
    """Works, or items, that tell when they begin, and end when they are let go. While they wait they need no permit."""

    def __init__(self):
        self.began, self.gate = parallel.xlist(), parallel.xlist()

    def hold(self, *_) -> int | None:
        self.began.push(os.getpid())
        self.gate.wait(1, 60)
        return _core.context()

    def start(self, count: int, contexts: int = 1) -> list[parallel.Work]:
        parallel.configure(contexts=contexts)
        works = [parallel.submit_work(self.hold) for _ in range(count)]
        parallel.start()
        assert self.began.wait(min(count, contexts), 30)
        return works

    def expect(self, count: int) -> None:
        """So many begin, and no more."""
        assert self.began.wait(count, 30), len(self.began)
        time.sleep(0.05)
        assert len(self.began) == count

    def let_go(self) -> None:
        self.gate.push("open")
        parallel.run()


@pytest.fixture
def held():
    made = Held()
    yield made
    vars(made).clear()  # pytest holds it longer than lists may live


def test_works_that_wait_for_a_context_get_one(held):
    works = held.start(6)
    held.expect(1)
    parallel.configure(contexts=4)
    held.expect(4)
    held.let_go()
    assert {work.result() for work in works} == {0, 1, 2, 3}


def test_twelve_works_of_a_third_of_a_second_take_less_than_three():
    parallel.configure(contexts=1)
    log = parallel.xlist()
    for _ in range(12):
        parallel.submit_work(lambda: log.push(1) or time.sleep(0.3) or log.push(-1))
    at = time.monotonic()
    parallel.start()
    parallel.configure(contexts=4)
    parallel.run()
    assert time.monotonic() - at < 2.7  # 3.6 one after the other; 0.9 on a machine that has nothing else to do
    assert most_at_once(log) == 4


def test_they_see_what_was_when_the_batch_was_started(unprotected):
    parallel.configure(contexts=1)
    values, gate = ["then"], parallel.xlist()
    works = [parallel.submit_work(lambda: (values[0], _core.context(), gate.wait(1, 60))) for _ in range(2)]
    parallel.start()
    values[0] = "now"
    parallel.configure(contexts=2)
    wait_until(lambda: len([context for context in parallel.contexts(ended=False) if context.work]) == 2)
    gate.push("open")
    parallel.run()
    assert {work.result() for work in works} == {("then", 0, True), ("then", 1, True)}


def test_raised_twice_lowered_and_raised_again(held):
    held.start(20)
    for contexts, begun in [(2, 2), (3, 3), (1, 3), (2, 3), (5, 5)]:
        parallel.configure(contexts=contexts)
        held.expect(begun)
    held.let_go()
    assert len(held.began) == 20


def test_lowered_again_they_hold_at_once():
    parallel.configure(contexts=1)
    log = parallel.xlist()
    for _ in range(60):
        parallel.submit_work(lambda: log.push(1) or time.sleep(0.02) or log.push(-1))
    parallel.start()
    parallel.configure(contexts=3)
    assert log.wait(12, 30)
    parallel.configure(contexts=1)
    time.sleep(0.2)
    seen = len(log)
    parallel.run()
    items = list(log)
    assert most_at_once(items) == 3 and len(items) == 120
    level = sum(items[:seen])
    for change in items[seen:]:
        level += change
        assert level <= 1


def test_consumers_of_a_queue_become_more(held):
    parallel.configure(contexts=1)
    queue = parallel.xlist(range(8))
    parallel.submit_queue(queue, held.hold)
    parallel.start()
    held.expect(1)
    parallel.configure(contexts=3)
    held.expect(3)
    held.let_go()
    assert len(held.began) == 8


def test_those_that_wait_at_an_empty_queue_become_more_and_the_batch_ends(held):
    parallel.configure(contexts=1)
    queue = parallel.xlist()
    parallel.submit_work(held.hold)
    parallel.submit_queue(queue, lambda item: held.began.push(os.getpid()))
    parallel.start()
    held.expect(1)
    parallel.configure(contexts=4)
    wait_until(lambda: len(parallel.contexts(ended=False)) == 4)
    queue.extend(range(10))
    held.expect(11)
    held.let_go()


def test_no_more_than_have_something_to_do(held):
    held.start(3)
    parallel.configure(contexts=50)
    held.expect(3)
    assert [context.slot for context in parallel.contexts(ended=False)] == [0, 1, 2]
    assert len([row for row in parallel.heaps() if row["state"] == "running"]) == 3
    held.let_go()
    assert [context.slot for context in parallel.contexts()[:3]] == [0, 1, 2]
    assert parallel.contexts()[3:4] == [] or parallel.contexts()[3].batch != parallel.contexts()[0].batch


def test_none_for_the_last_work(held):
    held.start(1)
    parallel.configure(contexts=8)
    time.sleep(0.05)
    assert len(parallel.contexts(ended=False)) == 1
    held.let_go()


def test_everything_that_looks_at_contexts_finds_them(held):
    works = held.start(4)
    parallel.configure(contexts=4)
    held.expect(4)
    running = parallel.contexts(ended=False)
    assert [(one.slot, one.state, one.works) for one in running] == [(n, "running", 0) for n in range(4)]
    wait_until(lambda: len(parallel.stacks()) == 4)
    assert {row["context"] for row in parallel.stacks()} == {0, 1, 2, 3}
    assert {row["id"] for row in parallel.heaps() if row["state"] == "running"} == {context.id for context in running}
    assert parallel.heap(running[3].id)["types"]
    held.let_go()
    ended = parallel.contexts()[:4]
    assert [(context.slot, context.state, context.works) for context in ended] == [(n, "ended", 1) for n in range(4)]
    assert sorted(bar["work"] for context in ended for bar in context.bars) == [work.id for work in works]
    assert parallel.heap(running[3].id)["peak_bytes"] > 0


@pytest.mark.deadline(120)
def test_up_to_64(held):
    held.start(100)
    parallel.configure(contexts=64)
    held.expect(64)
    parallel.configure(contexts=65 if (os.cpu_count() or 1) <= 64 else 64)
    held.expect(64)
    held.let_go()
    assert len(held.began) == 100


def test_what_they_print_is_shown(held, capsys):
    """By Python, and past its streams."""
    parallel.configure(contexts=1)
    for n in range(3):
        parallel.submit_work(lambda n=n: (print("printed", n), os.write(1, b"written %d\n" % n), held.hold()))
    parallel.start()
    parallel.configure(contexts=3)
    held.expect(3)
    held.let_go()
    lines = sorted(capsys.readouterr().out.splitlines())
    assert lines == [f"{how} {n}" for how in ("printed", "written") for n in range(3)]


def test_those_that_are_killed_are_replaced(held):
    works = held.start(6)
    parallel.configure(contexts=3)
    held.expect(3)
    for pid in held.began:
        os.kill(pid, signal.SIGKILL)
    held.expect(6)
    held.gate.push("open")
    errors = [work.exception(30) for work in works]
    assert [isinstance(error, parallel.ContextCrashed) for error in errors].count(True) == 3


def test_works_go_on_when_the_only_one_there_was_is_killed(held):
    works = held.start(2)
    os.kill(held.began[0], signal.SIGSTOP)  # whoever hangs
    parallel.configure(contexts=2)
    held.expect(2)
    os.kill(held.began[0], signal.SIGKILL)
    held.gate.push("open")
    assert isinstance(works[0].exception(30), parallel.ContextCrashed)
    assert works[1].result(30) == 1


def test_a_killed_zygote_takes_them_along(held):
    works = held.start(6)
    parallel.configure(contexts=3)
    held.expect(3)
    os.kill(works[0]._batch.zygote_pid, signal.SIGKILL)
    parallel.configure(contexts=6)
    for work in works:
        assert isinstance(work.exception(30), parallel.ContextCrashed)


def test_none_is_made_in_the_middle_of_a_stop():
    parallel.configure(contexts=1)
    began = parallel.xlist()

    def stubborn():
        began.push(os.getpid())
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            try:
                time.sleep(0.5)
            except KeyboardInterrupt:
                pass

    works = [parallel.submit_work(stubborn) for _ in range(4)]
    parallel.start()
    assert began.wait(1, 30)
    parallel.cancel()
    parallel.configure(contexts=4)
    parallel.run()
    assert len(began) == 1 and all(work.cancelled() for work in works[1:])
    assert len([context for context in parallel.contexts() if context.batch == works[0]._batch.serial]) == 1


def test_raised_again_and_again_while_batches_come_and_go(seed):
    import random

    numbers = random.Random(seed)
    works = []
    for _ in range(60):
        for _ in range(numbers.randrange(1, 12)):
            works.append(parallel.submit_work(lambda: time.sleep(0.002)))
        parallel.start()
        parallel.configure(contexts=numbers.randrange(1, 6))
        if numbers.random() < 0.3:
            parallel.run()
    parallel.run()
    assert all(work.state == "done" for work in works)


def test_executors_keep_to_their_number(held):
    parallel.configure(contexts=1)
    with parallel.Executor(contexts=2) as executor:
        futures = [executor.submit(held.hold) for _ in range(6)]
        held.expect(2)
        parallel.configure(contexts=4)
        held.expect(2)
        held.gate.push("open")
        assert all(future.result(30) in (0, 1) for future in futures)


def test_an_executor_without_a_number_starts_more_batches(held):
    parallel.configure(contexts=1)
    with parallel.Executor() as executor:
        futures = [executor.submit(held.hold)]
        held.expect(1)
        futures.append(executor.submit(held.hold))
        parallel.configure(contexts=2)
        held.expect(2)
        held.gate.push("open")
        assert [future.result(30) for future in futures] == [0, 0]


def test_their_heap_limit_is_that_of_the_time_they_are_made(held):
    """Also of those that take the place of one that was killed."""

    def limits():
        return {one.slot: (one.heap_limit >> 20, one.restarts) for one in parallel.contexts(ended=False) if one.work}

    parallel.configure(heap_limit=512 << 20)
    try:
        works = held.start(3)
        parallel.configure(contexts=2, heap_limit=64 << 20)
        held.expect(2)
        assert limits() == {0: (512, 0), 1: (64, 0)}
        os.kill(next(one.pid for one in parallel.contexts(ended=False) if one.slot == 1), signal.SIGKILL)
        held.expect(3)
        assert limits() == {0: (512, 0), 1: (64, 1)}
        held.gate.push("open")
        assert [type(work.exception(30)) for work in works].count(parallel.ContextCrashed) == 1
    finally:
        _config._heap_limit = None


def test_works_that_works_have_submitted_get_them_too(held):
    def outer():
        inner = [parallel.submit_work(held.hold) for _ in range(4)]
        return [work.result() for work in inner]

    parallel.configure(contexts=1)
    work = parallel.submit_work(outer)
    parallel.start()
    held.expect(1)
    parallel.configure(contexts=3)
    held.expect(3)
    held.gate.push("open")
    assert set(work.result(30)) == {0, 1, 2}


def test_works_submitted_in_a_work_know_the_number_of_now(held):
    """Their context was copied when it was another."""

    def outer():
        held.began.push(0)
        held.gate.wait(1, 60)
        inner = [parallel.submit_work(lambda: held.began.push(1) or held.gate.wait(2, 60)) for _ in range(3)]
        return [work.result() for work in inner]

    parallel.configure(contexts=1)
    work = parallel.submit_work(outer)
    parallel.start()
    held.expect(1)
    parallel.configure(contexts=3)
    held.gate.push("first")
    held.expect(4)
    assert _core.limit() == 3
    held.gate.push("second")
    assert work.result(30) == [True] * 3


def test_nothing_is_made_for_a_batch_that_has_ended():
    parallel.configure(contexts=1)
    work = parallel.submit_work(int)
    parallel.run()
    parallel.configure(contexts=4)
    assert work._batch.raise_contexts(4, 1 << 30) is None
    assert len(work._batch.contexts()) == 1


def test_a_work_may_raise_the_number_for_its_own_batch(held):
    def first():
        parallel.configure(contexts=3)
        return held.hold()

    parallel.configure(contexts=1)
    works = [parallel.submit_work(function) for function in (first, held.hold, held.hold, held.hold)]
    parallel.start()
    held.expect(3)
    held.let_go()
    assert {work.result() for work in works} <= {0, 1, 2}
