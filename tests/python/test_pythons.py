"""What differs from one CPython to the next without a word: had it been missed, the module would seem to work."""

import gc
import sys
import zlib

import pytest

import parallel
from support import ended_context, run_program, wait_until

pytestmark = pytest.mark.sample


def refused(call, *arguments) -> bool:
    work = parallel.submit_work(call, *arguments, errback=lambda *_: None)
    parallel.run()
    return isinstance(work.exception(), parallel.UnprotectedError)


def test_methods_of_builtin_types_are_looked_at():
    """From 3.12 on `tp_dict` of a builtin type is null: without PyType_GetDict none of its methods is found."""
    kept, table, names, text = [1], {"a": 1}, {1}, bytearray(b"a")
    for change in (kept.append, table.setdefault, names.add, text.append):
        assert refused(change, 7)
    assert (kept, table, names, text) == ([1], {"a": 1}, {1}, bytearray(b"a"))


def test_types_that_no_module_names_are_found():
    """From 3.12 on `tp_subclasses` of a builtin type is an index: without __subclasses__() they are not found."""
    compressor = zlib.compressobj()
    assert parallel.protection.status()["missing"] == []
    assert refused(compressor.compress, b"more")


def test_slots_of_builtin_types_are_looked_at():
    kept, table = [1], {"a": 1}
    assert refused(lambda: kept.__setitem__(0, 2)) and refused(lambda: table.__delitem__("a"))
    assert (kept, table) == ([1], {"a": 1})


COUNTED = [object(), "a text", 3.5, (1, [2]), {"k": [1]}, b"bytes"]


def test_counts_of_references_stay_as_they_were():
    """They have 32 bits from 3.12 on, and those of objects that are never freed are no counts."""
    immortal = [None, True, 1, "a", (), int, len]
    before = [sys.getrefcount(each) for each in COUNTED + immortal]

    def look():
        return [sys.getrefcount(each) < 1 << 33 for each in COUNTED], COUNTED[1:], immortal[:5]

    xl = parallel.xlist()
    for _ in range(200):
        xl.push([COUNTED[1:], immortal[:5]])
        assert xl.pop() == [COUNTED[1:], immortal[:5]]
    works = [parallel.submit_work(look) for _ in range(20)]
    parallel.run()
    assert all(work.result() == ([True] * 6, COUNTED[1:], immortal[:5]) for work in works)
    del works, xl
    gc.collect()
    after = [sys.getrefcount(each) for each in COUNTED + immortal]
    assert all(abs(one - other) < 40 for one, other in zip(before[: len(COUNTED)], after))
    assert parallel.submit_work(lambda: sum(1 for _ in range(1000))).result() == 1000  # and nothing is freed too early


def test_variables_of_running_functions_are_found():
    """From 3.14 on a variable of a frame is a tagged reference."""
    kept = [1]

    def decorate(function):
        def inner(*arguments):
            return function(*arguments)

        return inner

    @decorate
    def store(value):
        nonlocal kept
        kept = value

    @decorate
    def own(value):
        mine = [value]

        def grow():
            nonlocal mine
            mine += [value]
            return mine

        return grow()

    assert refused(store, 5) and kept == [1]
    assert parallel.submit_work(own, 5).result() == [5, 5]


class Counted:
    def __init__(self, number):
        self.number = number


class Slotted:
    __slots__ = ("__weakref__", "number")

    def __init__(self, number):
        self.number = number


def test_objects_of_a_heap_are_counted_by_their_types(unprotected):
    """3.12 moved what stands in front of an object, 3.14 added flags to its count."""
    kept = []

    def keep():
        kept.extend(Counted(float(n)) for n in range(300))
        kept.extend(Slotted(float(n)) for n in range(200))

    parallel.submit_work(keep)
    parallel.run()
    counted = {name: blocks for name, blocks, _ in ended_context()["types"]}
    assert counted["Counted"] == 300 and counted["Slotted"] == 200 and counted["float"] >= 500


def test_stacks_of_running_works_are_read():
    """From outside, where the process has them: every version has its frames in another form."""

    def wait_within(gate):
        return gate.wait(1)

    gate = parallel.xlist()
    work = parallel.submit_work(wait_within, gate)
    parallel.start()
    wait_until(lambda: work.state == "running" and "gate.wait" in work.stack())
    lines = work.stack().splitlines()
    assert any("in wait_within" in line for line in lines) and "    return gate.wait(1)" in lines
    gate.push(1)
    parallel.run()


def test_modules_that_are_imported_later_are_looked_at():
    """Versions differ in how a dict tells that it has changed."""
    ended = run_program("""
        import sys, parallel
        parallel.submit_work(int).result()
        before = [name in sys.modules for name in ("_queue", "_elementtree")]
        import queue, xml.etree.ElementTree

        waiting, tree = queue.SimpleQueue(), xml.etree.ElementTree.Element("a")
        for change in (waiting.put, tree.append):
            work = parallel.submit_work(change, tree)
            print(type(work.exception()).__name__)
        print(before[1], waiting.empty(), len(tree))
    """)
    assert ended.stdout.splitlines() == ["UnprotectedError", "UnprotectedError", "False True 0"], ended


@pytest.mark.skipif(sys.version_info < (3, 12), reason="sys.monitoring is new in 3.12")
def test_tools_of_the_main_thread_see_nothing_of_a_context():
    """Debuggers trace by sys.monitoring from 3.12 on; one that stops in a context would wait for its own thread."""
    ended = run_program("""
        import sys, parallel
        monitoring, seen = sys.monitoring, []
        def note(code, *more):
            seen.append(code.co_name)
            if parallel.contexts and "in_context" in globals():
                print("traced", flush=True)
        monitoring.use_tool_id(monitoring.DEBUGGER_ID, "a debugger")
        for event in (monitoring.events.PY_START, monitoring.events.LINE):
            monitoring.register_callback(monitoring.DEBUGGER_ID, event, note)
        def inner():
            return 5
        def work():
            global in_context
            in_context = True
            return inner()
        monitoring.set_events(monitoring.DEBUGGER_ID, monitoring.events.PY_START)
        monitoring.set_local_events(monitoring.DEBUGGER_ID, inner.__code__, monitoring.events.LINE)
        parallel.configure(protection="off")
        inner()
        print(parallel.submit_work(work).result(), seen.count("inner") > 1)
    """)
    assert ended.stdout.splitlines() == ["5 True"], ended
