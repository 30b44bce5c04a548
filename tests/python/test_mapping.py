"""parallel.dict() and parallel.object(): the same for the main process and all contexts, the last writer wins."""

import collections.abc
import copy
import os
import sys
import threading

import numpy
import pytest

import parallel
from support import region_use


def in_context(function, *args):
    return parallel.submit_work(function, args).result()


# ---- dict ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, content",
    [
        (lambda: parallel.dict(), {}),
        (lambda: parallel.dict(a=1, b=[2]), {"a": 1, "b": [2]}),
        (lambda: parallel.dict({1: 2}), {1: 2}),
        (lambda: parallel.dict([(1, 2), ("x", None)]), {1: 2, "x": None}),
        (lambda: parallel.dict({"a": 1}, a=2), {"a": 2}),
        (lambda: parallel.dict(parallel.dict(a=1)), {"a": 1}),
    ],
    ids=range(6),
)
def test_made_as_the_builtin_is(make, content):
    d = make()
    assert d == content and d.copy() == content and isinstance(d.copy(), dict) and len(d) == len(content)
    assert list(d) == list(content) and isinstance(d, collections.abc.MutableMapping) and bool(d) == bool(content)


def test_operations():
    d = parallel.dict(a=1)
    d["b"] = [2]
    d["a"] = 3
    assert (
        d["a"] == 3
        and d["b"] == [2]
        and d["b"] is not d["b"]
        and "a" in d
        and "c" not in d
        and [] not in parallel.xlist()
    )
    assert (
        sorted(d.items()) == [("a", 3), ("b", [2])]
        and sorted(map(str, d.values())) == ["3", "[2]"]
        and sorted(d.keys()) == ["a", "b"]
    )
    assert d.get("c") is None and d.get("c", 5) == 5 and d.setdefault("a", 9) == 3 and d.setdefault("c", 9) == 9
    assert d.pop("c") == 9 and d.pop("c", "default") == "default"
    d.update({"x": 1}, y=2)
    del d["x"]
    assert d == {"a": 3, "b": [2], "y": 2} and d != {"a": 3} and d == parallel.dict(d) and d != 5
    for wrong in (lambda: d["none"], lambda: d.pop("none"), lambda: d.__delitem__("none")):
        with pytest.raises(KeyError):
            wrong()
    d.clear()
    assert len(d) == 0 and list(d) == [] and d == {}
    with pytest.raises(KeyError):
        d.popitem()
    with pytest.raises(TypeError):
        hash(d)


def test_what_cannot_be_a_key_or_a_value_changes_nothing():
    d = parallel.dict(a=1)
    with pytest.raises(TypeError, match="unhashable"):
        d[[]] = 1
    with pytest.raises(ValueError, match="objects of type generator cannot be pushed"):
        d["a"] = (n for n in ())
    with pytest.raises(ValueError, match="objects of type function cannot be pushed"):
        d[lambda: 0] = 1
    assert d == {"a": 1} and d.heap["pushed"] == 1


def test_keys_of_all_kinds():
    keys = [1, "s", (1, (2,)), None, 1.5, b"b", frozenset([1]), True]
    d = parallel.dict()
    for n, key in enumerate(keys):
        d[key] = n
    assert [d[key] for key in keys] == [7, 1, 2, 3, 4, 5, 6, 7]  # True is 1
    assert in_context(lambda: [d[key] for key in keys]) == [7, 1, 2, 3, 4, 5, 6, 7]


def test_the_order_of_keys_is_that_of_the_first_writing():
    d = parallel.dict(a=1, b=2)
    d["a"] = 3
    del d["b"]
    d["b"] = 4
    assert list(d) == ["a", "b"] and d.items() == [("a", 3), ("b", 4)]


def test_iterating_while_it_changes():
    d = parallel.dict(a=1, b=2)
    for key in d:
        d[key + "x"] = 1
    assert sorted(d) == ["a", "ax", "b", "bx"]


def test_contexts_write_and_read(two_contexts):
    d = parallel.dict(start=[1])
    gate = parallel.xlist()

    def work(n):
        d[n] = {"n": n, "seen": d["start"]}
        gate.push(1)
        gate.wait(2, 30)
        return sorted(key for key in d if isinstance(key, int))

    works = [parallel.submit_work(work, n) for n in range(2)]
    parallel.run()
    assert [work.result() for work in works] == [[0, 1], [0, 1]]
    assert d[0] == {"n": 0, "seen": [1]} and d[1]["n"] == 1 and len(d) == 3


def test_the_last_writer_wins_everywhere(two_contexts):
    d = parallel.dict()

    def write(who):
        for n in range(300):
            d["shared"] = (who, n)
            d[who] = n
        return d["shared"]

    works = [parallel.submit_work(write, who) for who in range(2)]
    parallel.run()
    assert d["shared"] in [(0, 299), (1, 299)] and (d[0], d[1]) == (299, 299)
    assert d["shared"] == in_context(lambda: d["shared"]) and d["shared"] in [work.result() for work in works]


def test_a_context_sees_the_main_thread_write(two_contexts):
    d, gate = parallel.dict(), parallel.xlist()
    work = parallel.submit_work(lambda: gate.wait(1) and (d["key"], len(d)))
    parallel.start()
    d["key"] = "written later"
    gate.push(1)
    assert work.result() == ("written later", 1)


def test_what_was_written_survives_a_crash():
    d = parallel.dict()

    def doomed():
        for n in range(10):
            d[n] = n
        del d[0]
        os._exit(1)

    parallel.submit_work(doomed)
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    assert d == {n: n for n in range(1, 10)}


def test_threads_read_while_others_write():
    d = parallel.dict()
    wrong = []

    def read():
        for _ in range(300):
            value = d.get("k", -1)
            if value < seen[0]:
                wrong.append((value, seen[0]))
            seen[0] = max(seen[0], value)

    seen = [-1]
    reader = threading.Thread(target=read)
    others = [threading.Thread(target=lambda: [d.copy() for _ in range(100)]) for _ in range(2)]
    for thread in (reader, *others):
        thread.start()
    for n in range(2000):
        d["k"] = n
    for thread in (reader, *others):
        thread.join()
    assert wrong == [] and d == {"k": 1999}


def test_threads_that_read_at_the_same_time_see_the_same():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(10):
            d, seen = parallel.dict(), []
            for n in range(2000):
                d[n % 7] = n
            start = threading.Barrier(4)

            def read():
                start.wait()
                seen.append({key: d[key] for key in range(7)})

            threads = [threading.Thread(target=read) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert seen == [{n % 7: n for n in range(1993, 2000)}] * 4
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.packages
def test_arrays_and_lists_inside():
    inner = parallel.xlist([1])
    d = parallel.dict(array=numpy.arange(100_000), inner=inner)
    assert d["array"].sum() == sum(range(100_000)) and not d["array"].flags.owndata
    assert d["inner"] is inner


def test_by_reference_through_lists_results_and_itself():
    d = parallel.dict(a=1)
    xl = parallel.xlist([d])
    xl[0]["b"] = 2
    assert d == {"a": 1, "b": 2} and xl[0] == d
    made = in_context(lambda: parallel.dict(made="there"))
    made["more"] = 1
    assert made == {"made": "there", "more": 1}
    d["itself"] = d
    assert d["itself"]["itself"]["a"] == 1
    assert repr(d) == "parallel.dict({'a': 1, 'b': 2, 'itself': parallel.dict(...)})"


def test_a_record_that_cannot_be_rebuilt_is_raised_once(unprotected):
    d = parallel.dict(a=1)

    def write():
        global OnlyThere

        class OnlyThere:
            pass

        OnlyThere.__qualname__ = "OnlyThere"
        d["bad"] = OnlyThere()
        d["b"] = 2

    in_context(write)
    with pytest.raises(AttributeError):
        d["a"]
    assert d == {"a": 1, "b": 2}


def test_the_memory_of_a_mapping_is_given_back():
    before = region_use()
    d = parallel.dict(big=b"x" * 1_000_000)
    assert d.heap["bytes"] > 1_000_000 and region_use()[0] > before[0]
    copied = copy.copy(d)
    del d
    assert len(copied["big"]) == 1_000_000
    del copied
    assert region_use() == before


# ---- object ----------------------------------------------------------------------------------------------------------


def test_attributes():
    o = parallel.object(a=1, b=[2])
    o.c = o.a + 1
    o.a += 10
    assert (o.a, o.b, o.c) == (11, [2], 2) and hasattr(o, "a") and not hasattr(o, "d")
    del o.b
    for wrong in (lambda: o.b, lambda: o.__delattr__("b")):
        with pytest.raises(AttributeError, match="this parallel.object has no attribute 'b'"):
            wrong()
    assert repr(o) == "parallel.object(a=11, c=2)" and {"a", "c"} <= set(dir(o)) and getattr(o, "x", 5) == 5
    with pytest.raises(ValueError, match="cannot be pushed"):
        o.f = lambda: 0
    with pytest.raises(TypeError):
        parallel.object(1)


def test_attributes_between_contexts(two_contexts):
    o = parallel.object(count=0)

    def work(n):
        setattr(o, f"by_{n}", parallel.is_parallel_thread())
        o.last = n

    for n in range(4):
        parallel.submit_work(work, n)
    parallel.run()
    assert o.by_0 and o.by_1 and o.by_2 and o.by_3 and o.last in range(4) and o.count == 0


def test_an_object_by_reference():
    o = parallel.object(a=1)
    parallel.xlist([o])[0].a = 2
    assert o.a == 2
    assert in_context(lambda: parallel.object(x=o)).x.a == 2
    o.me = o
    assert repr(o) == "parallel.object(a=2, me=parallel.object(...))"
    assert copy.copy(o).a == 2


def test_an_object_without_init():
    o = parallel.object.__new__(parallel.object)
    with pytest.raises(AttributeError):
        o.anything  # noqa: B018 - what it raises is the test
