"""CPython's own tests, run in a context with protection and without: they end alike, since they change only what they make."""

import pytest

import parallel

MODULES = [
    "test_list", "test_dict", "test_set", "test_generators", "test_grammar", "test_dataclasses", "test_scope", "test_deque",
    "test_descr", "test_functools", "test_itertools", "test_memoryview", "test_threading_local", "test_collections", "test_coroutines",
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
