"""Errors by the thousand: what is shown of them is bounded, exact in the end, and run() gets past them."""

import gc
import threading
import weakref

import pytest

import parallel
from parallel import _engine, _failures, _host, _notices
from support import run_program, wait_until


def fail(n):
    raise ValueError(n)


class Host(_host.Host):
    """Notes what is shown, by cell."""

    def __init__(self):
        self.cells = threading.local()
        self.errors: list[tuple] = []
        self.lines: list[tuple] = []

    def cell(self):
        return getattr(self.cells, "now", None)

    def error(self, cell, exception):
        self.errors.append((cell, exception))

    def write(self, cell, stream, text):
        self.lines.append((cell, text))


@pytest.fixture
def host():
    before, noting = _host.current(), Host()
    _host.install(noting)
    yield noting
    _engine.current().endings.failures.forget_all()
    _host.install(before)


def wait_for_end():
    wait_until(lambda: not _engine.current().is_busy())


def test_a_few_are_shown_and_the_others_counted(host):
    works = [parallel.submit_work(fail, n) for n in range(500)]
    parallel.start()
    wait_for_end()
    wait_until(lambda: not _engine.current().has_untold())
    assert len(host.errors) == 5
    assert host.lines == [(None, "... and 495 more works failed: parallel.works('failed')\n")]
    assert all(work.state == "failed" for work in works)


def test_each_cell_has_its_own(host):
    for cell, count in (("one", 7), ("two", 3), ("three", 6)):
        host.cells.now = cell
        for n in range(count):
            parallel.submit_work(fail, n)
        parallel.start()
    wait_for_end()
    wait_until(lambda: not _engine.current().has_untold())
    shown = [cell for cell, _ in host.errors]
    assert {cell: shown.count(cell) for cell in shown} == {"one": 5, "two": 3, "three": 5}
    assert sorted(host.lines) == [
        ("one", "... and 2 more works failed: parallel.works('failed')\n"),
        ("three", "... and 1 more work failed: parallel.works('failed')\n"),
    ]


def test_the_count_goes_on_and_is_told_now_and_then(host, monkeypatch):
    """With a clock of its own: no message for each error, more and more seldom, the last one exact."""
    now = [1000.0]
    monkeypatch.setattr(_notices.time, "monotonic", lambda: now[0])
    notices, shown = _notices.Notices(), []
    for _ in range(1000):
        notices.show("cell", lambda: shown.append(now[0]), is_news=False)
        now[0] += 0.1
        notices.look(is_busy=True)
    assert len(shown) == 5 and 3 <= len(host.lines) <= 6
    assert all(" failed so far: " in line for _, line in host.lines)
    notices.look(is_busy=False)
    assert host.lines[-1] == ("cell", "... and 995 more works failed: parallel.works('failed')\n")
    assert not notices.have_untold()
    now[0] += 10  # what comes after a while is news
    notices.show("cell", lambda: shown.append(now[0]), is_news=False)
    assert len(shown) == 6


def test_of_many_cells_only_some_are_remembered_and_no_count_is_lost(host):
    notices, shown = _notices.Notices(), []
    for cell in range(200):
        for _ in range(7):
            notices.show(cell, lambda: shown.append(cell), is_news=False)
    notices.end()
    assert len(shown) == 1000 and len(notices._floods) == 0
    assert sorted(cell for cell, line in host.lines if " 2 more works failed" in line) == list(range(200))


def test_a_long_run_announces_only_some(host, two_contexts, monkeypatch):
    monkeypatch.setattr(_failures, "_NOTICE_SECONDS", 0.0)
    gate = parallel.xlist()
    for n in range(50):
        parallel.submit_work(fail, n)
    parallel.submit_work(gate.wait, 1)
    threading.Timer(1.0, gate.push, (1,)).start()
    with pytest.raises(ValueError):
        parallel.run()
    wait_until(lambda: not _engine.current().has_untold())
    announced = [line for _, line in host.lines if "run() raises it when all work has ended" in line]
    assert len(announced) == 5 and host.lines[-1][1].startswith("... and ")
    assert len(host.lines) <= 7


# ---- what run() raises of them ---------------------------------------------------------------------------------------


def test_of_errors_that_were_shown_run_raises_one(host):
    for n in range(50):
        parallel.submit_work(fail, n)
    parallel.start()
    wait_for_end()
    with pytest.raises(ValueError) as caught:
        parallel.run()
    assert caught.value.__notes__ == ["49 more works failed, as has been shown; works('failed') lists them"]
    parallel.run()


def test_of_errors_that_nobody_has_seen_run_raises_a_hundred_more():
    works = [parallel.submit_work(fail, n) for n in range(5000)]
    seen = []
    with pytest.raises(ValueError) as caught:
        parallel.run()
    assert caught.value.__notes__ == [
        "4,999 more works failed: the next 100 calls of run() raise one each, works('failed') lists them, "
        "cancel() forgets them"
    ]
    for left in reversed(range(100)):
        with pytest.raises(ValueError) as caught:
            parallel.run()
        seen.append(caught.value.args[0])
        notes = getattr(caught.value, "__notes__", [])
        if left:
            works_left = "1 more work" if left == 1 else f"{left} more works"
            assert notes == [f"{works_left} failed: the next run() raises the next, cancel() forgets them"]
        else:
            assert notes == []
    parallel.run()
    assert len(set(seen)) == 100
    assert all(work.state == "failed" and isinstance(work.exception(), ValueError) for work in works[:100])
    assert len(parallel.works("failed")) >= 1000


def test_cancel_forgets_what_has_failed(host):
    for n in range(30):
        parallel.submit_work(fail, n)
    with pytest.raises(ValueError):
        parallel.run()
    parallel.cancel()
    parallel.run()
    work = parallel.submit_work(fail, 7)
    parallel.start()
    wait_for_end()
    parallel.cancel()
    parallel.run()
    assert work.exception().args == (7,)  # the work has it still


def test_an_error_alone_has_no_note():
    parallel.submit_work(fail, 1)
    with pytest.raises(ValueError) as caught:
        parallel.run()
    assert not hasattr(caught.value, "__notes__")


class NoNotes(Exception):
    @property
    def __notes__(self):
        raise SystemError


def test_an_error_that_takes_no_notes_is_raised_all_the_same():
    def fail_without():
        raise NoNotes("x")

    for _ in range(2):
        parallel.submit_work(fail_without)
    for _ in range(2):
        with pytest.raises(NoNotes):
            parallel.run()
    parallel.run()


def test_a_work_hears_of_all_that_failed_in_it():
    def outer():
        for n in range(30):
            parallel.submit_work(fail, n)

    error = parallel.submit_work(outer).exception()
    assert len(error.__notes__) == 29 and not any("next run()" in note for note in error.__notes__)


def test_a_program_ends_with_the_count():
    ended = run_program("""
        import parallel, time

        def fail(n):
            raise ValueError(n)

        for n in range(300):
            parallel.submit_work(fail, n)
        parallel.start()
        print("end")
    """)
    assert ended.returncode == 0 and ended.stdout == "end\n"
    assert ended.stderr.count("parallel.ContextTraceback") == 5
    assert ended.stderr.endswith("... and 295 more works failed: parallel.works('failed')\n")
    assert ended.stderr.count("more works failed") == 1


def test_an_error_that_was_raised_keeps_nothing(two_contexts):
    """Of its work, that is, whose batch holds the memory of all results."""
    works = [parallel.submit_work(divmod, (n, 0)) for n in range(3)]
    left = [weakref.ref(work) for work in works]
    del works
    for _ in left:
        with pytest.raises(ZeroDivisionError):
            parallel.run()
    gc.collect()
    assert [reference() for reference in left] == [None] * 3
