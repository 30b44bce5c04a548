"""Errors of works tell what the work was called with: in few words, and whatever the arguments say or do."""

import collections
import dataclasses
import datetime
import enum
import os
import pathlib
import signal
import sys
import time
import weakref

import numpy
import pandas
import pytest

import parallel
from parallel import _arguments, _config

pytestmark = pytest.mark.packages


def fail(*args, **kwds):
    raise ValueError("it failed")


def header(work):
    """The line above the traceback of the context."""
    work.exception()
    return work.traceback.splitlines()[0]


def told(*args, **kwds):
    """What the error of a work with these arguments tells of them."""
    work = parallel.submit_work(fail, args, kwds)
    line, origin = header(work), f"work {work.id} 'fail' in context {work.context} with arguments ("
    assert line.startswith(origin) and line.endswith("):")
    return line[len(origin) : -2]


def test_arguments_and_keywords():
    assert told(5, "text", scale=2.5) == "5, 'text', scale=2.5"
    assert told(None) == "None" and told((1,)) == "(1,)" and told(()) == "()"
    work = parallel.submit_work(fail)
    assert header(work) == f"work {work.id} 'fail' in context {work.context}:"


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Job:
    name: str
    items: list = dataclasses.field(default_factory=list)
    secret: str = dataclasses.field(default="x", repr=False)


@dataclasses.dataclass
class Slotted:
    __slots__ = ("x", "y")
    x: int
    y: list


Point = collections.namedtuple("Point", "x y")

SHORT = [
    (datetime.date(2024, 2, 29), "datetime.date(2024, 2, 29)"),
    (pathlib.PurePosixPath("/data/a.csv"), "PurePosixPath('/data/a.csv')"),
    (Colour.RED, "Colour.RED"),
    (Point(1, [2]), "Point(x=1, y=[2])"),
    (Job("a", [1]), "Job(name='a', items=[1])"),
    (Slotted(1, [2]), "Slotted(x=1, y=[2])"),
    (Job, f"{__name__}.Job"),
    (fail, "<function fail>"),
    (len, "<builtin_function_or_method len>"),
    (os, "<module os>"),
    ({"a": {1}, "b": frozenset()}, "{'a': {1}, 'b': frozenset({})}"),
    (numpy.float64(2.5), repr(numpy.float64(2.5))),  # numpy 2 names the type
    (numpy.arange(3), "array([0, 1, 2])"),
    (object(), "<object object>"),
]


@pytest.mark.parametrize("value, text", SHORT, ids=lambda value: type(value).__name__)
def test_what_is_short_is_shown_as_it_is(value, text):
    assert _arguments.shortened((value,)) == text
    assert _arguments.shortened((), {"key": value}, code_of_users=True) == f"key={text}"


LONG = [
    ("x" * 300_000, f"{'x' * 60!r}... 300,000 characters"),
    (b"x" * 100, f"{b'x' * 60!r}... 100 bytes"),
    (10**5000, "<int of 16,610 bits>"),
    (list(range(30_000)), "[0, 1, 2, 3, 4, 5, ... 30,000 items]"),
    ({n: n for n in range(7)}, "{0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, ... 7 items}"),
    ([[[[1]]]], "[[[[...]]]]"),
    (Job("b", [0] * 30_000), "Job(name='b', items=[0, 0, 0, 0, 0, 0, ... 30,000 items])"),
    (numpy.zeros((200, 500)), "<numpy.ndarray of float64, shape (200, 500)>"),
    (numpy.array([object()]), "<numpy.ndarray of object, shape (1,)>"),
    (pandas.DataFrame({"a": range(1000), "b": 0}), "<pandas.DataFrame, shape (1000, 2)>"),
    (pandas.Series(range(1000)), "<pandas.Series of int64, shape (1000,)>"),
]


@pytest.mark.parametrize("value, text", LONG, ids=lambda value: type(value).__name__)
def test_what_is_large_is_shortened_at_once(value, text):
    began = time.monotonic()
    assert _arguments.shortened((value,)) == text
    assert _arguments.shortened((value,), code_of_users=True) == text
    assert time.monotonic() - began < 0.5  # less than a millisecond is needed


def test_many_arguments_and_cycles_are_bounded():
    assert len(_arguments.shortened(tuple(range(100_000)))) < 420
    assert len(_arguments.shortened(tuple("x" * 1000 for _ in range(100)), {"k" * 1000: 1})) < 600
    cycle = []
    cycle.append(cycle)
    assert _arguments.shortened((cycle,)) == "[[[[...]]]]"
    assert told(*range(1000)).endswith(", …")


# ---- the code of users -----------------------------------------------------------------------------------------------


class Named:
    def __repr__(self):
        return "Named(\n1)"


class Printing:
    def __repr__(self):
        print("printed by a repr")
        print("printed by a repr", file=sys.stderr)
        return "Printing()"


class Raising:
    def __init__(self, kind):
        self.kind = kind

    def __repr__(self):
        raise self.kind


class Sleeping:
    def __repr__(self):
        time.sleep(60)
        return "Sleeping()"


class Endless:
    def __repr__(self):
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                pass


class Sized:
    def __len__(self):
        return 5_000_000

    def __repr__(self):
        return "never called"


class Shaped:
    shape = (10, 20)

    def __repr__(self):
        return "never called"


class Hidden(type):
    @property
    def __module__(cls):
        raise LookupError


class Odd(metaclass=Hidden):
    __slots__ = ()


def test_the_repr_of_a_users_class_is_shown():
    assert told(Named(), [Named()]) == "Named( 1), [Named( 1)]"
    assert told(Sized()) == f"<{__name__}.Sized of 5,000,000 items>"
    assert told(Shaped()) == f"<{__name__}.Shaped, shape (10, 20)>"
    assert told(Odd()) == f"<{__name__}.Odd object>"


def test_what_a_repr_prints_is_dropped(capfd):
    assert told(Printing()) == "Printing()"
    captured = capfd.readouterr()
    assert "printed by a repr" not in captured.out + captured.err


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt, RecursionError, MemoryError])
def test_a_repr_that_raises(kind):
    assert told(Raising(kind), 5) == f"<{__name__}.Raising object, whose repr raised {kind.__name__}>, 5"


@pytest.mark.parametrize("kind", [Sleeping, Endless])
def test_a_repr_that_does_not_end(kind):
    began = time.monotonic()
    name = f"{__name__}.{kind.__name__}"
    assert told(kind(), Named(), 5) == (
        f"<{name} object, whose repr takes more than 0.2 s>, <{__name__}.Named object>, 5"
    )
    assert time.monotonic() - began < 5


def test_a_works_own_alarm_goes_on():
    """The next work of the context hears of it, and by its own handler."""
    seen = parallel.xlist()

    def fail_with_alarm(value):
        signal.signal(signal.SIGALRM, lambda *_: seen.push("rang"))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        raise ValueError

    def wait():
        end = time.monotonic() + 20
        while not seen and time.monotonic() < end:
            time.sleep(0.01)

    before = _config.contexts()
    parallel.configure(contexts=1)
    try:
        parallel.submit_work(fail_with_alarm, Sleeping())
        parallel.submit_work(wait)
        with pytest.raises(ValueError):
            parallel.run()
    finally:
        parallel.configure(contexts=before)
    assert list(seen) == ["rang"]


def test_in_the_main_process_no_code_of_users_runs():
    assert _arguments.shortened((Endless(), Raising(SystemExit), Sized(), Shaped())) == ", ".join(
        f"<{__name__}.{kind.__name__} object>" for kind in (Endless, Raising, Sized, Shaped)
    )


def test_an_endless_recursion_still_has_its_arguments():
    def recurse(n):
        return recurse(n)

    work = parallel.submit_work(recurse, [[[7]]])
    assert isinstance(work.exception(), RecursionError) and header(work).endswith(" with arguments ([[[7]]]):")


# ---- what else tells of works ----------------------------------------------------------------------------------------


def die(*args, **kwds):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_crash_tells_them(capfd):
    work = parallel.submit_work(die, (3, [4], Named()), {"key": "value"})
    error = work.exception()
    assert type(error) is parallel.ContextCrashed
    arguments = f"with arguments (3, [4], <{__name__}.Named object>, key='value')"
    assert str(error).startswith(
        f"work {work.id} 'die' in context {work.context} {arguments} was running when its context was killed by SIGKILL"
    )


def test_a_crash_that_is_only_found_at_the_end_of_the_batch_tells_them():
    """What is left of a batch whose zygote is killed ends with it, and nothing is reported of it."""
    works = [parallel.submit_work(time.sleep, 1000 + n) for n in range(3)]
    parallel.start()
    os.kill(works[0]._batch.zygote_pid, signal.SIGKILL)
    for n, work in enumerate(works):
        assert f" with arguments ({1000 + n}) was lost" in str(work.exception())


def test_a_timeout_and_sys_exit_tell_them():
    work = parallel.submit_work(time.sleep, 1000, timeout=0.1)
    assert " with arguments (1000) took longer than its timeout" in str(work.exception())
    work = parallel.submit_work(sys.exit, 7)
    assert " with arguments (7) was ended by sys.exit()" in str(work.exception())


def test_an_item_of_a_queue_is_told():
    work = parallel.submit_queue(parallel.xlist([{"a": 1}]), fail, name="consumer")
    assert header(work) == f"an item of work {work.id} 'consumer' with arguments ({{'a': 1}}):"


def invert(number, *others):
    return 1 / number


@pytest.mark.parametrize("chunksize", [1, 4])
def test_map_tells_the_arguments_of_the_call(chunksize):
    with pytest.raises(ZeroDivisionError) as caught:
        parallel.map(invert, [3, 2, 0, 1], [Named()] * 4, chunksize=chunksize)
    assert caught.value.__notes__ == ["item 2 of map: 0, Named( 1)"]
    assert " with arguments (0, Named( 1)):\n" in caught.value.__cause__.text


def test_seeds_and_executors_tell_the_users_arguments():
    parallel.configure(seed=1)
    try:
        assert told(5, key=[6]) == "5, key=[6]"
        with pytest.raises(ZeroDivisionError) as caught:
            parallel.map(invert, [3, 0])
        assert " with arguments (0):\n" in caught.value.__cause__.text
    finally:
        parallel.configure(seed=None)
    with parallel.Executor(2) as executor:
        assert header(executor.submit(fail, 5, key=6)).endswith(" with arguments (5, key=6):")
        with pytest.raises(ZeroDivisionError) as caught:
            list(executor.map(invert, [2, 0, 1], chunksize=3))
        assert " with arguments (0):\n" in caught.value.__cause__.text


def test_a_rank_has_none():
    with pytest.raises(ZeroDivisionError) as caught:
        parallel.run_cell("1 / 0", n=1)
    assert "'rank 0' in context 0:\n" in caught.value.__cause__.text


def test_the_arguments_are_let_go_when_the_batch_has_ended():
    class Big:
        pass

    big = Big()
    gone = weakref.ref(big)
    work = parallel.submit_work(die, big)
    del big
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    assert work._batch.settled and gone() is None
