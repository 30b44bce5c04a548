"""What heap(id) tells for pictures: how full the pages are, and how the heap has grown."""

import itertools
import time

import parallel
from parallel import _growth
from support import wait_until


def newest():
    return parallel.heap(parallel.contexts()[0].id)


def while_it_holds(size, look):
    ready, go = parallel.xlist(), parallel.xlist()

    def hold():
        held = bytearray(size)
        ready.push(len(held))
        go.wait(1)

    parallel.submit_work(hold)
    parallel.start()
    try:
        assert ready.wait(1, 30)
        return look()
    finally:
        go.push(1)
        parallel.run()


def test_pages_of_a_running_context():
    details = while_it_holds(40 << 20, newest)
    assert 0 < len(details["pages"]) <= 256
    assert all(0 <= share <= 1 for share in details["pages"])
    full = sum(share > 0.99 for share in details["pages"]) / len(details["pages"])
    assert full > 0.8, "40 MiB in one block are most of this heap"


def test_pages_and_growth_of_one_that_has_ended():
    before = time.time()

    def leave():
        cycle = [bytes(10 << 20)]
        cycle.append(cycle)  # lives until the collector comes, which it does not

    parallel.submit_work(leave)
    parallel.run()
    details = newest()
    assert details["state"] == "ended" and sum(share > 0.9 for share in details["pages"]) > 10
    first, *_, last = details["growth"]
    assert first[1] == 0 and last[1] == details["live_bytes"] >= 10 << 20
    assert before < first[0] <= last[0] < time.time()
    details["growth"].clear()
    assert newest()["growth"], "what is handed out is the caller's"


def test_growth_is_sampled_while_work_runs():
    def look():
        wait_until(lambda: len(newest()["growth"]) >= 5, 20)  # the first, the last, and three samples
        return newest()["growth"]

    points = while_it_holds(1 << 20, look)
    times = [at for at, _ in points]
    assert times == sorted(times) and points[0][1] == 0 and points[-1][1] >= 1 << 20
    sampled = times[1:-1]
    assert all(later - earlier > 0.3 for earlier, later in itertools.pairwise(sampled)), "no more than two a second"


def test_growth_of_an_xlist():
    x, go = parallel.xlist([b"x" * 1000]), parallel.xlist()
    key = f"x{x.id}"
    assert [value for _, value in parallel.heap(key)["growth"]] == [parallel.heap(key)["live_bytes"]]
    parallel.submit_work(go.wait, 1)
    parallel.start()
    wait_until(lambda: len(parallel.heap(key)["growth"]) >= 2, 20)
    before = parallel.heap(key)["growth"][0][1]
    x.push(b"y" * 100_000)
    wait_until(lambda: parallel.heap(key)["growth"][-2][1] >= before + 100_000, 20)
    go.push(1)
    parallel.run()


def test_a_series_covers_any_time_in_bounded_space():
    series = _growth.Series()
    for second in range(100_000):
        series.add(second / 2, second)
    assert 100 <= len(series.points) < 256
    times = [at for at, _ in series.points]
    assert times[0] == 0 and times[-1] > 49_000
    steps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(steps) <= 3 * min(steps[:-1])


def test_a_number_that_is_used_again_begins_anew():
    growth = _growth.Growth()
    x = parallel.xlist([b"x" * 1000])
    growth._sample_xlists(1.0)
    assert len(growth.of_xlist(x)) == 1
    key = x.id
    del x
    others = [parallel.xlist() for _ in range(50)]
    again = [other for other in others if other.id == key]
    assert again, "a number that is free is given away again"
    assert growth.of_xlist(again[0]) == []
    growth._sample_xlists(2.0)
    assert growth.of_xlist(again[0]) == [(2.0, 0)]
