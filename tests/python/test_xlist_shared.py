"""xlists between processes: every operation in contexts, several pushers and poppers, waiting, references, arrays."""

import collections
import os
import threading
import time

import numpy
import pytest

import parallel
from parallel import _core
from support import region_use, run_program, wait_until


def in_context(function, *args):
    """What `function` returns when a context calls it. The batch is over then."""
    work = parallel.submit_work(function, args)
    parallel.run()
    return work.result()


def test_every_operation_in_a_context():
    xl = parallel.xlist(range(5), name="shared")

    def use():
        assert len(xl) == xl.size() == 5 and bool(xl) and not xl.closed and list(xl) == [0, 1, 2, 3, 4]
        assert xl[0] == 0 and xl[-1] == 4 and xl[1:3] == [1, 2] and 3 in xl and 9 not in xl
        assert list(reversed(xl)) == [4, 3, 2, 1, 0]
        assert xl == [0, 1, 2, 3, 4] and xl.count(1) == 1 and xl.index(2) == 2 and xl.name == "shared"
        assert xl.pop() == 0 and repr(xl) == "<xlist 'shared' 4 items, 1 taken, 0 B>"
        xl.push({"a": [1, 2]})
        xl.extend(["x", "y"])
        with pytest.raises(ValueError, match="objects of type generator cannot be pushed to xlists"):
            xl.push([*range(3), (n for n in ())])
        with pytest.raises(IndexError):
            xl[20]
        assert xl.wait(7) and xl.heap["items"] == 7 and xl.heap["pushed"] == 8
        stream = xl.stream()
        assert [next(stream), next(stream)] == [1, 2]
        assert xl.flush() == [1, 2, 3, 4, {"a": [1, 2]}, "x", "y"]
        with pytest.raises(IndexError):
            xl.pop()
        xl.push("last")
        xl.close()
        with pytest.raises(ValueError):
            xl.push(1)
        assert list(xl.stream()) == ["last"] and not xl.wait(2)
        return True

    assert in_context(use)
    assert xl.closed and list(xl) == ["last"] and xl._pushed == 9


def test_a_context_sees_what_is_pushed_later(two_contexts):
    there, back = parallel.xlist(), parallel.xlist()

    def answer():
        for item in there.stream():
            back.push([item])

    parallel.submit_work(answer)
    parallel.start()
    for n in range(50):
        there.push(n)
        assert back.wait(n + 1, 30) and back[n] == [n]
    there.close()
    parallel.run()
    assert len(back) == 50


@pytest.mark.parametrize("size", [0, 100, 10_000])
def test_many_pushers_keep_their_order(size):
    parallel.configure(contexts=4)
    xl, padding, count = parallel.xlist(), b"x" * size, 2000 if size < 10_000 else 200

    def push(who):
        for n in range(count):
            xl.push((who, n, padding))

    for who in range(4):
        parallel.submit_work(push, who)
    parallel.start()
    push(4)  # the main thread does, too
    parallel.run()
    numbers = collections.defaultdict(list)
    for who, n, content in xl:
        assert content == padding
        numbers[who].append(n)
    assert numbers == {who: list(range(count)) for who in range(5)}


def test_every_item_is_taken_once():
    parallel.configure(contexts=4)
    source = parallel.xlist()

    def push(who):
        for n in range(1000):
            source.push((who, n))

    def take():
        got = []
        while not source.closed or len(source):
            try:
                got.append(source.pop())
            except IndexError:
                source.wait(1, 0.01)  # others may be faster again
            if source._pushed == 2000:
                source.close()
        return got

    works = [parallel.submit_work(take) for _ in range(2)]
    for who in range(2):
        parallel.submit_work(push, who)
    parallel.start()
    mine = take()
    parallel.run()
    lists = [mine] + [work.result() for work in works]
    assert sorted(item for got in lists for item in got) == [(who, n) for who in range(2) for n in range(1000)]
    for got in lists:  # whoever takes sees each pusher's items in their order
        for who in range(2):
            numbers = [n for pusher, n in got if pusher == who]
            assert numbers == sorted(numbers)


def test_flush_and_pop_share_without_loss(two_contexts):
    source, taken = parallel.xlist(), parallel.xlist()

    def take():
        while not source.closed or len(source):
            try:
                taken.push(source.pop())
            except IndexError:
                source.wait(1, 0.01)

    parallel.submit_work(take)
    parallel.start()
    flushed = []
    for n in range(5000):
        source.push(n if n % 3 else [n])
        if n % 50 == 49:
            flushed += source.flush()
    source.close()
    flushed += source.flush()
    parallel.run()
    everything = [item if isinstance(item, int) else item[0] for item in flushed + list(taken)]
    assert sorted(everything) == list(range(5000))
    assert [n for n in flushed if isinstance(n, int)] == sorted(n for n in flushed if isinstance(n, int))


# ---- waiting ---------------------------------------------------------------------------------------------------------


def test_wait_starts_what_is_pending_and_comes_back_at_once(two_contexts):
    xl, gate = parallel.xlist(), parallel.xlist()
    parallel.submit_work(lambda: xl.extend(range(3)) or gate.wait(1))
    assert xl.wait(3) is True
    assert parallel.contexts(ended=False)
    gate.push(1)
    assert xl.wait(4) is False  # decided when all work has ended
    parallel.run()


def test_wait_with_a_timeout(two_contexts):
    xl, gate = parallel.xlist(), parallel.xlist()
    parallel.submit_work(gate.wait, 1)
    began = time.monotonic()
    assert xl.wait(1, 0.05) is False and xl.wait(1, timeout=0) is False
    assert 0.05 <= time.monotonic() - began < 10
    gate.push(1)
    parallel.run()


def test_the_end_of_all_work_wakes_at_once():
    """In a program of its own: a fork of the tests' process takes longer than what is measured."""
    ended = run_program("""
        import time, parallel

        parallel.configure(contexts=2)
        began = time.monotonic()
        for _ in range(20):
            xl = parallel.xlist()
            parallel.submit_work(lambda: None)
            assert xl.wait(1) is False and list(xl.stream()) == []
        print(time.monotonic() - began)
    """)
    assert float(ended.stdout) < 20 * 0.1 / 2, ended


def test_a_sleep_that_an_event_of_the_engine_ends():
    xl = parallel.xlist()
    seen = _core.events()
    assert xl._wait_beyond(0, 0.02, seen) is False
    timer = threading.Timer(0.05, _core.signal)
    timer.start()
    began = time.monotonic()
    assert xl._wait_beyond(0, 30, seen) is False and time.monotonic() - began < 10
    assert xl._wait_beyond(0, 30, seen) is False  # it has moved on, so there is nothing to wait for
    timer.join()
    seen = _core.events()
    timer = threading.Timer(0.05, xl.push, (1,))
    timer.start()
    assert xl._wait_beyond(0, 30, seen) is True
    timer.join()
    xl.close()
    assert xl._wait_beyond(9, 30, seen) is True
    with pytest.raises(TypeError):
        xl._wait_beyond(9, 30, "1")


def test_a_push_wakes_at_once(two_contexts):
    """Several hundred round trips in far less than the time slices in which waiters look by themselves."""
    ping, pong = parallel.xlist(), parallel.xlist()

    def answer():
        for n in range(300):
            ping.wait(n + 1)
            pong.push(n)

    parallel.submit_work(answer)
    began = time.monotonic()
    for n in range(300):
        ping.push(n)
        assert pong.wait(n + 1, 20)
    assert time.monotonic() - began < 300 * 0.1 / 2
    parallel.run()


def test_a_close_wakes_a_waiting_context():
    xl = parallel.xlist()
    work = parallel.submit_work(lambda: (xl.wait(5), list(xl.stream())))
    parallel.start()
    wait_until(work.running)
    xl.push(1)
    xl.close()
    assert work.result(20) == (False, [1])


def test_stream_ends_with_the_work(two_contexts):
    xl = parallel.xlist()

    def push():
        for n in range(5):
            xl.push(n)
            time.sleep(0.002)

    parallel.submit_work(push)
    parallel.submit_work(push)
    assert sorted(xl.stream()) == sorted([*range(5)] * 2)
    assert len(xl) == 10 and not parallel.contexts(ended=False)


def test_stream_yields_before_the_work_ends(two_contexts):
    xl, gate = parallel.xlist(), parallel.xlist()

    def push():
        for n in range(3):
            xl.push(n)
            gate.wait(n + 1)

    parallel.submit_work(push)
    seen = []
    for item in xl.stream():
        seen.append(item)
        gate.push(item)
    assert seen == [0, 1, 2]


def test_stream_with_a_timeout(two_contexts):
    xl, gate = parallel.xlist(), parallel.xlist()
    parallel.submit_work(lambda: xl.push(1) or gate.wait(1))
    stream = xl.stream(timeout=0.3)
    assert next(stream) == 1
    with pytest.raises(parallel.WaitTimeoutError, match="nothing was pushed for 0.3 s"):
        next(stream)
    gate.push(1)
    parallel.run()


def test_threads_wait_too(two_contexts):
    xl, seen = parallel.xlist(), []
    gate = parallel.xlist()
    parallel.submit_work(lambda: gate.wait(1) and xl.push(1))
    parallel.start()
    threads = [threading.Thread(target=lambda: seen.append(xl.wait(1, 30))) for _ in range(3)]
    for thread in threads:
        thread.start()
    gate.push(1)
    for thread in threads:
        thread.join()
    assert seen == [True] * 3
    parallel.run()


# ---- lists made in contexts ------------------------------------------------------------------------------------------


def test_a_list_made_in_a_context_arrives_by_reference(two_contexts):
    results = parallel.xlist()

    def make(n):
        inner = parallel.xlist([n, "x" * 1000])
        results.push({"list": inner})
        inner.push("pushed after")
        return inner

    works = [parallel.submit_work(make, n) for n in range(4)]
    parallel.run()
    for n, work in enumerate(works):
        assert list(work.result()) == [n, "x" * 1000, "pushed after"]
        work.result().push("by main")
    assert sorted(item["list"][0] for item in results) == [0, 1, 2, 3]
    assert all(item["list"][3] == "by main" for item in results)
    assert {id(item["list"]) for item in results} == {id(work.result()) for work in works}


def test_lists_that_only_contexts_knew_go_with_the_batch():
    before = region_use()

    def make():
        return [len(parallel.xlist([b"x" * 10_000])) for _ in range(50)]

    assert in_context(make) == [1] * 50
    assert region_use() == before


def test_the_main_thread_may_let_go_of_a_list_while_contexts_use_it(two_contexts):
    before = region_use()
    gate, began = parallel.xlist(), parallel.xlist()

    def work(xl):
        began.push(1)
        gate.wait(1)
        xl.extend([b"y" * 10_000] * 10)
        return len(xl)

    works = [parallel.submit_work(work, parallel.xlist([n])) for n in range(2)]
    parallel.start()
    assert began.wait(2, 30)
    for _ in range(20):
        parallel.xlist([b"z" * 10_000])  # must not get what the contexts will push to
    gate.push(1)
    parallel.run()
    assert [work.result() for work in works] == [11, 11]
    gate = began = None
    del works, work
    assert region_use() == before


# ---- arrays ----------------------------------------------------------------------------------------------------------


@pytest.mark.packages
def test_arrays_of_contexts_are_read_in_place(two_contexts):
    xl = parallel.xlist()

    def work(n):
        xl.push((n, numpy.full(500_000, float(n))))
        return numpy.arange(n, n + 500_000)

    works = [parallel.submit_work(work, n) for n in range(2)]
    parallel.run()
    shared = _core.region()["allocated"]
    for n, array in xl:
        assert (array == n).all() and not array.flags.owndata
    for n, finished in enumerate(works):
        assert (
            finished.result()[0] == n and finished.result()[-1] == n + 499_999 and not finished.result().flags.owndata
        )
    assert _core.region()["allocated"] == shared


@pytest.mark.packages
def test_an_array_of_a_result_outlives_its_work_and_batch():
    before = region_use()
    array = in_context(lambda: {"array": numpy.arange(200_000)})["array"]
    assert region_use()[0] > before[0] and array.sum() == sum(range(200_000))
    del array
    assert region_use() == before


# ---- forks of the user's ---------------------------------------------------------------------------------------------


def test_a_process_forked_by_the_user_reads_and_pushes():
    xl = parallel.xlist([1, [2]])
    inner = parallel.xlist(["inner"])
    outer = parallel.xlist([inner])
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            xl.push(["from the child", list(xl)])
            outer[0].push("more")
            assert outer[0] is inner
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0
    assert list(xl) == [1, [2], ["from the child", [1, [2]]]] and list(inner) == ["inner", "more"]


def test_a_process_forked_by_the_user_gives_nothing_back():
    outer = parallel.xlist([parallel.xlist(["kept"])])
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            inner = outer[0]
            del inner
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
    assert list(outer[0]) == ["kept"]
