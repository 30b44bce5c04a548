"""How xlists look: text, HTML, and the live views of a front end, whatever their items say of themselves."""

import contextlib
import itertools
import random
import re
import sys
import threading
import time

import pytest

import parallel
from pages import cells, check_bundle, check_page
from parallel import _engine, _host, _views
from parallel._views import numbers, status, text, units
from support import run_program, wait_until


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


def never_ends():
    while True:
        pass


def swallows_everything():
    end = time.monotonic() + 3
    while time.monotonic() < end:
        try:
            time.sleep(0.001)
        except Exception:
            pass
    return "it ended"


HOSTILE = {
    "script": (Says(a_script), "<script>alert('x')</script>"),
    "text": ("<b>&amp;</b>", "'<b>&amp;</b>'"),
    "long": (Says(long_text), "xxx"),
    "long text": ("y" * 1_000_000, "yyy"),
    "wide text": ("漢字" * 1000, "漢字"),
    "control": (Says(control_characters), "a\\x1b[2Jb c d \\x00\\ud800"),
    "no text": (Says(not_text), "Says"),
    "raises": (Says(raise_lookup), "Says"),
    "exits": (Says(raise_exit), "SystemExit"),
    "never ends": (Says(never_ends), "repr takes more than 0.5 s"),
    "takes long": (Says(swallows_everything), "repr takes more than 0.5 s"),
    "nested": ([[[[[1] * 50] * 50] * 50] * 50] * 5, "[...]"),
    "big int": (10**10_000, "ValueError" if sys.version_info < (3, 14) else "roughly 10001 digits"),
    "surrogate": ("\ud800", "'\\ud800'"),
    "bytes": (b"\0\xff" * 100_000, "b'"),
    "keys": ({"<b>": 1, "'\"": 2}, "<b>"),
    "long keys": ({"k" * 100_000: 1}, "kkk"),
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("alone", [True, False])
def test_hostile_items(name, alone):
    item, part = HOSTILE[name]
    xl = parallel.xlist([item] if alone else ["first", item, "last"], name="<i>name</i>")
    shown, page = check_bundle(_views.bundle(xl))
    assert part in page and (part in shown or len(part) > 20)
    assert "<xlist '<i>name</i>' " in shown and "<i>name</i> xlist " in page
    assert alone or ("'first'" in shown and "'last'" in shown and len(shown.splitlines()) == 4)
    assert len(shown) < 2000 and len(page) < 4000


def test_an_interrupt_during_a_repr_is_one():
    """Ctrl-C at a repr that takes long is the user's, not the item's."""
    with pytest.raises(KeyboardInterrupt):
        text.item_text(Says(lambda: raises(KeyboardInterrupt)))


@pytest.mark.packages
def test_arrays():
    numpy = pytest.importorskip("numpy")
    shown, page = check_bundle(_views.bundle(parallel.xlist([numpy.arange(1_000_000), numpy.float64(2)])))
    assert "array(" in shown and "array(" in page


def test_views_need_no_numpy():
    program = """
        import sys
        sys.modules["numpy"] = None
        import parallel
        xl = parallel.xlist(range(100), name="numbers")
        parallel.submit_work(xl.push, 1.5); parallel.run()
        bundle = xl._repr_mimebundle_()
        print(bundle["text/plain"].splitlines()[0], "<svg" in bundle["text/html"])
    """
    assert run_program(program).stdout == "<xlist 'numbers' 101 items, 0 B> True\n"


def test_a_name_that_breaks_out_of_its_attribute():
    name = "'><script>\"\ud800\n"
    page = check_page(_views.bundle(parallel.xlist([1], name=name))["text/html"])
    assert page.get("aria-label") == "xlist '><script>\"\\ud800"
    repr(parallel.xlist(name=name)).encode()
    check_bundle(_views.bundle(parallel.xlist([1], name="n" * 100_000)))


def test_what_a_view_shows():
    xl = parallel.xlist(range(22), name="numbers")
    for _ in range(3):
        xl.pop()
    shown, page = check_bundle(_views.bundle(xl))
    lines = shown.splitlines()
    assert lines[0] == "<xlist 'numbers' 19 items, 3 taken, 0 B>" and lines[1] == "  … 9 before"
    assert lines[2:] == [f"  {index:2}  {index + 3}" for index in range(9, 19)]
    assert "numbers xlist 19 items · 3 taken · 0 B" in page and "… 9 before" in page
    xl.close()
    assert "closed" in check_bundle(_views.bundle(xl))[0]
    assert check_bundle(_views.bundle(parallel.xlist()))[0] == "<xlist 0 items, 0 B>"


@pytest.mark.parametrize(
    "items, heads, last",
    [
        ([(1, "a"), (2, "b")], ["", "0", "1"], ["1", "2", "'b'"]),
        ([{"n": 1, "s": 0.5}, {"s": 1.5, "n": 2}], ["", "n", "s"], ["1", "2", "1.5"]),
        ([(1, 2), (1, 2, 3)], None, ["1", "(1, 2, 3)"]),
        ([{"n": 1}, {"m": 1}], None, ["1", "{'m': 1}"]),
        ([(1,), (2,)], None, ["1", "(2,)"]),
        ([{1: 2}], None, ["0", "{1: 2}"]),
        ([tuple(range(9))], None, ["0", "(0, 1, 2, 3, 4, 5, ...)"]),
        ([(1, 2), {"n": 1}], None, ["1", "{'n': 1}"]),
    ],
)
def test_columns(items, heads, last):
    bundle = _views.bundle(parallel.xlist(items))
    check_bundle(bundle)
    rows = cells(check_page(bundle["text/html"]))
    assert rows[-1] == last and (rows[0] == heads if heads else len(rows) == len(items))
    assert bundle["text/plain"].splitlines()[-1].split() == " ".join(last).split()


def test_an_item_that_cannot_be_read(monkeypatch):
    xl = parallel.xlist([Says(a_script)])
    monkeypatch.delattr(f"{__name__}.Says")
    shown, page = check_bundle(_views.bundle(xl))
    assert "cannot be read" in shown and "cannot be read" in page


def test_a_million_items_are_shown_as_fast_as_ten():
    xl = parallel.xlist(range(1_000_000))
    best = min(_timed(lambda: (_views.bundle(xl), repr(xl))) for _ in range(5))
    assert best < 0.02 and "999,990 before" in _views.bundle(xl)["text/plain"]


def test_ten_million_items():
    """A view of them, again and again: no more than of ten."""
    xl = parallel.xlist(name="many")
    for _ in range(10):
        xl.extend(range(1_000_000))
    best = min(_timed(lambda: _views.bundle(xl)) for _ in range(5))
    shown, page = check_bundle(_views.bundle(xl))
    assert (
        best < 0.02
        and "10,000,000 items" in shown
        and re.search(r"values: 0 to (9\d\d k|1 M), median [45]\d\d k", page)
    )


def _timed(action):
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def test_a_view_while_items_are_taken(seed):
    """Whatever is taken between two looks at the list: a view comes out, and shows what was there at some time."""
    pick, xl, over = random.Random(seed), parallel.xlist(range(200)), threading.Event()

    def change():
        while not over.is_set():
            if pick.random() < 0.5:
                xl.extend(range(pick.randrange(200)))
            elif pick.random() < 0.5:
                xl.flush()
            elif len(xl):
                with contextlib.suppress(IndexError):
                    xl.pop()

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(200):
            shown, _ = check_bundle(_views.bundle(xl))
            assert "cannot be read" not in shown
            items, before = (re.search(rf"([\d,]+) {word}", shown) for word in ("item", "before"))
            last = int(shown.splitlines()[-1].split()[0].replace(",", "")) if before else -1
            assert last < int(items[1].replace(",", ""))  # what is said and what is shown is of one moment
            repr(xl)
    finally:
        over.set()
        changer.join()


def test_lists_of_lists():
    inner = parallel.xlist(range(100_000), name="inner")
    xl = parallel.xlist([inner])
    xl.push(xl)
    shown, _ = check_bundle(_views.bundle(xl))
    assert "<xlist 'inner' 100,000 items, 0 B>" in shown and len(shown) < 500


# ---- numbers ---------------------------------------------------------------------------------------------------------


def test_numbers_are_drawn():
    bundle = _views.bundle(parallel.xlist([0.5, *range(1, 100)]))
    shown, page = check_bundle(bundle)
    assert "values: 0.5 to 99, median 50" in page and "0.5 to 99, median 50" in shown.splitlines()[1]
    [drawing] = check_page(bundle["text/html"]).iter("svg")
    titles = [title.text for title in drawing.iter("title")]
    assert sum(int(title.rpartition(": ")[2]) for title in titles[1:]) == 100 and len(titles) == 25


def test_a_sample_is_even_and_says_so():
    xl = parallel.xlist(range(100_000))
    sample = numbers.numbers_of(xl, [1])
    assert 20 <= len(sample.values) <= 256 and not sample.is_whole and "looked at" in sample.summary()
    thirds = [sum(1 for value in sample.values if n <= value * 3 / 100_000 < n + 1) for n in range(3)]
    assert max(thirds) - min(thirds) <= 3 + len(sample.values) / 20


@pytest.mark.parametrize(
    "items, drawn",
    [
        (range(19), False),
        ([True] * 100, False),
        (["x"] * 100, False),
        ([*range(100), "x"], False),
        (["x", *range(100)], False),
        ([float("nan"), float("inf"), *range(30)], True),
        ([float("nan")] * 50, False),
        ([7] * 50, True),
        ([1e308, -1e308] * 20, True),
        ([5e-324, 0.0] * 20, True),
        ([10**400, *range(50)], True),
        ([-(10**30), 10**30] * 20, True),
    ],
)
def test_what_is_drawn(items, drawn):
    shown, page = check_bundle(_views.bundle(parallel.xlist(items)))
    assert ("median" in page) is drawn and ("median" in shown) is drawn


def test_rates():
    rates = numbers.Rates()
    assert rates.mean() is None and rates.series() == [] and not rates.has_stopped(0)
    for n in range(5):
        rates.note(n * 0.1, 0)
    for n in range(5, 1000):
        rates.note(n * 0.1, (n - 4) * 10)
    assert rates.mean() == pytest.approx(100) and rates.recent(99.9, 9950) == pytest.approx(100)
    assert 50 <= len(rates.series()) <= 120 and rates.series() == [pytest.approx(100)] * len(rates.series())
    assert not rates.has_stopped(100) and rates.has_stopped(103)
    rates.note(110, 9950)
    assert rates.mean() == pytest.approx(100)


@pytest.mark.parametrize(
    "count, text",
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (1_500_000, "1.5 MB"),
        (2_000_000_000, "2.0 GB"),
        (5_000_000_000_000, "5.0 TB"),
        (None, "–"),
    ],
)
def test_sizes(count, text):
    assert units.bytes_text(count) == text


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0, "0 µs"),
        (0.000_012, "12 µs"),
        (0.0012, "1.2 ms"),
        (0.35, "350 ms"),
        (0.9996, "1.0 s"),
        (59.9, "59.9 s"),
        (59.96, "1 min 00 s"),
        (65, "1 min 05 s"),
        (3599.6, "1 h 00 min"),
        (7380, "2 h 03 min"),
        (500_000, "6 days"),
        (None, "–"),
    ],
)
def test_durations(seconds, text):
    assert units.duration_text(seconds) == text


@pytest.mark.parametrize(
    "value, text",
    [
        (0, "0"),
        (9999, "9999"),
        (1500.0, "1.5 k"),
        (999_999, "1 M"),
        (5.2e6, "5.2 M"),
        (1e12, "1e+12"),
        (-0.125, "-0.125"),
    ],
)
def test_short_numbers(value, text):
    assert units.short_number(value) == text


def test_steps_of_a_scale():
    for exponent in range(-8, 6):
        for factor in (1, 1.5, 2.3, 5, 7.7):
            least = factor * 10.0**exponent
            if least <= 86_400:
                assert least * 0.999 <= units.time_step(least) <= 5 * least
    assert [units.time_step(least) for least in (0.3, 1, 2.1, 25, 31, 4000)] == [pytest.approx(0.5), 1, 5, 30, 60, 7200]
    assert [units.offset_text(seconds) for seconds in (0.5, 20, 80, 3600)] == ["+500 ms", "+20 s", "+1:20", "+1:00:00"]


def test_a_sample_is_not_fooled_by_a_rhythm():
    xl = parallel.xlist(list(range(100)) * 1000)
    counts = [count for _, _, count in numbers.numbers_of(xl, [1]).classes]
    assert max(counts) <= 2.5 * min(counts), counts


# ---- how far works are -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values, text",
    [
        ((100, 37, 2, 1, 0, 7.6, False), "running: 37 of 100 works done, 2 running, 1 failed, about 12 s left"),
        ((1, 0, 1, 0, 0, 0.1, False), "running: 0 of 1 work done, 1 running"),
        ((9, 3, 0, 0, 2, 90, False), "running: 3 of 9 works done, 2 cancelled, about 1 min 12 s left"),
        ((None, 1234, 2, 0, 0, 3, False), "running: 1,234 done, 2 running"),
        ((100, 100, 0, 0, 0, 3.2, True), "100 works done in 3.2 s"),
        ((100, 60, 0, 1, 39, 3.2, True), "100 works in 3.2 s: 60 done, 1 failed, 39 cancelled"),
        ((None, 5, 0, 0, 0, 3.2, True), "5 items done in 3.2 s"),
    ],
)
def test_status(values, text):
    shown = status.Status(*values)
    assert shown.text() == text
    root = check_page(f'<div role="group" aria-label="x">{shown.picture()}</div>')
    assert text in "".join(root.itertext()) and [part.get("role") for part in root] == ["progressbar"]


# ---- live views ------------------------------------------------------------------------------------------------------


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
    assert any("running: 0 of 1 work done, 1 running" in data["text/plain"] for _, data, _, _, _ in front_end.shown)


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
    xl, gate = parallel.xlist(), parallel.xlist()
    xl._ipython_display_()
    parallel.submit_work(gate.wait, 1)
    parallel.start()
    wait_until(lambda: "1 running" in front_end.latest())
    shown = len(front_end.shown)
    for _ in range(20):
        _views.refresh_all(_engine.current().progress, final=True)
    assert len(front_end.shown) == shown
    gate.push(1)
    parallel.run()
    texts = [data["text/plain"] for _, data, _, _, _ in front_end.shown]
    assert "1 work done in" in texts[-1] and all(one != other for one, other in itertools.pairwise(texts))


def test_several_views_of_a_list(front_end):
    xl = parallel.xlist()
    xl._ipython_display_()
    xl._ipython_display_()
    parallel.submit_work(xl.push, 1)
    parallel.run()
    assert _views.count(xl) == 2 and _views.count(parallel.xlist()) == 0
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
    for _ in range(30):
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
    cells = iter(["one", "two", "run"])
    front_end.cell = lambda: next(cells)
    _host.install(front_end)  # its cells are asked for in another way now
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
