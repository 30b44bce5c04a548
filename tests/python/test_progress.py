"""The bar of a run() that takes long: when it is shown, what it says, and that it is never in the way."""

import contextlib
import os
import pty
import re
import signal
import sys
import threading
import time

import pytest

import parallel
from pages import check_bundle
from parallel import _config, _engine
from parallel._progress import Progress, Tally
from parallel._views import live
from support import run_program, wait_until

LONG = 0.8  # seconds: longer than it takes for a bar to be shown


@pytest.fixture(autouse=True)
def default_setting():
    yield
    _config._progress = True


def test_a_long_run_shows_how_far_it_is(front_end, two_contexts):
    for _ in range(16):
        parallel.submit_work(time.sleep, LONG / 8)
    began = time.monotonic()
    parallel.run()
    took = time.monotonic() - began
    assert {cell for cell, _, _, _, _ in front_end.shown} == {"cell"}
    assert len({identity for _, _, identity, _, _ in front_end.shown}) == 1
    assert [update for _, _, _, update, _ in front_end.shown] == [False] + [True] * (len(front_end.shown) - 1)
    assert 2 <= len(front_end.shown) <= took / live.REFRESH_SECONDS + 2
    assert front_end.shown[0][4] - began >= 0.5
    for _, data, _, _, _ in front_end.shown:
        check_bundle(data)
    first, last = front_end.shown[0][1]["text/plain"], front_end.latest()
    running = r"\[=+>*·*\] running: \d+ of 16 works done(, [12] running)?(, about \d+ s left)?"
    assert re.fullmatch(running, first), first
    assert re.fullmatch(r"\[={20}\] 16 works done in [\d.]+ m?s", last), last


def test_a_short_run_shows_nothing(front_end):
    slow = 0
    for _ in range(20):
        parallel.submit_work(int)
        began = time.monotonic()
        parallel.run()
        slow += time.monotonic() - began >= 0.5  # where others use the processors too
    parallel.run()
    assert len({identity for _, _, identity, _, _ in front_end.shown}) <= slow <= 3


def test_it_can_be_switched_off(front_end):
    parallel.configure(progress=False)
    parallel.submit_work(time.sleep, LONG)
    parallel.run()
    assert not front_end.shown
    parallel.configure(contexts=2)
    assert not _config.progress()
    parallel.configure(progress=True)
    assert _config.progress()


@pytest.mark.parametrize("value", [0, 1, "yes"])
def test_what_the_setting_may_be(value):
    with pytest.raises(TypeError, match="progress is True or False"):
        parallel.configure(contexts=1, progress=value)
    assert _config._contexts is None and _config.progress()


def test_failures_are_counted(front_end, two_contexts):
    for n in range(4):
        parallel.submit_work(int, "no number" if n % 2 else "1")
    parallel.submit_work(os._exit, 3)
    parallel.submit_work(time.sleep, LONG)
    with pytest.raises((ValueError, parallel.ContextCrashed)):
        parallel.run()
    assert re.search(r"\] 6 works in [\d.]+ m?s: 3 done, 3 failed$", front_end.latest())
    for _ in range(2):
        with pytest.raises((ValueError, parallel.ContextCrashed)):
            parallel.run()


def test_a_queue_has_no_end_to_be_near_to(front_end, two_contexts):
    queue = parallel.xlist(range(8))
    queue.close()
    parallel.submit_queue(queue, lambda item: time.sleep(LONG / 2))
    parallel.run()
    texts = [data["text/plain"] for _, data, _, _, _ in front_end.shown]
    assert re.fullmatch(r"running: \d done, [12] running", texts[0]) and re.match(r"8 items done in", texts[-1])


def test_what_callbacks_submit_is_part_of_it(front_end, two_contexts):
    for _ in range(2):
        parallel.submit_work(time.sleep, LONG / 2, callback=lambda _: parallel.submit_work(time.sleep, LONG / 2))
    parallel.run()
    assert "] 4 works done in" in front_end.latest()


def test_what_runs_already_is_part_of_it(front_end, two_contexts):
    parallel.submit_work(int)
    parallel.run()
    front_end.cell = lambda: "another"
    parallel.submit_work(time.sleep, LONG)
    parallel.start()
    front_end.cell = lambda: "cell"
    parallel.submit_work(time.sleep, LONG / 2)
    parallel.run()
    assert "] 2 works done in" in front_end.latest()  # and not the one that was over before


def test_a_live_view_in_the_cell_tells_enough(front_end):
    xl = parallel.xlist()
    xl._ipython_display_()
    parallel.submit_work(lambda: (time.sleep(LONG), xl.push(1)))
    parallel.run()
    assert len({identity for _, _, identity, _, _ in front_end.shown}) == 1 and "1 work done in" in front_end.latest()


def test_a_view_after_the_bar_need_not_repeat_it(front_end):
    xl = parallel.xlist(name="results")
    parallel.submit_work(lambda: (time.sleep(LONG), xl.push(1)))
    parallel.run()
    xl._ipython_display_()
    assert front_end.latest().splitlines() == ["<xlist 'results' 1 item, 0 B>", "  0  1"]
    parallel.submit_work(xl.push, 2)
    parallel.run()
    assert front_end.latest().splitlines()[0].startswith("<xlist 'results' 2 items, 0 B> [1 work done in")


def test_a_view_after_a_run_without_a_bar(front_end):
    xl = parallel.xlist(name="results")
    parallel.submit_work(xl.push, 1)
    parallel.run()
    xl._ipython_display_()
    assert "[1 work done in" in front_end.latest()


def test_one_bar_for_runs_of_several_threads(front_end):
    threads = [threading.Thread(target=parallel.run) for _ in range(3)]
    parallel.submit_work(time.sleep, LONG)
    parallel.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({identity for _, _, identity, _, _ in front_end.shown}) == 1
    wait_until(lambda: "] 1 work done in" in front_end.latest())


def test_a_run_that_gives_up_says_how_far_it_came(front_end, two_contexts):
    gate = parallel.xlist()
    parallel.submit_work(gate.wait, 1)
    with pytest.raises(parallel.WaitTimeoutError):
        parallel.run(timeout=LONG)
    assert "running: 0 of 1 work done, 1 running" in front_end.latest()
    shown = len(front_end.shown)
    time.sleep(0.3)
    assert len(front_end.shown) == shown  # nobody waits any more
    gate.push(1)
    parallel.run()


def test_an_interrupted_run_says_what_was_cancelled(front_end, two_contexts):
    for _ in range(5):
        parallel.submit_work(time.sleep, 30)
    timer = threading.Timer(LONG, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        parallel.run()
    timer.join()
    assert re.search(r"\] 5 works in [\d.]+ m?s: 0 done, 5 cancelled$", front_end.latest()), front_end.latest()


def test_a_bar_that_cannot_be_shown_is_no_reason_to_fail(front_end, caplog):
    def fail(*args, **kwds):
        raise OSError("gone")

    front_end.display = fail
    work = parallel.submit_work(lambda: time.sleep(LONG) or 5)
    parallel.run()
    assert work.result() == 5
    assert "could not be shown" in caplog.text
    caplog.clear()


def test_nothing_is_shown_in_a_context(front_end):
    def nested():
        parallel.submit_work(time.sleep, LONG)
        parallel.run()

    front_end.cell = lambda: None
    parallel.configure(progress=True)
    parallel.submit_work(nested)
    parallel.start()
    wait_until(lambda: not _engine.current().is_busy())
    assert not front_end.shown and not front_end.texts


# ---- in a terminal ---------------------------------------------------------------------------------------------------


PROGRAM = """
import sys, time, parallel
parallel.configure(contexts=2{options})

def work(n):
    time.sleep(0.1)
    print("line", n, flush=True)

for n in range(16):
    parallel.submit_work(work, n)
parallel.run()
print("over", flush=True)
"""


def screen(output: str) -> list[str]:
    """What a terminal shows in the end: a carriage return goes back, and what is erased is the rest of the line."""
    lines, column = [""], 0
    for part in re.findall(r"\x1b\[K|\r|\n|[^\x1b\r\n]+", output):
        line = lines[-1]
        if part == "\x1b[K":
            lines[-1] = line[:column]
        elif part == "\r":
            column = 0
        elif part == "\n":
            lines.append("")
            column = 0
        else:
            lines[-1] = line[:column] + part + line[column + len(part) :]
            column += len(part)
    return lines


def on_a_terminal(program, columns=80, kind="xterm"):
    """Run it with a terminal as stdin, stdout and stderr; all it has written."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(COLUMNS=str(columns), TERM=kind)
        os.execv(sys.executable, [sys.executable, "-c", program])
    written = b""
    with contextlib.suppress(OSError):  # it is gone
        while data := os.read(terminal, 65536):
            written += data
    os.close(terminal)
    assert os.waitpid(pid, 0)[1] == 0, written
    return written.decode()


def test_a_terminal_has_one_line_that_is_rewritten():
    written = on_a_terminal(PROGRAM.format(options=""))
    assert 2 <= written.count("of 16 works done") <= 30
    shown = screen(written)
    assert sorted(shown[:16]) == sorted(f"line {n}" for n in range(16)), shown
    assert re.fullmatch(r"\[={20}\] 16 works done in [\d.]+ m?s", shown[16]) and shown[17:] == ["over", ""]


def test_what_callbacks_print_is_above_the_line():
    heard = "submit_work(work, n, callback=lambda _, n=n: sys.stdout.write(f'heard {n}\\n'))"
    program = PROGRAM.format(options="").replace("submit_work(work, n)", heard)
    shown = screen(on_a_terminal(program))
    assert sorted(shown[:32]) == sorted([f"line {n}" for n in range(16)] + [f"heard {n}" for n in range(16)]), shown
    assert "16 works done in" in shown[32]


def test_a_narrow_terminal():
    written = on_a_terminal(PROGRAM.format(options=""), columns=30)
    assert max(len(part) for part in re.split(r"\x1b\[K|\r|\n", written)) <= 29


def test_a_terminal_without_progress():
    written = on_a_terminal(PROGRAM.format(options=", progress=False"))
    assert "\x1b" not in written and "works done" not in written


def test_a_terminal_that_cannot_erase():
    assert "\x1b" not in on_a_terminal(PROGRAM.format(options=""), kind="dumb")


def test_a_program_without_a_terminal_shows_nothing():
    ended = run_program(PROGRAM.format(options=""))
    assert ended.stderr == "" and sorted(ended.stdout.splitlines()[:16]) == sorted(f"line {n}" for n in range(16))


# ---- how far a batch is ----------------------------------------------------------------------------------------------


class Reported:
    """A batch whose contexts say they have brought so many works to an end."""

    serial = 1

    def __init__(self, works_ended):
        self.works_ended = works_ended

    def contexts(self):
        return [{"current": 1, "queue": 0}, {"current": 0, "queue": 1}, {"current": 0, "queue": 0}]


class Ended:
    _queue, _cell = -1, None

    def __init__(self, state, context=0):
        self.state, self.context = state, context


@pytest.mark.parametrize(
    "ended, reported, running, over",
    [
        (0, {}, (0, 0, 0, 2), (0, 0, 10, 0)),
        (7, {0: "failed", 1: "done"}, (6, 1, 0, 2), (6, 1, 3, 0)),
        (7, {0: "crashed"}, (7, 1, 0, 2), (7, 1, 2, 0)),  # what killed its context, the context could not count
        (7, {0: "cancelled"}, (6, 0, 1, 2), (6, 0, 4, 0)),
        (30, {0: "failed"}, (9, 1, 0, 2), (9, 1, 0, 0)),  # tried again
        (10, {}, (10, 0, 0, 2), (10, 0, 0, 0)),
    ],
)
def test_what_reports_and_contexts_tell(ended, reported, running, over):
    works = [Ended("done")] * 10
    tally = Tally(Reported(ended), works, [])
    for index, state in [*reported.items(), *reported.items()]:
        tally.count_work(index, Ended(state))
    seen, last = tally.progress(), tally.progress(ended=time.time())
    assert (seen.done, seen.failed, seen.cancelled, seen.running) == running and seen.ended is None
    assert (last.done, last.failed, last.cancelled, last.running) == over
    assert last.done + last.failed + last.cancelled == last.works == 10


# ---- which batches a display tells of --------------------------------------------------------------------------------


def batch(serial, cell=None, works=10, done=0, ended=None):
    return Progress(serial, cell, works, 0, done, 0, 0, 0, 100.0 + serial, ended)


def test_the_batches_of_a_cell():
    followed = live.Followed("mine", [batch(1, "other", ended=101.0), batch(2, "other"), batch(3, "mine", ended=104.0)])
    assert followed.status().works == 20 and not followed.status().over  # the one that ran, and the cell's own
    followed.note([batch(2, "other", done=10, ended=110.0), batch(4, "other")])
    assert followed.status().works == 20 and followed.status().over and followed.status().seconds == 8.0
    followed.note([batch(5, "mine")])
    assert followed.status().works == 30


def test_thousands_of_batches_are_one_sum():
    followed = live.Followed("mine", [])
    for serial in range(1, 5001):
        followed.note([batch(n, "mine", done=10, ended=200.0 + n) for n in range(max(1, serial - 63), serial + 1)])
    assert followed.status().works == followed.status().done == 50_000
    assert len(followed._counted) <= 64 and not followed._running


def test_where_cells_are_not_known():
    followed = live.Followed(None, [batch(1, ended=101.0)])
    assert followed.status() is None
    followed.note([batch(1, ended=101.0), batch(2)])
    assert followed.status().works == 10
    followed.note([batch(2, done=10, ended=110.0), batch(3)])
    assert followed.status().works == 20  # they were there at the same time
    followed.note([batch(3, done=10, ended=111.0)])
    followed.note([batch(4)])
    assert followed.status().works == 10  # what comes later is something else
