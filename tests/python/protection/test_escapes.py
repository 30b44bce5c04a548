"""What is found after a work: changes of the user's containers that no gate has stopped."""

import time

import pytest

import parallel
from parallel import _core
from parallel.protection import escapes
from support import run_program


@pytest.fixture
def containers(main_module):
    main_module.results = []
    main_module.settings = {"limits": {"low": [1]}}
    return main_module


def test_scan_mode_names_what_was_changed():
    """In a program of its own: the search takes 5 ms of the processor, and the tests' process is large."""
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
    assert "list 'results'" in text and "dict 'settings' (at 'extra')" in text and "settings['limits']['low']" in text, ended
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


def test_looking_ends_in_time(containers):
    containers.results.extend([] for _ in range(300_000))

    def work():
        began = time.perf_counter()
        escapes.scan(0.002)
        return time.perf_counter() - began

    assert parallel.submit_work(work).result() < 1.0


def test_many_small_works_are_not_each_searched(containers):
    """Works of nothing take about as long as without the search: it pays itself out of the time between."""
    parallel.configure(contexts=1, protection="scan")
    works = [parallel.submit_work(int) for _ in range(2000)]
    began = time.perf_counter()
    parallel.run()
    assert time.perf_counter() - began < 4.0  # 5 ms for each would be 10 s
    assert all(work.result() == 0 for work in works)


def test_what_counts_as_own():
    kept = [[]]

    def work():
        return _core.guard_holds_own(kept), _core.guard_holds_own([[]]), _core.guard_is_own(kept), _core.guard_is_own([])

    assert parallel.submit_work(work).result() == (False, True, False, True)


def test_objects_of_libraries_are_not_looked_into(containers, capfd):
    import types

    class Library:
        """As if of one."""

    Library.__module__ = "json"
    containers.tool = tool = Library()
    tool.cache = {}
    containers.method = types.MethodType(lambda self: None, tool)
    containers.mine = {"deep": [{}]}
    parallel.configure(protection="scan")

    def work():
        tool.cache["k"] = [1]
        containers.mine["deep"][0]["k"] = [1]

    parallel.submit_work(work)
    parallel.run()
    text = capfd.readouterr().err
    assert "mine['deep'][0]" in text and "cache" not in text and "tool" not in text
