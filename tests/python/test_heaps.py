"""Heaps of contexts: what is counted, what is found in them from outside, what the limit does."""

import array
import contextlib
import ctypes
import os
import signal

import pytest

import parallel
from parallel import _config
from support import ended_context, run_program, wait_until

pytestmark = pytest.mark.sample
numpy = pytest.importorskip("numpy")

MIB = 1 << 20


@pytest.fixture(autouse=True)
def default_limit():
    yield
    _config._heap_limit = None


@pytest.fixture
def small_limit():
    parallel.configure(heap_limit=64 * MIB)


def result_of(function):
    work = parallel.submit_work(function)
    parallel.run()
    return work.result()


def test_a_context_is_listed_until_and_after_its_batch_has_ended():
    """A result is there a moment before the context has ended, and that a moment before the batch has."""
    for _ in range(150):
        work = parallel.submit_work(int)
        work.result()
        for _ in range(3):
            assert work._batch.serial in {
                int(row["id"][1:].split(".")[0]) for row in parallel.heaps() if row["id"][0] == "c"
            }


class Held:
    """A type that nothing else makes objects of."""

    def __init__(self, value):
        self.value = value


def while_it_holds(count, look):
    """Run a work that holds `count` objects until `look(row)` has returned; what that was."""
    ready, go = parallel.xlist(), parallel.xlist()

    def hold():
        held = [Held(n + 0.5) for n in range(count)]
        ready.push(os.getpid())
        go.wait(1)
        return len(held)

    work = parallel.submit_work(hold, name="holder")
    parallel.start()
    try:
        assert ready.wait(1)
        row = next(row for row in parallel.heaps() if row["state"] == "running")
        return look(row, ready[0])
    finally:
        go.push(1)
        parallel.run()
        assert work.result() == count


# ---- what is counted -------------------------------------------------------------------------------------------------


def test_a_running_context_is_counted_from_outside():
    def look(row, pid):
        assert row["id"].startswith("c") and row["name"] == "holder" and row["kind"] == "context"
        assert row["live_blocks"] >= 2 * 20_000  # the objects, from 3.13 on with their values, and their floats
        assert row["live_bytes"] <= row["reserved_bytes"] <= row["peak_bytes"] <= row["limit_bytes"]
        assert row["allocations"] - row["frees"] == row["live_blocks"]
        return row["live_bytes"]

    assert while_it_holds(20_000, look) > 20_000 * 48


def test_what_is_dropped_is_counted_as_freed():
    def churn():
        for _ in range(10):
            [str(n) for n in range(10_000)]

    result_of(churn)
    row = ended_context()
    assert row["allocations"] >= 100_000 and row["frees"] >= 99_000
    assert row["live_bytes"] < row["peak_bytes"]


@pytest.mark.packages
def test_arrays_are_counted_too():
    ready, go = parallel.xlist(), parallel.xlist()

    def hold():
        array = numpy.ones(4 * MIB)
        ready.push(1)
        go.wait(1)
        return float(array.sum())

    work = parallel.submit_work(hold)
    parallel.start()
    assert ready.wait(1)
    row = next(row for row in parallel.heaps() if row["state"] == "running")
    assert parallel.heap(row["id"])["buffers"] >= 32 * MIB
    go.push(1)
    parallel.run()
    assert work.result() == 4 * MIB


def test_xlists_are_listed_with_their_names():
    named = parallel.xlist([b"x" * 100_000] * 3, name="named by this test")
    row = next(row for row in parallel.heaps() if row["name"] == "named by this test")
    assert row["kind"] == "xlist" and row["live_blocks"] == 3 and row["live_bytes"] >= 300_000
    details = parallel.heap(row["id"])
    assert details.pop("growth")[-1][1] == row["live_bytes"]
    assert details == row and row["id"] == f"x{named.id}"


def test_the_last_heaps_are_kept_and_no_more():
    for _ in range(70):
        result_of(lambda: None)
    assert len([row for row in parallel.heaps() if row["state"] == "ended"]) == 64


def test_an_unknown_heap():
    with pytest.raises(KeyError, match="heaps\\(\\) lists"):
        parallel.heap("c0.0")


# ---- the census ------------------------------------------------------------------------------------------------------


def types_of(details):
    return {name: (blocks, size) for name, blocks, size in details["types"]}


def test_a_running_context_tells_its_types_without_taking_part():
    def look(row, pid):
        os.kill(pid, signal.SIGSTOP)  # so that it cannot
        try:
            details = parallel.heap(row["id"])
        finally:
            os.kill(pid, signal.SIGCONT)
        types = types_of(details)
        assert details["types_complete"]
        assert types["Held"][0] == 20_000 and types["float"][0] >= 20_000
        assert sum(size for _, size in types.values()) == pytest.approx(row["live_bytes"], rel=0.01)
        assert sum(live * size for size, live, _ in details["classes"]) <= row["live_bytes"]

    while_it_holds(20_000, look)


def test_a_context_leaves_its_last_census(unprotected):
    kept = []

    def keep():
        kept.extend(Held(n) for n in range(3000))  # a list of the context's own copy: it lives until the context ends

    result_of(keep)
    types = types_of(ended_context())
    assert types["Held"][0] == 3000


def test_items_that_look_like_an_object_of_a_type_are_none(unprotected):
    """Read as flags, an address has that of classes of classes, or not, by where the system has loaded a library."""
    flag_of_classes = 1 << 31
    where_flags_are = 21  # words of a PyTypeObject in front of tp_flags

    def imitate():
        name = ctypes.create_string_buffer(b"\xff\xfe no name")
        words = ctypes.c_uint64 * 64
        above = words(1, 0, *[0] * (where_flags_are - 2), flag_of_classes)
        below = words(1, ctypes.addressof(above), 0, ctypes.addressof(name))
        for flags in (0, 1 << 14, 1 << 4, 1 << 3):  # of instances with a header of each size
            below[where_flags_are] = flags
            kept.extend(array.array("Q", [*[0] * space, 1, ctypes.addressof(below), 0, 0]) for space in (0, 2, 4))
        kept.extend((name, above, below))

    kept = []
    result_of(imitate)
    types = types_of(ended_context())
    assert types["array.array"][0] == 12
    assert not [name for name in types if "no name" in name]


def test_types_are_found_by_their_class_of_classes(unprotected):
    class Meta(type):
        pass

    class MetaMeta(type(Meta)):
        pass

    class Deeper(Meta, metaclass=MetaMeta):
        pass

    one, other = Meta("One", (), {}), Deeper("Other", (), {})
    kept = []
    result_of(lambda: kept.extend([one() for _ in range(10)] + [other() for _ in range(20)]))
    types = types_of(ended_context())
    assert (types["One"][0], types["Other"][0]) == (10, 20)


def test_a_context_without_memory_for_a_census_is_listed(small_limit, unprotected):
    sizes = (*(2**power for power in range(16, 8, -1)), *range(512, -1, -16))
    kept = [None]

    def fill():
        for size in sizes:
            try:
                while True:
                    kept[0] = (kept[0], bytes(size))
            except MemoryError:
                pass

    work = parallel.submit_work(fill)
    with contextlib.suppress(parallel.HeapLimitError, parallel.RemoteError):
        parallel.run()
    (row,) = (row for row in parallel.heaps() if row["id"] == f"c{work._batch.serial}.{work.context}")
    assert row["state"] == "ended" and row["live_bytes"] > row["limit_bytes"] / 2
    details = parallel.heap(row["id"])
    assert not details["types"] and not details["types_complete"] and details["live_bytes"] == row["live_bytes"]


def test_a_context_that_was_killed_leaves_none():
    def ended():
        return [row["id"] for row in parallel.heaps() if row["state"] == "ended"]

    before = ended()
    parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    assert ended() == before


# ---- the limit -------------------------------------------------------------------------------------------------------


def many_objects():
    held = []
    while True:
        held.append(Held(len(held)))


def one_large_bytes():
    return len(bytes(100 * MIB))


def growing_bytearray():
    grown = bytearray()
    while True:
        grown += b"x" * MIB


@pytest.mark.parametrize("hungry", [many_objects, one_large_bytes, growing_bytearray])
def test_the_limit_is_an_error_of_the_work_that_hit_it(small_limit, hungry):
    others = [parallel.submit_work(lambda n: sum(range(n)), n) for n in range(20)]
    work = parallel.submit_work(hungry)
    with pytest.raises(parallel.HeapLimitError, match="configure\\(heap_limit=") as raised:
        parallel.run()
    assert isinstance(raised.value, MemoryError)
    assert hungry.__name__ in work.traceback
    assert [other.result() for other in others] == [sum(range(n)) for n in range(20)]


def test_the_limit_can_be_caught_and_survived(small_limit):
    def survive():
        rounds = 0
        for _ in range(3):
            try:
                many_objects()
            except parallel.HeapLimitError:
                rounds += 1
        return rounds, type(eval("MemoryError('made by hand')")).__name__, len([Held(n) for n in range(1000)])

    assert result_of(survive) == (3, "MemoryError", 1000)


def test_errors_of_the_limit_do_not_run_out(small_limit):
    """CPython keeps 16 MemoryErrors for the moment when there is no memory for one."""

    def refused_often():
        kept = []
        for _ in range(100):
            try:
                bytearray(1 << 30)
            except MemoryError as error:
                kept.append(error)
        shown = {(type(error).__name__, str(error)) for error in kept}
        return shown, len({id(error) for error in kept}), {type(MemoryError()).__name__ for _ in range(100)}

    shown, count, by_hand = result_of(refused_often)
    assert shown == {("HeapLimitError", str(parallel.HeapLimitError()))} and count == 100
    assert by_hand == {"MemoryError"}


@pytest.mark.parametrize("ask", [lambda: bytes(1 << 30), lambda: "x" * (1 << 30), lambda: [0] * (1 << 30)])
def test_the_error_is_raised_where_memory_is_asked_for(small_limit, ask):
    def catch():
        try:
            ask()
        except parallel.HeapLimitError as error:
            return str(error)

    assert "configure(heap_limit=" in result_of(catch)


@pytest.mark.packages
@pytest.mark.parametrize("make", [numpy.ones, numpy.zeros, numpy.empty, numpy.arange])
def test_arrays_meet_the_limit(small_limit, make):
    """numpy raises a MemoryError of its own, which tells the shape."""
    parallel.submit_work(lambda: make(20 * MIB))
    with pytest.raises(parallel.HeapLimitError, match="shape \\(20971520,\\).*heap_limit="):
        parallel.run()


@pytest.mark.packages
def test_arrays_of_a_numpy_that_the_work_imports_meet_the_limit():
    program = """
import sys, parallel
parallel.configure(heap_limit=64 << 20)
def work(module):
    exec(f"import {module}")
    import numpy
    return float(numpy.ones(20 << 20).sum())
for module in "numpy", "numpy.linalg", "pandas":
    assert "numpy" not in sys.modules
    error = parallel.submit_work(work, module).exception()
    print(type(error).__name__)
print(parallel.submit_work(lambda: __import__("numpy").ones(3).tolist()).result())
"""
    assert run_program(program).stdout.splitlines() == ["HeapLimitError"] * 3 + ["[1.0, 1.0, 1.0]"]


def test_a_memory_error_after_the_limit_was_left_behind_is_no_limit_error(small_limit):
    def work():
        with contextlib.suppress(MemoryError):
            many_objects()
        room = [bytes(1000) for _ in range(1000)]
        raise MemoryError(f"made by hand, with {len(room)} blocks")

    parallel.submit_work(work)
    with pytest.raises(MemoryError, match="^made by hand, with 1000 blocks$"):
        parallel.run()


def test_other_memory_errors_are_no_limit_errors(small_limit):
    parallel.submit_work(lambda: [0] * (1 << 61))
    with pytest.raises(MemoryError) as raised:
        parallel.run()
    assert type(raised.value) is MemoryError


@pytest.mark.parametrize(
    "wrong, error", [(0, ValueError), (MIB - 1, ValueError), (1 << 46, ValueError), ("1G", TypeError), (1.5, TypeError)]
)
def test_limits_that_make_no_sense(wrong, error):
    before = _config.heap_limit()
    with pytest.raises(error):
        parallel.configure(contexts=3, heap_limit=wrong)
    assert _config.heap_limit() == before and _config._contexts is None


def test_the_limit_of_a_crashed_context_is_the_replacements_too(small_limit):
    parallel.configure(contexts=1)
    parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGKILL))
    parallel.submit_work(many_objects)
    with pytest.raises(parallel.ContextCrashed):
        parallel.run()
    with pytest.raises(parallel.HeapLimitError):
        parallel.run()


# ---- the allocators --------------------------------------------------------------------------------------------------


@pytest.mark.packages
def test_every_way_to_allocate_keeps_its_content():
    """Blocks grow, shrink and move through all sizes, in all three domains, and with them what they hold."""

    def work():
        grown, pieces = bytearray(), []
        for n in range(1, 4000):
            grown += bytes([n % 256]) * n
            pieces.append(str(n) * (n % 50))
        assert len(grown) == 4000 * 3999 // 2
        assert all(grown[n * (n - 1) // 2] == n % 256 for n in range(1, 4000))
        while len(grown) > 1:
            del grown[len(grown) // 2 :]
        assert pieces == [str(n) * (n % 50) for n in range(1, 4000)]
        items = list(range(300_000))
        del items[10:]
        items += range(100_000)
        return items[:12], len(items), sum(numpy.arange(100_000)) == 100_000 * 99_999 // 2

    assert result_of(work) == ([*range(10), 0, 1], 100_010, True)


def test_objects_of_the_snapshot_can_be_dropped_and_grown(unprotected):
    before = {n: [n] for n in range(10_000)}
    text = bytearray(b"x" * 100_000)

    def work():
        copies = [before.pop(n) for n in range(10_000)]
        text.extend(b"y" * 1_000_000)  # reallocated where it came from
        return len(before), sum(item[0] for item in copies), text.count(b"y"), text.count(b"x")

    assert result_of(work) == (0, sum(range(10_000)), 1_000_000, 100_000)
    assert len(before) == 10_000 and len(text) == 100_000


@pytest.mark.packages
def test_threads_of_a_work_allocate_at_once():
    def work():
        import threading

        totals = []

        def allocate():
            totals.append(sum(len(numpy.zeros(n % 1000).tobytes()) for n in range(5000)))

        threads = [threading.Thread(target=allocate) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return totals

    assert result_of(work) == [sum(8 * (n % 1000) for n in range(5000))] * 4


def test_a_fork_in_a_work_counts_for_itself():
    ready, go = parallel.xlist(), parallel.xlist()

    def work():
        pid = os.fork()
        if pid == 0:
            held = [Held(n) for n in range(50_000)]
            os._exit(len(held) % 7)
        status = os.waitpid(pid, 0)[1]
        ready.push(os.waitstatus_to_exitcode(status))
        go.wait(1)

    parallel.submit_work(work)
    parallel.start()
    assert ready.wait(1) and ready[0] == 50_000 % 7
    row = next(row for row in parallel.heaps() if row["state"] == "running")
    assert row["live_blocks"] < 10_000
    go.push(1)
    parallel.run()


def test_works_that_submit_work_have_heaps_inside_heaps():
    def outer(n):
        rows = [str(k) for k in range(n)]
        inner = parallel.submit_work(lambda: len("".join(rows)) + len([Held(k) for k in range(n)]))
        parallel.run()
        return inner.result()

    works = [parallel.submit_work(outer, n) for n in (10, 1000, 5000)]
    parallel.run()
    assert [work.result() for work in works] == [len("".join(map(str, range(n)))) + n for n in (10, 1000, 5000)]
    wait_until(lambda: not parallel.contexts(ended=False))


def test_a_context_that_gets_no_heap_says_so_and_works():
    program = """
        import resource
        import parallel

        in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + (1 << 30), -1))  # no room for the range of a heap
        work = parallel.submit_work(lambda: len([str(n) for n in range(1000)]))
        parallel.run()
        print(work.result())
    """
    done = run_program(program)
    assert done.stdout.splitlines() == ["1000"]
    assert "heap_limit is not kept" in done.stderr and "mmap of a context's heap" in done.stderr
