"""Values that works hand to cells: tables read in place, what cannot be pushed, what contexts leave that are killed."""

import pytest

from support import Kernel

pytestmark = pytest.mark.packages


def test_a_table_of_a_work_is_shown_and_lies_in_shared_memory(kernel: Kernel):
    kernel.ok(
        "import numpy, pandas\nxl = parallel.xlist()\n"
        "def work():\n"
        "    numbers = numpy.arange(100_000)\n"
        "    xl.push(pandas.DataFrame({'n': numbers, 'half': numbers / 2, 'even': numbers % 2 == 0}))\n"
        "parallel.submit_work(work); parallel.run()"
    )
    shown = kernel.ok("xl[0].tail(1)").of("execute_result")[0].content["data"]
    assert "49999.5" in shown["text/plain"] and "<table" in shown["text/html"]
    assert kernel.value("xl[0].groupby('even')['half'].sum().tolist()") == "[1250000000.0, 1249975000.0]"
    # Two readers, one memory.
    assert kernel.value("numpy.shares_memory(xl[0]['half'].to_numpy(), xl[0]['half'].to_numpy())") == "True"
    assert kernel.value("xl[0]['half'].to_numpy().flags.writeable") == "False"


def test_a_key_that_cannot_be_hashed_again_is_refused_in_the_cell(kernel: Kernel):
    kernel.ok("key = 1\nfor _ in range(20_000): key = (key,)\nxl = parallel.xlist()")
    refused = kernel.run("xl.push({key: 1})")
    assert refused.error["ename"] == "ValueError" and "use a flat tuple, or str, as the key" in refused.error["evalue"]
    assert kernel.value("len(xl)") == "0"


def test_what_killed_contexts_have_pushed_is_there(kernel: Kernel):
    """More of it, and with a ledger of every push, is tests/python/test_killed.py."""
    kernel.ok(
        "import os, signal, time, random\nparallel.configure(contexts=2)\nxl = parallel.xlist()\n"
        "def work(who):\n"
        "    for n in range(500): xl.push((who, n, 'text'))\n"
        "    time.sleep(0.01)\n"
        "works = [parallel.submit_work(work, who) for who in range(200)]\nparallel.start()\n"
        "killed = 0\n"
        "while not all(work.done() for work in works):\n"
        "    for context in parallel.contexts(ended=False):\n"
        "        if context.pid and random.random() < 0.3:\n"
        "            try: os.kill(context.pid, signal.SIGKILL); killed += 1\n"
        "            except ProcessLookupError: pass\n"
        "    time.sleep(random.random() * 0.004)\n"
        "errors = [work.exception() for work in works]\n"
        "numbers = {who: [n for by, n, _ in xl if by == who] for who in range(len(works))}",
        seconds=60,
    )
    assert kernel.value("killed > 10 and any(errors)") == "True"
    assert kernel.value("all(of == list(range(len(of))) for of in numbers.values())") == "True"
    assert kernel.value("all(error or len(numbers[who]) == 500 for who, error in enumerate(errors))") == "True"
    assert kernel.value("parallel.submit_work(lambda: 'alive').result()") == "'alive'"
