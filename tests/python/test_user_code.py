"""Works and main programs that do what they like with descriptors, children, signals, threads and processes."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import parallel
from support import busy_threads, run_program, wait_until


def all_done(works, results):
    parallel.run()
    return [work.result() for work in works] == results


# ---- in works --------------------------------------------------------------------------------------------------------


def test_closing_all_descriptors(two_contexts):
    xl = parallel.xlist()

    def work(n):
        os.closerange(3, 10_000)
        xl.push(n)
        print("after closing")
        return n

    works = [parallel.submit_work(work, n) for n in range(6)]
    works.append(parallel.submit_work(lambda: os.closerange(0, 10_000) or 6))
    after = parallel.submit_work(lambda: 7)
    assert all_done([*works, after], list(range(8))) and sorted(xl) == list(range(6))


def test_using_up_all_descriptors():
    def work():
        kept = []
        try:
            while True:
                kept.append(os.dup(0))
        except OSError:
            pass
        parallel_result = parallel.submit_work(lambda: "nested").result()
        for descriptor in kept:
            os.close(descriptor)
        return parallel_result

    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        assert parallel.submit_work(work).result() == "nested"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_reaping_children():
    def work(n):
        for _ in range(2):
            try:
                os.wait()
            except ChildProcessError:
                pass
        pid = os.fork()
        if pid == 0:
            os._exit(5)
        return os.waitstatus_to_exitcode(os.wait()[1]) + n

    assert all_done([parallel.submit_work(work, n) for n in range(4)], [5, 6, 7, 8])


def test_installing_handlers():
    def work():
        seen = []
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1, signal.SIGALRM, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, lambda number, frame: seen.append(number))
        for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
            os.kill(os.getpid(), number)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        wait_until(lambda: signal.SIGALRM in seen)
        return sorted(map(int, seen))

    wanted = sorted(map(int, (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT, signal.SIGALRM)))
    assert all_done([parallel.submit_work(work) for _ in range(3)], [wanted] * 3)


def test_handlers_of_the_main_program_are_not_inherited():
    seen = []
    previous = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    try:
        work = parallel.submit_work(lambda: os.kill(os.getpid(), signal.SIGUSR1))
        assert isinstance(work.exception(), parallel.ContextCrashed) and work.exception().signal == signal.SIGUSR1
        work = parallel.submit_work(
            lambda: (signal.signal(signal.SIGUSR1, signal.SIG_IGN) and os.kill(os.getpid(), signal.SIGUSR1)) or "alive"
        )
        assert work.result() == "alive" and seen == []
    finally:
        signal.signal(signal.SIGUSR1, previous)


def test_blocked_signals_of_the_main_program_are_not_inherited():
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1, signal.SIGUSR2])
    try:
        assert parallel.submit_work(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [])).result() == set()
        assert signal.SIGUSR1 in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGUSR1, signal.SIGUSR2])


def test_forking(two_contexts):
    xl = parallel.xlist()

    def work(n):
        pid = os.fork()
        if pid == 0:
            xl.push(("child", n))
            os._exit(0)
        assert os.waitpid(pid, 0)[1] == 0
        xl.push(("parent", n))
        return n

    assert all_done([parallel.submit_work(work, n) for n in range(6)], list(range(6)))
    assert sorted(xl) == sorted((who, n) for who in ("child", "parent") for n in range(6))


@pytest.mark.parametrize(
    "leave, status, text",
    [
        (lambda: None, 0, ""),
        (lambda: sys.exit(3), 3, ""),
        (lambda: sys.exit(), 0, ""),
        (lambda: sys.exit("text"), 1, "text"),
        (lambda: 1 / 0, 1, "ZeroDivisionError: division by zero"),
    ],
    ids=range(5),
)
def test_a_fork_that_comes_back_twice(leave, status, text, capsys):
    """The copy is no context: it takes no work, reports no end, and leaves as a Python program would."""
    xl = parallel.xlist()

    def work(n):
        print("partial ", end="")
        pid = os.fork()
        if pid == 0:
            print("copy")
            return leave()
        xl.push(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        print("original")
        return n

    works = [parallel.submit_work(work, n) for n in range(4)]
    assert all_done(works, [0, 1, 2, 3]) and list(xl) == [status] * 4
    output = capsys.readouterr()
    assert sorted(output.out.splitlines()) == sorted(["copy", "partial original"] * 4)
    assert output.err.splitlines().count(text) == (4 if text else 0)


def test_a_fork_that_comes_back_twice_in_a_consumer():
    queue, xl = parallel.xlist(range(5)), parallel.xlist()

    def consume(n):
        pid = os.fork()
        if pid:
            os.waitpid(pid, 0)
        xl.push((n, pid == 0))

    assert parallel.submit_queue(queue, consume).result() == 5
    assert sorted(xl) == [(n, copy) for n in range(5) for copy in (False, True)]


def test_threads_that_are_joined_and_threads_that_are_not():
    xl = parallel.xlist()

    def work(n):
        threads = [threading.Thread(target=lambda k=k: xl.push((n, k))) for k in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        threading.Thread(target=time.sleep, args=(1000,), daemon=n % 2 == 0).start()  # does not keep the context
        return n

    began = time.monotonic()
    assert all_done([parallel.submit_work(work, n) for n in range(4)], [0, 1, 2, 3])
    assert sorted(xl) == [(n, k) for n in range(4) for k in range(5)] and time.monotonic() - began < 30


def test_subprocesses():
    def work(n):
        return int(
            subprocess.run([sys.executable, "-c", f"print({n} * 2)"], capture_output=True, text=True, check=True).stdout
        )

    assert all_done([parallel.submit_work(work, n) for n in range(3)], [0, 2, 4])


def _square(n):
    return n * n


def test_a_pool_of_multiprocessing():
    def work():
        with multiprocessing.get_context("fork").Pool(2) as pool:
            return pool.map(_square, range(10))

    assert parallel.submit_work(work).result() == [n * n for n in range(10)]


def test_a_process_pool_of_concurrent_futures():
    import concurrent.futures

    def work():
        with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
            return list(pool.map(_square, range(10)))

    assert parallel.submit_work(work).result() == [n * n for n in range(10)]


def test_an_event_loop():
    import asyncio

    async def main():
        await asyncio.sleep(0.01)
        inner = parallel.submit_work(lambda: 5)
        return await inner + 1

    assert all_done([parallel.submit_work(lambda: asyncio.run(main())) for _ in range(2)], [6, 6])


def test_atexit_handlers_are_the_main_programs():
    ended = run_program("""
        import atexit, parallel

        atexit.register(print, "at exit")
        for n in range(4):
            parallel.submit_work(lambda: atexit.register(print, "never"))
        parallel.run()
    """)
    assert ended.stdout == "at exit\n"


def test_hooks_of_fork_that_raise(capsys):
    """Hooks cannot be taken back, so this one is harmless after its first call."""
    armed = [True]

    def hook():
        if armed[0]:
            armed[0] = False
            raise LookupError("from the hook")

    os.register_at_fork(after_in_child=hook)
    assert parallel.submit_work(lambda: "fine").result() == "fine"
    armed[0] = False


# ---- in the main program ---------------------------------------------------------------------------------------------


def test_a_thread_that_reaps_every_child():
    stop, reaped = threading.Event(), []

    def reap():
        while not stop.is_set():
            try:
                reaped.append(os.waitpid(-1, os.WNOHANG)[0])
            except ChildProcessError:
                pass

    thread = threading.Thread(target=reap)
    thread.start()
    try:
        for n in range(40):
            assert parallel.submit_work(lambda: n).result() == n
            with pytest.raises(parallel.ContextCrashed):
                parallel.submit_work(lambda: os._exit(1)).result()
        parallel.run()
    finally:
        stop.set()
        thread.join()
    assert any(reaped)


def test_a_zygote_that_is_killed_and_reaped_by_the_program():
    ended = run_program("""
        import os, signal, time, parallel

        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children vanish without a trace
        began = parallel.xlist()
        work = parallel.submit_work(lambda: began.push(os.getppid()) or time.sleep(1000))
        parallel.start()
        began.wait(1)
        os.kill(began[0], signal.SIGKILL)
        try:
            parallel.run()
        except parallel.ContextCrashed as error:
            print(work.state, "was killed" in str(error))
        print(parallel.submit_work(lambda: 1).result())
    """)
    assert ended.stdout.splitlines() == ["crashed True", "1"], ended


@pytest.mark.parametrize("disposition", [signal.SIG_IGN, lambda *_: None], ids=["ignored", "handled"])
def test_sigchld(disposition, two_contexts):
    previous = signal.signal(signal.SIGCHLD, disposition)
    try:
        for n in range(20):
            works = [parallel.submit_work(lambda k: n * k, k) for k in range(3)]
            crashed = parallel.submit_work(lambda: os._exit(1), errback=lambda _: None)
            parallel.run()
            assert [work.result() for work in works] == [0, n, 2 * n] and crashed.state == "crashed"
        assert subprocess.run(["true"]).returncode == 0
    finally:
        signal.signal(signal.SIGCHLD, previous)


def test_other_threads_write_to_a_log_file_while_works_start(tmp_path, capsys, two_contexts):
    """They hold locks of it at every fork, and the works log to it, too."""
    logger = logging.getLogger("test_user_code")
    logger.propagate = False  # pytest keeps what it gets
    handlers = [logging.FileHandler(tmp_path / "log"), logging.StreamHandler(sys.stderr)]
    for handler in handlers:
        logger.addHandler(handler)

    def chatter():
        logger.warning("chatter")
        print("chatter")

    try:
        with busy_threads(3, chatter):
            for _ in range(30):
                works = [
                    parallel.submit_work(lambda k: logger.warning("work") or print("work") or k, k) for k in range(2)
                ]
                parallel.run()
                assert [work.result() for work in works] == [0, 1]
    finally:
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()
    assert (tmp_path / "log").read_text().splitlines().count("work") == 60
    output = capsys.readouterr()
    # Threads print line ends by themselves.
    assert output.err.splitlines().count("work") == output.out.count("work") == 60


def test_a_forked_child_of_the_main_program_has_an_engine_of_its_own(two_contexts):
    gate, ended = parallel.xlist(), parallel.xlist()
    running = parallel.submit_work(lambda: (gate.wait(1) and print("once")) or 1)
    pending = parallel.submit_work(lambda: 2)
    parallel.start()
    left = parallel.submit_work(lambda: 3)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            assert (
                parallel.contexts(ended=False) == [] and parallel.submit_work(lambda: "child's").result() == "child's"
            )
            parallel.run()
            with pytest.raises(parallel.ParallelError, match="was not started before"):
                left.result()
            gate.push(1)
            assert running.result() == 1 and pending.result() == 2
            status = 0
        finally:
            ended.push(status)
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, list(ended)
    parallel.run()
    assert (running.result(), pending.result(), left.result()) == (1, 2, 3)


def test_a_forked_child_ends_without_waiting_for_its_parents_works():
    ended = run_program("""
        import os, sys, time, warnings, parallel

        warnings.simplefilter("ignore", DeprecationWarning)  # of Python's, from 3.12 on: it has threads
        gate = parallel.xlist()
        parallel.submit_work(lambda: gate.wait(1))
        parallel.start()
        pid = os.fork()
        if pid == 0:
            sys.exit(4)  # runs the handlers of atexit
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        gate.push(1)
        parallel.run()
        print("end")
    """)
    assert ended.stdout.splitlines() == ["4", "end"] and ended.stderr == ""


def test_multiprocessing_in_the_main_program():
    xl = parallel.xlist()
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_square, range(5)) == [0, 1, 4, 9, 16]
        assert parallel.submit_work(lambda: xl.push(1) or 5).result() == 5
        assert pool.map(_square, range(5)) == [0, 1, 4, 9, 16]
    assert list(xl) == [1]
