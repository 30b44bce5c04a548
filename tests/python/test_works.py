"""Works: how they are submitted and called, what they are, and what they say of themselves."""

import concurrent.futures
import functools
import gc
import inspect
import os
import weakref

import pytest

import parallel
from support import wait_until

# ---- the programs it all began with ---------------------------------------------------------------------------------


def test_two_workers_push_to_an_xlist():
    xl = parallel.xlist()

    def first():
        xl.push(("first", parallel.rdtsc()))

    def second():
        xl.push(("second", parallel.rdtsc()))

    before = parallel.rdtsc()
    parallel.submit_work(first)
    parallel.submit_work(second)
    parallel.run()
    after = parallel.rdtsc()
    assert sorted(name for name, _ in xl) == ["first", "second"]
    assert all(before < stamp < after for _, stamp in xl)


def test_two_workers_write_time_stamps_into_a_dict():
    d = parallel.dict()

    def foo():
        d["foo"] = parallel.rdtsc()

    def bar():
        d["bar"] = parallel.rdtsc()

    parallel.submit_work(foo)
    parallel.submit_work(bar)
    parallel.run()
    assert sorted(d) == ["bar", "foo"] and all(isinstance(stamp, int) and stamp > 0 for stamp in d.values())


def test_a_producer_and_a_consumer():
    queue, results = parallel.xlist(), parallel.xlist()

    def produce():
        for n in range(100):
            queue.push(n)

    def consume(n):
        results.push(n * n)

    parallel.submit_work(produce)
    consuming = parallel.submit_queue(queue, consume)
    parallel.run()
    assert sorted(results) == [n * n for n in range(100)]
    assert consuming.result() == 100 and len(queue) == 0


# ---- arguments ------------------------------------------------------------------------------------------------------


def received(*args, **kwds):
    return args, kwds


@pytest.mark.parametrize(
    "args, seen",
    [
        (None, ()),
        ((), ()),
        ((1,), (1,)),
        ((1, 2), (1, 2)),
        ([1, 2], ([1, 2],)),
        (0, (0,)),
        ("ab", ("ab",)),
        ((None,), (None,)),
        ({"a": 1}, ({"a": 1},)),
        (((1, 2),), ((1, 2),)),
        (False, (False,)),
    ],
    ids=repr,
)
def test_args(args, seen):
    assert parallel.submit_work(received, args).result() == (seen, {})


def test_kwds():
    assert parallel.submit_work(received, 1, {"a": 2, "b": [3]}).result() == ((1,), {"a": 2, "b": [3]})
    assert parallel.submit_work(received, kwds={}).result() == ((), {})
    assert parallel.submit_work(func=received, args=(1,), kwds=None, callback=None, errback=None).result() == ((1,), {})


def test_kwds_are_taken_when_submitted():
    kwds = {"a": 1}
    work = parallel.submit_work(received, kwds=kwds)
    kwds["a"] = 2
    assert work.result() == ((), {"a": 1})


class Callable:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, n):
        return self.factor * n

    def method(self, n):
        return self.factor + n


@pytest.mark.parametrize(
    "function, result",
    [
        (lambda n: n + 1, 6),
        (functools.partial(pow, 2), 32),
        (Callable(3), 15),
        (Callable(3).method, 8),
        (str, "5"),
        ([5, 6].count, 1),
    ],
    ids=range(6),
)
def test_anything_callable_is_a_work(function, result):
    assert parallel.submit_work(function, 5).result() == result


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: parallel.submit_work(5), "callable, not int"),
        (lambda: parallel.submit_work(received(1)), "callable, not tuple"),
        (lambda: parallel.submit_work(len, kwds=[1]), "kwds must be"),
        (lambda: parallel.submit_work(len, kwds={1: 2}), "kwds must be"),
        (lambda: parallel.submit_work(len, callback=1), "callback must be callable"),
        (lambda: parallel.submit_work(len, errback=1), "errback must be callable"),
        (lambda: parallel.submit_work(len, name=1), "name must be a str"),
        (lambda: parallel.submit_queue([1], len), "queue must be an xlist"),
        (lambda: parallel.submit_queue(parallel.xlist(), None), "callable, not NoneType"),
    ],
    ids=range(9),
)
def test_what_makes_no_sense_is_refused_when_it_is_submitted(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()
    parallel.run()  # nothing was submitted


# ---- what a Work says -----------------------------------------------------------------------------------------------


def test_names():
    assert parallel.submit_work(received).name == "received"
    assert parallel.submit_work(lambda: 0).name == "<lambda>"
    assert parallel.submit_work(Callable(1), 1).name == "Callable"
    assert parallel.submit_work(functools.partial(int)).name == "partial"
    assert parallel.submit_work(received, name="its own").name == "its own"
    assert parallel.submit_queue(parallel.xlist(), len).name == "len"
    assert parallel.submit_queue(parallel.xlist(), len, name="q").name == "q"
    parallel.run()


def test_fields_of_a_work():
    gate = parallel.xlist()
    work = parallel.submit_work(lambda: gate.wait(1) and 5, name="w")
    other = parallel.submit_work(lambda: 1)
    assert isinstance(work, parallel.Work) and other.id > work.id
    assert (work.state, work.context, work.elapsed, work.traceback) == ("pending", None, None, None)
    assert not work.done() and not work.running() and not work.cancelled()
    assert repr(work) == f"<Work {work.id} 'w' pending>"
    parallel.configure(contexts=2)
    parallel.start()
    wait_until(work.running)
    assert work.state == "running" and work.context in (0, 1) and not work.done()
    first = work.elapsed
    wait_until(lambda: work.elapsed > first)
    assert repr(work).startswith(f"<Work {work.id} 'w' running context {work.context} ")
    gate.push(1)
    parallel.run()
    assert work.state == "done" and work.done() and not work.running() and work.result() == 5
    assert work.elapsed == work.elapsed and 0 < first < work.elapsed < 60
    assert repr(work).startswith(f"<Work {work.id} 'w' done context {work.context} ") and repr(work).endswith(" s>")
    assert work.traceback is None


def test_states_of_ends():
    failed = parallel.submit_work(lambda: 1 / 0)
    crashed = parallel.submit_work(lambda: os._exit(4))
    withdrawn = parallel.submit_work(lambda: 1)
    assert withdrawn.cancel()
    for _ in range(2):
        with pytest.raises((ZeroDivisionError, parallel.ContextCrashed)):
            parallel.run()
    assert (failed.state, crashed.state, withdrawn.state) == ("failed", "crashed", "cancelled")
    assert "ZeroDivisionError" in failed.traceback and crashed.traceback is None and withdrawn.traceback is None
    assert repr(withdrawn) == f"<Work {withdrawn.id} '<lambda>' cancelled>"


def test_a_result_is_the_same_object_at_every_call():
    work = parallel.submit_work(lambda: [1])
    assert work.result() is work.result() and work.result() == [1]


def test_a_result_that_cannot_be_cloned_is_the_works_error():
    work = parallel.submit_work(lambda: (n for n in range(3)))
    with pytest.raises(ValueError, match="objects of type generator cannot be pushed to xlists"):
        work.result()


def test_a_work_cannot_be_pushed():
    work = parallel.submit_work(lambda: 1)
    with pytest.raises(ValueError, match="objects of type .*Work cannot be pushed"):
        parallel.xlist([work])
    parallel.run()


# ---- odds and ends --------------------------------------------------------------------------------------------------


def test_is_parallel_thread():
    assert parallel.is_parallel_thread() is False
    assert parallel.submit_work(parallel.is_parallel_thread).result() is True


def test_rdtsc_goes_up():
    stamps = [parallel.rdtsc() for _ in range(100)]
    assert stamps == sorted(stamps) and stamps[0] < stamps[-1]
    assert parallel.submit_work(parallel.rdtsc).result() > stamps[-1]


def test_bound_arguments_have_the_names_of_the_contract():
    assert list(inspect.signature(parallel.submit_work).parameters)[:5] == [
        "func",
        "args",
        "kwds",
        "callback",
        "errback",
    ]
    assert list(inspect.signature(parallel.run).parameters) == ["timeout"]


def _with_callback(refer):
    work = parallel.submit_work(int, callback=lambda result: refer)
    refer.append(work)
    return work


def _with_done_callback(refer):
    work = parallel.submit_work(int)
    work.add_done_callback(lambda ended: refer)
    refer.append(work)
    return work


def _never_called(refer):
    work = parallel.submit_work(int)
    assert work.cancel()
    work.add_done_callback(lambda ended: refer)
    refer.append(work)
    return work


def _with_an_error(refer):
    work = parallel.submit_work(divmod, (1, 0))
    refer.append(work)
    try:
        work.result()
    except ZeroDivisionError as error:
        refer.append(error)
    return work


def _as_an_argument(refer):
    work = parallel.submit_work(int)
    refer.append(parallel.submit_work(lambda first: first.result(), work))
    refer.append(work)
    return work


def _watched(refer):
    work = parallel.submit_work(int)
    refer.append(work)
    concurrent.futures.wait(refer)
    return work


@pytest.mark.parametrize(
    "make", [_with_callback, _with_done_callback, _never_called, _with_an_error, _as_an_argument, _watched]
)
def test_a_work_that_leads_back_to_itself_is_collected(make):
    work = weakref.ref(make([]))
    parallel.run()
    gc.collect()
    assert work() is None


def test_works_are_not_made_by_hand():
    with pytest.raises(TypeError, match="made by submit_work"):
        parallel.Work()
