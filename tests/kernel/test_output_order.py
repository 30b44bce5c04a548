"""What was written first is shown first, also where a line that one writer has begun meets what others write.

Every program runs again and again, with pauses at random between its steps; half of the times a thread updates a
display meanwhile: each update is a message, and the kernel holds lines back from messages of others.
"""

import random

import pytest

from support import Kernel, Request

ROUNDS = 12
PAUSES = (0, 0, 0.001, 0.004, 0.03)  # seconds; a line is held back for 0.02, text for 0.1

IMPORTS = """
import ctypes, multiprocessing, os, subprocess, sys, threading, time, warnings
warnings.filterwarnings('ignore', 'This process', DeprecationWarning)  # Python's, from 3.12 on
from IPython.display import display
libc = ctypes.CDLL(None)
disturb, ended = threading.Event(), threading.Event()
def keep_updating(handle):
    while not ended.wait(0.001):
        if disturb.is_set(): handle.update('1')
disturber = threading.Thread(target=keep_updating, args=(display('0', display_id=True),))
disturber.start()
def fork(function, *arguments, **options):
    '''In a child; when it is over, this goes on.'''
    if (pid := os.fork()) == 0:
        function(*arguments, **options)
        os._exit(0)
    os.waitpid(pid, 0)
def process(function, *arguments):
    it = multiprocessing.get_context('fork').Process(target=function, args=arguments)
    it.start(); it.join()
def thread(function, *arguments, **options):
    it = threading.Thread(target=function, args=arguments, kwargs=options)
    it.start(); it.join()
def work(function, *arguments, **options):
    parallel.submit_work(lambda: function(*arguments, **options) and None)
    parallel.run()
def err(text, end='\\n'): print(text, end=end, file=sys.stderr)
def out(text): os.write(1, text.encode())
def echo(text): subprocess.run(['echo', text])
def echo_err(text): subprocess.run(['sh', '-c', 'echo "$1" >&2', 'sh', text])
def spawn(text): os.waitpid(os.posix_spawn('/bin/echo', ['echo', text], os.environ), 0)
def become(text): os.execvp('echo', ['echo', text])
"""


@pytest.fixture(autouse=True)
def imports(kernel: Kernel, seed):
    random.seed(seed)
    kernel.ok(IMPORTS)
    yield
    kernel.ok("ended.set(); disturber.join()")


def shown(cell: Request) -> list[tuple[str, str]]:
    """What a front end shows: text next to text of the same stream is one."""
    pieces = []
    for message in cell.outputs:
        if message.type == "stream":  # a terminal, as `!` gives its programs one, ends lines by two characters
            pieces.append((message.content["name"], message.content["text"].replace("\r", "")))
        elif message.type != "update_display_data":
            pieces.append((message.type, message.content["data"]["text/plain"]))
    return joined(pieces)


def joined(pieces: list[tuple[str, str]]) -> list[tuple[str, str]]:
    result: list[tuple[str, str]] = []
    for name, text in pieces:
        if result and result[-1][0] == name:
            result[-1] = name, result[-1][1] + text
        elif text:
            result.append((name, text))
    return result


def run(kernel: Kernel, *steps: str) -> list[tuple[str, str]]:
    """What a cell of these steps shows, with random pauses between them."""
    between = [f"\ntime.sleep({random.choice(PAUSES)})\n" for _ in steps]
    disturb = random.choice(("set", "clear"))
    code = "".join(piece for pair in zip(between, steps) for piece in pair)
    return shown(kernel.ok(f"disturb.{disturb}()" + code))


def in_a_child(*steps: str, then: str) -> str:
    """Steps that a forked child takes, which then falls out of the cell; the cell ends with another."""
    lines = [f"time.sleep({random.choice(PAUSES)}); {step}" for step in steps]
    return "if (pid := os.fork()) == 0:\n    " + "\n    ".join(lines) + f"\nelse:\n    os.waitpid(pid, 0); {then}"


def of_stdout(pieces: list[tuple[str, str]]) -> str:
    return "".join(text for name, text in pieces if name == "stdout")


# How a line is begun, and on which stream.
BEGUN = {
    "print('begun', end=' ')": "stdout",
    "err('begun', end=' ')": "stderr",
    "out('begun ')": "stdout",
    "libc.printf(b'begun ')": "stdout",
    "thread(print, 'begun', end=' ')": "stdout",
    "thread(err, 'begun', end=' ')": "stderr",
    "thread(out, 'begun ')": "stdout",
    "fork(out, 'begun ')": "stdout",
    "work(out, 'begun ')": "stdout",
    "work(print, 'begun', end=' ')": "stdout",
    "work(err, 'begun', end=' ')": "stderr",
}

# What else is shown before that line goes on, by whom, and where.
OTHERS = {
    "echo('other')": "stdout",
    "echo_err('other')": "stderr",
    "os.system('echo other')": "stdout",
    "!echo other": "stdout",
    "spawn('other')": "stdout",
    "fork(print, 'other')": "stdout",
    "fork(err, 'other')": "stderr",
    "fork(out, 'other\\n')": "stdout",
    "fork(os._exit, 0)": None,
    "fork(echo, 'other')": "stdout",
    "fork(become, 'other')": "stdout",
    "fork(fork, print, 'other')": "stdout",
    "fork(libc.puts, b'other')": "stdout",
    "process(print, 'other')": "stdout",
    "out('other\\n')": "stdout",
    "os.write(2, b'other\\n')": "stderr",
    "libc.puts(b'other')": "stdout",
    "print('other')": "stdout",
    "err('other')": "stderr",
    "err('other'); sys.stderr.flush()": "stderr",
    "display('other')": "display_data",
    "thread(print, 'other')": "stdout",
    "thread(err, 'other')": "stderr",
    "thread(out, 'other\\n')": "stdout",
    "thread(display, 'other')": "display_data",
    "work(print, 'other')": "stdout",
    "work(err, 'other')": "stderr",
    "work(out, 'other\\n')": "stdout",
    "work(echo, 'other')": "stdout",
    "work(display, 'other')": "display_data",
}

# Two pipes tell no order, and C holds back what is not a line: sys.stdout.flush() puts it into its place.
BY_DESCRIPTOR_2 = {"echo_err('other')", "fork(err, 'other')", "os.write(2, b'other\\n')"}
UNSEEN = {"echo('other')", "os.system('echo other')", "!echo other", "spawn('other')"}
UNSEEN |= {"out('other\\n')", "thread(out, 'other\\n')"}


def needs_flush(begun: str, other: str) -> bool:
    by_pipe = "out" in begun or begun.startswith(("fork", "libc"))
    return (by_pipe and other in BY_DESCRIPTOR_2) or ("libc" in begun and other in UNSEEN)


@pytest.mark.parametrize("other", OTHERS)
def test_what_comes_after_a_begun_line(kernel: Kernel, other):
    for _ in range(ROUNDS):
        begun, stream = random.choice(list(BEGUN.items()))
        flush = "sys.stdout.flush()" if needs_flush(begun, other) else "pass"
        end = "print('ended')" if stream == "stdout" else "err('ended')"
        text = "'other'" if OTHERS[other] == "display_data" else "other\n" if OTHERS[other] else ""
        expected = joined([(stream, "begun "), (OTHERS[other], text), (stream, "ended\n")])
        assert run(kernel, begun, flush, other, end) == expected, begun


# A child holds a begun line back; it gives it out before what Python prints, and before a fork.
IN_A_CHILD = [
    step for step in OTHERS if step.startswith(("print", "thread(print", "fork(print", "fork(fork", "process("))
]


@pytest.mark.parametrize("other", IN_A_CHILD)
def test_what_comes_after_a_line_that_a_child_has_begun(kernel: Kernel, other):
    for _ in range(ROUNDS):
        above = random.choice(["", "above\n"])
        steps = [f"print({above!r} + 'begun', end=' ')", other, "print('ended')"]
        cell = run(kernel, "print('before', end=' ')", in_a_child(*steps, then="print('after')"))
        assert of_stdout(cell) == f"before {above}begun other\nended\nafter\n"


ENDS = ["pass", "sys.exit(3)", "1/0", "sys.stdout.flush(); os._exit(0)", "sys.stdout.flush(); os.kill(os.getpid(), 9)"]


@pytest.mark.parametrize("end", ENDS)
def test_a_child_that_ends_in_the_middle_of_a_line(kernel: Kernel, end):
    for _ in range(ROUNDS):
        child = in_a_child("print('begun', end=' ')", end, then="print('after')")
        assert of_stdout(run(kernel, "print('before', end=' ')", child)) == "before begun after\n"


@pytest.mark.parametrize("end", ["pass", "libc.printf(b'more ')", "os._exit(0)"])
def test_a_line_that_c_has_begun_before_a_fork_is_printed_once(kernel: Kernel, end):
    for _ in range(ROUNDS):
        child = in_a_child("print('in the child')", end, then="print('ended')")
        more = "more " if "more" in end else ""
        assert of_stdout(run(kernel, "libc.printf(b'begun ')", child)) == f"begun in the child\n{more}ended\n"


@pytest.mark.parametrize("begun", BEGUN)
def test_a_question_comes_after_what_was_begun(kernel: Kernel, begun):
    """By another socket; the dates of the messages tell."""
    for _ in range(3):
        cell = kernel.start(f"{begun}\nname = input('? ')\nprint(name)", allow_stdin=True)
        kernel.wait(lambda: cell.of("input_request"))
        kernel.send("input_reply", {"value": "Ada"}, "stdin").complete = False
        cell.wait()
        first = cell.of("stream")[0]
        assert first.content["text"] == "begun "
        assert first.header["date"] <= cell.of("input_request")[0].header["date"]
