"""At most configure(contexts=) works run at once, all batches together, and every batch gets its turn."""

import os
import signal
import threading
import time

import pytest

import parallel
from support import wait_until


def most_at_once(log) -> int:
    level = most = 0
    for change in log:
        level += change
        most = max(most, level)
    assert level == 0
    return most


def test_batches_share_the_contexts(two_contexts):
    log = parallel.xlist()
    for _ in range(6):
        for _ in range(4):
            parallel.submit_work(lambda: log.push(1) or time.sleep(0.03) or log.push(-1))
        parallel.start()
    parallel.run()
    assert len(log) == 48 and most_at_once(log) == 2


def test_a_later_batch_does_not_wait_for_the_end_of_an_earlier_one(two_contexts):
    for _ in range(400):
        parallel.submit_work(time.sleep, 0.02)
    parallel.start()
    at = time.monotonic()
    assert parallel.submit_work(lambda: "in between").result() == "in between"
    assert time.monotonic() - at < 2.0  # the rest of the first takes four
    parallel.cancel()
    parallel.run()


def test_many_batches_make_progress_evenly(two_contexts):
    counts = []
    for number in range(10):
        counts.append(parallel.xlist())
        for _ in range(200):
            parallel.submit_work(lambda number=number: time.sleep(0.004) or counts[number].push(1))
        parallel.start()
    wait_until(lambda: sum(map(len, counts)) > 600, 60)
    done = [len(count) for count in counts]
    parallel.cancel()
    parallel.run()
    assert min(done) * 5 > max(done), done


def test_who_waits_for_others_does_not_count():
    """Otherwise the first two would wait for ever for what the third is to push."""
    parallel.configure(contexts=2)
    gate = parallel.xlist()
    waiting = [parallel.submit_work(lambda: gate.wait(1, 60)) for _ in range(2)]
    parallel.start()
    time.sleep(0.1)
    parallel.submit_work(lambda: gate.push("open"))
    parallel.run()
    assert [work.result() for work in waiting] == [True, True]


def test_whose_wait_is_over_goes_on_at_once():
    """Also when those it has waited for go on and on."""
    parallel.configure(contexts=1)
    gate = parallel.xlist()
    first = parallel.submit_work(lambda: gate.wait(1, 60) and time.monotonic())
    parallel.start()
    time.sleep(0.1)
    parallel.submit_work(lambda: gate.push(1) or time.sleep(3))
    at = time.monotonic()
    parallel.start()
    assert first.result(60) - at < 1.5
    parallel.cancel()
    parallel.run()


def test_nested_works_run_while_their_parent_waits():
    parallel.configure(contexts=1)
    work = parallel.submit_work(lambda: [parallel.submit_work(lambda: os.getpid()).result() for _ in range(3)])
    assert len(work.result(60)) == 3


def test_fewer_contexts_hold_at_once(two_contexts):
    log = parallel.xlist()
    for _ in range(60):
        parallel.submit_work(lambda: log.push(1) or time.sleep(0.02) or log.push(-1))
    parallel.start()
    assert log.wait(4, 30)
    parallel.configure(contexts=1)
    time.sleep(0.2)
    seen = len(log)
    parallel.run()
    assert most_at_once(log) == 2 and len(log) == 120
    level, later = sum(list(log)[:seen]), list(log)[seen:]
    for change in later:
        level += change
        assert level <= 1


@pytest.mark.parametrize("die", [lambda: os.kill(os.getpid(), 9), lambda: os._exit(1)], ids=["killed", "exits"])
def test_the_dead_give_their_place_back(two_contexts, die):
    for _ in range(3):
        works = [parallel.submit_work(die) for _ in range(4)]
        parallel.start()
        for work in works:
            assert isinstance(work.exception(60), parallel.ContextCrashed)
    assert parallel.submit_work(lambda: 1).result(60) == 1


def test_a_killed_zygote_gives_all_places_back(two_contexts):
    began = parallel.xlist()
    works = [parallel.submit_work(lambda: began.push(1) or time.sleep(60)) for _ in range(2)]
    parallel.start()
    assert began.wait(2, 30)
    os.kill(works[0]._batch.zygote_pid, 9)
    assert parallel.submit_work(lambda: 1).result(60) == 1
    for work in works:
        assert isinstance(work.exception(60), parallel.ContextCrashed)


def test_a_killed_context_takes_along_the_permits_of_what_it_has_started(unprotected):
    """What is forked in its place needs one, and with a limit of 1 there was no other."""
    parallel.configure(contexts=1)
    for _ in range(20):
        began = parallel.xlist()

        def outer():
            parallel.submit_work(lambda: began.push(os.getpid()) or time.sleep(60))
            began.push(os.getpid())

        works = [parallel.submit_work(outer, errback=lambda error: None), parallel.submit_work(int)]
        parallel.start()
        assert began.wait(2, 30)
        os.kill(began[0], signal.SIGKILL)
        assert works[1].result(30) == 0
        assert works[0].state == "crashed"
        parallel.run()


def test_works_that_a_thread_submits_after_its_work_run_all_the_same():
    pushed = parallel.xlist()

    def late():
        time.sleep(0.1)
        parallel.submit_work(lambda: pushed.push("late"))

    def work():
        parallel.submit_work(int).result()
        threading.Thread(target=late).start()

    parallel.configure(contexts=1)
    parallel.submit_work(work)
    parallel.submit_work(time.sleep, 0.5)
    parallel.run()
    assert list(pushed) == ["late"]
    parallel.submit_work(int).result(30)  # the one permit has come back
