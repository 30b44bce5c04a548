"""Everything at once, in random order, from several threads: every work ends once, as it must, and nothing is left."""

import collections
import concurrent.futures
import os
import random
import signal
import threading
import time

import pytest

import parallel

KINDS = ("value", "error", "crash", "killed", "print", "push", "nested", "sleep", "array", "queue", "withdrawn")


class Driver:
    """One thread's share: submits works of all kinds, waits for them in all ways, and checks how each has ended."""

    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.pushed = parallel.xlist()
        self.pushes = 0
        self.calls = collections.Counter()
        self.expected = []  # (work, check of its end)
        self.called_back = 0

    def submit(self):
        kind, n = self.dice.choice(KINDS), self.dice.randrange(1000)
        with_calls = self.dice.random() < 0.5
        calls = {"callback": self._called, "errback": self._called} if with_calls else {}
        getattr(self, "_" + kind)(n, calls)
        self.called_back += with_calls and kind != "withdrawn"

    def _called(self, what):
        self.calls["all"] += 1

    def _add(self, work, check):
        self.expected.append((work, check))

    def _value(self, n, calls):
        self._add(parallel.submit_work(lambda: {"n": n}, **calls), lambda work: work.result() == {"n": n})

    def _error(self, n, calls):
        self._add(parallel.submit_work(lambda: [n][1], **calls), lambda work: isinstance(work.exception(), IndexError))

    def _crash(self, n, calls):
        code = n % 100 + 1
        self._add(parallel.submit_work(lambda: os._exit(code), **calls), lambda work: work.exception().exitcode == code)

    def _killed(self, n, calls):
        work = parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGKILL), **calls)
        self._add(work, lambda work: work.exception().signal == signal.SIGKILL)

    def _print(self, n, calls):
        self._add(parallel.submit_work(lambda: print("x" * n), **calls), lambda work: work.result() is None)

    def _push(self, n, calls):
        pushed = self.pushed
        self.pushes += n % 20
        self._add(
            parallel.submit_work(lambda: pushed.extend(range(n % 20)), **calls), lambda work: work.result() is None
        )

    def _nested(self, n, calls):
        def nested():
            works = [parallel.submit_work(lambda k: n + k, k) for k in range(2)]
            parallel.run()
            return [work.result() for work in works]

        self._add(parallel.submit_work(nested, **calls), lambda work: work.result() == [n, n + 1])

    def _sleep(self, n, calls):
        self._add(parallel.submit_work(time.sleep, n / 200_000, **calls), lambda work: work.result() is None)

    def _array(self, n, calls):
        self._add(parallel.submit_work(lambda: b"x" * n * 100, **calls), lambda work: len(work.result()) == 100 * n)

    def _queue(self, n, calls):
        queue, pushed = parallel.xlist(range(n % 10)), self.pushed
        self.pushes += n % 10
        self._add(parallel.submit_queue(queue, pushed.push, **calls), lambda work: work.result() == n % 10)

    def _withdrawn(self, n, calls):
        # Another thread may have started it; then it ends by itself.
        work = parallel.submit_work(lambda: n)
        cancelled = work.cancel()
        self._add(work, lambda work: work.cancelled() == cancelled and (cancelled or work.result() == n))

    def wait(self):
        how = self.dice.randrange(6)
        works = [work for work, _ in self.expected]
        if how == 0:
            parallel.start()
        elif how == 1:
            self._run()
        elif how == 2 and works:
            concurrent.futures.wait(works[-5:], timeout=60)
        elif how == 3 and works:
            for work in concurrent.futures.as_completed(works[-5:], timeout=60):
                assert work.done()
        elif how == 4 and works and not works[-1].cancelled():
            works[-1].exception(60)
        else:
            parallel.run_once() if threading.current_thread() is threading.main_thread() else parallel.start()

    def _run(self):
        try:
            parallel.run(60)
        except (IndexError, parallel.ContextCrashed):
            pass

    def turn(self, count):
        for _ in range(count):
            for _ in range(self.dice.randrange(4)):
                self.submit()
            self.wait()

    def check(self):
        for work, is_right in self.expected:
            assert work.done() and is_right(work), work
        assert len(self.pushed) == self.pushes


@pytest.mark.parametrize("threads", [0, 2])
def test_everything_at_once(threads, seed, capsys):
    parallel.configure(contexts=3)
    drivers = [Driver(seed + n) for n in range(threads + 1)]
    running = [threading.Thread(target=driver.turn, args=(12,)) for driver in drivers[1:]]
    for thread in running:
        thread.start()
    drivers[0].turn(25)
    for thread in running:
        thread.join(60)
        assert not thread.is_alive()
    while True:
        try:
            parallel.run(60)
            break
        except (IndexError, parallel.ContextCrashed):
            continue
    for driver in drivers:
        driver.check()
        assert driver.calls["all"] == driver.called_back
