"""Any graph of objects comes back from the codec as it was, identity included.

Hypothesis makes the graphs, and shrinks what fails.
"""

from __future__ import annotations

import collections

import _clone_probe as probe
import hypothesis
import numpy
import pytest
from hypothesis import strategies as st

import parallel
from graphs import Node, Point, TupleOf, arrays, difference, graphs, hashable_leaves

pytestmark = [pytest.mark.packages, pytest.mark.sample]

# No deadline of its own: the machine's other users are not the codec's matter. What fails prints how to repeat it.
profile = hypothesis.settings(
    deadline=None, database=None, print_blob=True, suppress_health_check=list(hypothesis.HealthCheck), max_examples=400
)


@profile
@hypothesis.given(graphs())
def test_a_graph_comes_back_as_it_was(graph):
    record = probe.encode(graph)
    twin, another = record.decode(), record.decode()
    assert difference(graph, twin) is None
    assert difference(twin, another) is None
    assert difference(graph, probe.encode_reusing(twin).decode()) is None, "a clone of the clone"


@profile
@hypothesis.given(hashable_leaves)
def test_a_leaf_comes_back_as_it_was(leaf):
    assert difference(leaf, probe.encode(leaf).decode()) is None
    slot = probe.encode_inline(leaf)
    assert slot is None or difference(leaf, probe.decode_inline(slot)) is None


@profile
@hypothesis.given(st.lists(arrays, max_size=3))
def test_arrays_come_back_in_place(several):
    twins = probe.encode(several).decode()
    assert difference(several, twins) is None
    for array, twin in zip(several, twins):
        assert twin.nbytes == 0 or not (twin.flags.owndata or twin.flags.writeable)
        if array.flags.f_contiguous and not array.flags.c_contiguous:
            assert twin.flags.f_contiguous


# numpy's arrays of objects hide what they hold from the collector: one in a cycle stays for ever.
@pytest.mark.keeps_memory
@hypothesis.settings(profile, max_examples=100)
@hypothesis.given(graphs())
def test_a_graph_comes_back_from_an_xlist(graph):
    xl = parallel.xlist()
    xl.push(graph)
    assert difference(graph, xl[0]) is None
    assert difference(graph, xl.pop()) is None


# ---- the checker -----------------------------------------------------------------------------------------------------

shared = [1]
cycle = [1]
cycle.append(cycle)
UNEQUAL = [
    (1, True),
    (0.0, -0.0),
    (1, 1.0),
    ("a", "b"),
    ([1], (1,)),
    ([1], [1, 2]),
    ({1: 2}, {1: 3}),
    ({1: 1, 2: 2}, {2: 2, 1: 1}),
    ([shared, shared], [[1], [1]]),
    ([[1], [1]], [shared, shared]),
    ({1}, {1.0}),
    (frozenset([(1, 2)]), frozenset([(1, 3)])),
    (cycle, [1, [1, cycle]]),
    (Point(1, 2), (1, 2)),
    (TupleOf([1]), (1,)),
    (Node(1), Node(2)),
    (bytearray(b"a"), bytearray(b"b")),
    (collections.deque([1]), collections.deque([2])),
    (numpy.zeros(2), numpy.zeros(2, "f4")),
    (numpy.zeros(2), numpy.ones(2)),
    (numpy.array([[1], 2], object), numpy.array([[3], 2], object)),
    (float("nan"), -float("nan")),
    ([shared, {1: shared}], [shared, {1: [1]}]),
]


@pytest.mark.parametrize("left, right", UNEQUAL, ids=range(len(UNEQUAL)))
def test_the_checker_sees_what_differs(left, right):
    assert difference(left, right) is not None and difference(left, left) is None and difference(right, right) is None
