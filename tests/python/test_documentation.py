"""Every public name explains itself: docstrings, examples that run, signatures."""

import doctest
import inspect
import pydoc
import types

import pytest

import parallel
from parallel import _config
from support import run_program

WITHOUT_EXAMPLE = {"Context"} | {
    name
    for name in parallel.__all__
    if isinstance(getattr(parallel, name), type) and issubclass(getattr(parallel, name), Exception)
}


# What IPython looks for in a module: public for it, not for users.
FOR_IPYTHON = {"load_ipython_extension", "unload_ipython_extension"}


def members(kind):
    """The public functions of a class, by name; inherited ones only from this package."""
    for name in dir(kind):
        if name.startswith("_"):
            continue
        owner = next(base for base in kind.__mro__ if name in vars(base))
        if owner.__module__.partition(".")[0] == "parallel":
            yield name, vars(owner)[name]


def test_all_is_what_is_public():
    public = {
        name
        for name, value in vars(parallel).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert public == set(parallel.__all__) | FOR_IPYTHON and parallel.__all__ == sorted(parallel.__all__)


@pytest.mark.parametrize("name", parallel.__all__)
def test_docstrings(name):
    value = getattr(parallel, name)
    assert value.__doc__ and len(value.__doc__.split()) >= 4
    if name not in WITHOUT_EXAMPLE:
        assert ">>>" in value.__doc__
    if isinstance(value, type):
        for member, function in members(value):
            assert inspect.getdoc(function), f"{name}.{member}"


@pytest.mark.parametrize("name", parallel.__all__)
def test_signatures(name):
    value = getattr(parallel, name)
    if not (isinstance(value, type) and issubclass(value, Exception)):
        inspect.signature(value)
    if isinstance(value, type):
        for _, function in members(value):
            if callable(function):
                inspect.signature(function)
    elif isinstance(value, types.FunctionType):
        annotations = {**value.__annotations__}
        assert "return" in annotations and set(annotations) - {"return"} == set(inspect.signature(value).parameters)


def test_help_renders():
    assert "submit_work" in pydoc.render_doc(parallel) and "oldest" in pydoc.render_doc(parallel.xlist)


def examples():
    """Everything with an example, wherever it is defined; those of C are not found by doctest itself."""
    yield "parallel", parallel.__doc__
    for name in parallel.__all__:
        value = getattr(parallel, name)
        yield name, value.__doc__
        if isinstance(value, type):
            for member, function in members(value):
                yield f"{name}.{member}", inspect.getdoc(function)


@pytest.mark.parametrize(
    "name, text", [example for example in examples() if ">>>" in (example[1] or "")], ids=lambda value: value[:30]
)
def test_examples(name, text, monkeypatch):
    monkeypatch.setattr(_config, "_contexts", None)
    failures = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.IGNORE_EXCEPTION_DETAIL)
    test = doctest.DocTestParser().get_doctest(
        inspect.cleandoc(text), dict(vars(parallel), parallel=parallel), name, None, 0
    )
    result = runner.run(test, out=failures.append)
    assert result.attempted and not result.failed, "".join(failures)


def test_a_program_needs_no_more_than_an_import():
    assert run_program("import parallel; print(parallel.submit_work(lambda: 6 * 7).result())").stdout == "42\n"
