"""CPython's own tests, run in a context with protection and without.

They end alike, since they change only what they make.
"""

import re
import sys

import pytest
import test

import parallel
import pythons
from parallel.protection import _state

MODULES = [
    "test_list", "test_dict", "test_set", "test_generators", "test_grammar", "test_dataclasses", "test_scope",
    "test_deque", "test_descr", "test_functools", "test_itertools", "test_memoryview", "test_threading_local",
    "test_collections", "test_coroutines",
]  # fmt: skip


def _run(name: str) -> tuple:
    import importlib
    import unittest

    module = importlib.import_module(f"test.{name}")
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    ended = [(test.id(), text.strip().splitlines()[-1]) for test, text in result.failures + result.errors]
    return result.testsRun, sorted(ended), len(result.skipped)


def _in_context(name: str, protection: str) -> tuple:
    parallel.configure(protection=protection)
    return parallel.submit_work(_run, name).result()


@pytest.mark.deadline(120)
@pytest.mark.parametrize("name", MODULES)
def test_the_same_results(name):
    protected, plain = _in_context(name, "strict"), _in_context(name, "off")
    assert protected[0] > 10 and protected == plain


# More of the language itself, for what twins are compiled from.
LANGUAGE = [
    "test_asyncgen", "test_augassign", "test_binop", "test_builtin", "test_class", "test_contextlib",
    "test_decorators", "test_enum", "test_exceptions", "test_fstring", "test_named_expressions", "test_patma",
    "test_positional_only_arg", "test_property", "test_super", "test_syntax", "test_sys_settrace", "test_traceback",
    "test_unpack_ex", "test_with",
]  # fmt: skip


def _as_the_users(name: str, by_twins: bool) -> tuple:
    """Those tests taken for the user's code: what they change of the interpreter is refused, by either means alike."""
    _state._force_twins(by_twins)
    parallel.configure(protection="strict", projects=list(test.__path__))
    try:
        count, ended, skipped = parallel.submit_work(_run, name).result()
        return count, [(id, re.sub("0x[0-9a-f]+", "", text)) for id, text in ended], skipped
    finally:
        _state._force_twins(False)
        parallel.configure(projects=[])


@pythons.needs_patches
@pytest.mark.deadline(120)
@pytest.mark.parametrize("name", sorted({*MODULES, *LANGUAGE} - {"test_functools"}))  # which takes out of sys.modules
def test_twins_end_as_patched_code_does(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    # pytest loads what is called test_* with statements of its own.
    finders = [finder for finder in sys.meta_path if "Rewriting" not in type(finder).__name__]
    monkeypatch.setattr(sys, "meta_path", finders)
    patched_only = {"test.test_descr.ClassPropertiesAndMethods.test_set_doc"}  # list.__doc__ = v fails by itself
    twins, patched = _as_the_users(name, by_twins=True), _as_the_users(name, by_twins=False)
    assert set(twins[1]) - set(patched[1]) == set()
    assert {id for id, _ in set(patched[1]) - set(twins[1])} <= patched_only
    assert twins[0] == patched[0] > 0 and twins[2] == patched[2]
