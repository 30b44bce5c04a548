"""timeout= and retries= of a work."""

import os
import signal
import time

import pytest

import parallel


@pytest.mark.parametrize(
    "limits, error, message",
    [
        ({"timeout": "1"}, TypeError, "timeout must be None or a number of seconds, not str"),
        ({"timeout": True}, TypeError, "timeout must be None or a number of seconds, not bool"),
        ({"timeout": 0}, ValueError, "timeout must be more than 0 seconds, not 0"),
        ({"timeout": -1.5}, ValueError, "timeout must be more than 0 seconds, not -1.5"),
        ({"timeout": float("nan")}, ValueError, "timeout must be more than 0 seconds, not nan"),
        ({"retries": -1}, ValueError, "retries must be 0 or more, not -1"),
        ({"retries": 1.5}, TypeError, "integer"),
    ],
)
def test_limits_that_make_no_sense(limits, error, message):
    with pytest.raises(error, match=message):
        parallel.submit_work(print, **limits)


# ---- timeout ---------------------------------------------------------------------------------------------------------


def test_a_work_that_takes_too_long_is_interrupted(two_contexts):
    left = parallel.xlist()

    def sleep():
        try:
            time.sleep(60)
        finally:
            left.push(os.getpid())

    slow, quick = parallel.submit_work(sleep, timeout=0.2), parallel.submit_work(lambda: 1, timeout=20)
    at = time.monotonic()
    parallel.start()
    with pytest.raises(
        TimeoutError, match=f"work {slow.id} 'sleep' in context . took longer than its timeout of 0.2 s"
    ) as caught:
        slow.result()
    assert 0.2 <= time.monotonic() - at < 2.0
    assert isinstance(caught.value, parallel.WorkTimeoutError) and caught.value.signal is None
    assert "time.sleep(60)" in slow.traceback and slow.state == "failed" and len(left) == 1
    assert quick.result() == 1 and quick.timeout == 20 and slow.timeout == 0.2
    with pytest.raises(parallel.WaitTimeoutError):  # that of the waiting is another thing
        parallel.submit_work(time.sleep, 0.5).result(timeout=0.01)
    parallel.run()


def _never_listens():
    while True:
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            pass


@pytest.mark.parametrize(
    "stubborn",
    [_never_listens, lambda: os.kill(os.getpid(), signal.SIGSTOP), lambda: sum(range(1 << 62))],
    ids=["passes over interrupts", "stopped", "in C"],
)
def test_one_that_cannot_be_interrupted_is_killed(two_contexts, stubborn):
    works = [parallel.submit_work(stubborn, timeout=0.1), *(parallel.submit_work(pow, (n, 2)) for n in range(20))]
    parallel.start()
    with pytest.raises(
        parallel.ContextCrashed, match="longer than its timeout of 0.1 s; .* its context was killed"
    ) as caught:
        works[0].result()
    assert isinstance(caught.value, TimeoutError) and caught.value.signal == signal.SIGKILL
    assert caught.value.work is works[0] and works[0].state == "crashed"
    assert [work.result() for work in works[1:]] == [n * n for n in range(20)]


def test_the_time_counts_from_the_start_of_the_work():
    parallel.configure(contexts=1)
    works = [parallel.submit_work(time.sleep, 0.15, timeout=1.0) for _ in range(10)]
    parallel.run()
    assert {work.state for work in works} == {"done"}


def test_an_interrupt_of_its_own_is_no_timeout(two_contexts):
    def interrupt():
        raise KeyboardInterrupt

    work = parallel.submit_work(interrupt, timeout=60)
    with pytest.raises(parallel.RemoteError, match="KeyboardInterrupt"):
        work.result()


# ---- retries ---------------------------------------------------------------------------------------------------------


def test_a_work_that_fails_is_run_again(two_contexts):
    attempts = parallel.xlist()

    def flaky():
        attempts.push(os.getpid())
        if len(attempts) < 3:
            raise ValueError("not yet")
        return "at last"

    work = parallel.submit_work(flaky, retries=5)
    parallel.run()
    assert work.result() == "at last" and work.attempts == len(attempts) == 3 and work.retries == 5


def test_the_last_error_is_the_one(two_contexts):
    attempts = parallel.xlist()

    def fail():
        attempts.push(1)
        raise ValueError(f"attempt {len(attempts)}")

    calls = []
    work = parallel.submit_work(fail, retries=2, errback=calls.append)
    parallel.run()
    assert work.state == "failed" and work.attempts == 3 and len(calls) == 1 and str(calls[0][1]) == "attempt 3"
    assert calls[0][1].__notes__ == ["attempt 3 of 3"]


@pytest.mark.parametrize(
    "die",
    [lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: os._exit(3), lambda: time.sleep(60)],
    ids=["killed", "exits", "takes too long"],
)
def test_crashes_and_timeouts_are_run_again(two_contexts, die):
    attempts = parallel.xlist()

    def unlucky():
        attempts.push(1)
        if len(attempts) < 4:
            die()
        return "at last"

    work = parallel.submit_work(unlucky, retries=3, timeout=0.3)
    others = [parallel.submit_work(pow, (n, 2)) for n in range(50)]
    parallel.run()
    assert work.result() == "at last" and len(attempts) == 4 and work.attempts == 4
    assert [other.result() for other in others] == [n * n for n in range(50)]


def test_what_is_cancelled_or_interrupted_is_not_run_again(two_contexts):
    began = parallel.xlist()
    works = [parallel.submit_work(lambda: began.push(1) or time.sleep(60), retries=9) for _ in range(2)]
    parallel.start()
    assert began.wait(2, 30)
    assert works[0].cancel()
    parallel.cancel()
    parallel.run()
    assert [work.state for work in works] == ["cancelled", "cancelled"] and len(began) == 2


def test_watchers_hear_of_the_last_attempt_only(two_contexts):
    attempts, ended = parallel.xlist(), []
    work = parallel.submit_work(lambda: attempts.push(1) or 1 / (len(attempts) > 4), retries=9)
    work.add_done_callback(lambda work: ended.append(work.state))
    parallel.run()
    assert ended == ["done"] and len(attempts) == 5
