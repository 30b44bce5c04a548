"""Exceptions of works: they arrive with their own type, and with the traceback they had in the context."""

import asyncio
import inspect
import json
import pickle
import sys
import threading

import numpy
import pytest

import parallel
from parallel import _errors, _exceptions
from support import run_program


def error_of(function, *args):
    """The exception that `function(*args)` ends with when a context calls it."""
    error = parallel.submit_work(function, args).exception()
    assert error is not None
    return error


class OddInit(Exception):
    """Its __init__ takes what it does not hand on."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")
        self.second = second


class Decorated(Exception):
    """Pickle would decorate it twice."""

    def __init__(self, text):
        super().__init__(f"<{text}>")


class KeywordsOnly(Exception):
    def __init__(self, *, code):
        super().__init__()
        self.code = code

    def __str__(self):
        return f"code {self.code}"


class FileTrouble(FileNotFoundError):
    pass


class OddFileTrouble(FileNotFoundError):
    def __init__(self, name):
        super().__init__(2, "gone", name)
        self.hint = name.upper()


class OddDecodeTrouble(UnicodeDecodeError):
    def __init__(self, content):
        super().__init__("utf-8", content, 0, 1, "odd")


class OwnReduce(Exception):
    def __init__(self, text, number):
        super().__init__(text)
        self.number = number

    def __reduce__(self):
        return OwnReduce, (self.args[0], self.number)


class Slotted(Exception):
    __slots__ = ("where",)

    def __init__(self, where):
        self.where = where

    def __str__(self):
        return f"at {self.where}"


def made(kind, /, *args, notes=(), **attributes):
    error = kind(*args)
    vars(error).update(attributes)
    for note in notes:
        error.add_note(note)
    return error


SAMPLES = [
    made(ValueError, "text"),
    made(ValueError),
    made(KeyError, "k"),
    made(KeyError, ("a", 1)),
    made(Exception, 1, [2], {"three": 3}),
    made(OSError, 2, "No such file", "a name"),
    made(OSError, 2, "No such file", "one", None, "two"),
    made(FileTrouble, 2, "gone", "x"),
    made(UnicodeDecodeError, "utf-8", b"\xff", 0, 1, "bad byte"),
    made(UnicodeEncodeError, "ascii", "é", 0, 1, "ordinal"),
    made(SyntaxError, "bad", ("file.py", 3, 4, "x = = 1", 3, 5)),
    made(StopIteration, 5),
    made(ImportError, "no"),
    made(RecursionError, "deep"),
    made(json.JSONDecodeError, "Expecting value", "doc", 1),
    OddInit("a", "b"),
    OddFileTrouble("x"),
    OddDecodeTrouble(b"\xff"),
    Decorated("x"),
    KeywordsOnly(code=7),
    OwnReduce("t", 5),
    Slotted("here"),
    getattr(numpy, "exceptions", numpy).AxisError(5, 2),  # numpy before 1.25 has no module for them
    made(ValueError, "noted", notes=["one", "two"]),
    made(ValueError, "more", extra=[1, {"a": 2}]),
    ImportError("no", name="module", path="path"),
    parallel.WaitTimeoutError("late"),
    parallel.ContextCrashed("gone", exitcode=3),
    ExceptionGroup("several", [ValueError(1), ExceptionGroup("inner", [KeyError("k"), OSError(2, "n", "f")])]),
]


@pytest.mark.packages
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_types_texts_and_attributes(sample):
    def fail():
        raise sample

    error = error_of(fail)
    assert type(error) is type(sample) and str(error) == str(sample) and error is not sample
    if not isinstance(sample, ExceptionGroup):
        assert error.args == sample.args
    assert vars(error) == vars(sample)
    for name in (
        "errno",
        "strerror",
        "filename",
        "filename2",
        "encoding",
        "object",
        "start",
        "reason",
        "msg",
        "lineno",
        "text",
        "value",
        "name",
        "path",
        "where",
    ):
        assert getattr(error, name, "absent") == getattr(sample, name, "absent")


def test_a_group_keeps_its_members():
    def fail():
        raise ExceptionGroup("several", [ValueError(1), ExceptionGroup("inner", [KeyError("k"), OddInit("a", "b")])])

    error = error_of(fail)
    if isinstance(error, ExceptionGroup):  # a member that cannot be rebuilt by pickle may cost the group its type
        assert repr(error.exceptions[0]) == "ValueError(1)" and len(error.exceptions[1].exceptions) == 2
    else:
        assert isinstance(error, parallel.RemoteError) and error.type_name == "builtins.ExceptionGroup"
    text = str(error.__cause__)
    assert "several (2 sub-exceptions)" in text and "KeyError: 'k'" in text and "a and b" in text
    with pytest.raises(ExceptionGroup) as caught:
        parallel.submit_work(sample_group).result()
    matching, rest = caught.value.split(KeyError)
    assert repr(matching.exceptions[0]) == "KeyError('k')" and repr(rest.exceptions[0]) == "ValueError(1)"


def sample_group():
    raise ExceptionGroup("group", [ValueError(1), KeyError("k")])


# ---- tracebacks ------------------------------------------------------------------------------------------------------


def outermost(value):
    return middle(value)


def middle(value):
    return innermost(value) + 1


def innermost(value):
    divisor = value - value
    return value / divisor  # the line that fails


def line_of(function, text):
    lines, start = inspect.getsourcelines(function)
    return start + next(n for n, line in enumerate(lines) if text in line)


def test_the_traceback_of_the_context_has_every_frame_with_its_source():
    work = parallel.submit_work(outermost, 5, name="deep")
    with pytest.raises(ZeroDivisionError, match="^division by zero$") as caught:
        parallel.run()
    cause = caught.value.__cause__
    assert type(cause) is parallel.ContextTraceback and cause.text == work.traceback
    assert cause.text.startswith(
        f"work {work.id} 'deep' in context {work.context} with arguments (5):\n\nTraceback (most recent call last):\n"
    )
    for function, text in (
        (outermost, "return middle(value)"),
        (middle, "return innermost(value) + 1"),
        (innermost, "return value / divisor  # the line that fails"),
    ):
        assert f'File "{__file__}", line {line_of(function, text)}, in {function.__name__}\n    {text}\n' in cause.text
    assert cause.text.endswith("ZeroDivisionError: division by zero\n")


def test_an_uncaught_error_shows_both_tracebacks():
    ended = run_program("""
        import parallel

        def f():
            return {}["missing"]

        parallel.submit_work(f)
        parallel.run()
    """)
    assert ended.returncode == 1 and ended.stdout == ""
    first, second = ended.stderr.split("\nThe above exception was the direct cause of the following exception:\n")
    assert first.startswith(
        "parallel.ContextTraceback: \n\nwork 1 'f' in context 0:\n\nTraceback (most recent call last):\n"
    )
    assert "in f\n" in first and "KeyError: 'missing'" in first
    assert "parallel.run()" not in first and second.rstrip().endswith("KeyError: 'missing'")


def test_chained_causes_contexts_and_notes_are_in_the_traceback():
    def fail():
        try:
            try:
                [][1]
            except IndexError:
                {}["inner"]
        except KeyError as inner:
            error = ValueError("outer")
            error.add_note("a note")
            raise error from inner

    error = error_of(fail)
    text = error.__cause__.text
    assert error.__notes__ == ["a note"] and "a note" in text
    positions = [
        text.index(part)
        for part in (
            "IndexError: list index out of range",
            "During handling of the above exception",
            "KeyError: 'inner'",
            "The above exception was the direct cause",
            "ValueError: outer",
        )
    ]
    assert positions == sorted(positions)


def test_the_frames_of_the_main_thread_are_not_in_it():
    work = parallel.submit_work(lambda: 1 / 0)
    work.exception()
    assert work.traceback.count("File ") == 1


def test_an_endless_recursion_is_a_recursion_error():
    def recurse():
        return recurse()

    error = error_of(recurse)
    assert isinstance(error, RecursionError) and len(error.__cause__.text) < 10_000


# ---- what cannot come across -----------------------------------------------------------------------------------------


def test_a_class_made_in_the_context():
    def fail():
        class Local(ValueError):
            pass

        raise Local("local text")

    error = error_of(fail)
    assert type(error) is parallel.RemoteError and isinstance(error, parallel.ParallelError)
    assert error.type_name == f"{__name__}.{test_a_class_made_in_the_context.__name__}.<locals>.fail.<locals>.Local"
    assert str(error) == f"{error.type_name}: local text" and "local text" in error.__cause__.text


def test_a_class_that_only_the_context_knows_by_name(unprotected):
    def fail():
        module = sys.modules[__name__]
        module.OnlyThere = type("OnlyThere", (Exception,), {"__module__": __name__})
        raise module.OnlyThere("text")

    error = error_of(fail)
    assert type(error) is parallel.RemoteError and str(error) == f"{__name__}.OnlyThere: text"


def test_attributes_and_arguments_that_cannot_be_pickled_cost_only_themselves():
    def fail():
        error = OddInit("a", "b")
        error.lock, error.fine = threading.Lock(), [1]
        raise error

    error = error_of(fail)
    assert type(error) is OddInit and str(error) == "a and b" and vars(error) == {"second": "b", "fine": [1]}

    def fail_with_argument():
        raise ValueError("text", threading.Lock())

    error = error_of(fail_with_argument)
    assert type(error) is ValueError and error.args[0] == "text" and "lock" in error.args[1]


class Hostile(Exception):
    def __str__(self):
        raise SystemExit("from __str__")

    __repr__ = __str__


class HostileNotes(Exception):
    @property
    def __notes__(self):
        raise KeyboardInterrupt


class HostileState(Exception):
    def __reduce_ex__(self, protocol):
        raise SystemExit


class HostileNew(Exception):
    def __new__(cls, *args):
        if args != ("only this",):
            raise LookupError
        return super().__new__(cls, "something else")


@pytest.mark.parametrize(
    "kind, args",
    [(Hostile, ()), (HostileNotes, ("x",)), (HostileState, ("x",)), (HostileNew, ("only this",))],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_hostile_exceptions(kind, args):
    def fail():
        raise kind(*args)

    fine = parallel.submit_work(lambda: "fine")
    error = error_of(fail)
    assert kind.__name__ in (type(error).__name__ + getattr(error, "type_name", ""))
    assert kind.__name__ in error.__cause__.text and fine.result() == "fine"
    assert kind.__name__ in _errors.summary(error) or "__str__ raised" in _errors.summary(error)


def test_a_description_is_of_builtin_types_and_harmless():
    description = _errors.describe(ValueError("x"))
    assert {type(value) for value in description.values()} == {str, bytes, bool}
    assert repr(_exceptions.restored(description["pickle"])) == "ValueError('x')"
    assert _exceptions.restored(None) is None and _exceptions.restored(pickle.dumps("no exception")) is None
    assert isinstance(_errors.rebuild(None, "work 1"), parallel.RemoteError)


def test_huge_messages():
    def fail():
        raise ValueError("x" * 20_000_000)

    error = error_of(fail)
    assert type(error) is ValueError and len(str(error)) == 20_000_000 and len(_errors.summary(error)) <= 200


# ---- exceptions that would end a program -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fail, words",
    [
        (lambda: sys.exit(5), ["sys.exit()", "builtins.SystemExit: 5"]),
        (lambda: sys.exit(), ["sys.exit()"]),
        (lambda: exit("text"), ["sys.exit()", "text"]),
    ],
    ids=range(3),
)
def test_sys_exit_is_an_error_of_the_work(fail, words):
    others = [parallel.submit_work(lambda: "fine") for _ in range(4)]
    work = parallel.submit_work(fail, name="quits")
    more = [parallel.submit_work(lambda: "fine") for _ in range(4)]
    with pytest.raises(parallel.RemoteError) as caught:
        parallel.run()
    for word in [*words, f"work {work.id} 'quits'", "return from the function instead"]:
        assert word in str(caught.value)
    assert (
        caught.value.type_name == "builtins.SystemExit" and [other.result() for other in others + more] == ["fine"] * 8
    )


def test_a_keyboard_interrupt_raised_by_the_work():
    def fail():
        raise KeyboardInterrupt("its own")

    work = parallel.submit_work(fail)
    with pytest.raises(parallel.RemoteError, match="was ended by KeyboardInterrupt .*its own"):
        parallel.run()
    assert work.state == "failed" and not work.cancelled()


@pytest.mark.parametrize("kind", [GeneratorExit, asyncio.CancelledError, BaseException], ids=lambda kind: kind.__name__)
def test_other_base_exceptions(kind):
    def fail():
        raise kind("x")

    assert type(error_of(fail)) is parallel.RemoteError


HIERARCHY = {
    "ProtectionError": [parallel.ParallelError],
    "UnprotectedError": [parallel.ProtectionError],
    "AssignmentError": [parallel.ProtectionError],
    "ContextCrashed": [parallel.ParallelError],
    "RemoteError": [parallel.ParallelError],
    "WaitError": [parallel.ParallelError],
    "NoWaitersError": [parallel.WaitError],
    "WaitTimeoutError": [parallel.WaitError, TimeoutError],
    "HeapLimitError": [parallel.ParallelError, MemoryError],
    "ParallelError": [Exception],
}


def test_the_hierarchy():
    for name, bases in HIERARCHY.items():
        assert all(issubclass(getattr(parallel, name), base) for base in bases)
    assert parallel.ContextCrashed.__module__ == "parallel"
    assert pickle.loads(pickle.dumps(parallel.ContextCrashed("x", exitcode=1, work=object))).exitcode == 1


# ---- errors nobody has looked at when the program ends ---------------------------------------------------------------


def test_errors_that_were_neither_raised_nor_shown_are_named_at_exit():
    ended = run_program("""
        import concurrent.futures, parallel

        def fail(n):
            raise ValueError(n)

        concurrent.futures.wait([parallel.submit_work(fail, n, name=f"number {n}") for n in range(15)])
        print("end")
    """)
    lines = ended.stderr.splitlines()
    assert (
        ended.returncode == 0
        and ended.stdout == "end\n"
        and len(lines) == 11
        and lines[-1] == "parallel: 5 more works failed"
    )
    assert all(line.startswith("parallel: work ") and " failed: ValueError: " in line for line in lines[:-1])


def test_what_was_never_started_is_named_at_exit():
    ended = run_program("import parallel; parallel.submit_work(print); parallel.submit_queue(parallel.xlist(), print)")
    assert (
        ended.stderr == "parallel: 2 work(s) were submitted but never started: call parallel.run()\n"
        and ended.returncode == 0
    )


def test_what_was_started_is_waited_for_at_exit():
    ended = run_program("""
        import parallel, time

        parallel.submit_work(lambda: time.sleep(0.3) or print("from the work"), callback=lambda _: print("callback"))
        parallel.submit_work(lambda: time.sleep(0.3) or 1 / 0, name="fails")
        parallel.start()
        print("end of the script")
    """)
    assert ended.stdout.splitlines() == ["end of the script", "from the work", "callback"]
    assert (
        ended.stderr.count("ZeroDivisionError: division by zero") == 2
        and "work 2 'fails'" in ended.stderr
        and ended.returncode == 0
    )
