"""submit_queue: every item consumed once, by whoever is free; how it ends; what fails on the way."""

import os
import signal

import pytest

import parallel
from parallel import _engine
from support import region_use, wait_until


def test_what_is_there_already():
    queue, seen = parallel.xlist(range(1000)), parallel.xlist()
    work = parallel.submit_queue(queue, seen.push)
    parallel.run()
    assert sorted(seen) == list(range(1000)) and work.result() == 1000 and len(queue) == 0 and not queue.closed


def test_an_empty_queue_ends_at_once():
    work = parallel.submit_queue(parallel.xlist(), print)
    parallel.run()
    assert work.result() == 0 and work.state == "done"


def test_a_closed_queue():
    queue = parallel.xlist("ab")
    queue.close()
    assert parallel.submit_queue(queue, len).result() == 2


def test_several_producers_and_consumers(two_contexts):
    queue, seen = parallel.xlist(), parallel.xlist()
    for who in range(3):
        parallel.submit_work(lambda who: queue.extend((who, n) for n in range(500)), who)
    consuming = parallel.submit_queue(queue, lambda item: seen.push((item, os.getpid())))
    parallel.run()
    assert sorted(item for item, _ in seen) == [(who, n) for who in range(3) for n in range(500)]
    assert consuming.result() == 1500


def test_a_chain_of_queues(two_contexts):
    numbers, squares, results = parallel.xlist(), parallel.xlist(), parallel.xlist()
    parallel.submit_work(lambda: numbers.extend(range(200)))
    first = parallel.submit_queue(numbers, lambda n: squares.push(n * n))
    second = parallel.submit_queue(squares, lambda n: results.push(n + 1))
    parallel.run()
    assert sorted(results) == [n * n + 1 for n in range(200)]
    assert (first.result(), second.result()) == (200, 200)


def test_a_consumer_that_pushes_to_its_own_queue(two_contexts):
    queue, leaves = parallel.xlist([0]), parallel.xlist()

    def split(depth):
        if depth == 8:
            leaves.push(1)
        else:
            queue.push(depth + 1)
            queue.push(depth + 1)

    work = parallel.submit_queue(queue, split)
    parallel.run()
    assert len(leaves) == 2**8 and work.result() == 2**9 - 1


def test_the_main_thread_feeds_a_queue(two_contexts):
    queue, seen, gate = parallel.xlist(), parallel.xlist(), parallel.xlist()
    parallel.submit_work(gate.wait, 1)  # keeps the batch going
    work = parallel.submit_queue(queue, seen.push)
    parallel.start()
    for n in range(100):
        queue.push(n)
        assert seen.wait(n + 1, 30)
    gate.push(1)
    parallel.run()
    assert list(seen) == list(range(100)) and work.result() == 100


def test_a_close_ends_a_queue_that_waits(two_contexts):
    queue, gate, seen = parallel.xlist(), parallel.xlist(), parallel.xlist()
    parallel.submit_work(gate.wait, 1)
    parallel.submit_queue(queue, seen.push)
    parallel.start()
    queue.push(1)
    assert seen.wait(1, 30)
    queue.close()
    gate.push(1)
    parallel.run()
    assert list(seen) == [1]


def test_callback_and_errback():
    calls = []
    parallel.submit_queue(
        parallel.xlist(range(5)), len, callback=calls.append, errback=lambda error: calls.append(error[0])
    )
    parallel.submit_queue(parallel.xlist("abc"), len, callback=calls.append, errback=calls.append)
    parallel.run()
    assert sorted(calls, key=str) == [3, TypeError]


def test_a_consumer_that_raises_does_not_keep_the_others_from_being_consumed(two_contexts):
    queue, seen = parallel.xlist(range(100)), parallel.xlist()

    def consume(n):
        if n % 10 == 3:
            raise ValueError(n)
        seen.push(n)

    work = parallel.submit_queue(queue, consume, name="picky")
    with pytest.raises(ValueError) as caught:
        parallel.run()
    parallel.run()  # one error for the queue
    assert caught.value.args[0] % 10 == 3 and caught.value.__notes__ == ["9 more items of this queue failed"]
    assert (
        f"an item of work {work.id} 'picky'" in str(caught.value.__cause__) and "raise ValueError(n)" in work.traceback
    )
    assert len(seen) == 90 and work.state == "failed"


def test_a_queues_work_is_not_done_before_its_errors_are_known():
    engine = _engine.current()
    with engine._lock:  # nobody reads a report meanwhile
        work = parallel.submit_queue(parallel.xlist([1]), lambda n: 1 / 0)
        parallel.start()
        wait_until(lambda: work._batch.state(work._index) >= 2)
        assert not work.done() and work.state == "running"
    assert isinstance(work.exception(), ZeroDivisionError) and work.state == "failed"


def test_the_error_of_an_item_is_there_whenever_the_work_is_done():
    for _ in range(50):
        work = parallel.submit_queue(parallel.xlist([1]), lambda n: 1 / 0)
        parallel.start()
        wait_until(work.done)
        assert work.state == "failed" and isinstance(work.exception(), ZeroDivisionError)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_consumer_that_crashes_costs_its_item_only(number, two_contexts):
    queue, seen = parallel.xlist(range(50)), parallel.xlist()

    def consume(n):
        if n == 20:
            os.kill(os.getpid(), number)
        seen.push(n)

    work = parallel.submit_queue(queue, consume, name="fragile")
    with pytest.raises(parallel.ContextCrashed, match=f"an item of work {work.id} 'fragile'.*{number.name}") as caught:
        parallel.run()
    assert caught.value.signal == number and caught.value.work is work
    assert sorted(seen) == [n for n in range(50) if n != 20]


def test_an_item_that_cannot_be_rebuilt(unprotected):
    queue, seen = parallel.xlist([1]), parallel.xlist()

    def produce():
        global Local

        class Local:
            pass

        Local.__qualname__ = "Local"
        queue.push(Local())
        queue.push(2)

    parallel.configure(contexts=1)
    parallel.submit_work(produce).result()
    work = parallel.submit_queue(queue, seen.push)
    with pytest.raises(AttributeError):
        work.result()
    assert list(seen) == [1, 2]


def test_cancelling_a_queue(two_contexts):
    queue, gate = parallel.xlist(range(10)), parallel.xlist()
    pending = parallel.submit_queue(queue, print)
    assert pending.cancel() and pending.cancelled() and len(queue) == 10
    work = parallel.submit_queue(queue, lambda n: gate.wait(1))
    parallel.start()
    wait_until(lambda: len(queue) == 8)
    assert work.cancel() is False and work.running()
    parallel.cancel()
    parallel.run()
    assert work.cancelled() and len(queue) == 8  # what has not been taken stays


def test_more_queues_than_events_can_be_waited_for(two_contexts):
    queues, seen = [parallel.xlist() for _ in range(40)], parallel.xlist()

    def produce():
        for n, queue in enumerate(queues):
            queue.push(n)

    parallel.submit_work(produce)
    works = [parallel.submit_queue(queue, seen.push) for queue in queues]
    parallel.run()
    assert sorted(seen) == list(range(40)) and [work.result() for work in works] == [1] * 40


def test_a_queue_that_nobody_holds_any_more():
    before = region_use()
    seen = parallel.xlist()
    work = parallel.submit_queue(parallel.xlist([b"x" * 100_000] * 3), lambda item: seen.push(len(item)))
    parallel.run()
    assert work.result() == 3 and list(seen) == [100_000] * 3
    work = seen = None
    assert region_use() == before
