"""Protection where the interpreter is not patched: works run twins of the user's functions."""

import functools
import heapq
import importlib
import itertools
import json
import linecache
import operator
import os
import random
import shutil
import subprocess
import sys
import types
from collections import Counter, OrderedDict, UserDict, defaultdict, deque
from pathlib import Path

import numpy
import pytest
import twins_support

import parallel
import pythons
from parallel import _core
from parallel.protection import _state
from parallel.protection.twins import building, library


@pytest.fixture(autouse=True)
def by_twins():
    _state._force_twins(True)
    yield
    _state._force_twins(False)


class Plain:
    """A class of the user's."""

    limit = 3

    def __init__(self, value=0):
        self.value = value

    def grow(self):
        self.value += 1
        return self.value

    @property
    def size(self):
        return self.value

    @size.setter
    def size(self, value):
        self.value = value


class Slotted:
    __slots__ = ("value",)


numbers = [3, 1, 2]
table = {"a": 1, "l": [1]}
groups = defaultdict(list)
letters = {"a"}
queue = deque([1])
plain, slotted = Plain(), Slotted()
array = numpy.arange(6.0)
counted, ordered, user = Counter("a"), OrderedDict(a=1), UserDict(a=1)
endless = itertools.count()
counter = 0


def refusal(function, *arguments) -> str:
    """The message that `function` gets in a context."""
    with pytest.raises(parallel.UnprotectedError) as caught:
        parallel.submit_work(function, arguments).result()
    return str(caught.value)


# ---- what is refused -------------------------------------------------------------------------------------------------


def _set_global():
    global counter
    counter += 1


def _delete_global():
    global counter
    del counter


def _import_as_global():
    global counter
    import json as counter


def _define_global():
    global counter

    def counter():
        """Not reached."""


def _loop_over_global():
    global counter
    for counter in range(3):  # noqa: B007 - a loop stores it each time, which is what is looked for
        pass


def _walrus_in_comprehension():
    global counter
    return [counter := n for n in range(3)]


def _add_in_place():
    mine = numbers
    mine += [4]


def _unpack():
    first, numbers[0], *plain.rest = 1, 2, 3, 4
    return first


def _with_target():
    with open(os.devnull) as table["file"]:
        pass


def _draw():
    for n in endless:
        return n


def _thread():
    import threading

    seen = []

    def run():
        try:
            numbers.append(1)
        except parallel.UnprotectedError as error:
            seen.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    raise seen[0]


def _generator():
    def steps():
        yield 1
        numbers.append(1)

    return list(steps())


CHANGES = {
    "item": lambda: operator.setitem(numbers, 0, 1),
    "append": lambda: numbers.append(1),
    "extend": lambda: numbers.extend(n for n in (1, 2)),
    "in_place": _add_in_place,
    "in_place_of_item": lambda: table["l"].__iadd__([2]),
    "default": lambda: groups["new"].append(1),
    "update": lambda: table.update(b=2),
    "add": lambda: letters.add("b"),
    "deque": lambda: queue.rotate(1),
    "counter": lambda: counted.update("b"),
    "counter_item": lambda: counted.__setitem__("b", 2),
    "ordered": lambda: ordered.move_to_end("a"),
    "user_dict": lambda: user.update(b=1),
    "setattr": lambda: setattr(plain, "value", 1),
    "delattr": lambda: delattr(plain, "value"),
    "dict": lambda: plain.__dict__.update(x=1),
    "vars": lambda: vars(slotted.__class__ and plain).update(x=1),
    "method": lambda: plain.grow(),
    "property": lambda: setattr(plain, "size", 4),
    "class": lambda: setattr(Plain, "limit", 1),
    "slot": lambda: setattr(slotted, "value", 1),
    "object_setattr": lambda: object.__setattr__(plain, "value", 2),
    "heappush": lambda: heapq.heappush(numbers, 1),
    "shuffle": lambda: random.shuffle(numbers),
    "partial": lambda: functools.partial(list.append, numbers)(1),
    "methodcaller": lambda: operator.methodcaller("append", 1)(numbers),
    "map": lambda: list(map(numbers.append, [1])),
    "unbound": lambda: list.append(numbers, 1),
    "getattr": lambda: numbers.append(1),
    "next": lambda: next(endless),
    "islice": lambda: list(itertools.islice(endless, 2)),
    "draw": _draw,
    "array_item": lambda: array[::2].__setitem__(0, 1),
    "array_sort": lambda: array.T.sort(),
    "array_out": lambda: numpy.add(1, 1, out=array[:1]),
    "array_copyto": lambda: numpy.copyto(array, 1),
    "array_fill_diagonal": lambda: numpy.fill_diagonal(array.reshape(2, 3), 1),
    "global": _set_global,
    "del_global": _delete_global,
    "import_global": _import_as_global,
    "def_global": _define_global,
    "for_global": _loop_over_global,
    "walrus": _walrus_in_comprehension,
    "unpack": _unpack,
    "with": _with_target,
    "thread": _thread,
    "generator": _generator,
    "exec": lambda: exec("numbers.append(1)"),
    "exec_global": lambda: exec("counter = 5", globals()),
    "eval": lambda: eval("numbers.append(1)"),
    "compile": lambda: exec(compile("def f(): numbers.append(1)\nf()", "<text>", "exec"), globals().copy()),
    "environ": lambda: os.environ.__setitem__("XPAR_TWINS", "1"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_are_refused_and_nothing_has_changed(name):
    def look():
        return repr(
            (
                numbers,
                table,
                groups,
                letters,
                queue,
                vars(plain),
                array.tolist(),
                counted,
                ordered,
                user,
                counter,
                endless,
            )
        )

    before = look()

    def work():
        try:
            CHANGES[name]()
        except parallel.UnprotectedError as error:
            return str(error), look()

    message, after = parallel.submit_work(work).result()
    assert "cannot be" in message and "the main thread would not see it" in message
    assert before == after == look() and "XPAR_TWINS" not in os.environ


def test_the_work_itself_may_be_a_method_of_c_code():
    assert "append()" in refusal(numbers.append, 1)
    assert "append()" in refusal(functools.partial(numbers.append, 1))


def test_it_is_raised_at_the_line_that_tries():
    def work():
        before = 1
        numbers.append(before)  # this line
        return before

    with pytest.raises(parallel.UnprotectedError) as caught:
        parallel.submit_work(work).result()
    assert "numbers.append(before)  # this line" in str(caught.value.__cause__)


# ---- what is not -----------------------------------------------------------------------------------------------------


def test_a_work_may_change_what_it_makes():
    def work():
        own = Plain()
        own.value, own.size = 1, 2
        own.grow()
        mine = [*numbers, 9]
        mine += [1]
        mine.append(own.value)
        mine[0] = -1
        grouped = defaultdict(list)
        grouped["a"].append(1)
        copied = dict(table, new=1)
        copied["l"] = copied["l"] + [1]
        heapq.heapify(mine)
        drawn = list(zip(itertools.islice(iter(numbers), 2), range(2)))
        scaled = array * 2
        scaled += 1
        scaled[1:].sort()
        total = 0

        def count():
            nonlocal total
            total += 1
            return total

        count()
        names = {}
        exec("x = 1\ndef f():\n    global x\n    x += 1\n    return x\ny = f()", names)
        return own.value, sorted(mine), dict(grouped), copied["l"], drawn, scaled.tolist(), total, count(), names["y"]

    expected = (3, [-1, 1, 1, 2, 3, 9], {"a": [1]}, [1, 1], [(3, 0), (1, 1)], [1, 3, 5, 7, 9, 11], 1, 2, 2)
    assert parallel.submit_work(work).result() == expected


def test_shared_objects_are_there_to_be_changed():
    shared, results = parallel.dict(), parallel.xlist()

    def work():
        shared["k"] = 1
        shared.update(n=2)
        shared["n"] += 1
        results.push(3)

    parallel.submit_work(work).result()
    assert dict(shared) == {"k": 1, "n": 3} and list(results) == [3]


# ---- what runs where -------------------------------------------------------------------------------------------------


def test_the_main_process_keeps_its_code():
    functions = [value for value in globals().values() if isinstance(value, types.FunctionType)]
    before = [(function.__code__, function.__code__.co_consts) for function in functions]
    refusal(lambda: numbers.append(1))
    assert [(function.__code__, function.__code__.co_consts) for function in functions] == before
    assert all(a is function.__code__ for (a, _), function in zip(before, functions))
    _set_global()
    numbers.append(numbers.pop())


def test_a_function_looks_the_same_in_a_context():
    def look(function):
        code = function.__code__
        names = code.co_name, code.co_qualname, code.co_filename, code.co_firstlineno, code.co_freevars, code.co_flags
        return names, function.__doc__, function.__defaults__, function.__annotations__, function.__qualname__

    def sample(a: int, b=[1], *c, d={}, **e) -> "list":  # noqa: B006 - its twin must have the same objects
        """Documented."""
        return a, look

    assert parallel.submit_work(lambda: (look(sample), sample(1)[0])).result() == (look(sample), 1)


def test_functions_live_no_longer_for_it():
    import gc
    import weakref

    def make():
        big = Plain()
        return (lambda: big.value), weakref.ref(big)

    function, alive = make()
    parallel.submit_work(function).result()
    parallel.run()
    del function
    parallel.submit_work(int).result()
    gc.collect()
    assert alive() is None


def test_nothing_is_built_twice():
    parallel.submit_work(int).result()
    assert _core.guard_find_functions() == []

    def fresh():
        return 1

    assert fresh in _core.guard_find_functions()
    parallel.submit_work(fresh).result()
    assert _core.guard_find_functions() == []


def test_works_of_works_are_protected_too():
    def outer():
        own = []

        def inner():
            own.append(1)

        try:
            parallel.submit_work(inner).result()
        except parallel.UnprotectedError as error:
            return str(error)

    assert "append()" in parallel.submit_work(outer).result()


def test_modules_that_are_imported_in_a_context(tmp_path, monkeypatch):
    (tmp_path / "of_the_user.py").write_text(
        "log = []\nclass Kept:\n    n = 0\n    n += 1\ndef note(into, x):\n    into.append(x)\n    log.append(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        import of_the_user

        of_the_user.note([], 1)
        try:
            of_the_user.note(numbers, 2)
        except parallel.UnprotectedError:
            return of_the_user.log, of_the_user.Kept.n

    assert parallel.submit_work(work).result() == ([1], 1)
    assert "of_the_user" not in sys.modules


WRAPPED = """
import functools
log = []
def wrapped(f):
    @functools.wraps(f)
    def call(*arguments):
        log.append(arguments)
        return f(*arguments)
    return call
@wrapped
def f(x):
    return x
"""


def test_modules_of_the_user_that_were_imported_before(tmp_path, monkeypatch):
    path = tmp_path / "beside_twins.py"
    path.write_text(WRAPPED)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("beside_twins")
    assert "append()" in refusal(lambda: module.f(1))
    assert module.log == []


def test_listed_functions_of_libraries_have_twins():
    importlib.import_module("pandas")
    functions = list(library.functions())
    assert len(functions) > 200
    assert [function for function in functions if building._library_twin(function) is None] == []


def test_views_that_pandas_makes_are_followed():
    import pandas

    frame = pandas.DataFrame({"a": [1, 2], "b": [3, 4]})

    def through_a_column():
        column = frame["a"]
        column.loc[0] = 9
        return column.tolist()

    def in_place():
        column = frame["b"]
        column += 1
        return column.tolist()

    for change in (lambda: frame.fillna(0, inplace=True), lambda: frame.insert(0, "c", 1)):
        refusal(change)
    probe = pandas.DataFrame({"a": [1, 2]})
    probe["a"].loc[0] = 9
    if probe.loc[0, "a"] == 9:
        refusal(through_a_column)
        refusal(in_place)
    else:  # since pandas 3 a column is a copy as soon as it is changed
        assert parallel.submit_work(through_a_column).result() == [9, 2]
        assert parallel.submit_work(in_place).result() == [4, 5]
    assert frame.to_dict("list") == {"a": [1, 2], "b": [3, 4]}
    assert parallel.submit_work(lambda: frame.copy().assign(c=1).drop(columns="a").sum().to_dict()).result() == {
        "b": 7,
        "c": 2,
    }


def test_code_of_run_cell(main_module):
    vars(main_module)["kept"] = kept = []
    assert list(parallel.run_cell("own = [rank]\nown += [1]\nown", 2)) == [[0, 1], [1, 1]]
    with pytest.raises(parallel.UnprotectedError):
        parallel.run_cell("kept.append(rank)", 2)
    assert kept == []


# ---- what the user is told -------------------------------------------------------------------------------------------


def test_functions_without_a_source_are_named():
    namespace = {"__name__": "from_nowhere", "kept": []}
    exec("def sourceless(): kept.append(1)", namespace)
    parallel.submit_work(namespace["sourceless"]).result()
    named = parallel.protection.status()["without_twin"]
    assert named["from_nowhere.sourceless"] == "its source is not to be found" and namespace["kept"] == []


def test_a_source_that_has_changed_is_not_run(tmp_path):
    path = tmp_path / "changed.py"
    path.write_text("def f():\n    return 1\n")
    namespace = {"__name__": "changed"}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    path.write_text("def f():\n    return 2\n")
    linecache.checkcache()
    assert parallel.submit_work(namespace["f"]).result() == 1
    assert "not compiled from the text" in parallel.protection.status()["without_twin"]["changed.f"]


def test_status_says_so():
    status = parallel.protection.status()
    assert (status["mode"], status["active"], status["by"]) == ("strict", True, "twins")
    assert status["obstacle"] == ("it is not to be patched (a test)" if pythons.HAS_PATCHES else None)
    parallel.configure(protection="strict")  # is possible
    parallel.configure(protection="off")
    assert parallel.protection.status()["by"] is None


def test_what_no_check_sees_is_found_after_the_work(main_module, capfd):
    main_module.results = results = []
    namespace = {"results": results}
    exec("def unseen(): results.append(['made here'])", namespace)
    parallel.submit_work(namespace["unseen"]).result()
    parallel.run()
    assert "list 'results'" in capfd.readouterr().err


# ---- another interpreter ---------------------------------------------------------------------------------------------


def _other_interpreter() -> str | None:
    """A CPython 3.11 that is not this one: PYTHON_OTHER, or one in PATH."""
    folders = os.environ.get("PATH", "").split(os.pathsep)
    named = [os.environ.get("PYTHON_OTHER")]
    found = [shutil.which(name, path=folder) for folder in folders for name in ("python3.11", "python3")]
    ask = "import sys; print(sys.implementation.name, sys.version.split()[0], hasattr(sys, 'gettotalrefcount'))"
    for path in dict.fromkeys(filter(None, named + found)):
        answer = subprocess.run([path, "-c", ask], capture_output=True, text=True, check=False).stdout.split()
        if (
            answer[:1] == ["cpython"]
            and answer[1].startswith("3.11.")
            and answer[1] != sys.version.split()[0]
            and answer[2] == "False"
        ):
            return path
    return None


FORBIDDING = """
import ctypes
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) != 0:
    print("not here")
    raise SystemExit
import parallel

results = []
kept = 0

def store():
    global kept
    kept = 1

for work in (lambda: results.append(1), store):
    print(type(parallel.submit_work(work, errback=str).exception()).__name__)
print(parallel.protection.status()["by"], parallel.protection.status()["obstacle"])
"""


def test_where_nothing_may_become_code(tmp_path):
    """Some systems forbid memory that can be written to be executed later.

    Linux 6.3: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN.
    """
    program = tmp_path / "program.py"
    program.write_text(FORBIDDING)
    ended = subprocess.run([sys.executable, program], capture_output=True, text=True, timeout=30, check=False)
    if ended.stdout == "not here\n":
        pytest.skip("this system lets everything become code")
    assert ended.stdout.splitlines() == [
        "UnprotectedError",
        "UnprotectedError",
        f"twins {'this system does not let the interpreter be written to' if pythons.HAS_PATCHES else None}",
    ], ended


@pytest.mark.sample
@pytest.mark.deadline(240)
def test_the_programs_where_nothing_is_patched():
    other = _other_interpreter() if pythons.HAS_PATCHES else sys.executable
    if other is None:
        pytest.skip("there is no other CPython 3.11; PYTHON_OTHER names one")
    environment = {**os.environ, "PYTHONPATH": str(Path(parallel.__file__).parents[1])}
    program = subprocess.run(
        [other, twins_support.__file__], env=environment, capture_output=True, text=True, check=True, timeout=230
    )
    outcome = json.loads(program.stdout.splitlines()[-1])
    assert outcome["by"] == "twins"
    assert "another version" in outcome["obstacle"] if pythons.HAS_PATCHES else outcome["obstacle"] is None
    assert "source twins" not in program.stderr
    assert outcome["benign"].pop("programs") > 200 and outcome["benign"] == {}
    # Code that the main thread has compiled from a string has no source; of a method that matplotlib has behind another
    # nothing tells.
    assert outcome["violations"].pop("programs") > 300
    assert set(outcome["violations"]) - {"v_figure_ticks"} == {"v_exec_def", "v_exec_compiled"}
