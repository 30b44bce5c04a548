"""call_from_main_thread: a context asks, the main thread calls."""

import asyncio
import concurrent.futures
import os
import threading
import time

import pytest

import parallel
from parallel import _engine
from support import run_program, wait_until

seen = []
main = os.getpid()


@parallel.call_from_main_thread
def note(*arguments, **keywords):
    seen.append((os.getpid() == main and threading.current_thread() is threading.main_thread(), arguments, keywords))


@parallel.call_from_main_thread_and_wait
def count(what):
    """What it does."""
    seen.append(what)
    return {"length": len(seen), "what": what}


def plain(n, factor=1):
    seen.append(n)
    return n * factor


def fail(n):
    raise KeyError(n)


@pytest.fixture(autouse=True)
def nothing_seen():
    seen.clear()


def test_without_waiting():
    works = [parallel.submit_work(lambda n: note(n, key=n), n) for n in range(3)]
    parallel.run()
    assert sorted(seen, key=str) == [(True, (n,), {"key": n}) for n in range(3)]
    assert [work.result() for work in works] == [None] * 3


def test_with_waiting(two_contexts):
    works = [parallel.submit_work(lambda n: [count((n, m))["length"] for m in range(50)], n) for n in range(4)]
    parallel.run()
    assert sorted(number for work in works for number in work.result()) == list(range(1, 201))
    assert sorted(seen) == [(n, m) for n in range(4) for m in range(50)]


def test_as_functions():
    def work():
        parallel.call_from_main_thread(plain, 1)
        parallel.call_from_main_thread(plain, None, {"n": 2})
        answer = parallel.call_from_main_thread_and_wait(plain, (3,), {"factor": 5})
        return answer, parallel.call_from_main_thread_and_wait(os.getpid, None)

    assert parallel.submit_work(work).result() == (15, main) and seen == [1, 2, 3]  # in the order they were asked for


def test_in_the_main_thread_it_is_a_call():
    assert count("x") == {"length": 1, "what": "x"} and count.__doc__ == "What it does." and count.__name__ == "count"
    assert parallel.call_from_main_thread_and_wait(plain, 4) == 4


def test_errors_travel():
    def work():
        try:
            parallel.call_from_main_thread_and_wait(fail, "x")
        except KeyError as error:
            return repr(error), "in fail" in error.__cause__.text

    assert parallel.submit_work(work).result() == ("KeyError('x')", True)
    parallel.run()  # it has reached the one who asked


def test_an_error_nobody_waits_for_is_raised_by_run():
    parallel.submit_work(lambda: parallel.call_from_main_thread(fail, "x"))
    with pytest.raises(KeyError):
        parallel.run()
    parallel.run()


def test_answers_that_cannot_be_sent():
    def work():
        parallel.call_from_main_thread_and_wait(threading.Lock, None)

    with pytest.raises(Exception, match="lock"):
        parallel.submit_work(work).result()


def test_what_the_main_thread_does_not_know():
    def work():
        parallel.call_from_main_thread(lambda: 1, None)

    with pytest.raises(ValueError, match="the main thread cannot be asked for '<lambda>': .* made in a context"):
        parallel.submit_work(work).result()
    with pytest.raises(TypeError, match="can call a function, not int"):
        parallel.call_from_main_thread(3)


def test_from_within_a_nested_work():
    # The outer context sees the inner batch's end, so it is the one that lets go of the lists its answers came through.
    work = parallel.submit_work(lambda: parallel.submit_work(lambda: count("deep")).result())
    parallel.run()
    assert work.result() == {"length": 1, "what": "deep"} and seen == ["deep"]


def test_a_work_that_is_killed_while_it_waits(two_contexts):
    gate = parallel.xlist()

    def work():
        gate.push(1)
        count("never answered")

    waits = parallel.submit_work(work)
    parallel.start()
    wait_until(lambda: gate)  # not by wait(), which would answer
    time.sleep(0.05)
    assert waits.cancel()
    parallel.run()
    assert parallel.submit_work(lambda: count("next")["what"]).result() == "next"


def test_a_program_that_ends_answers():
    ended = run_program("""
        import parallel, time

        @parallel.call_from_main_thread_and_wait
        def ask(n):
            return n + 1

        parallel.submit_work(lambda: print(ask(1)))
        parallel.start()
    """)
    assert ended.returncode == 0 and ended.stdout == "2\n", ended


# ---- whatever the main thread waits by -------------------------------------------------------------------------------


def asked(n):
    return count(n)["what"]


def in_wait():
    xl = parallel.xlist()
    work = parallel.submit_work(lambda: xl.push(asked(1)), callback=lambda _: seen.append("callback"))
    assert xl.wait(1, 20)
    parallel.run()
    return work


def in_wait_until_the_end():
    xl = parallel.xlist()
    work = parallel.submit_work(lambda: asked(1) and None, callback=lambda _: seen.append("callback"))
    assert xl.wait(1, 20) is False
    return work


def in_stream():
    xl = parallel.xlist()
    work = parallel.submit_work(
        lambda: [xl.push(asked(n)) for n in range(3)] and None, callback=lambda _: seen.append("callback")
    )
    assert list(xl.stream(20)) == [0, 1, 2]
    return work


def in_futures_wait():
    work = parallel.submit_work(asked, 1)
    assert concurrent.futures.wait([work], 20).done == {work}
    return work


def in_as_completed():
    works = [parallel.submit_work(asked, n) for n in range(3)]
    assert sorted(work.result() for work in concurrent.futures.as_completed(works, 20)) == [0, 1, 2]
    return works[0]


def in_await():
    async def main():
        work = parallel.submit_work(asked, 1, callback=lambda _: seen.append("callback"))
        await asyncio.wait_for(work, 20)
        assert seen[-1] == "callback"  # before what awaits it goes on
        return work

    return asyncio.run(main())


def in_gather():
    async def main():
        works = [parallel.submit_work(asked, n) for n in range(3)]
        await asyncio.wait_for(asyncio.gather(works[0], asyncio.wrap_future(works[1]), works[2]), 20)
        return works[0]

    return asyncio.run(main())


def in_a_loop_that_does_not_run_yet():
    loop = asyncio.new_event_loop()
    try:
        work = parallel.submit_work(asked, 1)
        loop.run_until_complete(asyncio.wait_for(asyncio.wrap_future(work, loop=loop), 20))
        return work
    finally:
        loop.close()


def in_run_in_executor():
    async def main():
        loop = asyncio.get_running_loop()
        with parallel.Executor(contexts=1) as executor:
            await asyncio.wait_for(loop.run_in_executor(executor, asked, 1), 20)

    asyncio.run(main())
    return parallel.submit_work(bool)


def in_map():
    assert parallel.map(asked, range(3)) == [0, 1, 2]
    return parallel.submit_work(bool)


WAITS = [
    in_wait,
    in_wait_until_the_end,
    in_stream,
    in_futures_wait,
    in_as_completed,
    in_await,
    in_gather,
    in_a_loop_that_does_not_run_yet,
    in_run_in_executor,
    in_map,
]


@pytest.mark.parametrize("wait", WAITS, ids=lambda wait: wait.__name__)
def test_it_answers_while_it_waits(wait, two_contexts):
    began = time.monotonic()
    work = wait()
    assert time.monotonic() - began < 15
    parallel.run()
    assert work.done() and seen


def test_an_answer_does_not_take_the_time_slices_of_waiters(two_contexts):
    """Hundreds of calls in far less than the tenth of a second after which a waiter looks by itself."""
    xl = parallel.xlist()
    parallel.submit_work(lambda: [asked(n) for n in range(200)] and xl.push(1))
    began = time.monotonic()
    assert xl.wait(1, 50) and len(seen) == 200
    assert time.monotonic() - began < 10


def test_calls_made_in_a_loop_come_once_and_on_the_main_thread(two_contexts):
    async def main():
        works = [parallel.submit_work(lambda n: [note(n, m) for m in range(20)] and None, n) for n in range(4)]
        await asyncio.gather(*works)

    asyncio.run(main())
    parallel.run()
    assert sorted(arguments for on_main, arguments, _ in seen) == [(n, m) for n in range(4) for m in range(20)]
    assert all(on_main for on_main, _, _ in seen)


def test_a_loop_of_another_thread_runs_none(two_contexts):
    calls, ended = [], []

    async def main():
        ended.append(await parallel.submit_work(lambda: 7, callback=lambda _: calls.append(threading.current_thread())))

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    thread.join(20)
    assert ended == [7] and calls == []
    parallel.run_once()
    assert calls == [threading.main_thread()]


def test_a_loop_in_a_context_runs_what_works_of_it_ask_for(two_contexts):
    async def main():
        return await parallel.submit_work(asked, "inner")

    assert parallel.submit_work(lambda: asyncio.run(main())).result() == "inner" and seen == ["inner"]


def test_loops_are_forgotten():
    async def main():
        await parallel.submit_work(asked, 1)
        work = parallel.submit_work(time.sleep, 60)
        parallel.start()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(work, 0.05)

    asyncio.run(main())
    assert not _engine.current().loops._served
    abandoned = asyncio.new_event_loop()
    gate = parallel.xlist()
    asyncio.wrap_future(parallel.submit_work(gate.wait, 1), loop=abandoned)
    abandoned.close()
    parallel.submit_work(lambda: note(1))
    parallel.start()
    wait_until(lambda: not _engine.current().loops._served)  # when the call is due
    gate.push(1)
    parallel.run()


def test_what_a_callback_submits_while_an_xlist_is_waited_for_is_started(two_contexts):
    xl = parallel.xlist()
    parallel.submit_work(lambda: 1, callback=lambda n: parallel.submit_work(xl.push, n))
    assert xl.wait(1, 20)
    parallel.run()


def test_a_context_that_waits_answers_its_own_works(two_contexts):
    def outer():
        xl = parallel.xlist()
        parallel.submit_work(lambda: xl.push(asked("inner")))
        return xl.wait(1, 20), list(xl)

    assert parallel.submit_work(outer).result() == (True, ["inner"])


def test_answers_are_not_mixed_up_when_a_context_asks_for_itself_and_for_its_works(two_contexts):
    def outer():
        gate = parallel.xlist()
        inner = parallel.submit_work(lambda: [gate.push(n) or asked(("inner", n)) for n in range(50)])
        parallel.start()
        gate.wait(1)
        return [asked(("outer", n)) for n in range(50)], inner.result()

    own, inner = parallel.submit_work(outer).result()
    assert own == [("outer", n) for n in range(50)] and inner == [("inner", n) for n in range(50)]


@pytest.mark.parametrize("factor", [1, -1])
def test_wait_with_a_timeout_that_passes_and_other_futures(factor, two_contexts):
    gate = parallel.xlist()
    work = parallel.submit_work(gate.wait, 1)
    assert concurrent.futures.wait([work], 0.05 * factor).not_done == {work}
    with concurrent.futures.ThreadPoolExecutor(1) as threads:
        other = threads.submit(lambda: time.sleep(0.05) or 7)
        began = time.monotonic()
        ended = concurrent.futures.wait([work, other], 20, concurrent.futures.FIRST_COMPLETED)
        assert ended.done == {other} and time.monotonic() - began < 10
    gate.push(1)
    assert concurrent.futures.wait([work, other], 20).done == {work, other}
