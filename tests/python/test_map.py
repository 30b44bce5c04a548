"""map(): results in order, errors with their item, chunks."""

import concurrent.futures
import os
import time

import pytest

import parallel


def test_results_are_in_order(two_contexts):
    assert parallel.map(lambda n: n * n, range(1000)) == [n * n for n in range(1000)]
    assert parallel.map(pow, [2, 3, 4, 5], (10, 2, 1)) == [1024, 9, 4]
    assert parallel.map(str, []) == [] and parallel.map(str, iter("ab"), chunksize=5) == ["a", "b"]
    assert parallel.map(lambda pair: sum(pair), [(1, 2), (3, 4)]) == [3, 7]  # an item that is a tuple is one argument


def test_nothing_is_pickled_on_the_way_in(two_contexts):
    class Refuses:
        def __init__(self, n):
            self.n = n

        def __reduce_ex__(self, protocol):
            raise AssertionError("pickled")

    offset = Refuses(100)
    assert parallel.map(lambda item: item.n + offset.n, [Refuses(n) for n in range(10)]) == list(range(100, 110))


@pytest.mark.parametrize("chunksize, works", [(1, 20), (7, 3), (20, 1), (1000, 1)])
def test_chunks(two_contexts, chunksize, works):
    ran = parallel.xlist()
    first = parallel.submit_work(int).id
    assert parallel.map(lambda n: ran.push(n) or n, range(20), chunksize=chunksize) == list(range(20))
    assert sorted(ran) == list(range(20))
    assert parallel.submit_work(int).id - first - 1 == works


def test_all_contexts_take_part(two_contexts):
    assert len(set(parallel.map(lambda n: time.sleep(0.02) or os.getpid(), range(20)))) == 2


def test_the_first_error_is_raised_and_tells_its_item(two_contexts):
    ran = parallel.xlist()

    def invert(n):
        ran.push(n)
        time.sleep(0.01)
        return 1 / (n - 5)

    with pytest.raises(ZeroDivisionError) as caught:
        parallel.map(invert, range(1000), chunksize=2)
    assert caught.value.__notes__ == ["item 5 of map: 5"]
    text = caught.value.__cause__.text
    assert "return 1 / (n - 5)" in text and "call_each" not in text  # frames of the user alone
    assert len(ran) < 100  # the rest was cancelled
    parallel.run()  # and is no error of a run()


def test_an_error_is_not_kept_waiting(two_contexts):
    at = time.monotonic()
    with pytest.raises(ValueError):
        parallel.map(lambda n: int("x") if n else time.sleep(60), range(2))
    assert time.monotonic() - at < 5


def test_a_crash_is_told(two_contexts):
    with pytest.raises(parallel.ContextCrashed, match="exit code 3"):
        parallel.map(lambda n: os._exit(3) if n == 7 else n, range(100))


def test_works_that_are_pending_run_too(two_contexts):
    work = parallel.submit_work(lambda: 7)
    assert parallel.map(abs, [-1]) == [1] and work.result() == 7


def test_within_a_context(two_contexts):
    assert parallel.submit_work(lambda: parallel.map(abs, range(-3, 0))).result() == [3, 2, 1]


def test_bad_arguments():
    for call, error, message in (
        (lambda: parallel.map(3, [1]), TypeError, "int is not callable: map"),
        (lambda: parallel.map(abs), TypeError, "at least one iterable"),
        (lambda: parallel.map(abs, 3), TypeError, "not iterable"),
        (lambda: parallel.map(abs, [1], chunksize=0), ValueError, "chunksize must be at least 1, not 0"),
        (lambda: parallel.map(abs, [1], chunksize="2"), TypeError, "integer"),
    ):
        with pytest.raises(error, match=message):
            call()


def test_cancelled_by_another_thread(two_contexts):
    import threading

    threading.Timer(0.3, parallel.cancel).start()
    with pytest.raises(concurrent.futures.CancelledError):
        parallel.map(lambda n: time.sleep(60), range(4))
