"""run_cell(): code in several contexts at once, which is what %%parallel does."""

import os
import time

import pytest

import parallel
from support import run_program


@pytest.fixture
def names(main_module):
    return vars(main_module)


def test_each_rank_in_a_context_of_its_own(names):
    names["os"] = os
    pids = parallel.run_cell("os.getpid()", 5)
    assert len(set(pids)) == 5 and os.getpid() not in pids
    assert list(parallel.run_cell("(rank, size)", 3)) == [(0, 3), (1, 3), (2, 3)]


@pytest.mark.parametrize("contexts", [1, 3])
def test_as_many_as_configured(names, contexts):
    parallel.configure(contexts=contexts)
    assert list(parallel.run_cell("rank")) == list(range(contexts))


def test_more_than_configured(names):
    parallel.configure(contexts=1)
    assert list(parallel.run_cell("rank", 6)) == list(range(6))


def test_ranks_may_wait_for_each_other(names):
    names["boxes"] = [parallel.xlist() for _ in range(4)]
    code = """
        boxes[(rank + 1) % size].push(rank)
        assert boxes[rank].wait(1, 30)
        boxes[rank].pop()
    """
    import textwrap

    parallel.configure(contexts=2)
    assert list(parallel.run_cell(textwrap.dedent(code), 4)) == [3, 0, 1, 2]


def test_names_are_each_ranks_own(names):
    names["x"] = names["rank"] = "the main thread's"
    names["f"] = lambda: names["x"]
    assert list(parallel.run_cell("before = x\nx = rank\nimport math\ndef g(): return x\nbefore, g(), f()", 2)) == [
        ("the main thread's", 0, "the main thread's"),
        ("the main thread's", 1, "the main thread's"),
    ]
    assert names["x"] == names["rank"] == "the main thread's" and "before" not in names and "math" not in names


def test_another_namespace():
    assert list(parallel.run_cell("a + rank", 2, namespace={"a": 40})) == [40, 41]


@pytest.mark.parametrize(
    "code, values",
    [
        ("rank", [0, 1]),
        ("rank ;", None),
        ("rank  # ;", [0, 1]),
        ("'a;b'", ["a;b", "a;b"]),
        ("x = rank", None),
        ("for n in range(3): n", None),
        ("print", [print, print]),
        ("None", [None, None]),
        ("x = 1; x + rank", [1, 2]),
        ("(rank,\n  'é;')", [(0, "é;"), (1, "é;")]),
        ("x = '\u2028\x0c\x1c'\r\nrank;\r\n", None),
        ("x = '\u2028\x0c\x1c'\r\nrank\r\n", [0, 1]),
        ("", None),
        ("# nothing", None),
    ],
)
def test_the_value_is_that_of_the_last_expression(names, code, values):
    found = parallel.run_cell(code, 2)
    assert found is None if values is None else list(found) == values


def test_into_an_xlist(names):
    into = parallel.xlist()
    assert parallel.run_cell("rank * 10", 3, into=into) is into
    assert sorted(into) == [0, 10, 20]
    assert parallel.run_cell("x = 1", 3, into=into) is into and len(into) == 3


def test_what_is_shown_of_them(names):
    parallel.run_cell("rank", 2, name="cells")
    assert [row["name"] for row in parallel.works()[-2:]] == ["cells 0", "cells 1"]
    parallel.run_cell("rank", 2)
    assert [row["name"] for row in parallel.works()[-2:]] == ["rank 0", "rank 1"]
    assert [context.pushes for context in parallel.contexts()[:2]] == [0, 0]


# ---- errors ----------------------------------------------------------------------------------------------------------


def test_the_error_of_the_lowest_rank_is_raised_and_tells_of_the_others(names):
    names["done"] = parallel.xlist()
    code = "def inner(n):\n    if n: raise LookupError(n)\n\ninner(rank)\ndone.push(rank)"
    with pytest.raises(LookupError) as raised:
        parallel.run_cell(code, 4)
    assert raised.value.args == (1,)
    assert raised.value.__notes__ == ["2 more ranks failed:\n  rank 2: LookupError: 2\n  rank 3: LookupError: 3"]
    text = str(raised.value.__cause__)
    assert "line 4, in <module>" in text and "    inner(rank)" in text and "line 2, in inner" in text
    assert "if n: raise LookupError(n)" in text and "_ranks" not in text and "work" in text and "'rank 1'" in text
    assert list(names["done"]) == [0]
    parallel.run()  # none of them is left to be raised


def test_many_errors_are_not_many_lines(names):
    with pytest.raises(ZeroDivisionError) as raised:
        parallel.run_cell("1/0", 10)
    assert len(raised.value.__notes__[0].splitlines()) == 7 and "and 4 more" in raised.value.__notes__[0]


def test_what_was_pushed_before_an_error_stays(names):
    into = parallel.xlist()
    with pytest.raises(ZeroDivisionError):
        parallel.run_cell("1 / rank", 3, into=into)
    assert sorted(into) == [0.5, 1.0]


def test_what_cannot_be_a_value(names):
    with pytest.raises(ValueError, match="cannot be pushed"):
        parallel.run_cell("(n for n in range(3))", 2)


def test_a_rank_that_is_killed_keeps_none_of_the_others(names):
    names["into"] = parallel.xlist()
    with pytest.raises(parallel.ContextCrashed, match="'rank 1'"):
        parallel.run_cell("import os\nif rank == 1: os._exit(3)\ninto.push(rank)", 3)
    assert sorted(names["into"]) == [0, 2]


@pytest.mark.parametrize("code", ["1 +", "return 1", "def f(:", "await x", "a = \n= 3", "\0"])
def test_code_that_is_none(code):
    before = len(parallel.works())
    with pytest.raises((SyntaxError, ValueError)):
        parallel.run_cell(code, 2)
    assert len(parallel.works()) == before


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"n": 0}, ValueError), ({"n": 4097}, ValueError), ({"n": "2"}, TypeError), ({"n": 1.5}, TypeError),
        ({"into": []}, TypeError), ({"name": 3}, TypeError),
    ],
)  # fmt: skip
def test_arguments_that_make_no_sense(arguments, error):
    with pytest.raises(error):
        parallel.run_cell("1", **arguments)
    with pytest.raises(TypeError, match="source must be a str"):
        parallel.run_cell(b"1")


# ---- beside other work -----------------------------------------------------------------------------------------------


def test_beside_work_that_runs_and_work_that_waits(names, two_contexts):
    gate, began = parallel.xlist(), parallel.xlist()
    background = parallel.submit_work(lambda: began.push(1) or gate.wait(1))
    parallel.start()
    assert began.wait(1, 30)
    waiting = parallel.submit_work(lambda: gate.wait(1) or "waited")
    assert list(parallel.run_cell("rank", 3)) == [0, 1, 2], "it waits for its own only"
    assert background.state == "running" and waiting.state in ("pending", "running")
    gate.push(0)
    parallel.run()
    assert waiting.done()


def test_in_a_context(names):
    def work():
        return list(parallel.run_cell("rank + 5", 2, namespace={}))

    assert parallel.submit_work(work).result() == [5, 6]


def test_an_interrupt_ends_all_ranks_and_keeps_what_was_pushed():
    done = run_program("""
        import os, signal, threading, time
        import parallel

        begun, kept = parallel.xlist(), parallel.xlist()

        def interrupt():
            while len(begun) < 3:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGINT)

        threading.Thread(target=interrupt).start()
        at = time.monotonic()
        try:
            parallel.run_cell("kept.push(rank); begun.push(rank)\\nimport time\\ntime.sleep(60)", 3)
        except KeyboardInterrupt:
            print("interrupted", sorted(kept), time.monotonic() - at < 30)
        parallel.run()
        print([row["state"] for row in parallel.works()])
    """)
    assert done.stdout.splitlines() == ["interrupted [0, 1, 2] True", "['cancelled', 'cancelled', 'cancelled']"], done


def test_contexts_that_cannot_be_made_are_an_error_that_says_so(monkeypatch, names):
    """A rank whose siblings get no context does not wait for ever."""
    from parallel import _ranks

    monkeypatch.setattr(_ranks, "_MEETING_SECONDS", 0.3)
    cell = _ranks.Cell("rank", "<test>", {}, None)
    cell.works = [parallel.submit_work(int)]  # one that never starts
    began = time.monotonic()
    with pytest.raises(parallel.ParallelError, match="only 0 of 1 contexts could be started"):
        cell.run(0)
    assert time.monotonic() - began < 10
