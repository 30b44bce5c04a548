"""Lists that are cloned by reference; a class of the test stands in for xlists."""

from __future__ import annotations

import gc
import sys

import _clone_probe as probe
import numpy
import pytest

from clone_support import Plain, traced_growth

pytestmark = pytest.mark.packages


class FakeList:
    def __init__(self, id):
        self.id = id


class FakeListOfUser(FakeList):
    pass


LISTS = {}
probe.set_list_class(FakeList, LISTS)


@pytest.fixture
def fake_list():
    LISTS[7], LISTS[8] = FakeList(7), FakeListOfUser(8)
    yield LISTS[7]
    LISTS.clear()


def test_a_list_is_cloned_by_reference(fake_list):
    record = probe.encode({"list": fake_list, "again": [fake_list], "other": LISTS[8]})
    assert record.references() == (7, 8)
    twin = record.decode()
    assert twin["list"] is fake_list and twin["again"][0] is fake_list and twin["other"] is LISTS[8]
    assert probe.encode([fake_list] * 3).references() == (7,)
    assert probe.encode([1]).references() == ()


def test_a_list_inside_a_pickled_object_is_cloned_by_reference(fake_list):
    record = probe.encode([fake_list, Plain(list=fake_list, others=[LISTS[8]]), numpy.arange(5)])
    assert record.references() == (7, 8)
    twin = record.decode()
    assert twin[0] is twin[1].list is fake_list and twin[1].others[0] is LISTS[8]
    numpy.testing.assert_array_equal(twin[2], numpy.arange(5))


def test_a_list_that_is_gone(fake_list):
    records = [probe.encode([fake_list]), probe.encode(Plain(list=fake_list))]
    LISTS.clear()
    for record in records:
        with pytest.raises(ReferenceError):
            record.decode()


def test_a_list_that_refers_to_nothing():
    with pytest.raises(ValueError, match="not been initialised"):
        probe.encode([FakeList(0)])
    with pytest.raises(ValueError, match="objects of type .*Plain"):
        probe.encode([Plain(list=FakeList(0))])


def test_references_inside_pickles_leave_nothing_behind(fake_list):
    value = [Plain(list=fake_list)]
    count = sys.getrefcount(fake_list)
    gc.disable()
    try:
        for _ in range(20):
            probe.encode_reusing(value).decode()
            probe.encode(value).decode()
        assert sys.getrefcount(fake_list) == count
    finally:
        gc.enable()
    assert traced_growth(lambda: probe.encode_reusing(value).decode()) < 8 * 1000
