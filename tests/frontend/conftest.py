"""Around every test of a front end: a deadline; for those in a browser, one server and one browser for all."""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from deadlines import deadline
from lab import BUILD, PICTURES, SECONDS, Lab, Server


def pytest_configure(config):
    config.addinivalue_line("markers", "deadline(seconds): how long the test may take")
    expect.set_options(timeout=SECONDS * 1000)


@pytest.fixture(autouse=True)
def bounded(request):
    marker = request.node.get_closest_marker("deadline")
    with deadline(marker.args[0] if marker else 120):
        yield


@pytest.fixture(autouse=True)
def kernels(monkeypatch, tmp_path):
    """Lets Jupyter find the kernel of the build tree first."""
    monkeypatch.setenv("JUPYTER_PATH", str(BUILD / "share/jupyter"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, without a window."""
    shutil.rmtree(PICTURES, ignore_errors=True)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path="/usr/bin/chromium", chromium_sandbox=os.getuid() != 0)
        # One context for all tests: JupyterLab's 10 MB of scripts are read once.
        context = running.new_context(viewport={"width": 1200, "height": 900})
        context.set_default_timeout(SECONDS * 1000)
        yield context
        running.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call":
        item.passed = outcome.get_result().passed


@pytest.fixture(scope="session")
def pages():
    """The page that the tests share, if there is one; it takes longer to open than most tests."""
    return []


@pytest.fixture
def lab(request, bounded, server, browser, pages):
    """JupyterLab with a launcher in front; a new one when a test has failed with it."""
    if not pages:
        pages.append(Lab(server, browser.new_page()))
    [shared] = pages
    try:
        shared.open_launcher()
        yield shared
    finally:
        if not getattr(request.node, "passed", False):
            shared.picture(f"failed-{request.node.name}")
            print(f"the server's log:\n{server.log}")
            pages.clear()
            shared.page.close()


@pytest.fixture
def notebook(lab):
    """A new notebook with this kernel."""
    return lab.launch("Python (parallel)")
