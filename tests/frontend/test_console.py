"""The kernel in a terminal, typed to."""

import pytest

from console import Console


@pytest.fixture
def console(bounded):
    started = Console("--kernel", "xparallel")
    try:
        yield started
    finally:
        started.kill()


def test_a_session(console):
    assert "xparallel" in console.banner and "IPython" in console.banner
    assert "Out[1]: 42" in console.run("6 * 7")
    shown = console.run("xlist([10, 20, 30], name='three')")
    assert "three" in shown and "30" in shown and "<strong>" not in shown
    shown = console.run("work = parallel.submit_work(lambda: print('from' + ' the work')); parallel.run()")
    assert "from the work" in shown
    shown = console.run("parallel.submit_work(lambda: 1 / 0); parallel.run()")
    assert "ZeroDivisionError: division by zero" in shown and "Out[5]: 42" in console.run("6 * 7")
    console.end()


def test_lines_that_are_not_over_and_questions(console):
    console.type("for n in range(3):")
    console.until("...: ")
    console.type("print('line', n)")
    assert "line 2" in console.run("")
    console.type("name = input('who? ')")
    console.until("who? ")
    console.run("Ada")
    assert "Out[3]: 'Ada'" in console.run("name")
    console.end()


@pytest.mark.parametrize(
    "code",
    [
        "print('go', 'on'); time.sleep(100)",
        "print('go', 'on'); parallel.submit_work(time.sleep, 100); parallel.run()",
    ],
)
def test_interrupt(console, code):
    console.run("import time")
    console.type(code)
    console.until("go on")
    console.press("c")
    console.number += 1
    assert "KeyboardInterrupt" in console.until("In [3]: ")
    assert "Out[3]: 2" in console.run("1 + 1")
    console.end()
