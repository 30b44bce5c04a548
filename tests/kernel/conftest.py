"""Around every test of the kernel: a deadline, a kernel that answers, and the rules that hold for every request."""

import random
import sys

import pytest

import support
from deadlines import deadline
from support import BUILD, Kernel, fresh_kernel


def pytest_configure(config):
    config.addinivalue_line("markers", "deadline(seconds): how long the test may take")


@pytest.fixture(autouse=True, scope="session")
def kernelspecs():
    """Lets Jupyter find the kernel of the build tree first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(BUILD / "share/jupyter"))
        yield
        support.drop_spare()


@pytest.fixture(autouse=True)
def bounded(request):
    marker = request.node.get_closest_marker("deadline")
    with deadline(marker.args[0] if marker else 60):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.passed = outcome.get_result().passed


@pytest.fixture
def seed():
    """A seed for a test that repeats a race; printed, so that a failure can be repeated."""
    number = random.SystemRandom().randrange(2**32)
    print(f"seed {number}")
    return number


class _Shared:
    """The kernel of a module; another one when a test has failed with it."""

    def __init__(self):
        self.kernel: Kernel | None = None

    def get(self) -> Kernel:
        if self.kernel is None:
            self.kernel = fresh_kernel().__enter__()
            # A run() that takes long on a slow machine must not be one display more than a test counts.
            self.kernel.ok("parallel.configure(progress=False)", silent=True, store_history=False)
        return self.kernel

    def drop(self):
        kernel, self.kernel = self.kernel, None
        if kernel is not None:
            kernel.kill()


@pytest.fixture(scope="module")
def shared():
    holder = _Shared()
    try:
        yield holder
        if holder.kernel is not None:
            with deadline(60):
                holder.kernel.end()
    finally:
        holder.drop()


@pytest.fixture
def kernel(request, bounded, shared):
    """A running kernel that other tests of the module use too."""
    the_kernel = shared.get()
    yield the_kernel
    if not getattr(request.node, "passed", False):
        print(f"the kernel's log:\n{the_kernel.log}", file=sys.stderr)
        shared.drop()
        return
    try:
        the_kernel.check()
    except BaseException:
        shared.drop()
        raise


@pytest.fixture
def own_kernel(request, bounded):
    """A kernel for this test only."""
    with fresh_kernel() as the_kernel:
        yield the_kernel
        if not getattr(request.node, "passed", False):
            print(f"the kernel's log:\n{the_kernel.log}", file=sys.stderr)
        elif not the_kernel.has_ended():
            the_kernel.check()
            the_kernel.end()
