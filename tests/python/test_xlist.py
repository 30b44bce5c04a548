"""xlists: what the main process can do with one, operation by operation. With contexts: test_xlist_shared.py."""

import collections.abc
import copy
import pickle
import time

import numpy
import pytest

import parallel


def test_a_new_list_is_empty():
    xl = parallel.xlist()
    assert len(xl) == xl.size() == 0 and not xl and list(xl) == [] and xl.flush() == [] and not xl.closed
    assert xl == [] and xl == parallel.xlist() and 1 not in xl and xl[:] == []


@pytest.mark.parametrize("iterable", [[1, 2, 3], (1, 2, 3), range(1, 4), iter([1, 2, 3]), {1: 0, 2: 0, 3: 0}])
def test_made_from_an_iterable(iterable):
    assert list(parallel.xlist(iterable)) == [1, 2, 3]


def test_extend():
    xl = parallel.xlist("ab")
    assert xl.extend(n for n in range(2)) is None
    assert list(xl) == ["a", "b", 0, 1]
    xl.extend(xl)
    assert list(xl) == ["a", "b", 0, 1] * 2
    with pytest.raises(TypeError):
        xl.extend(5)
    with pytest.raises(TypeError):
        parallel.xlist(5)


def test_an_extend_that_fails_has_pushed_what_came_before():
    def items():
        yield 1
        yield 2
        raise LookupError

    xl = parallel.xlist()
    with pytest.raises(LookupError):
        xl.extend(items())
    with pytest.raises(ValueError, match="generator"):
        xl.extend([3, (n for n in ()), 4])
    assert list(xl) == [1, 2, 3]


def test_pop_takes_the_oldest():
    xl = parallel.xlist("abc")
    assert [xl.pop(), xl.pop()] == ["a", "b"] and len(xl) == 1
    xl.push("d")
    assert [xl.pop(), xl.pop()] == ["c", "d"]
    with pytest.raises(IndexError, match="pop from an empty xlist"):
        xl.pop()


def test_flush_takes_everything():
    xl = parallel.xlist(range(100_000))
    assert xl.pop() == 0
    assert xl.flush() == list(range(1, 100_000)) and len(xl) == 0 and xl.flush() == []
    xl.push(1)
    assert xl.flush() == [1]


class Fragile:
    """Cannot be rebuilt while `broken`."""

    broken = False

    def __reduce__(self):
        return _fragile, ()


def _fragile():
    if Fragile.broken:
        raise LookupError("cannot be rebuilt")
    return Fragile()


@pytest.fixture
def broken():
    Fragile.broken = False
    yield lambda: setattr(Fragile, "broken", True)
    Fragile.broken = False


def test_a_flush_that_fails_takes_nothing(broken):
    xl = parallel.xlist([1, Fragile(), 3])
    broken()
    with pytest.raises(LookupError):
        xl.flush()
    assert len(xl) == 3 and xl.pop() == 1
    with pytest.raises(LookupError):
        xl.pop()  # the way past it
    assert xl.flush() == [3]


@pytest.mark.packages
def test_index_and_slice():
    xl = parallel.xlist(range(10))
    assert [xl[0], xl[9], xl[-1], xl[-10], xl[True], xl[numpy.int64(3)]] == [0, 9, 9, 0, 1, 3]
    reference = list(range(10))
    cuts = (None, -20, -10, -3, 0, 2, 9, 10, 20)
    for start in cuts:
        for stop in cuts:
            for step in (None, 1, 2, -1, -3, 20):
                assert xl[start:stop:step] == reference[start:stop:step]
    for index in (10, -11, 2**62, -(2**62)):
        with pytest.raises(IndexError, match="xlist index out of range|cannot fit"):
            xl[index]
    with pytest.raises(ValueError):
        xl[::0]
    for index in ("0", 1.0, None, (1, 2)):
        with pytest.raises(TypeError, match="xlist indices must be integers or slices"):
            xl[index]


def test_index_counts_from_the_oldest_that_is_left():
    xl = parallel.xlist(range(100))
    for _ in range(40):
        xl.pop()
    assert xl[0] == 40 and xl[-1] == 99 and xl[10:12] == [50, 51] and list(reversed(xl))[:2] == [99, 98]


def test_an_xlist_is_not_assigned_to():
    xl = parallel.xlist([1])
    for wrong in ("xl[0] = 2", "del xl[0]", "xl.name = 'x'", "xl.closed = True", "xl.other = 1"):
        with pytest.raises((TypeError, AttributeError)):
            exec(wrong)
    assert list(xl) == [1]


def test_in_count_index_reversed():
    xl = parallel.xlist([1, "a", [2], 1.0, None])
    assert 1 in xl and "a" in xl and [2] in xl and None in xl and 2 not in xl and "b" not in xl
    assert xl.count(1) == 2 and xl.count("x") == 0
    assert xl.index("a") == 1 and xl.index(1, 1) == 3
    with pytest.raises(ValueError):
        xl.index("a", 2)
    with pytest.raises(ValueError):
        xl.index("a", 0, 1)
    assert list(reversed(xl)) == [None, 1.0, [2], "a", 1]
    assert isinstance(xl, collections.abc.Sequence)


def test_in_passes_on_what_a_comparison_raises():
    class Incomparable:
        def __eq__(self, other):
            raise LookupError

    with pytest.raises(LookupError):
        Incomparable() in parallel.xlist([1])  # noqa: B015 - what it raises is the test


def test_iteration_sees_the_list_as_it_was_when_it_began():
    xl = parallel.xlist(range(3))
    seen = []
    for item in xl:
        seen.append(item)
        xl.push(item)
    assert seen == [0, 1, 2] and len(xl) == 6
    iterator = iter(xl)
    xl.pop()
    assert list(iterator) == [1, 2, 0, 1, 2] and iter(iterator) is iterator


def test_equality():
    xl = parallel.xlist([1, [2]])
    assert xl == [1, [2]] and [1, [2]] == xl and xl == parallel.xlist([1, [2]]) and xl == xl
    assert xl != [1] and xl != parallel.xlist([1]) and xl != (1, [2]) and xl != 1
    with pytest.raises(TypeError):
        hash(xl)


def test_close():
    xl = parallel.xlist([1, 2])
    assert xl.close() is None and xl.closed and xl.close() is None
    for push in (lambda: xl.push(3), lambda: xl.push("a longer string"), lambda: xl.extend([3])):
        with pytest.raises(ValueError, match="push to a closed xlist"):
            push()
    assert list(xl) == [1, 2] and xl.pop() == 1 and xl.flush() == [2] and xl.closed
    xl.extend([])


def test_operations_take_no_wrong_arguments():
    xl = parallel.xlist()
    for wrong in (
        lambda: xl.push(),
        lambda: xl.push(1, 2),
        lambda: xl.pop(0),
        lambda: xl.flush(1),
        lambda: xl.close(1),
        lambda: xl.size(1),
        lambda: parallel.xlist(1, 2),
        lambda: parallel.xlist(nme="x"),
        lambda: parallel.xlist(name=1),
        lambda: xl.wait("1"),
        lambda: xl.wait(1.5),
    ):
        with pytest.raises(TypeError):
            wrong()


def test_heap():
    xl = parallel.xlist()
    heap = xl.heap
    assert heap == {"id": xl.id, "items": 0, "pushed": 0, "bytes": 0, "reserved": 0, "pages": 0}
    xl.push(b"x" * 1_000_000)
    xl.push(1)
    assert xl.heap["items"] == 2 and 1_000_000 < xl.heap["bytes"] < 1_100_000
    assert xl.heap["bytes"] <= xl.heap["reserved"] < 3_000_000 and xl.heap["pages"] == xl.heap["reserved"] // 4096
    xl.flush()
    assert (xl.heap["items"], xl.heap["pushed"]) == (0, 2)


def test_type_annotations_and_isinstance():
    assert parallel.xlist[int].__origin__ is parallel.xlist and isinstance(parallel.xlist(), parallel.xlist)


def test_subclasses():
    class Named(parallel.xlist):
        def __init__(self, iterable=()):
            super().__init__(iterable, name="mine")
            self.extra = 1

    xl = Named("ab")
    assert list(xl) == ["a", "b"] and xl.name == "mine" and xl.extra == 1


def test_an_xlist_whose_init_never_ran_is_usable():
    xl = parallel.xlist.__new__(parallel.xlist)
    xl.push(1)
    assert list(xl) == [1] and xl.name is None


def test_copies_and_pickles_are_refused():
    xl = parallel.xlist([1])
    for wrong in (lambda: pickle.dumps(xl), lambda: copy.copy(xl), lambda: copy.deepcopy(xl)):
        with pytest.raises(TypeError, match="pickle list.x. instead"):
            wrong()


# ---- waiting and names -----------------------------------------------------------------------------------------------


def test_wait_when_nobody_pushes():
    xl = parallel.xlist([1, 2])
    assert xl.wait(0) is xl.wait(2) is True
    began = time.monotonic()
    assert xl.wait(3) is False  # all work has ended, there was none
    xl.close()
    assert xl.wait(3) is False and time.monotonic() - began < 5


def test_stream_when_nobody_pushes():
    xl = parallel.xlist([1, 2])
    assert list(xl.stream()) == [1, 2] and list(xl) == [1, 2]
    stream = xl.stream()
    assert next(stream) == 1
    xl.push(3)
    assert list(stream) == [2, 3]
    xl.close()
    assert list(xl.stream()) == [1, 2, 3]


def test_stream_passes_over_what_others_take():
    xl = parallel.xlist(range(6))
    stream = xl.stream()
    assert next(stream) == 0
    assert [xl.pop() for _ in range(3)] == [0, 1, 2]
    assert list(stream) == [3, 4, 5] and list(xl.stream()) == [3, 4, 5]


def test_names(main_module):
    xl = parallel.xlist()
    assert xl.name is None and parallel.xlist(name="given").name == "given"
    main_module.results = xl
    assert xl.name == "results" and repr(xl) == "<xlist 'results' 0 items, 0 B>"
    main_module._hidden = hidden = parallel.xlist()
    assert hidden.name is None


@pytest.mark.parametrize(
    "items, text",
    [
        ([], "<xlist 0 items, 0 B>"),
        ([1], "<xlist 1 item, 0 B>"),
        (range(12_345), "<xlist 12,345 items, 0 B>"),
        (["x" * 90_000], "<xlist 1 item, 90.1 kB>"),
    ],
    ids=range(4),
)
def test_repr(items, text):
    assert repr(parallel.xlist(items)) == str(parallel.xlist(items)) == text


def test_repr_of_taken_and_closed():
    xl = parallel.xlist(range(5), name="q")
    xl.pop()
    xl.close()
    assert repr(xl) == "<xlist 'q' 4 items, 1 taken, 0 B, closed>"
