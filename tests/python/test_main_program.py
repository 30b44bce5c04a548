"""Main programs that do what they like while works are pending, run, or have ended."""

import logging
import os
import queue
import subprocess
import threading

import parallel
from support import busy_threads, run_program


def test_it_closes_all_descriptors_but_its_output():
    """Before the first work, between two, and while some run."""
    ended = run_program("""
        import os, time, parallel

        os.closerange(3, 1000)
        print(parallel.submit_work(lambda: 1).result())
        os.closerange(3, 1000)
        began, gate = parallel.xlist(), parallel.xlist()
        works = [parallel.submit_work(lambda n: began.push(n) or gate.wait(1) and n, n) for n in range(2)]
        parallel.configure(contexts=2)
        parallel.start()
        assert began.wait(2, 30)
        os.closerange(3, 1000)
        gate.push("go")
        print([work.result(30) for work in works])
        try:
            parallel.submit_work(os._exit, 3).result(30)
        except parallel.ContextCrashed as error:
            print(error.exitcode)
        parallel.submit_work(print, "printed by a work")
        parallel.run()
    """)
    assert ended.returncode == 0 and ended.stdout.splitlines() == ["1", "[0, 1]", "3", "printed by a work"], ended


def test_it_changes_its_directory(tmp_path, monkeypatch):
    """A work is where the program was when the work started; where a work goes, nobody else goes."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir(), second.mkdir()
    monkeypatch.chdir(first)
    gate = parallel.xlist()
    early = parallel.submit_work(lambda: gate.wait(1) and os.getcwd())
    parallel.start()
    monkeypatch.chdir(second)
    late = parallel.submit_work(os.getcwd)
    gate.push("go")
    assert (early.result(30), late.result(30)) == (str(first), str(second))
    assert parallel.submit_work(lambda: os.chdir("/") or os.getcwd()).result() == "/" and os.getcwd() == str(second)
    second.rmdir()  # where it is is gone
    assert parallel.submit_work(lambda: 1).result(30) == 1


def test_it_runs_programs_meanwhile(two_contexts):
    """subprocess waits for its own children, and the engine for its."""
    works = [parallel.submit_work(lambda n: subprocess.run(["sh", "-c", f"exit {n}"]).returncode, n) for n in range(8)]
    parallel.start()
    codes = [subprocess.run(["sh", "-c", f"exit {n}"]).returncode for n in range(8)]
    assert codes == [work.result(30) for work in works] == list(range(8))


def test_its_threads_use_queues_and_logs_while_works_start(two_contexts):
    """A lock that another thread holds at the fork is held for ever in the copy.

    Works must not need it to begin or end.
    """
    busy, log = queue.Queue(), logging.getLogger("test_main_program")
    handler = logging.StreamHandler(open(os.devnull, "w"))
    log.addHandler(handler)
    log.propagate = False

    def hammer():
        busy.put(1)
        busy.get()
        log.warning("busy")

    try:
        with busy_threads(3, hammer):
            for n in range(100):
                work = parallel.submit_work(lambda: log.warning("in a work") or n)
                assert work.result(timeout=30) == n
    finally:
        log.removeHandler(handler)
        handler.stream.close()


def test_a_work_that_is_stuck_in_a_lock_of_the_main_program_can_be_ended():
    """What a thread held at the fork is held in the copy: with a timeout the work ends, and says where it was."""
    lock, held, over = threading.Lock(), threading.Event(), threading.Event()

    def hold():
        with lock:
            held.set()
            over.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(30)
    work = parallel.submit_work(lock.acquire, timeout=0.2)
    parallel.start()
    try:
        error = work.exception(30)
    finally:
        over.set()
        thread.join()
    assert isinstance(error, parallel.WorkTimeoutError) and isinstance(error, TimeoutError)
    assert parallel.submit_work(lambda: "goes on").result(30) == "goes on"


def test_works_that_an_exit_handler_starts_after_ours_has_run_are_waited_for():
    ended = run_program("""
        import atexit

        @atexit.register  # before the package's own, so called after it
        def save():
            done = parallel.xlist()
            parallel.submit_work(lambda: time.sleep(0.2) or done.push("saved"))
            parallel.start()
            print(list(done), parallel.map(abs, [-1, 2]))
            parallel.submit_work(divmod, (1, 0))
            parallel.start()
            try:
                parallel.run()
            except ZeroDivisionError:
                print("it failed")

        import time, parallel
        parallel.submit_work(print, "first")
        parallel.run()
    """)
    assert ended.returncode == 0, ended
    assert ended.stdout.splitlines() == ["first", "['saved'] [1, 2]", "it failed"], ended
