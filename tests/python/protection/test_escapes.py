"""What is found after a work: changes of the user's containers that no gate has stopped."""

import time

import pytest

import parallel
from parallel import _core
from support import run_program


@pytest.fixture
def containers(main_module):
    main_module.results = []
    main_module.settings = {"limits": {"low": [1]}}
    return main_module


def test_scan_mode_names_what_was_changed():
    """In a program of its own: the search takes 2 ms of the processor, and the tests' process is large."""
    ended = run_program("""
        import time, parallel

        parallel.configure(protection="scan")
        results = []
        settings = {"limits": {"low": [1]}}

        def work():
            results.append(["made here"])
            settings["limits"]["low"].append(str(time.time()))
            settings["extra"] = object()

        parallel.submit_work(work)
        parallel.run()
        print(results == [] and settings == {"limits": {"low": [1]}})
    """)
    text = ended.stderr
    assert (
        "list 'results'" in text and "dict 'settings' (at 'extra')" in text and "settings['limits']['low']" in text
    ), ended
    assert "will not see it" in text and "parallel.xlist()" in text and ended.stdout == "True\n"


@pytest.mark.parametrize("mode", ["strict", "scan"])
def test_works_that_change_nothing_are_not_warned_of(containers, capfd, mode):
    parallel.configure(protection=mode)
    parallel.submit_work(lambda: [list(containers.results), dict(containers.settings), {"own": []}]).result()
    assert capfd.readouterr().err == ""


def test_long_works_are_searched_at_their_own_end(containers, capfd):
    parallel.configure(contexts=1, protection="scan")

    def work():
        containers.results.append([1])
        time.sleep(0.4)

    first = parallel.submit_work(work)
    second = parallel.submit_work(time.sleep, 60)
    parallel.start()
    first.result()
    end = time.monotonic() + 30
    text = ""
    while "list 'results'" not in text and time.monotonic() < end:
        parallel.run_once()
        text += capfd.readouterr().err
    assert "list 'results'" in text and not second.done()
    parallel.cancel()


def test_off_does_not_look(containers, capfd):
    parallel.configure(protection="off")
    parallel.submit_work(lambda: containers.results.append(["made here"]))
    parallel.run()
    assert capfd.readouterr().err == ""


def test_looking_ends_in_time():
    """400,000 containers are more than can be looked at; no page of theirs is copied."""
    ended = run_program("""
        import resource, parallel

        def batch(mode):
            parallel.configure(protection=mode)
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            parallel.submit_work(int).result()
            parallel.run()
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return seconds, after.ru_minflt - before.ru_minflt

        results = [{"a": number, "b": [number]} for number in range(200_000)]
        searched, plain = ([batch(mode) for _ in range(10)] for mode in ("scan", "off"))
        print(*(min(each) for each in zip(*searched)), *(min(each) for each in zip(*plain)))
    """)
    seconds, pages, plain_seconds, plain_pages = map(float, ended.stdout.split())
    print(f"{seconds - plain_seconds:.4f} s, {pages - plain_pages:.0f} pages more")
    # 2.6 ms and 350 pages were measured; 25 ms and 1,460 when references were counted.
    assert seconds - plain_seconds < 0.02 and pages - plain_pages < 1050


def test_many_small_works_are_not_each_searched(containers):
    """Works of nothing take about as long as without the search: it pays itself out of the time between."""
    parallel.configure(contexts=1, protection="scan")
    works = [parallel.submit_work(int) for _ in range(5000)]
    began = time.perf_counter()
    parallel.run()
    assert time.perf_counter() - began < 4.0  # 2 ms for each would be 10 s
    assert all(work.result() == 0 for work in works)


def test_what_counts_as_own():
    kept = [[]]

    def work():
        return _core.guard_is_own(kept), _core.guard_is_own([])

    assert parallel.submit_work(work).result() == (False, True)


SETTING_UP = """
    import collections
    import parallel

    class Node:
        pass

    class Slotted:
        __slots__ = ("items",)

    class Row(collections.namedtuple("Row", "first second")):
        pass

    node, slotted = Node(), Slotted()
    node.items, slotted.items = [], []
    asked = Node()
    vars(asked)["items"] = []
    counts = collections.defaultdict(list)
    counts["low"] = []
    ordered = collections.OrderedDict(a=[])
    waiting = collections.deque([[], []])
    rows = [Row([], {})]
    chosen = {"as", "it", "was"}
    closed = (lambda inner: lambda: inner)([])
    defaults = lambda given=[]: given
    circle = []
    circle.append(circle)
"""

CHANGES = {
    "an attribute": ("node.items.append([1])", "list 'node.items'"),
    "one that has been asked for as a dict": ("vars(node)['items'].append([1])", "list 'node.items'"),
    "one in a dict": ("asked.items.append([1])", "list 'asked.items'"),
    "a slot": ("slotted.items.append([1])", "list 'slotted.items'"),
    "a defaultdict": ("counts['low'].append([1])", "list \"counts['low']\""),
    "a new key of one": ("counts['new']", "defaultdict 'counts' (at 'new')"),
    "an OrderedDict": ("ordered['a'].append([1])", "list \"ordered['a']\""),
    "in a deque": ("waiting[1].append([1])", "list 'waiting[1]'"),
    "a deque": ("waiting.append([1])", "deque 'waiting'"),
    "a named tuple": ("rows[0].second['k'] = [1]", "dict 'rows[0][1]' (at 'k')"),
    "a set": ("chosen.add(str(2**70))", "set 'chosen'"),
    "a closure": ("closed().append([1])", 'list "closed\'s inner"'),
    "a default": ("defaults().append([1])", "list 'defaults.__defaults__[0]'"),
    "a circle": ("circle.append([1])", "list 'circle'"),
}


@pytest.mark.parametrize("change, named", CHANGES.values(), ids=CHANGES)
def test_where_it_is_found(change, named):
    ended = run_program(
        SETTING_UP,
        f"""
    def work():
        {change}

    parallel.configure(protection="scan")
    parallel.submit_work(work)
    parallel.run()
    """,
    )
    assert f"has changed {named} of the main thread" in ended.stderr, ended.stderr


def test_what_is_not_looked_for():
    """Changes of what libraries hold, and nothing at all: also of the order that an OrderedDict knows."""
    ended = run_program(
        SETTING_UP,
        """
    import decimal, functools, logging, re

    class Cached:
        @functools.cached_property
        def value(self):
            return [1]

    class Pair(tuple):  # whose `__dict__` lies behind its items
        value = Cached.value

    cached, asked, pair = Cached(), Cached(), Pair([1, 2])
    vars(asked), vars(pair)
    logger = logging.getLogger("of the user")

    def work(mode):
        if mode == "scan":  # these are refused in "strict"
            logger.extra = [1]
            ordered.move_to_end("a")
        decimal.getcontext().prec = 20
        re.compile("a+b")
        cached.value, asked.value, pair.value
        return [list(counts), list(ordered), list(waiting), sorted(chosen), closed(), Row(1, 2)]

    for mode in ("scan", "strict"):
        parallel.configure(protection=mode)
        print(len(parallel.submit_work(work, mode).result()))
        parallel.run()
    """,
    )
    assert (ended.stdout, ended.stderr) == ("6\n6\n", "")


def test_objects_of_libraries_are_not_looked_into():
    ended = run_program("""
        import types
        import parallel

        class Library:
            "As if of one."

        Library.__module__ = "json"
        tool = Library()
        tool.cache = {}
        method = types.MethodType(lambda self: None, tool)
        mine = {"deep": [{}]}

        def work():
            tool.cache["k"] = [1]
            mine["deep"][0]["k"] = [1]

        parallel.configure(protection="scan")
        parallel.submit_work(work).result()
        parallel.run()
    """)
    text = ended.stderr
    assert "mine['deep'][0]" in text and "cache" not in text and "tool" not in text, ended
