"""Submitting by one call of C++, with nothing to a work but what it calls, against the way that takes a closer look."""

import collections
import threading

import pytest

import parallel
from parallel import _core, _engine, _host


def test_submitting_from_threads_while_others_run_loses_no_work():
    per_thread, threads = 2000, 4
    made = [[] for _ in range(threads)]

    def submit(number):
        for n in range(per_thread):
            made[number].append(parallel.submit_work(divmod, (n, number + 1)))

    running = [threading.Thread(target=submit, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    while any(thread.is_alive() for thread in running):
        parallel.run()  # takes what there is, in the middle of it
    parallel.run()
    for number, works in enumerate(made):
        assert [work.result() for work in works] == [divmod(n, number + 1) for n in range(per_thread)]
    numbers = [work.id for works in made for work in works]
    assert len(set(numbers)) == per_thread * threads


def test_both_ways_make_the_same_work():
    Point = collections.namedtuple("Point", "x y")
    plain = [parallel.submit_work(max, args) for args in ((1, 2), [3, 1])]
    closer = [parallel.submit_work(max, Point(1, 2)), parallel.submit_work(max, [3, 1], {"default": 0}, name="max")]
    parallel.run()
    assert [work.result() for work in plain] == [work.result() for work in closer] == [2, 3]
    assert [work.name for work in plain + closer] == ["max"] * 4
    assert [work.id - plain[0].id for work in plain + closer] == [0, 1, 2, 3]


def test_works_that_were_withdrawn_leave_the_others_their_tasks():
    works = [parallel.submit_work(pow, (n, 2)) for n in range(100)]
    for work in works[::3] + works[1::3]:
        assert work.cancel()
    works += [parallel.submit_work(pow, (n, 2)) for n in range(100, 120)]
    parallel.run()
    left = [*range(2, 100, 3), *range(100, 120)]
    assert [works[n].result() for n in left] == [n * n for n in left]


@pytest.mark.parametrize(
    "named, name",
    [
        (int, "int"),
        (lambda: None, "<lambda>"),
        ([].append, "append"),
        (type("Callable", (), {"__call__": lambda self: None})(), "Callable"),
        (type("Odd", (), {"__call__": lambda self: None, "__name__": 7})(), "Odd"),
        (type("Empty", (), {"__call__": lambda self: None, "__name__": ""})(), "Empty"),
    ],
)
def test_a_work_is_named_by_what_it_calls(named, name):
    work = parallel.submit_work(named)
    assert work.name == _core.name_of(named) == name
    work.cancel()


def test_a_name_that_cannot_be_asked_for_is_told_and_nothing_is_submitted():
    class Broken:
        @property
        def __name__(self):
            raise OSError("no name today")

        def __call__(self):
            pass

    with pytest.raises(OSError, match="no name today"):
        parallel.submit_work(Broken())
    parallel.run()


def test_what_is_no_list_of_works_is_refused():
    works = _core.WorkList()
    engine = _engine.current()
    with pytest.raises(TypeError, match="a list of works"):
        _core.assign_batch([1], None)
    with pytest.raises(TypeError, match="a list of works"):
        _core.with_attributes(())
    works.tasks = None
    with pytest.raises(TypeError, match="must be lists"):
        works.submit(engine._lock, engine._numbers, engine, _host.cell(), int, None)
    with pytest.raises(TypeError, match="must be lists"):
        works.append(1, 2, 3, 4)
    assert works.works == []
