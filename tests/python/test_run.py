"""run(), start() and the errors they raise, one by one, or show."""

import threading
import time

import pytest

import parallel
from support import wait_until


def test_nothing_runs_before_it_is_started():
    xl = parallel.xlist()
    work = parallel.submit_work(xl.push, 1)
    assert work.state == "pending" and not parallel.contexts(ended=False)
    parallel.run()
    assert list(xl) == [1]


def test_run_with_nothing_to_do_returns_at_once():
    began = time.monotonic()
    parallel.run()
    parallel.start()
    parallel.run_once()
    parallel.cancel()
    assert time.monotonic() - began < 5


def test_run_with_a_timeout(two_contexts):
    gate = parallel.xlist()
    work = parallel.submit_work(gate.wait, 1)
    for error in (parallel.WaitTimeoutError, TimeoutError):
        began = time.monotonic()
        with pytest.raises(error, match="did not end within 0.05 s"):
            parallel.run(timeout=0.05)
        assert 0.05 <= time.monotonic() - began < 10
    assert work.running()  # it goes on
    with pytest.raises(TimeoutError):
        work.result(timeout=0)
    with pytest.raises(TimeoutError):
        work.exception(0.01)
    gate.push(0)
    parallel.run(timeout=30)
    assert work.result() is True


def test_errors_are_raised_one_by_one():
    def fail(n):
        raise ValueError(n)

    for n in range(5):
        parallel.submit_work(fail, n)
    fine = parallel.submit_work(lambda: "fine")
    seen = []
    for _ in range(5):
        with pytest.raises(ValueError) as caught:
            parallel.run()
        seen.append(caught.value.args[0])
    parallel.run()
    assert sorted(seen) == [0, 1, 2, 3, 4] and fine.result() == "fine"


def test_result_and_exception_take_the_error():
    raised = parallel.submit_work(lambda: 1 / 0)
    handed_out = parallel.submit_work(lambda: [][1])
    with pytest.raises(ZeroDivisionError):
        raised.result()
    assert isinstance(handed_out.exception(), IndexError) and handed_out.exception() is handed_out.exception()
    parallel.run()


def test_an_error_somebody_waits_for_is_not_shown_as_well(capsys):
    work = parallel.submit_work(lambda: time.sleep(0.05) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work.result()
    assert capsys.readouterr() == ("", "")


def test_an_error_nobody_waits_for_is_shown_at_once(capsys):
    work = parallel.submit_work(lambda: 1 / 0, name="unwatched")
    parallel.start()
    shown = ""

    def is_shown():
        nonlocal shown
        shown += capsys.readouterr().err
        return "ZeroDivisionError" in shown

    wait_until(is_shown)
    assert f"work {work.id} 'unwatched'" in shown and "1 / 0" in shown
    with pytest.raises(ZeroDivisionError):
        parallel.run()


def test_a_long_run_tells_of_errors_early(capsys, two_contexts):
    gate = parallel.xlist()
    failed = parallel.submit_work(lambda: 1 / 0)
    parallel.submit_work(gate.wait, 1)
    threading.Timer(1.5, gate.push, (1,)).start()
    with pytest.raises(ZeroDivisionError):
        parallel.run()
    assert capsys.readouterr().err == (
        f"work {failed.id} '<lambda>' in context {failed.context} failed: "
        "ZeroDivisionError: division by zero; run() raises it when all work has ended\n"
    )


def test_a_batch_does_not_wait_for_another(two_contexts):
    gate = parallel.xlist()
    slow = parallel.submit_work(gate.wait, 1)
    parallel.start()
    quick = parallel.submit_work(lambda: "quick")
    assert quick.result() == "quick" and not slow.done()
    gate.push(1)
    parallel.run()


def test_many_works():
    works = [parallel.submit_work(int, n) for n in range(20_000)]
    parallel.run()
    assert [work.result() for work in works] == list(range(20_000))
