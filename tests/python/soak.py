#!/usr/bin/python3
"""Batches by the thousand with faults at random, and a look at what they leave: `make soak`.

Works fail, die, hang and are cut off in every way there is, and contexts and zygotes are killed from outside. Each work
must end as its kind and the faults of its batch allow; of all of them nothing may stay: no process, descriptor, thread,
xlist or byte of the region, and no growing memory. tests/python/test_scale.py runs a short one.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from typing import ClassVar

import parallel
import support
from parallel import _engine

HEAP_LIMIT = 64 << 20
WARM_UP = 0.2  # of all batches: what is made once and kept is there by then
# Of this process's memory and objects from then on, and what the last batches may be remembered by.
MOST_GROWTH = 0.05
SLACK = {"kilobytes": 4096, "shared kilobytes": 16384, "objects": 2000}


def push_all(pushed, who):
    for n in range(20):
        pushed.push((who, n))


def fail_once(attempts):
    attempts.push(1)
    if len(attempts) == 1:
        os._exit(9)
    return "at last"


def nested(n):
    works = [parallel.submit_work(pow, (n, k)) for k in range(3)]
    parallel.submit_work(parallel.xlist, ([n],))  # nobody waits for it but the end of this work
    assert list(parallel.submit_work(parallel.xlist, ([n],)).result()) == [n]
    parallel.run()
    return [work.result() for work in works]


def spill(n):
    for _ in range(n):
        print("x" * n)
    os.write(2, b"to the descriptor\n" * 20)


def hog():
    return len([bytes(1 << 20) for _ in range(2 * HEAP_LIMIT >> 20)])


def ask_the_main_thread(n):
    return parallel.call_from_main_thread_and_wait(abs, -n)


def is_error(kind):
    return lambda work: isinstance(work.exception(), kind)


def has_died_by(number):
    return lambda work: isinstance(work.exception(), parallel.ContextCrashed) and work.exception().signal == number


def is_result(value):
    return lambda work: work.state == "done" and work.result() == value


class Soak:
    """One run: `batch()` again and again, `leaks()` now and then."""

    KINDS = (
        "value",
        "error",
        "exits",
        "segv",
        "abort",
        "killed",
        "late",
        "again",
        "pushes",
        "hogs",
        "nested",
        "prints",
        "array",
        "queue",
        "asks",
        "odd_result",
    )
    FAULTS = (
        "",
        "",
        "",
        "kill context",
        "kill context",
        "kill zygote",
        "stop zygote",
        "cancel",
        "cancel one",
        "interrupt",
        "drop",
    )
    # How else works may end when this has happened to their batch.
    ALSO: ClassVar = {
        "kill context": {"crashed"},
        "kill zygote": {"crashed"},
        "stop zygote": {"crashed"},
        "cancel": {"cancelled"},
        "cancel one": {"cancelled"},
        "interrupt": {"cancelled"},
        "drop": set(),
        "": set(),
    }

    def __init__(self, seed: int):
        self.dice = random.Random(seed)
        self.ended = dict.fromkeys(("done", "failed", "cancelled", "crashed"), 0)
        self.killed = 0

    def submit(self, kind: str, pushed):
        """A work of this kind, and the check of its end."""
        n = self.dice.randrange(1, 100)
        submit = parallel.submit_work
        if kind == "value":
            return submit(divmod, (n, 7)), is_result(divmod(n, 7))
        if kind == "error":
            return submit(int, "no number"), is_error(ValueError)
        if kind == "exits":
            return submit(os._exit, n), lambda work: work.exception().exitcode == n
        if kind == "segv":
            return submit(ctypes.string_at, 1), has_died_by(signal.SIGSEGV)
        if kind == "abort":
            return submit(os.abort), has_died_by(signal.SIGABRT)
        if kind == "killed":
            return submit(lambda: os.kill(os.getpid(), signal.SIGKILL)), has_died_by(signal.SIGKILL)
        if kind == "late":
            return submit(time.sleep, 60, timeout=0.01 + n / 5000), is_error(TimeoutError)
        if kind == "again":
            return submit(fail_once, parallel.xlist(), retries=2), is_result("at last")
        if kind == "pushes":
            who = object_number()
            return submit(push_all, (pushed, who)), lambda work: list(pushed_by(pushed, who)) == list(range(20))
        if kind == "hogs":
            return submit(hog), is_error(parallel.HeapLimitError)
        if kind == "nested":
            return submit(nested, n), is_result([n**k for k in range(3)])
        if kind == "prints":
            return submit(spill, n), is_result(None)
        if kind == "array":
            return submit(lambda: b"x" * n * 10_000), lambda work: len(work.result()) == n * 10_000
        if kind == "queue":
            return parallel.submit_queue(parallel.xlist(range(n % 9)), pushed.push), is_result(n % 9)
        if kind == "asks":
            return submit(ask_the_main_thread, n), is_result(n)
        return submit(lambda: (_ for _ in ())), is_error(ValueError)  # what cannot be cloned

    def batch(self) -> None:
        """Submit, start, disturb, run, check."""
        dice, pushed = self.dice, parallel.xlist()
        parallel.configure(contexts=dice.randrange(1, 4), heap_limit=HEAP_LIMIT)
        checks = [self.submit(dice.choice(self.KINDS), pushed) for _ in range(dice.randrange(1, 7))]
        works = [work for work, _ in checks]
        fault = dice.choice(self.FAULTS)
        if dice.random() < 0.1:
            works[0].add_done_callback(lambda work: work.state)
        if fault:
            parallel.start()
            time.sleep(dice.random() ** 3 * 0.02)
            self.disturb(fault, works)
        if fault == "drop":
            del checks, works
            return  # the next run() waits for it
        while True:
            with contextlib.suppress(Exception):
                parallel.run(60)
                break
        for work, is_right in checks:
            self.ended[work.state] += 1
            if work.state not in self.ALSO[fault] and not is_right(work):
                raise AssertionError(f"{work} with {fault or 'no fault'}: {work.exception()!r}")

    def disturb(self, fault: str, works) -> None:
        """Have it happen now."""
        if fault == "kill context":
            for context in parallel.contexts(ended=False):
                if context.pid and self.dice.random() < 0.7:
                    self.kill(context.pid, signal.SIGKILL)
        elif fault in ("kill zygote", "stop zygote") and works[0]._batch is not None:
            if fault == "stop zygote":
                self.kill(works[0]._batch.zygote_pid, signal.SIGSTOP)
            self.kill(works[0]._batch.zygote_pid, signal.SIGKILL)
        elif fault == "cancel":
            parallel.cancel()
        elif fault == "cancel one":
            self.dice.choice(works).cancel()
        elif fault == "interrupt":
            _engine.interrupted()

    def kill(self, pid: int, number: int) -> None:
        """Unless it has ended; a number of 0 would be this whole process group."""
        if pid > 0:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
                self.killed += number == signal.SIGKILL


_numbers = iter(range(1 << 62))


def object_number() -> int:
    """One that nobody else has."""
    return next(_numbers)


def pushed_by(pushed, who):
    return (item[1] for item in pushed if isinstance(item, tuple) and item[0] == who)


def facts() -> dict:
    """What this process holds once nothing runs."""
    while True:
        with contextlib.suppress(Exception):
            parallel.run(60)
            break
    support.wait_until(lambda: not support.children(), 10, f"processes are left: {support.children()}")
    allocated, xlists = support.region_use()
    rollup = Path("/proc/self/smaps_rollup").read_text().splitlines()
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in rollup if line.endswith("kB")}
    return {
        "descriptors": len(support.descriptors()),
        "threads": threading.active_count(),
        "region": allocated,
        "xlists": xlists,
        "kilobytes": kilobytes["Pss_Anon"],
        "shared kilobytes": kilobytes["Pss_Shmem"],
        "objects": len(gc.get_objects()),
    }


def run(batches: int, seed: int, seconds: float = float("inf"), tell=lambda text: None) -> dict:
    """That many batches, or as many as fit in that time: what happened, as data. AssertionError if anything is left."""
    soak, began, before, first = Soak(seed), time.monotonic(), None, 0
    done = 0
    while done < batches:
        share = max(done / batches, (time.monotonic() - began) / seconds)
        if share >= 1:
            break
        if before is None and share >= WARM_UP:
            before, first = facts(), done
        soak.batch()
        done += 1
        if done % 500 == 0:
            tell(f"{done} batches, {time.monotonic() - began:.0f} s, {facts()}")
    after = facts()
    for what in ("descriptors", "threads", "region", "xlists"):
        assert after[what] <= before[what], f"{what} grew from {before[what]} to {after[what]}"
    for what, slack in SLACK.items():
        assert after[what] < before[what] * (1 + MOST_GROWTH) + slack, (
            f"{what} grew from {before[what]} to {after[what]}"
        )
    assert done > first, "too little time for a soak"
    return {"batches": done, "killed": soak.killed, **soak.ended, "before": before, "after": after}


def main(arguments) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--batches", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    standard_output, sys.stdout = sys.stdout, open(os.devnull, "w")  # what works print is not of interest
    standard_error, sys.stderr = sys.stderr, sys.stdout
    try:
        found = run(options.batches, options.seed, tell=lambda text: print(text, file=standard_output, flush=True))
    finally:
        sys.stdout, sys.stderr = standard_output, standard_error
    print("\n".join(f"{name} {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
