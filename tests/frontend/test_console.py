"""The kernel in a terminal."""

import time

import pytest

from console import Console


@pytest.fixture
def console(bounded):
    started = Console("--kernel", "xparallel")
    try:
        yield started
    finally:
        started.kill()


def test_debug(console):
    print(console.banner)
    print(console.run("1+1"))
    print(console.run("xlist([1,2,3], name='three')"))
    print(console.run("display(xlist([1,2,3], name='three'))"))
    print(console.run("print('a'); parallel.submit_work(print, ('from work',)); parallel.run()"))
    console.type("while True: pass\r")
    time.sleep(1)
    console.press("c")
    print(console.until("In [7]"))
    console.end()
    assert 0
