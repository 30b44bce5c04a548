"""Packages in whatever version is installed: what they define is found by what it is.

And looking at an object runs none of its code.
"""

import functools
import importlib
import inspect
import sys
import types
import warnings

import numpy
import pytest
import type_tables

import parallel
import pythons
from parallel.protection import _state, coverage, effects
from support import run_program


@pytest.fixture(params=pythons.MEANS)
def means(request):
    """By what works are protected."""
    if request.param == "twins":
        _state._force_twins(True)
    yield request.param
    if request.param == "twins":
        _state._force_twins(False)


def refused(function, *arguments) -> bool:
    """Does the work end in an UnprotectedError?"""
    error = parallel.submit_work(lambda: (function(*arguments), None)[1]).exception()
    assert error is None or isinstance(error, parallel.UnprotectedError), error
    return error is not None


# A file of its own: twins are made of the source, which CPython keeps of `python -c` since 3.13 only.
SHUFFLES = """
import numpy, parallel
numbers = numpy.arange(10)
for shuffle in (lambda: numpy.random.shuffle(numbers), lambda: numpy.random.default_rng(1).shuffle(numbers)):
    print(type(parallel.submit_work(shuffle).exception()).__name__)
print(numbers.tolist() == list(range(10)))
"""


def test_what_numpy_loads_when_it_is_used_is_looked_at(tmp_path):
    """numpy 2 does so with numpy.random: a context would be the first, where nothing is looked for any more."""
    program = tmp_path / "shuffles.py"
    program.write_text(SHUFFLES)
    ended = run_program(f"import runpy; runpy.run_path({str(program)!r})")
    assert ended.stdout.splitlines() == ["UnprotectedError", "UnprotectedError", "True"], ended


# ---- numpy -----------------------------------------------------------------------------------------------------------

data = numpy.arange(12.0)[::-1].copy()
table = numpy.arange(12.0).reshape(3, 4)
complex_data = numpy.zeros(12, complex)
flags = numpy.zeros(12, bool)
generator = numpy.random.default_rng(1)
state = numpy.random.RandomState(1)
lowest = numpy.frompyfunc(min, 2, 1)
objects = numpy.zeros(12, object)
bound_fill = data.fill

CHANGES = {
    "method without arguments": lambda: data.sort(),
    "method with keywords": lambda: table.partition(kth=1, axis=0),
    "method held": functools.partial(numpy.ndarray.fill, data, 1),
    "method bound before the fork": lambda: bound_fill(1),
    "of a view": lambda: data[2:][::2].sort(),
    "output by position": lambda: numpy.add(data, 1, data),
    "output by keyword": lambda: numpy.add(data, 1, out=data),
    "output in a tuple": lambda: numpy.add(data, 1, out=(data,)),
    "second output": lambda: numpy.divmod(data, 2, out=(None, data)),
    "second output by position": lambda: numpy.divmod(data, 2, numpy.empty(12), data),
    "output that is a view": lambda: numpy.sqrt(data[1:], out=data[:-1]),
    "ufunc.at": lambda: numpy.add.at(data, [0], 1),
    "ufunc.reduce": lambda: numpy.add.reduce(table, axis=1, out=data[:3]),
    "ufunc.accumulate": lambda: numpy.add.accumulate(data, 0, None, data),
    "ufunc of numpy.fft": lambda: numpy.copyto(complex_data, numpy.fft.fft(data)),
    "ufunc of Python": lambda: lowest(data, 1, out=objects),
    "function in Python": lambda: numpy.clip(data, 0, 1, out=data),
    "copyto": lambda: numpy.copyto(data, 1),
    "copyto by keywords": lambda: numpy.copyto(src=1, dst=data),
    "putmask": lambda: numpy.putmask(data, data > 1, 0),
    "place": lambda: numpy.place(data, data > 1, [0]),
    "put": lambda: numpy.put(data, [0], 1),
    "put_along_axis": lambda: numpy.put_along_axis(table, numpy.array([[0], [1], [2]]), 9, 1),
    "fill_diagonal": lambda: numpy.fill_diagonal(table, 0),
    "nan_to_num": lambda: numpy.nan_to_num(data, copy=False),
    "dot": lambda: numpy.dot(table, table.T, out=table[:, :3]),
    "concatenate": lambda: numpy.concatenate([data[:6], data[6:]], out=data),
    "einsum": lambda: numpy.einsum("ij->j", table, out=data[:4]),
    "take": lambda: numpy.take(data, [1, 2], out=data[:2]),
    "choose": lambda: numpy.choose(flags, [data, data], out=data),
    "shuffle": lambda: generator.shuffle(data),
    "shuffle by keyword": lambda: generator.shuffle(x=data),
    "shuffle of a class": lambda: numpy.random.Generator.shuffle(generator, data),
    "shuffle of a RandomState": lambda: state.shuffle(data),
    "shuffle of the module": lambda: numpy.random.shuffle(data),
    "random by position": lambda: generator.random(12, "d", data),
    "standard_normal": lambda: generator.standard_normal(out=data),
    "permuted": lambda: generator.permuted(data, out=data),
    "in place": lambda: data.__iadd__(1),
    "item": lambda: data.itemset(0, 1) if hasattr(data, "itemset") else data.__setitem__(0, 1),
    "of what lends its memory": lambda: numpy.asarray(Lender(data))[:1].fill(1),
    "as_strided": lambda: numpy.lib.stride_tricks.as_strided(data, (3, 4), (32, 8)).fill(1),
}
if "out" in inspect.signature(numpy.fft.fft).parameters:  # since numpy 2
    CHANGES["fft(out=)"] = lambda: numpy.fft.fft(data, out=complex_data)

READS = {
    "methods": lambda: (data.sum(), data.argsort(), data.copy().sort(), numpy.sort(data)),
    "ufuncs": lambda: (
        numpy.add(data, 1),
        numpy.add(data, 1, out=numpy.empty(12)),
        numpy.add(data, 1, out=None),
        lowest(data, 1),
    ),
    "ufuncs with keywords": lambda: numpy.add(data, 1, where=data > 2, dtype="f8"),
    "draws": lambda: (
        generator.random(3),
        generator.shuffle(data.copy()),
        generator.permutation(data),
        numpy.random.rand(2),
    ),
    "own outputs": lambda: numpy.copyto(numpy.empty(12), data),
}


class Lender:
    """What is no array and shows the memory of one."""

    def __init__(self, array):
        self.lent, self.__array_interface__ = array, array.__array_interface__


@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_arrays_are_refused(change, means):
    before = [array.copy() for array in (data, table, complex_data, objects)]
    assert refused(CHANGES[change])
    for array, was in zip((data, table, complex_data, objects), before):
        assert (array == was).all()


@pytest.mark.parametrize("read", READS)
def test_what_changes_no_array_runs(read, means):
    assert not refused(READS[read])


# ---- methods of packages in Python -----------------------------------------------------------------------------------

PACKAGE = """
import functools
from contextlib import contextmanager

def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

def checked(function):
    @functools.wraps(function)
    def wrapper(estimator, *args, **kwargs):
        seen = lambda: estimator
        return function(seen(), *args, **kwargs)
    return wrapper

class Base:
    def fit(self, data):
        self.mean_ = sum(data) / len(data)
        return self

    @traced
    def partial_fit(self, data):
        return self._update(data)

    @checked
    @traced
    def fit_transform(self, data):
        return self._update(data)

    def _update(self, data):
        self.mean_ = sum(data) / len(data)
        return self

    @traced
    def predict(self, data):
        self._last = len(data)  # a book of its own
        return [self.offset for _ in data]

    @traced
    def copy_and_fit(self, data):
        return type(self)().fit(data)

    offset = 0

class Model(Base):
    fit = checked(Base.fit)
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package that is installed, with methods that decorators stand before."""
    (tmp_path / "somewhere" / "site-packages").mkdir(parents=True)
    folder = tmp_path / "somewhere" / "site-packages"
    (folder / "some_package.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("some_package")
    del sys.modules["some_package"]


# Not within the tests: pytest compiles functions with `assert` in its own way, and then they have no twins.
def call(model, method):
    getattr(model, method)([1, 2])


def call_through_class(model, method):
    getattr(type(model), method)(model, [1, 2])


def fit(model):
    model.fit([1, 2])


def fit_own(kind):
    kind().fit([1, 2]).partial_fit([1]).fit_transform([3])


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform"])
@pytest.mark.parametrize("kind", ["Base", "Model"])
def test_decorated_methods_that_say_they_change_are_seen(package, kind, method, means):
    model = getattr(package, kind)()
    assert refused(call, model, method)
    assert means == "twins" or refused(call_through_class, model, method)  # twins look at methods that are bound
    assert method != "fit" or refused(fit, model)
    assert vars(model) == {}


@pytest.mark.parametrize("kind", ["Base", "Model"])
def test_decorated_methods_that_keep_books_are_not(package, kind, means):
    model = getattr(package, kind)()
    assert not refused(call, model, "predict")
    assert not refused(call, model, "copy_and_fit")
    assert not refused(fit_own, getattr(package, kind))


# ---- looking runs no code --------------------------------------------------------------------------------------------

ran = []


class Watching:
    """Whatever Python code could be asked by who looks at an object."""

    def __getattr__(self, name):
        ran.append(name)
        raise AttributeError(name)

    def __getattribute__(self, name):
        if name not in ("__class__", "__dict__", "change", "items"):
            ran.append(name)
        return object.__getattribute__(self, name)

    @property
    def _cached(self):
        ran.append("_cached")

    def __eq__(self, other):
        ran.append("__eq__")
        return NotImplemented

    __hash__ = object.__hash__

    def __repr__(self):
        ran.append("__repr__")
        return "Watching()"


class WatchingList(list):
    def __iter__(self):
        ran.append("__iter__")
        return super().__iter__()

    def __len__(self):
        ran.append("__len__")
        return super().__len__()


def test_the_judge_runs_no_code_of_the_users(main_module, means):
    watching = Watching()
    object.__setattr__(watching, "items", inner := [1])
    main_module.watching, main_module.rows, main_module.by_key = watching, WatchingList([inner]), {watching: inner}
    main_module.settings = {"deep": {"inner": inner}}

    def work():
        seen = []
        for change in (
            lambda: inner.append(2),
            lambda: setattr(watching, "other", 1),
            lambda: main_module.rows.append(3),
            lambda: main_module.by_key.clear(),
        ):
            ran.clear() if ran else None
            try:
                change()
            except parallel.UnprotectedError as error:
                seen.append(str(error))
        return len(seen), list(ran)

    assert parallel.submit_work(work).result() == (4, [])


@pytest.mark.parametrize("kind", ["own", "the main thread's"])
def test_frames_are_asked_for_nothing_more_than_without_protection(kind, means):
    """pandas' `__getattr__` is slow where it does not find a name: a work that asked it took 0.69 s instead of 0.08."""
    pandas = pytest.importorskip("pandas")
    asked = parallel.xlist()

    class Frame(pandas.DataFrame):
        def __getattr__(self, name):
            asked.push(name)
            return super().__getattr__(name)

    def add_columns(frame):
        for number in range(3):
            frame[f"column {number}"] = frame.x * number
        frame.loc[0, "x"] = 5
        frame.at[1, "x"] = 6

    def work(frame):
        asked.flush()
        try:
            add_columns(frame)
        except parallel.UnprotectedError:
            assert kind != "own"
            assert "obj" not in asked.flush()
        return list(asked.flush())

    frame = Frame({"x": [1, 2]})
    add_columns(Frame({"x": [1, 2]}))
    expected = asked.flush()
    if kind == "own":
        assert parallel.submit_work(lambda: work(Frame({"x": [1, 2]}))).result()[-len(expected) :] == expected
    else:
        parallel.submit_work(work, frame).result()


# ---- what is missing is told -----------------------------------------------------------------------------------------


@pytest.fixture
def strange_version(monkeypatch):
    """A table that names what the installed library does not have, as that of a library which has renamed it."""
    monkeypatch.setitem(sys.modules, "moved_library", module := types.ModuleType("moved_library"))
    module.__file__ = importlib.import_module("json").__file__  # a library's
    monkeypatch.setitem(effects.TYPES, ("moved_library", "Gone"), effects.Effects("", "change"))
    monkeypatch.setitem(effects.FUNCTIONS, ("moved_library", "new_name|old_name"), (0, None))
    monkeypatch.setitem(effects.FUNCTIONS, ("never_imported", "whatever"), (0, None))
    monkeypatch.setattr(_state, "_prepared", False)
    yield module
    monkeypatch.undo()
    _state._prepared = False
    _state._told.clear()
    _state._configure()


def test_what_is_not_found_is_said_and_warned_of_once(strange_version):
    with pytest.warns(
        RuntimeWarning, match="not complete: changes by moved_library.Gone, moved_library.new_name"
    ) as told:
        parallel.submit_work(len, []).result()
    assert len(told) == 1
    status = parallel.protection.status()
    assert status["missing"] == ["moved_library.Gone", "moved_library.new_name"] and status["active"] == "partly"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parallel.submit_work(len, []).result()
    assert any("moved_library.Gone" in sentence for sentence in _state.sentences())


def test_what_is_not_imported_is_not_missing(strange_version, monkeypatch):
    monkeypatch.delitem(sys.modules, "moved_library")
    status = parallel.protection.status()
    assert status["missing"] == [] and status["active"] is True


def test_a_module_of_the_users_with_that_name_is_not_missed(strange_version, tmp_path):
    strange_version.__file__ = str(tmp_path / "moved_library.py")
    assert parallel.protection.status()["missing"] == []


def test_a_module_that_is_being_imported_is_looked_at_later(strange_version):
    strange_version.__spec__ = types.SimpleNamespace(_initializing=True)
    assert parallel.protection.status()["missing"] == []
    strange_version.__spec__._initializing = False
    assert len(parallel.protection.status()["missing"]) == 2


def test_methods_that_no_table_knows_are_said(monkeypatch):
    of = effects.TYPES["_collections", "deque"]
    monkeypatch.setitem(effects.TYPES, ("_collections", "deque"), of._replace(changes=of.changes.replace("rotate", "")))
    assert coverage.unknown() == ["_collections.deque.rotate"]
    assert "not looked at: _collections.deque.rotate" in " ".join(_state.sentences())


def test_nothing_is_unknown_of_what_is_installed():
    for module, _ in effects.TYPES:
        type_tables.load(module)
    assert parallel.protection.status()["unknown"] == []
