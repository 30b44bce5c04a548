"""Pictures of contexts, heaps, xlists and works, made from rows: small, safe, well-formed, and true to the rows."""

import json
import random
import re
import time

import pytest

from pages import cells, check_bundle, check_page, check_text, words
from parallel import _views
from parallel._views import page_map, svg, tables, text, theme, timeline

pytestmark = pytest.mark.packages

pretty = pytest.importorskip("IPython.lib.pretty")

HOSTILE = "</td><script>alert(1)</script>\x1b[2J\ud800'\"&\n漢字" * 50
NOW = 1_700_000_000.0
LONG = "E" * 10_000
STATES = ("pending", "running", "done", "failed", "cancelled", "crashed")


def bar(start, end, number=1, state="done", **more):
    return {"work": number, "name": "simulate", "started": start, "ended": end, "state": state, **more}


def context(id_="c1.0", bars=(), started=NOW, ended=NOW + 10, **more):
    row = {
        "id": id_, "batch": 1, "slot": 0, "cell": "In [3]", "pid": 4711, "state": "ended", "work": None,
        "works": len(bars), "pushes": 12_345, "restarts": 0, "started": started, "ended": ended, "cpu": 1.5,
        "copied": None,
        "heap_live": 1_500_000, "heap_peak": 20_000_000, "heap_limit": 2_000_000_000, "bars": list(bars),
    }  # fmt: skip
    return row | more


def heap_row(id_="c1.0", **more):
    row = {
        "id": id_, "kind": "context", "name": "simulate", "state": "running",
        "live_bytes": 1_000_000, "live_blocks": 1000, "reserved_bytes": 2_000_000, "peak_bytes": 1_500_000,
        "limit_bytes": 10_000_000, "allocations": 5000, "frees": 4000,
    }  # fmt: skip
    return row | more


def xlist_heap(id_="x7"):
    return {
        "id": id_, "kind": "xlist", "name": "results", "state": "live",
        "live_bytes": 500, "live_blocks": 5, "reserved_bytes": 65_536,
    }  # fmt: skip


def heap_details(**more):
    details = {
        "classes": [(16 * n, n % 7 * 10, n * 100) for n in range(1, 33)],
        "buffers": 300_000,
        "types": [("str", 500, 400_000), ("", 3, 300_000), ("dict", 40, 9000)],
        "types_complete": True,
        "pages": [n / 255 for n in range(256)],
        "growth": [(NOW + n, n * 1000) for n in range(100)],
    }
    return heap_row(**(details | more))


def xlist_row(id_="x7", **more):
    row = {
        "id": id_, "name": "results", "items": 1204, "pushed": 1300, "popped": 96, "closed": False, "bytes": 8_000_000,
        "reserved": 8_388_608, "views": 1,
    }  # fmt: skip
    return row | more


def work(number, state="done", **more):
    row = {
        "id": number, "name": "simulate", "state": state, "cell": "In [3]", "batch": 2, "context": number % 2,
        "submitted": NOW, "started": NOW, "ended": NOW + 1, "elapsed": 1.0, "error": None,
    }  # fmt: skip
    return row | more


FEW = {
    "contexts": _views.Contexts([context(bars=[bar(NOW, NOW + 4)]), context("c1.1", state="crashed")]),
    "heaps": _views.Heaps([heap_row(), xlist_heap()]),
    "xlists": _views.Xlists([xlist_row(), xlist_row("x8", name=None, closed=True)]),
    "works": _views.Works([work(n, state) for n, state in enumerate(STATES)]),
}
EMPTY = [_views.Contexts(), _views.Heaps(), _views.Xlists(), _views.Works()]


def bars_of_every_length(count, seed=7):
    pick, moment, bars = random.Random(seed), NOW, []
    for number in range(count):
        length = pick.expovariate(1) * 10 ** pick.randrange(-4, 2)
        bars.append(bar(moment, moment + length, number, pick.choice(STATES[2:])))
        moment += length + pick.random() * length
    return bars


# Made when they are needed: 90 MB, which every fork of a later test would have to do with.
MANY = {
    "contexts": lambda: _views.Contexts(
        context(f"c{n}.0", bars_of_every_length(2000, n), started=NOW + n * 1000, ended=NOW + n * 1000 + 900)
        for n in range(100)
    ),
    "contexts at once": lambda: _views.Contexts(context(f"c1.{n}", bars_of_every_length(2000, n)) for n in range(64)),
    "heaps": lambda: _views.Heaps(heap_row(f"c1.{n}", live_bytes=10**n % 10**13) for n in range(1000)),
    "xlists": lambda: _views.Xlists(xlist_row(f"x{n}", items=10**12, bytes=10**12) for n in range(1000)),
    "works": lambda: _views.Works(work(n, STATES[n % 6], error=LONG) for n in range(10_000)),
}
HOSTILES = {
    "contexts": _views.Contexts(
        context(HOSTILE, [bar(NOW, NOW + n + 1) | {"name": HOSTILE} for n in range(200)], cell=HOSTILE, work=HOSTILE)
        for _ in range(40)
    ),
    "heaps": _views.Heaps(heap_row(name=HOSTILE) for _ in range(100)),
    "xlists": _views.Xlists(xlist_row(name=HOSTILE) for _ in range(100)),
    "works": _views.Works(work(n, "failed", name=HOSTILE, cell=HOSTILE, error=HOSTILE) for n in range(100)),
}


@pytest.mark.parametrize("rows", FEW.values(), ids=FEW)
def test_every_row_is_in_both_forms(rows):
    bundle = rows._repr_mimebundle_()
    shown, page = check_bundle(bundle)
    body = cells(check_page(bundle["text/html"]))[1:]
    assert len(body) == len(rows)
    for row, line in zip(rows, body):
        assert str(row["id"]) in line and str(row["id"]) in shown
    assert repr(rows) == str(rows) == shown
    assert page.startswith(f"{rows.noun.capitalize()}s {len(rows) if rows.noun != 'heap' else ''}".strip())


@pytest.mark.parametrize("rows", EMPTY, ids=lambda rows: type(rows).__name__)
def test_nothing_to_show(rows):
    shown, page = check_bundle(rows._repr_mimebundle_())
    assert shown == page == rows.empty and shown.startswith(f"no {type(rows).__name__.lower()}")


@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_however_many(make):
    rows = make()
    began = time.perf_counter()
    bundle = rows._repr_mimebundle_()
    took = time.perf_counter() - began
    shown, _ = check_bundle(bundle)
    assert f"… {len(rows) - 30:,} more; all {len(rows):,} are in the list" in shown and len(shown.splitlines()) < 65
    assert took < 3, f"{took:.2f} s"


@pytest.mark.parametrize("rows", HOSTILES.values(), ids=HOSTILES)
def test_hostile_names(rows):
    shown, page = check_bundle(rows._repr_mimebundle_())
    assert "<script>" in page and "\x1b" not in shown


@pytest.mark.parametrize("rows", FEW.values(), ids=FEW)
def test_rows_are_a_list(rows):
    assert isinstance(rows, list) and rows.rows == rows and type(rows.rows) is list
    copies = rows.to_dict()
    assert copies == rows and copies[0] is not rows[0] and type(copies) is list
    json.dumps(rows)


@pytest.mark.parametrize("rows", FEW.values(), ids=FEW)
def test_pandas_takes_them(rows):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(rows)
    assert list(frame["id"]) == [row["id"] for row in rows] and set(rows[0]) <= set(frame.columns)


def test_ipython_shows_them_in_a_terminal():
    for rows in [*FEW.values(), _views.Heap(heap_details())]:
        assert pretty.pretty(rows) == rows.text()


# ---- contexts --------------------------------------------------------------------------------------------------------


def bars_drawn(rows):
    """The titles of the bars of a timeline."""
    root = check_page(rows._repr_mimebundle_()["text/html"])
    timelines = [drawing for drawing in root.iter("svg") if drawing[0].text.startswith("timeline")]
    return [rect[0].text for drawing in timelines for rect in drawing.iter("rect") if len(rect)], timelines


def test_a_bar_for_each_work():
    bars = [bar(NOW, NOW + 4, 1), bar(NOW + 4.5, NOW + 6, 2, "failed"), bar(NOW + 7, NOW + 10, 3, "crashed")]
    titles, [drawing] = bars_drawn(_views.Contexts([context(bars=bars)]))
    assert [title.rpartition(", ")[0] for title in titles] == [
        "work 1 simulate: done, 4.0 s",
        "work 2 simulate: failed, 1.5 s",
        "work 3 simulate: crashed, 3.0 s",
    ]
    assert drawing[0].text == "timeline of 1 context and 3 works"
    rects = [rect for rect in drawing.iter("rect") if len(rect)]
    ends = [(float(rect.get("x")), float(rect.get("x")) + float(rect.get("width"))) for rect in rects]
    assert ends[0][1] + 10 < ends[1][0] and ends[1][1] + 20 < ends[2][0]  # gaps are seen
    heights = [float(rect.get("height")) for rect in rects]
    assert heights[1] == heights[2] > heights[0] and rects[2].get("stroke")  # states are seen without colour


def test_what_still_runs():
    began = time.time() - 5
    running = [bar(began, began + 1), bar(began + 1, None, 2, "running")]
    rows = _views.Contexts([context(bars=running, started=began, ended=None, state="running", work="simulate")])
    titles, [_] = bars_drawn(rows)
    assert re.match(r"work 2 simulate: running, 4\.\d s, from ", titles[1])
    assert "5." in rows.text().splitlines()[-1] and "▸ running" in rows.text()


def test_merged_bars_keep_what_failed_and_how_many():
    bars = [bar(NOW + n * 0.001, NOW + n * 0.001 + 0.0005, n, "failed" if n == 700 else "done") for n in range(2000)]
    titles, [drawing] = bars_drawn(_views.Contexts([context(bars=bars, ended=NOW + 2)]))
    assert len(titles) < 200 and drawing[0].text == "timeline of 1 context and 2,000 works"
    counts = [int(re.match(r"([\d,]+) works", title)[1].replace(",", "")) for title in titles]
    assert sum(counts) == 2000 and sum("failed" in title for title in titles) == 1


def test_bars_that_the_data_has_merged_already():
    titles, _ = bars_drawn(_views.Contexts([context(bars=[bar(NOW, NOW + 5) | {"work": None, "count": 5000}])]))
    assert titles[0].startswith("5,000 works: done, 5.0 s")


def test_quiet_times_are_cut_out():
    bars = [bar(NOW + 3600 * n, NOW + 3600 * n + 5) for n in range(3)]
    rows = _views.Contexts(context(f"c{n}.0", [b], b["started"], b["ended"]) for n, b in enumerate(bars))
    _, [drawing] = bars_drawn(rows)
    widths = [float(rect.get("width")) for rect in drawing.iter("rect") if len(rect)]
    assert min(widths) > 100 and max(widths) - min(widths) < 1
    assert [part.text for part in drawing.iter("title")].count("nothing for 59 min 55 s") == 2
    assert "2 quiet times cut out" in rows.text()


def test_the_axis_keeps_order():
    pick = random.Random(3)
    for _ in range(200):
        spans = [
            (start, start + pick.random() * 10)
            for start in (pick.random() * 10 ** pick.randrange(1, 6) for _ in range(20))
        ]
        axis = timeline.Axis(spans, 60, 634, 22)
        moments = sorted(moment for span in spans for moment in span)
        places = [axis.place(moment) for moment in moments]
        assert places == sorted(places) and 60 <= places[0] and places[-1] <= 634.001


def test_nothing_has_lasted_any_time():
    rows = _views.Contexts(
        [context(bars=[bar(NOW, NOW)], started=NOW, ended=NOW), context(started=None, ended=None, state="idle")]
    )
    check_bundle(rows._repr_mimebundle_())
    clocks = _views.Contexts([context(bars=[bar(NOW, NOW - 5)], started=NOW + 1, ended=NOW - 9)])
    check_bundle(clocks._repr_mimebundle_())  # a clock that was set back


def test_the_timeline_in_a_terminal():
    bars = [bar(NOW, NOW + 5), bar(NOW + 5, NOW + 7, 2, "failed")]
    lines = _views.Contexts([context(bars=bars)]).text().splitlines()
    lane = lines[1].removeprefix("  c1.0  ")
    assert re.fullmatch(r"█{34,37}x█{13,15}·{19,22}", lane), lane


# ---- heaps -----------------------------------------------------------------------------------------------------------


def test_a_heap():
    heap = _views.Heap(heap_details())
    bundle = heap._repr_mimebundle_()
    shown, page = check_bundle(bundle)
    for said in ("1.0 MB live in 1,000 blocks", "peak 1.5 MB", "limit 10.0 MB", "300.0 kB of it in arrays"):
        assert said in shown.replace("\n ", "") and said in page
    rows = cells(check_page(bundle["text/html"]))
    assert ["str", "500", "400.0 kB", ""] in rows and ["(no object of its own)", "3", "300.0 kB", ""] in rows
    assert heap["peak_bytes"] == 1_500_000 and heap.rows == [dict(heap)] and type(heap.to_dict()) is dict
    assert repr(heap) == shown and "page map" in shown and "growth" in shown


def test_what_a_heap_may_lack():
    for details in (
        xlist_heap(),
        heap_details(pages=None, growth=[], types=[], classes=[]),
        heap_details(growth=[(NOW, 1)]),
    ):
        check_bundle(_views.Heap(details)._repr_mimebundle_())
    shown, page = check_bundle(_views.Heap(heap_details(types_complete=False))._repr_mimebundle_())
    assert "types are of a part" in shown and "types are of a part" in page


def test_a_heap_with_everything_in_excess():
    heap = heap_details(
        name=HOSTILE,
        types=[(HOSTILE + str(n), 10**9, 10**15 - n) for n in range(10_000)],
        classes=[(16 * n, 10**9, 10**12) for n in range(1, 2000)],
        pages=[random.random() for _ in range(100_000)],
        growth=[(NOW + n, random.randrange(10**12)) for n in range(100_000)] + [(NOW + 100_000, 999_900_000_000)],
    )
    shown, page = check_bundle(_views.Heap(heap)._repr_mimebundle_())
    assert "9,989 others" in page and "others" in shown and len(shown.splitlines()) < 50


def test_the_sums_of_a_heap_are_those_of_its_parts():
    classes = [(16 * n, 3 * n, 100) for n in range(1, 100)]
    heap = _views.Heap(heap_details(classes=classes, types=[(f"t{n}", n, 1) for n in range(50, 0, -1)]))
    rows = cells(check_page(heap._repr_mimebundle_()["text/html"]))
    heads = [n for n, row in enumerate(rows) if row[0] in ("type", "block size")]
    counts = [
        [int(row[1].replace(",", "")) for row in part] for part in (rows[heads[0] + 1 : heads[1]], rows[heads[1] + 1 :])
    ]
    assert sum(counts[0]) == sum(range(51)) and sum(counts[1]) == sum(blocks for _, blocks, _ in classes)


def test_a_page_map():
    for shares in ([0.0], [1.0] * 5, [0.5] * 1000, [n / 300 for n in range(300)], [-1, 2]):
        page = check_page(f'<div role="group" aria-label="x">{page_map.picture(shares)}</div>')
        assert float(next(page.iter("svg")).get("width")) <= 32 * 13
        check_text("\n".join(page_map.lines(shares)))
    assert page_map.picture([]) == "" and page_map.lines([0, 0.01, 0.5, 1.0]) == ["  | ░▓█|"]


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_tables_fit_whatever_they_hold():
    pick = random.Random(11)
    for _ in range(300):
        columns = [
            tables.Column(
                "t" * pick.randrange(1, 12),
                lambda row, n=n: row[n],
                align=pick.choice(["left", "right"]),
                elastic=pick.choice([0, 0, 6, 20]),
                rank=pick.choice([0, 1, 2]),
            )
            for n in range(pick.randrange(1, 12))
        ]
        letters = ["x", "漢字", "e\u0301", "–"]
        rows = [[pick.choice(letters) * pick.randrange(0, 30) for _ in columns] for _ in range(5)]
        for line in tables.text_table(columns, rows):
            assert text.width(line) <= 80


def test_columns_that_say_nothing_are_left_out():
    columns = [tables.Column("a", lambda row: "–"), tables.Column("b", lambda row: row)]
    assert tables.text_table(columns, ["x"]) == ["  b", "  x"]
    assert (
        words(check_page(f'<div role="group" aria-label="x">{tables.html_table(columns, ["x"], "l")}</div>')) == "b x"
    )


def test_ranks_go_before_names_are_cut_too_short():
    columns = [
        tables.Column("name", lambda row: "n" * 60, elastic=30),
        tables.Column("extra", lambda row: "e" * 30, rank=2),
        tables.Column("more", lambda row: "m" * 20, rank=1),
    ]
    assert tables.text_table(columns, [0])[1].split() == ["n" * 55 + "…", "m" * 20]


# ---- drawings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [[], [1], [0, 0, 0], [1, 2, 3], [5] * 1000, [1e300, 1e-300]])
def test_curves(values):
    page = svg.sparkline(values, "a curve")
    assert (page == "") is (len(values) < 2)
    check_page(f'<div role="group" aria-label="x">{page}</div>')
    assert len(svg.blocks(values)) == len(values)


def test_what_is_small_is_seen():
    bar_ = svg.stacked_bar([(999, "red", 1.0), (1, "blue", 1.0)], 1000, 100, 8, "t")
    page = check_page(f'<div role="group" aria-label="x">{bar_}</div>')
    assert [float(rect.get("width")) for rect in page.iter("rect")] == pytest.approx([100, 98, 2])
    assert svg.bar_text([(1, "x"), (999, "=")], 1000, 10) == "x========="
    assert svg.bar_text([(1, "x"), (499, "=")], 1000, 10) == "x====·····"


@pytest.mark.parametrize("colour", ["ACCENT", "BAD", "WARN"])
def test_colours_are_seen_on_light_and_dark(colour):
    """At least 3 to 1, as the guidelines on accessibility ask of graphics."""
    [fallback] = re.findall(r"#[0-9a-f]{6}", getattr(theme, colour))

    def luminance(code):
        parts = [int(code[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for ground in ("#ffffff", "#111111"):
        darker, lighter = sorted([luminance(fallback), luminance(ground)])
        assert (lighter + 0.05) / (darker + 0.05) >= 3
