"""What is one object stays one in a clone, cycles included, and depth does not recurse."""

from __future__ import annotations

import _clone_probe as probe
import numpy
import pytest

from clone_support import Plain, clone

pytestmark = pytest.mark.packages


@pytest.mark.parametrize(
    "shared",
    [
        [1],
        (1, []),
        {"a": 1},
        {1},
        frozenset([1]),
        bytearray(b"ab"),
        "some text",
        b"some bytes",
        Plain(a=1),
        numpy.arange(3),
        numpy.arange(9)[::2],
        [],
    ],
    ids=repr,
)
def test_what_is_shared_stays_shared(shared):
    twin = clone([shared, [shared], {1: shared}, (shared,)])
    assert twin[0] is twin[1][0] is twin[2][1] is twin[3][0]


def test_what_is_not_shared_stays_apart():
    twin = clone([[1], [1], [], []])
    assert len({id(item) for item in twin}) == 4


def test_a_clone_shares_nothing_mutable_with_its_original():
    value = {"list": [1], "set": {1}, "dict": {}, "bytearray": bytearray(b"x"), "object": Plain(a=[1])}
    record = probe.encode(value)
    value["list"].append(2)
    value["bytearray"][0] = 0
    value["object"].a.append(2)
    first, second = record.decode(), record.decode()
    assert first == {"list": [1], "set": {1}, "dict": {}, "bytearray": bytearray(b"x"), "object": Plain(a=[1])}
    first["list"].append(3)
    assert second["list"] == [1]


def test_cycles_through_lists_and_dicts():
    value = [1]
    value.append({"up": value})
    twin = clone(value)
    assert twin[1]["up"] is twin and twin[0] == 1

    value = {}
    value["self"] = value
    twin = clone(value)
    assert twin["self"] is twin


def test_cycles_through_tuples():
    value = ([], "tail")
    value[0].append(value)
    twin = clone(value)
    assert type(twin) is tuple and twin[0][0] is twin and twin[1] == "tail"
    inner = clone([value])[0]
    assert inner[0][0] is inner


def test_cycles_through_instances():
    value = Plain()
    value.children = [value]
    twin = clone(value)
    assert twin.children[0] is twin

    value = Plain()
    holder = {"object": value}
    value.holder = holder
    twin = clone(holder)
    assert twin["object"].holder is twin


def test_a_container_shared_with_an_instance_stays_one():
    shared = [1]
    twin = clone({"list": shared, "object": Plain(list=shared)})
    assert twin["object"].list is twin["list"]
    pair = (shared,)
    twin = clone([pair, Plain(pair=pair)])
    assert twin[1].pair is twin[0]


def test_instances_shared_between_instances_stay_one():
    inner = Plain(a=1)
    twin = clone([Plain(inner=inner), inner, [Plain(inner=inner)]])
    assert twin[0].inner is twin[1] is twin[2][0].inner


@pytest.mark.parametrize(
    "wrap", [lambda inner: [inner], lambda inner: (inner,), lambda inner: {"k": inner}, lambda inner: [1, inner, 2]]
)
def test_depth_does_not_recurse(wrap):
    value, depth = None, 100_000
    for _ in range(depth):
        value = wrap(value)
    twin = clone(value)
    for _ in range(depth):
        assert type(twin) is type(value) and len(twin) == len(value)
        step = "k" if isinstance(twin, dict) else len(twin) // 2
        twin, value = twin[step], value[step]
    assert twin is None


def test_depth_in_keys():
    key = ()
    for _ in range(500):  # hash() itself recurses
        key = (key, frozenset([key]))
        if len(repr(key)) > 10_000:
            break
    assert clone({key: 1}) == {key: 1}


def test_depth_beyond_pickle_fails_cleanly():
    value = Plain()
    inner = value
    for _ in range(100_000):
        inner.next = Plain()
        inner = inner.next
    with pytest.raises(ValueError, match="objects of type clone_support.Plain") as caught:
        probe.encode(value)
    assert isinstance(caught.value.__cause__, RecursionError)
    while value is not None:  # taken apart from the outside: freeing it in one go would recurse
        value = value.__dict__.pop("next", None)
