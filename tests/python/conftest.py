"""Around every test: a deadline, and at its end no batch, no process, and no more descriptors or memory than before."""

import ctypes
import random
import sys
import time
import types

import pytest

import pages
import parallel
import support
from deadlines import deadline
from parallel import _config, _engine, _host, _views, protection

SECONDS = 60


def pytest_configure(config):
    config.addinivalue_line("markers", "deadline(seconds): how long the test may take")
    config.addinivalue_line("markers", "keeps_memory: it is about what stays in the region, and looks itself")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.passed = outcome.get_result().passed


@pytest.fixture(autouse=True)
def bounded(request):
    marker = request.node.get_closest_marker("deadline")
    with deadline(marker.args[0] if marker else SECONDS):
        yield


@pytest.fixture
def seed(request):
    """A seed for a test that repeats a race; printed, so that a failure can be repeated."""
    number = random.SystemRandom().randrange(2**32)
    print(f"seed {number}")
    return number


def _forget(engine):
    """Drop what a test has left to be raised, run or started."""
    left = list(engine.endings.failures._kept)
    engine.endings.failures.forget_all()
    engine.endings._callbacks.clear()
    engine._pending.take()
    engine._ended.clear()  # a view would tell of them
    return left


@pytest.fixture(autouse=True)
def tidy(request, bounded):
    engine = _engine.current()
    descriptors, memory = support.descriptors(), support.region_use(collect=False)
    yield
    _config._contexts = None
    protection.select("strict")
    passed, problems = getattr(request.node, "passed", False), []
    end = time.monotonic() + 10
    while passed and engine.is_busy() and time.monotonic() < end:
        time.sleep(0.01)
    if engine.is_busy():
        problems.append(f"still running: {[work for running in engine.batches() for work in running.works]}")
        engine.shutdown()
    _forget(engine)
    if left := support.children():
        problems.append(f"child processes {left} are left")
    if more := {number: name for number, name in support.descriptors().items() if number not in descriptors}:
        problems.append(f"descriptors {more} are left")
    if passed and not request.node.get_closest_marker("keeps_memory"):
        now = support.region_use(collect=False)
        if now[0] > memory[0] or now[1] > memory[1]:
            now = support.region_use()  # a collection takes longer than most tests
        if now[0] > memory[0] or now[1] > memory[1]:
            problems.append(f"shared memory (bytes, xlists) grew from {memory} to {now}")
    assert not problems, "; ".join(problems)


@pytest.fixture(autouse=True, scope="module")
def trim_memory():
    """Give back what the tests of a file have freed: else every fork copies the page tables of a gigabyte."""
    yield
    ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture
def two_contexts():
    """Two contexts, whatever the machine has."""
    parallel.configure(contexts=2)


@pytest.fixture
def unprotected():
    """Works may change what the main thread has made, in their copy of it."""
    parallel.configure(protection="off")


@pytest.fixture
def main_module(monkeypatch):
    """A stand-in for the user's namespace."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    yield module
    vars(module).clear()  # pytest holds it longer than what it holds may live


@pytest.fixture
def front_end():
    """A front end whose displays can be updated, in place of the program's own."""
    previous, recorder = _host.current(), pages.Recorder()
    _host.install(recorder)
    yield recorder
    _host.install(previous)
    _views.forget_all()
