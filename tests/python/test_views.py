"""How xlists look: text, HTML, and the live views of a front end, whatever their items say of themselves."""

import html.parser
import threading
import time

import numpy
import pytest

import parallel
from parallel import _engine, _host, _views
from support import wait_until


class Recorder(_host.Host):
    """A front end whose displays can be updated."""

    def __init__(self):
        self.shown = []
        self.texts = []

    def cell(self):
        return "cell"

    def is_live(self):
        return True

    def display(self, cell, data, metadata, transient, update):
        self.shown.append((cell, data, transient["display_id"], update, time.monotonic()))

    def write(self, cell, stream, text):
        self.texts.append((cell, stream, text))

    def latest(self):
        return self.shown[-1][1]["text/plain"]


@pytest.fixture
def front_end():
    previous, recorder = _host.current(), Recorder()
    _host.install(recorder)
    yield recorder
    _host.install(previous)
    _views.forget_all()


class Parser(html.parser.HTMLParser):
    """Collects the tags and the text of a page; every tag must be closed."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


class Says:
    def __init__(self, action):
        self.action = action

    def __repr__(self):
        return self.action()

    def __reduce__(self):
        return Says, (self.action,)


def raises(kind):
    raise kind


def a_script():
    return "<script>alert('x')</script>"


def long_text():
    return "x" * 10_000_000


def control_characters():
    return "a\x1b[2Jb\nc\td\r\0\ud800"


def not_text():
    return 5


def raise_lookup():
    raises(LookupError)


def raise_exit():
    raises(SystemExit)


HOSTILE = {
    "script": (Says(a_script), "<script>alert('x')</script>"),
    "text": ("<b>&amp;</b>", "'<b>&amp;</b>'"),
    "long": (Says(long_text), "xxx"),
    "long text": ("y" * 1_000_000, "yyy"),
    "control": (Says(control_characters), "a\\x1b[2Jb c d \\x00\\ud800"),
    "no text": (Says(not_text), "Says"),
    "raises": (Says(raise_lookup), "Says"),
    "exits": (Says(raise_exit), "SystemExit"),
    "nested": ([[[[[1] * 50] * 50] * 50] * 50] * 5, "[...]"),
    "big int": (10**10_000, "ValueError"),
    "surrogate": ("\ud800", "'\\ud800'"),
    "array": (numpy.arange(1_000_000), "array("),
    "bytes": (b"\0\xff" * 100_000, "b'"),
}


@pytest.mark.parametrize("item, part", HOSTILE.values(), ids=HOSTILE)
def test_hostile_items(item, part):
    xl = parallel.xlist(["first", item, "last"], name="<i>name</i>")
    bundle = _views.bundle(xl, "<u>status</u>")
    assert set(bundle) == {"text/plain", "text/html"} and bundle == xl._repr_mimebundle_() | bundle
    text, page = bundle["text/plain"], bundle["text/html"]
    assert part in text and "'first'" in text and "'last'" in text and len(text.splitlines()) == 4
    parser = Parser(page)
    assert {tag for tag, _ in parser.tags} == {"div", "strong", "span", "em", "table", "tr", "td", "code"}
    assert part in parser.text and "<u>status</u>" in parser.text and "<i>name</i>" in parser.text
    assert parser.tags[0] == ("div", {"role": "group", "aria-label": "xlist <i>name</i>"})
    assert len(text) < 2000 and len(page) < 4000
    for content in (text, page):
        content.encode()
        assert all(c.isprintable() or c == "\n" for c in content)


def test_a_name_that_breaks_out_of_its_attribute():
    name = "'><script>\"\ud800\n"
    page = _views.bundle(parallel.xlist([1], name=name))["text/html"]
    assert Parser(page).tags[0][1]["aria-label"] == "xlist '><script>\"\\ud800"
    repr(parallel.xlist(name=name)).encode()


def test_what_a_view_shows():
    xl = parallel.xlist(range(25), name="numbers")
    for _ in range(3):
        xl.pop()
    lines = _views.bundle(xl, "running")["text/plain"].splitlines()
    assert lines[0] == "<xlist 'numbers' 22 items, 3 taken, 0 B> [running]" and lines[1] == "  … 12 before"
    assert lines[2:] == [f"  {index}  {index + 3}" for index in range(12, 22)]
    page = Parser(_views.bundle(xl)["text/html"]).text
    assert "xlist numbers" in page and "22 items, 3 taken, 0 B" in page and "… 12 before" in page
    assert _views.bundle(parallel.xlist())["text/plain"] == "<xlist 0 items, 0 B>"


def test_an_item_that_cannot_be_read(monkeypatch):
    xl = parallel.xlist([Says(a_script)])
    monkeypatch.delattr(f"{__name__}.Says")
    assert "cannot be read" in _views.bundle(xl)["text/plain"] and "cannot be read" in _views.bundle(xl)["text/html"]


def test_a_million_items_are_shown_as_fast_as_ten():
    xl = parallel.xlist(range(1_000_000))
    best = min(_timed(lambda: (_views.bundle(xl), repr(xl))) for _ in range(5))
    assert best < 0.02 and "999,990 before" in _views.bundle(xl)["text/plain"]


def _timed(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def test_lists_of_lists():
    inner = parallel.xlist(range(100_000), name="inner")
    xl = parallel.xlist([inner])
    xl.push(xl)
    assert (
        "<xlist 'inner' 100,000 items, 0 B>" in _views.bundle(xl)["text/plain"]
        and len(_views.bundle(xl)["text/plain"]) < 500
    )


@pytest.mark.parametrize(
    "count, text",
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_500_000, "1.5 MB"),
        (2_000_000_000, "2.0 GB"),
        (5_000_000_000_000, "5000.0 GB"),
    ],
)
def test_sizes(count, text):
    assert _views._bytes_text(count) == text


# ---- live views ----------------------------------------------------------------------------------------------------------------------


def test_without_a_front_end_a_display_is_a_text(capsys):
    parallel.xlist([1], name="x")._ipython_display_()
    assert capsys.readouterr().out == "<xlist 'x' 1 item, 0 B>\n  0  1\n"


def test_a_live_view_follows_the_list(front_end, two_contexts):
    xl, gate = parallel.xlist(name="live"), parallel.xlist()

    def push():
        for n in range(200):
            xl.push(n)
            time.sleep(0.002)
        gate.wait(1)
        xl.push("end")

    xl._ipython_display_()
    [(cell, first, display_id, update, _)] = front_end.shown
    assert cell == "cell" and not update and first["text/plain"] == "<xlist 'live' 0 items, 0 B>"
    parallel.submit_work(push)
    parallel.start()
    wait_until(lambda: "200 items" in front_end.latest())  # nobody waits in run(): the pump does it
    gate.push(1)
    parallel.run()
    assert "201 items" in front_end.latest() and "'end'" in front_end.latest() and "running" not in front_end.latest()
    assert {(cell, identity) for cell, _, identity, _, _ in front_end.shown} == {("cell", display_id)}
    assert all(update for _, _, _, update, _ in front_end.shown[1:])
    counts = [
        int(data["text/plain"].split(" items")[0].rsplit(" ", 1)[-1])
        for _, data, _, _, _ in front_end.shown
        if " items" in data["text/plain"]
    ]
    assert counts == sorted(counts) and len(counts) >= 3
    assert any("running: 0 of 1 works done" in data["text/plain"] for _, data, _, _, _ in front_end.shown)


def test_a_live_view_is_not_refreshed_too_often(front_end):
    xl = parallel.xlist()
    xl._ipython_display_()

    def push():
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            xl.push(1)

    parallel.submit_work(push)
    began = time.monotonic()
    parallel.run()
    assert 3 <= len(front_end.shown) <= (time.monotonic() - began) / _views.REFRESH_SECONDS + 4


def test_nothing_is_sent_when_nothing_has_changed(front_end, two_contexts):
    xl, gate, calls = parallel.xlist(), parallel.xlist(), []
    xl._ipython_display_()
    parallel.submit_work(gate.wait, 1)
    parallel.start()
    wait_until(lambda: len(front_end.shown) == 2)  # that something runs
    for _ in range(20):
        _views.refresh_all(_engine.current().progress(), final=True)
    assert len(front_end.shown) == 2 and not calls
    gate.push(1)
    parallel.run()
    assert len(front_end.shown) == 3


def test_several_views_of_a_list(front_end):
    xl = parallel.xlist()
    xl._ipython_display_()
    xl._ipython_display_()
    parallel.submit_work(xl.push, 1)
    parallel.run()
    assert len({identity for _, _, identity, _, _ in front_end.shown}) == 2
    for identity in {identity for _, _, identity, _, _ in front_end.shown}:
        assert "1 item," in [data for _, data, shown, _, _ in front_end.shown if shown == identity][-1]["text/plain"]


def test_what_the_main_thread_pushes_while_it_is_idle(front_end):
    xl = parallel.xlist()
    xl._ipython_display_()
    xl.push("idle")
    wait_until(lambda: "'idle'" in front_end.latest())


def test_a_view_keeps_no_list_alive(front_end):
    xl = parallel.xlist([b"x" * 100_000])
    xl._ipython_display_()
    assert _views.exist()
    del xl
    wait_until(lambda: not _views.exist())


def test_a_hostile_item_does_not_end_the_views_of_others(front_end):
    bad, good = parallel.xlist(), parallel.xlist()
    bad._ipython_display_()
    good._ipython_display_()
    parallel.submit_work(lambda: bad.push(Says(raise_exit)))
    parallel.submit_work(lambda: time.sleep(0.15) or good.push("fine"))
    parallel.start()
    wait_until(lambda: any("'fine'" in data["text/plain"] for _, data, _, _, _ in front_end.shown))
    parallel.run()
    assert any("<repr raised SystemExit>" in data["text/plain"] for _, data, _, _, _ in front_end.shown)


def test_the_last_thing_shown_is_the_last_state(front_end, two_contexts):
    """The pump and the main thread refresh at once: what is older must not come later."""
    for n in range(30):
        xl = parallel.xlist()
        xl._ipython_display_()
        parallel.submit_work(lambda: xl.extend(range(50)))
        parallel.run()
        identity = front_end.shown[-1][2]
        assert "50 items" in [data for _, data, shown, _, _ in front_end.shown if shown == identity][-1]["text/plain"]


def test_a_display_in_a_context_is_a_text(front_end):
    xl = parallel.xlist([1], name="x")
    parallel.submit_work(xl._ipython_display_)
    parallel.run()
    assert (
        "".join(text for _, _, text in front_end.texts) == "<xlist 'x' 1 item, 0 B>\n  0  1\n" and not front_end.shown
    )


def test_a_front_end_that_fails(front_end, caplog):
    xl = parallel.xlist()
    xl._ipython_display_()
    front_end.display = lambda *args, **kwds: raises(OSError)
    parallel.submit_work(xl.push, 1)
    parallel.start()
    wait_until(lambda: "could not be shown" in caplog.text)
    del front_end.display
    xl.push(2)
    wait_until(lambda: "2 items" in front_end.latest())
    parallel.run()
    caplog.clear()


def test_output_and_errors_go_to_the_cell_that_submitted(front_end):
    cells = iter(["one", "two"])
    front_end.cell = lambda: next(cells)
    parallel.submit_work(lambda: print("from one"))
    parallel.submit_work(lambda: print("from two"))
    parallel.run()
    assert sorted(front_end.texts) == [("one", "stdout", "from one\n"), ("two", "stdout", "from two\n")]


def test_the_main_thread_is_woken_for_callbacks(front_end):
    woken = threading.Event()
    front_end.wake_main = woken.set
    calls = []
    parallel.submit_work(
        lambda: 1,
        callback=lambda result: calls.append(result) or parallel.submit_work(lambda: 2, callback=calls.append),
    )
    parallel.start()
    assert woken.wait(20) and calls == []
    _engine.on_wake()
    wait_until(lambda: _engine.on_wake() or calls == [1, 2])  # what callbacks submit is started as well


def test_the_end_of_a_cell_starts_what_is_pending(front_end):
    xl = parallel.xlist()
    parallel.submit_work(xl.push, 1)
    _engine.cell_ended()
    assert parallel.contexts(ended=False) or len(xl)
    wait_until(lambda: list(xl) == [1])
