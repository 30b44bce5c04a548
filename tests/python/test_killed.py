"""Contexts killed a thousand times while they use what is shared: what had been done is there, once, and nobody hangs.

Single instructions are tests/unit/sync_killed_anywhere_test's matter; this is Python, records, memory of heaps and all.
"""

from __future__ import annotations

import collections
import mmap
import os
import random
import signal
import time

import pytest

import parallel
from support import wait_until

KILLS = 1000
WORKS = KILLS + 50  # a kill ends one work at most
OPERATIONS = 400  # of one work, which then waits to be killed


class Ledger:
    """Numbers in shared memory, one row a work: what it had done when it was killed."""

    def __init__(self, rows: int, columns: int):
        self.columns = columns
        self.numbers = memoryview(mmap.mmap(-1, 8 * (1 + rows * columns))).cast("Q")

    def row(self, number: int) -> memoryview:
        """The numbers of one work."""
        return self.numbers[1 + number * self.columns : 1 + (number + 1) * self.columns]

    def stop(self) -> None:
        """Let works that are still running end."""
        self.numbers[0] = 1

    def wait_for_stop(self) -> None:
        """In a work: nothing more to do but to be killed."""
        while not self.numbers[0]:
            time.sleep(0.0005)

    @property
    def stopped(self) -> bool:
        return bool(self.numbers[0])


def kill_contexts(dice: random.Random, times: int, meanwhile=lambda: None) -> None:
    """Send `times` SIGKILLs, each to another context, at random instants of its first milliseconds."""
    killed = set()
    for _ in range(times):
        fresh, in_work = [], dice.random() < 0.75  # the others meet contexts that may only be about to begin

        def look():
            alive = (context for context in parallel.contexts(ended=False) if context.pid and context.pid not in killed)
            fresh[:] = [context.pid for context in alive if context.work is not None or not in_work]
            return fresh

        wait_until(look, 20, "no context takes the place of the killed ones")
        time.sleep(dice.random() * 0.004)
        pid = dice.choice(fresh)
        killed.add(pid)
        os.kill(pid, signal.SIGKILL)
        meanwhile()


def outcomes(works) -> collections.Counter:
    """How the works ended; each one's error is taken out, so that nothing is left to be raised."""
    for work in works:
        error = work.exception(timeout=30)
        assert error is None or isinstance(error, parallel.ContextCrashed), error
    return collections.Counter(work.state for work in works)


@pytest.mark.deadline(120)
def test_pushing_popping_and_waiting(seed, two_contexts):
    dice = random.Random(seed)
    xl, ledger = parallel.xlist(), Ledger(WORKS, OPERATIONS + 2)

    def work(who):
        row = ledger.row(who)
        for n in range(OPERATIONS):
            if who % 3 == 2:  # one that sleeps until somebody pushes, and takes what came
                xl.wait(len(xl) + 1, 0.01)
            if n % 2 == who % 2:
                number = row[0]
                xl.push((who, number, "some text that needs a record") if number % 2 else who << 32 | number << 1)
                row[0] = number + 1  # a push that returned
            else:
                try:
                    item = xl.pop()
                except IndexError:
                    continue
                row[2 + row[1]] = name_of(item)
                row[1] += 1
            if ledger.stopped:
                return
        ledger.wait_for_stop()

    def name_of(item):
        return item[0] << 32 | item[1] << 1 if isinstance(item, tuple) else item

    works = [parallel.submit_work(work, who) for who in range(WORKS)]
    parallel.start()
    kill_contexts(dice, KILLS)
    ledger.stop()
    ends = outcomes(works)
    print(ends)
    assert ends["crashed"] > KILLS / 2, "most kills met a context that was between two works"

    came = collections.Counter(map(name_of, xl))
    for who in range(WORKS):
        row = ledger.row(who)
        came.update(row[2 : 2 + row[1]])
    assert max(came.values()) == 1, "something was seen twice"
    lost = 0
    for who, of in enumerate(works):
        pushed = ledger.row(who)[0]
        there = [n for n in range(OPERATIONS) if (who << 32 | n << 1) in came]
        # A push that was cut off is there or not, and it is the last.
        assert not there or there[-1] < pushed + (of.state == "crashed"), (who, pushed, there)
        lost += sum(n not in there for n in range(pushed))
    # A pop that was cut off may have taken what it had no time to note: one for every killed work, at most.
    assert lost <= ends["crashed"]
    # Nobody the dead have left behind is in the way.
    before = len(xl)
    assert (
        parallel.submit_work(lambda: xl.push("after")).result() is None
        and xl.wait(before + 1, 20)
        and xl[-1] == "after"
    )


@pytest.mark.deadline(120)
def test_only_pushing_loses_nothing(seed, two_contexts):
    dice = random.Random(seed)
    xl, ledger = parallel.xlist(), Ledger(WORKS, 1)

    def work(who):
        row = ledger.row(who)
        for n in range(OPERATIONS):
            xl.push((who, n, b"x" * (n % 100)))
            row[0] = n + 1
        ledger.wait_for_stop()

    works = [parallel.submit_work(work, who) for who in range(WORKS)]
    parallel.start()
    kill_contexts(dice, KILLS // 2)
    ledger.stop()
    ends = outcomes(works)
    assert ends["crashed"] > KILLS / 4
    numbers = collections.defaultdict(list)
    for who, n, content in xl:
        assert content == b"x" * (n % 100)
        numbers[who].append(n)
    for who, of in enumerate(works):
        pushed = ledger.row(who)[0]
        assert numbers[who] == list(range(len(numbers[who]))), "not each once and in order"
        assert len(numbers[who]) in ((pushed, pushed + 1) if of.state == "crashed" else (pushed,))


@pytest.mark.deadline(120)
def test_a_mapping(seed, two_contexts):
    """Two keys of each writer go up in step: who looks sees them equal, or the first one ahead by one."""
    dice = random.Random(seed)
    writers = 300
    d, ledger = parallel.dict(), Ledger(WORKS, 2)
    seen = collections.Counter()

    def work(who):
        row = ledger.row(who)
        for n in range(1, 1 + OPERATIONS // 4):
            d[who, "first"] = n
            row[0] = n
            d[who, "second"] = [n] * 3
            row[1] = n
        ledger.wait_for_stop()

    def look():
        if dice.random() < 0.05:
            at_this_moment = dict(d.items())
            for (who, name), value in at_this_moment.items():
                if name == "second":
                    first = at_this_moment[who, "first"]
                    assert value == [value[0]] * 3 and first - value[0] in (0, 1)
                    seen[first - value[0]] += 1

    works = [parallel.submit_work(work, who) for who in range(writers + 20)]
    parallel.start()
    kill_contexts(dice, writers, look)
    ledger.stop()
    ends = outcomes(works)
    print(ends, seen)
    assert ends["crashed"] > writers / 2 and seen[0]
    for who, of in enumerate(works):
        first, second = d.get((who, "first"), 0), d.get((who, "second"), [0])[0]
        noted = ledger.row(who)
        if of.state != "crashed":
            assert (first, second) == (noted[0], noted[1])
        else:
            # What had returned is there; a write that was cut off is or is not.
            assert first - noted[0] in (0, 1) and second - noted[1] in (0, 1) and first - second in (0, 1)
    assert parallel.submit_work(lambda: dict(d.items())).result() == dict(d.items())
    d["after"] = 1
    assert parallel.submit_work(lambda: d["after"]).result() == 1
