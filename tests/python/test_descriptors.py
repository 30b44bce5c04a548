"""What C code and programs write to descriptors 1 and 2 in a context: where it appears, and in what order.

And what a crash leaves.
"""

import ctypes
import os
import random
import signal
import subprocess
import sys
import time

import pytest

import parallel
from support import run_program


def output_of(capsys, func, *arguments) -> tuple[str, str]:
    """What a work puts out on stdout and stderr, once run() has returned."""
    capsys.readouterr()
    parallel.submit_work(func, arguments)
    parallel.run()
    return tuple(capsys.readouterr())


def test_everything_comes_in_the_order_it_was_written(capsys):
    libc = ctypes.CDLL(None)

    def write():
        print("a")
        libc.printf(b"b\n")
        print("c")
        os.write(1, b"d\n")
        subprocess.run(["echo", "e"], check=True)
        print("f", flush=True)
        os.system("echo g")
        sys.__stdout__.write("h\n")
        subprocess.run(["echo", "i"], stdout=sys.stdout, check=True)
        libc.printf(b"j")  # no line feed, and no flush

    assert output_of(capsys, write) == ("a\nb\nc\nd\ne\nf\ng\nh\ni\nj", "")


def test_the_two_streams_are_kept_apart(capsys):
    def write():
        os.write(2, b"error\n")
        os.write(1, b"output\n")
        print("also an error", file=sys.stderr)

    assert output_of(capsys, write) == ("output\n", "error\nalso an error\n")


def test_lines_of_contexts_are_not_interleaved(capsys, two_contexts):
    capsys.readouterr()

    def write(n):
        for _ in range(300):
            os.write(1, b"%d" % n * 20)
            os.write(1, b"%d" % n * 20 + b"\n")

    for n in range(4):
        parallel.submit_work(write, n)
    parallel.run()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1200 and {tuple(set(line)) for line in lines} == {("0",), ("1",), ("2",), ("3",)}
    assert {len(line) for line in lines} == {40}


@pytest.mark.parametrize("size", [100_000, 5_000_000])
def test_more_than_a_pipe_holds(capsys, size):
    out, err = output_of(capsys, lambda: os.write(1, b"x" * size + b"\n") and None)
    assert len(out) == size + 1 and err == ""


def test_text_appears_while_the_work_runs(capsys):
    capsys.readouterr()
    work = parallel.submit_work(lambda: os.system("echo now; sleep 60"))
    parallel.start()
    end, seen = time.monotonic() + 30, ""
    while "now" not in seen and time.monotonic() < end:
        time.sleep(0.02)
        seen += capsys.readouterr().out
    assert seen == "now\n" and not work.done()
    parallel.cancel()
    parallel.run()


def test_characters_that_are_cut_in_two(capsys):
    def write():
        for byte in "aäß𝄞\n".encode():
            os.write(1, bytes([byte]))
            time.sleep(0.005)
        os.write(1, b"\xff\n")

    assert output_of(capsys, write) == ("aäß𝄞\n\ufffd\n", "")


def test_user_code_may_close_and_replace_them(capsys):
    def close():
        os.closerange(3, 256)
        os.write(1, b"still there\n")
        os.close(1)
        print("a stream needs no descriptor")
        return os.dup2(2, 1)

    out, err = output_of(capsys, close)
    # In what order is not known any more: the context cannot look into its pipes.
    assert sorted(out.splitlines()) == ["a stream needs no descriptor", "still there"] and err == ""


def test_a_program_that_outlives_its_work_does_no_harm(capsys):
    process = parallel.submit_work(lambda: subprocess.Popen("sleep 0.3; echo late", shell=True).pid)
    parallel.run()
    assert process.result() > 0
    assert parallel.submit_work(lambda: 1).result() == 1


# ---- crashes ---------------------------------------------------------------------------------------------------------


def test_a_crash_leaves_its_last_words_and_where_it_was(capsys):
    def crash():
        print("printed", end="")
        os.write(2, b"last words\n")
        ctypes.string_at(0)

    work = parallel.submit_work(crash)
    with pytest.raises(parallel.ContextCrashed) as caught:
        work.result()
    error = caught.value
    assert error.signal == signal.SIGSEGV and error.work is work
    assert (
        error.output.startswith("last words\nFatal Python error: Segmentation fault") and "in crash\n" in error.output
    )
    parallel.run()
    assert "last words" in capsys.readouterr().err


@pytest.mark.parametrize(
    "die, words",
    [
        (os.abort, "Fatal Python error: Aborted"),
        (lambda: os.write(2, b"x" * 100_000 + b"the end") and os._exit(1), "the end"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), ""),
    ],
    ids=["abort", "much", "nothing"],
)
def test_what_is_left_of_a_crash(die, words):
    with pytest.raises(parallel.ContextCrashed) as caught:
        parallel.submit_work(die).result()
    assert words in caught.value.output and len(caught.value.output) <= 8192 + 8
    assert bool(caught.value.output) == bool(words)


def test_the_last_words_are_those_of_the_work_that_crashed():
    parallel.configure(contexts=1)
    parallel.submit_work(lambda: os.write(2, b"of another work\n") and None)
    work = parallel.submit_work(lambda: os.write(2, b"of this\n") and os._exit(1))
    parallel.start()
    assert work.exception().output == "of this\n"


def test_no_descriptor_is_left():
    """Then they stay what they are in the main process, and works run all the same."""
    ended = run_program("""
        import os, resource
        import parallel

        parallel.submit_work(int).result()
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
        work = parallel.submit_work(lambda: os.write(1, b"written\\n"))
        print(work.result())
    """)
    assert ended.returncode == 0 and sorted(ended.stdout.split()) == ["8", "written"], ended


def test_a_file_that_the_main_thread_reads_is_read_by_works_and_by_itself(tmp_path, two_contexts):
    """The system keeps one position for a file and all that were forked since it was opened; lines would be missing."""
    path = tmp_path / "lines.txt"
    path.write_text("".join(f"{n}\n" for n in range(20_000)))
    with open(path) as lines, open(path, "rb", buffering=0) as raw:
        assert lines.readline() == "0\n"
        works = [parallel.submit_work(lambda: [int(line) for line in lines]) for _ in range(2)]
        parallel.start()
        assert [int(line) for line in lines] == list(range(1, 20_000))
        # Of two works in one context the second begins where the first has ended, as two calls would.
        assert sorted(len(work.result()) for work in works) in ([0, 19_999], [19_999, 19_999])

        def look_up(seed):
            places = random.Random(seed).choices(range(2000, 9000), k=2000)
            return all(raw.seek(place) == place and raw.read(6) == text[place : place + 6] for place in places)

        text = path.read_bytes()
        assert parallel.map(look_up, range(4), chunksize=1) == [True] * 4
        assert raw.tell() == 0
