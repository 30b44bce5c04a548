"""What works print: whole lines, in order, where the main process prints; and what they cannot read."""

import contextlib
import io
import logging
import random
import re
import sys

import pytest

import parallel
from support import run_program, wait_until


def printed(capsys, *functions):
    """What is on stdout and stderr after a batch of these works."""
    for function in functions:
        parallel.submit_work(function)
    parallel.run()
    return capsys.readouterr()


def test_lines_of_several_contexts_are_never_interleaved(capsys, two_contexts):
    def work(who):
        for n in range(500):
            print("work", who, "line", n, sep=" ", end="", flush=True)
            print(" " + "abcdefghij" * (n % 20), end="")
            print(" end")

    output = printed(capsys, *[lambda who=who: work(who) for who in range(4)]).out.splitlines()
    assert len(output) == 2000
    for who in range(4):
        own = [line for line in output if line.startswith(f"work {who} ")]
        assert own == [f"work {who} line {n} {'abcdefghij' * (n % 20)} end" for n in range(500)]


def test_the_two_streams(capsys):
    def work():
        print("out")
        print("err", file=sys.stderr)
        sys.stderr.write("more err\n")
        sys.stdout.writelines(["a\n", "b\n"])

    assert printed(capsys, work) == ("out\na\nb\n", "err\nmore err\n")


@pytest.mark.parametrize(
    "write, text",
    [
        (lambda: print("no end", end=""), "no end"),
        (lambda: print("a\nb", end=""), "a\nb"),
        (lambda: print(), "\n"),
        (lambda: print(end=""), ""),
        (lambda: print("\n\n"), "\n\n\n"),
        (lambda: sys.stdout.write("x"), "x"),
        (lambda: print("carriage\rreturn"), "carriage\rreturn\n"),
        (lambda: print("日本 😀 \0 \x1b[31m"), "日本 😀 \0 \x1b[31m\n"),
        (lambda: print("a", "b", sep="\n", end="|"), "a\nb|"),
    ],
    ids=range(9),
)
def test_whatever_is_printed_arrives_as_it_was(write, text, capsys):
    assert printed(capsys, write).out == text


def test_partial_lines_of_several_works_stay_apart(capsys, two_contexts):
    works = [lambda who=who: [print(f"{who}", end="") for _ in range(50)] for who in "abcdefgh"]
    output = printed(capsys, *works).out
    assert sorted(re.findall(r"(.)\1*", output)) == sorted("abcdefgh") and len(output) == 400


def test_lone_surrogates_do_not_raise(capsys):
    assert printed(capsys, lambda: print("a\ud800b")).out == "a?b\n"


def test_big_lines(capsys):
    def work():
        print("x" * 5_000_000)
        for _ in range(300):
            print("y" * 10_000, end="")
        print()

    lines = printed(capsys, work).out.split("\n")
    assert (
        [len(line) for line in lines] == [5_000_000, 3_000_000, 0] and set(lines[0]) == {"x"} and set(lines[1]) == {"y"}
    )


def test_a_stream_that_cannot_encode_gets_escapes(monkeypatch):
    target = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", target)
    parallel.submit_work(print, ("é",))
    parallel.run()
    assert target.buffer.getvalue() == b"\\xe9\n"


def test_no_stream_at_all(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    parallel.submit_work(print, "x")
    failed = parallel.submit_work(lambda: 1 / 0)
    parallel.start()
    wait_until(failed.done)
    with pytest.raises(ZeroDivisionError):
        parallel.run()


def test_a_broken_stream_costs_output_and_nothing_else(monkeypatch, caplog):
    class Broken(io.StringIO):
        lines_left = 2

        def write(self, text):
            if not Broken.lines_left:
                raise OSError("no space left")
            Broken.lines_left -= 1
            return super().write(text)

    monkeypatch.setattr(sys, "stdout", Broken())
    works = [parallel.submit_work(lambda n: print(n) or n, n) for n in range(5)]
    errors = 0
    while True:
        try:
            parallel.run()
            break
        except OSError:
            errors += 1
    # The pump may have met some of them, and be writing that down.
    wait_until(lambda: errors + len(caplog.records) == 3)
    assert [work.result() for work in works] == [0, 1, 2, 3, 4]
    caplog.clear()  # tracebacks keep what they met alive


def test_output_of_threads_of_a_work(capsys):
    import threading

    def work():
        threads = [threading.Thread(target=lambda n=n: [print(f"thread {n}") for _ in range(50)]) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(printed(capsys, work).out.split("\n")[:-1]) == sorted(
        f"thread {n}" for n in range(3) for _ in range(50)
    )


def test_output_appears_while_the_work_goes_on(capsys, two_contexts):
    gate, shown = parallel.xlist(), ""
    parallel.submit_work(lambda: print("early") or (gate.wait(1) and print("late")))
    parallel.start()

    def is_shown():
        nonlocal shown
        shown += capsys.readouterr().out
        return shown

    wait_until(is_shown)
    assert shown == "early\n"
    gate.push(1)
    parallel.run()
    assert capsys.readouterr().out == "late\n"


def test_output_and_the_end_come_in_order(capsys):
    calls = []
    for n in range(20):
        parallel.submit_work(lambda n: print("work", n), n, callback=lambda _: calls.append(capsys.readouterr().out))
    parallel.run()
    seen = ""
    for text in calls:  # what a work printed is there when its callback runs
        seen += text
    assert sorted(seen.splitlines()) == sorted(f"work {n}" for n in range(20))


def test_logging_in_a_work(capsys):
    def work():
        logging.basicConfig(format="%(message)s", force=True, stream=sys.stderr)
        logging.getLogger("x").warning("a warning")

    assert printed(capsys, work).err == "a warning\n"


def test_redirected_output_is_the_works_own(capsys):
    def work():
        with contextlib.redirect_stdout(io.StringIO()) as target:
            print("kept")
        print("after")
        return target.getvalue()

    assert parallel.submit_work(work).result() == "kept\n"
    parallel.run()
    assert capsys.readouterr().out == "after\n"


def test_output_of_nested_works(capsys):
    def outer():
        parallel.submit_work(lambda: print("inner"))
        parallel.run()
        print("outer")

    assert printed(capsys, outer).out == "inner\nouter\n"


def test_what_was_printed_before_the_fork_is_printed_once():
    ended = run_program("""
        import parallel

        print("before", end="")
        for _ in range(3):
            parallel.submit_work(lambda: None)
        parallel.run()
        print(" after")
    """)
    assert ended.stdout == "before after\n"


def test_the_streams_of_a_context():
    def look():
        for stream in (sys.stdout, sys.stderr):
            assert stream.writable() and not stream.isatty() and stream.encoding == "utf-8" and not stream.readable()
            assert stream.write("ab\n") == 3
            assert stream.fileno() == (1 if stream is sys.stdout else 2)
            with pytest.raises(TypeError):
                stream.write(b"bytes")
            stream.flush()
        return sys.stdout.name, sys.stderr.name

    assert parallel.submit_work(look).result() == ("<stdout>", "<stderr>")


@pytest.mark.parametrize(
    "ask",
    [
        lambda: input(),
        lambda: input("name? "),
        lambda: sys.stdin.read(),
        lambda: sys.stdin.readline(),
        lambda: next(sys.stdin),
        lambda: list(sys.stdin),
    ],
    ids=range(6),
)
def test_there_is_nobody_to_ask(ask):
    parallel.submit_work(ask)
    with pytest.raises(parallel.ParallelError, match="a context cannot read input: ask in the main thread"):
        parallel.run()


def test_a_hundred_thousand_lines(capsys):
    output = printed(capsys, lambda: [print(n) for n in range(50_000)], lambda: [print(-n) for n in range(50_000)]).out
    numbers = list(map(int, output.splitlines()))
    assert len(numbers) == 100_000
    assert [n for n in numbers if n > 0] == list(range(1, 50_000)) and [-n for n in numbers if n < 0] == list(
        range(1, 50_000)
    )


def test_random_pieces(capsys, seed, two_contexts):
    capsys.readouterr()  # the seed
    dice = random.Random(seed)
    texts = ["".join(dice.choice(["word", "é", "\n", " ", "x" * 50]) for _ in range(300)) + "\n" for _ in range(6)]

    def work(n):
        own, text = random.Random(seed + n), texts[n]
        while text:
            cut = own.randrange(1, 40)
            sys.stdout.write(text[:cut])
            text = text[cut:]

    parallel.configure(contexts=1)
    assert printed(capsys, *[lambda n=n: work(n) for n in range(6)]).out == "".join(texts)
    parallel.configure(contexts=3)
    lines = printed(capsys, *[lambda n=n: work(n) for n in range(6)]).out.splitlines()
    assert sorted(lines) == sorted("".join(texts).splitlines())
