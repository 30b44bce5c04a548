"""Contexts: what can be seen of them while they run, and how many there are."""

import os

import pytest

import parallel
from parallel import _config
from support import wait_until


def test_contexts_while_they_run(two_contexts):
    gate, began = parallel.xlist(), parallel.xlist()

    def work():
        began.push(os.getpid())
        gate.wait(1)

    assert parallel.contexts(ended=False) == []
    for n in range(2):
        parallel.submit_work(work, name=f"number {n}")
    parallel.submit_work(work, name="waits")
    parallel.start()
    assert began.wait(2, 30)
    seen = parallel.contexts(ended=False)
    assert [context.slot for context in seen] == [0, 1] and {context.pid for context in seen} == set(began)
    assert {(context.work, context.state) for context in seen} == {("number 0", "running"), ("number 1", "running")}
    assert [context.restarts for context in seen] == [0, 0] and len({context.batch for context in seen}) == 1
    # Counted after it is seen.
    wait_until(lambda: [context.pushes for context in parallel.contexts(ended=False)] == [1, 1])
    gate.push(0)
    parallel.run()
    assert parallel.contexts(ended=False) == []


def test_contexts_that_consume(two_contexts):
    queue, gate, began = parallel.xlist([1, 2]), parallel.xlist(), parallel.xlist()
    parallel.submit_queue(queue, lambda n: began.push(n) or gate.wait(1), name="consume")
    parallel.start()
    assert began.wait(2, 30)
    assert [context.work for context in parallel.contexts(ended=False)] == ["consume"] * 2
    gate.push(0)
    parallel.run()


@pytest.mark.parametrize("contexts", [1, 2, 3])
def test_configure_contexts(contexts):
    parallel.configure(contexts=contexts)
    began, gate = parallel.xlist(), parallel.xlist()
    for _ in range(2 * contexts):
        parallel.submit_work(lambda: began.push(os.getpid()) or gate.wait(1))
    parallel.start()
    assert began.wait(contexts, 30)
    assert len(parallel.contexts(ended=False)) == contexts
    assert len(set(began)) == contexts and len(began) == contexts  # no further one has begun
    gate.push(0)
    parallel.run()
    assert len(began) == 2 * contexts and len(set(began)) == contexts


def test_there_are_no_more_contexts_than_works():
    parallel.configure(contexts=8)
    gate = parallel.xlist()
    for _ in range(3):
        parallel.submit_work(gate.wait, 1)
    parallel.start()
    assert len(parallel.contexts(ended=False)) == 3
    gate.push(0)
    parallel.run()


@pytest.mark.parametrize(
    "value, error", [(0, ValueError), (-1, ValueError), (4097, ValueError), ("2", TypeError), (1.5, TypeError)]
)
def test_configure_refuses_what_makes_no_sense(value, error):
    parallel.configure(contexts=2)
    with pytest.raises(error):
        parallel.configure(contexts=value)
    with pytest.raises(TypeError):
        parallel.configure(2)
    with pytest.raises(TypeError):
        parallel.configure(no_such_setting=1)
    parallel.configure()
    assert _config.contexts() == 2
