"""The magics through the protocol: what they show, under which cell, what is completed and explained."""

import pytest

from support import Kernel, plain

pytestmark = pytest.mark.packages

MAGICS = ["cancel", "contexts", "heap", "heaps", "protection", "stacks", "works", "xlists"]


@pytest.fixture(autouse=True)
def prepared(kernel: Kernel):
    kernel.ok("import os, signal, sys, time\nparallel.configure(contexts=2)")


@pytest.fixture
def gate(tmp_path):
    """Something works wait for: they run until the test opens it."""

    class Gate:
        path = tmp_path / "open"
        wait = f"while not os.path.exists({str(path)!r}): time.sleep(0.005)"

        def open(self):
            self.path.touch()

    return Gate()


def complete(kernel: Kernel, code: str) -> list[str]:
    return kernel.ask("complete_request", {"code": code, "cursor_pos": len(code)}).reply["matches"]


def inspect(kernel: Kernel, code: str, cursor: int) -> str:
    content = {"code": code, "cursor_pos": cursor, "detail_level": 0}
    reply = kernel.ask("inspect_request", content).reply
    assert reply["found"], code
    return plain(reply["data"]["text/plain"])


def refused(kernel: Kernel, code: str) -> str:
    """What is said about a magic that is used in a wrong way: usage, no traceback."""
    cell = kernel.run(code)
    assert cell.reply["ename"] == "UsageError" and cell.of("error") == []
    assert "Traceback" not in cell.text("stderr")
    return plain(cell.text("stderr"))


# ---- looking ---------------------------------------------------------------------------------------------------------


def test_they_are_there_without_being_loaded(own_kernel: Kernel):
    listed = own_kernel.ok("%lsmagic").result
    assert all(f"%{name}" in listed for name in MAGICS) and "%%parallel" in listed
    assert own_kernel.ok("%contexts").result == "no contexts: nothing has run yet"
    assert own_kernel.ok("%works").result == "no works: submit_work(f) makes one"
    assert own_kernel.ok("%xlists").result == "no xlists: xlist() makes one"
    assert own_kernel.ok("%heaps").result.startswith("no heaps")
    assert own_kernel.ok("%cancel").text() == "Nothing to cancel: no work waits or runs.\n"


def test_works_have_the_label_of_their_cell(kernel: Kernel, gate):
    first = kernel.ok(f"def wait():\n    {gate.wait}\nwaiting = parallel.submit_work(wait, name='lurks');")
    number = first.reply["execution_count"]
    kernel.wait(lambda: f"In [{number}]" in kernel.ok(f"%works --cell {number} --state running").result, 20)
    later = kernel.run("parallel.submit_work(int, 'x', name='fails').exception()").reply["execution_count"]
    shown = kernel.ok(f"t = %works --cell {later}\nprint([row['state'] for row in t]); t")
    assert shown.text() == "['failed']\n" and "invalid literal" in shown.result and "lurks" not in shown.result
    assert "lurks" in kernel.ok("%contexts --running").result
    gate.open()
    kernel.ok("parallel.run()")
    assert kernel.value(f"[row['state'] for row in parallel.works(cell={number})]") == "['done']"
    assert kernel.value("parallel.contexts(ended=False)") == "[]"


def test_a_cell_that_does_not_count_has_no_label(kernel: Kernel):
    kernel.ok("parallel.submit_work(int, name='from a silent cell')\nparallel.run()", silent=True)
    found = kernel.value("[row['cell'] for row in parallel.works() if row['name'] == 'from a silent cell']")
    assert found == "[None]"


def test_contexts_of_finished_and_running_batches(kernel: Kernel, gate):
    kernel.ok("parallel.submit_work(sum, [1, 2], name='a sum')\nparallel.run()")
    kernel.ok(f"def wait():\n    {gate.wait}\nwaiting = parallel.submit_work(wait, name='waits');")
    kernel.wait(lambda: kernel.value("waiting.state") == "'running'")
    shown = kernel.ok("c = %contexts\nprint(c[0]['state'], c[1]['state'], c[1]['bars'][0]['name']); c")
    assert shown.text() == "running ended a sum\n"
    assert all(len(line) <= 80 for line in shown.result.splitlines()), shown.result
    gate.open()
    kernel.ok("parallel.run()")


def test_where_a_running_work_is(kernel: Kernel, gate):
    assert kernel.ok("%stacks").result == "no work runs"
    cell = kernel.ok(f"def hangs():\n    {gate.wait}\nhanging = parallel.submit_work(hangs);")
    place = f"Cell In [{cell.reply['execution_count']}], line 2, in hangs"
    kernel.wait(lambda: place in kernel.ok("%stacks").result, 20)
    shown = kernel.ok("%stacks")
    assert (
        gate.wait in shown.result
        and "work " in shown.result
        and "<pre" in shown.of("execute_result")[0].content["data"]["text/html"]
    )
    assert place in kernel.ok("print(hanging.stack())").text()
    gate.open()
    kernel.ok("parallel.run()")
    assert kernel.value("hanging.stack()") == "None"


def test_heaps(kernel: Kernel):
    kernel.ok("held = xlist([b'x' * 100_000], name='held')")
    shown = kernel.ok("%heaps").result
    assert "held" in shown
    kernel.ok("parallel.submit_work(lambda: len([str(n) for n in range(10_000)]))\nparallel.run()")
    number = kernel.value("parallel.contexts()[0].id")
    details = kernel.ok(f"%heap {number.strip(chr(39))}").result
    assert "block size" in details and "no object of its own" in details and "page map" in details
    assert "100" in kernel.ok("%xlists").result
    assert "%heaps lists those there are" in refused(kernel, "%heap c999.0")


def test_cancel(kernel: Kernel):
    kernel.ok(
        "def sleep(): time.sleep(60)\nsleepers = [parallel.submit_work(sleep, name=f'sleeper {n}') for n in range(3)];"
    )
    kernel.wait(lambda: kernel.value("len(parallel.works('running'))") == "2")
    shown = kernel.ok("%cancel").result
    assert "works: 3 (3 cancelled)" in shown and shown.count("sleeper") == 3
    kernel.wait(lambda: kernel.value("parallel.contexts(ended=False)") == "[]", 20)
    assert kernel.value("[w.state for w in sleepers]") == "['cancelled', 'cancelled', 'cancelled']"
    cell = kernel.ok("w = parallel.submit_work(int)\nget_ipython().run_line_magic('cancel', str(w.id))")
    assert "cancelled" in cell.result
    assert "no work 987654321 waits or runs: %works lists" in refused(kernel, "%cancel 987654321")


def test_cancel_one_that_has_begun(kernel: Kernel, gate):
    kernel.ok(f"def wait():\n    {gate.wait}\nworks = [parallel.submit_work(wait) for _ in range(2)];")
    kernel.wait(lambda: kernel.value("[w.state for w in works]") == "['running', 'running']")
    assert "cancelled" in kernel.ok(f"%cancel {kernel.value('works[0].id')}").result
    assert kernel.value("[w.state for w in works]") == "['cancelled', 'running']"
    gate.open()
    kernel.ok("parallel.run()")


def test_cancel_a_queue(kernel: Kernel, gate):
    kernel.ok(
        f"def produce():\n    {gate.wait}\nqueue = xlist()\nproducer = parallel.submit_work(produce)\n"
        "w = parallel.submit_queue(queue, print);"
    )
    assert "consumes a queue: close the queue, or %cancel everything" in refused(
        kernel, f"%cancel {kernel.value('w.id')}"
    )
    gate.open()
    kernel.ok("queue.close(); parallel.run()")


@pytest.mark.parametrize(
    ["code", "said"],
    [
        ("%works --state over", "invalid choice: 'over'"),
        ("%works --cell three", "invalid int value"),
        ("%works extra", "unrecognized arguments: extra"),
        ("%contexts --no-such", "unrecognized arguments"),
        ("%heap", "required: id"),
        ("%cancel me", "invalid int value"),
        ("%heaps 'open", "closing quotation"),
        ("%protection loose", "invalid choice: 'loose'"),
        ("%%parallel -n many\n1", "invalid int value"),
        ("%%parallel --onto x\n1", "unrecognized arguments"),
    ],
)
def test_what_is_wrong_is_said_with_the_usage(kernel: Kernel, code, said):
    text = refused(kernel, code)
    name = code.split()[0]
    assert said.lower() in text.lower() and f"usage: {name}" in text and f"{name}? explains it" in text


@pytest.mark.parametrize("name", ["%" + name for name in MAGICS] + ["%%parallel"])
def test_every_magic_explains_itself_with_an_example(kernel: Kernel, name):
    code = f"{name} \nx" if name.startswith("%%") else name
    text = inspect(kernel, code, 4)
    assert "Example" in text and text.count(name) >= 2 and "parallel." in text
    (pager,) = kernel.ok(f"{name}?").reply["payload"]
    assert "Example" in plain(pager["data"]["text/plain"])


@pytest.mark.parametrize(
    ["code", "found"],
    [
        ("%wor", {"%works"}),
        ("%%paral", {"%%parallel"}),
        ("%works --", {"--state", "--cell"}),
        ("%works --cell 3 --", {"--state"}),
        ("%works --state ", {"pending", "running", "done", "failed", "cancelled", "crashed"}),
        ("%works --state c", {"cancelled", "crashed"}),
        ("late = %works --state pe", {"pending"}),
        ("x = 1\n%works --st", {"--state"}),
        ("%contexts --", {"--running"}),
        ("%protection ", {"strict", "scan", "off"}),
        ("%%parallel --i", {"--into"}),
        ("%%parallel -n 2 --into tabbed_", {"tabbed_one", "tabbed_two"}),
    ],
)
def test_tab_completes(kernel: Kernel, code, found):
    kernel.ok("tabbed_one, tabbed_two, tabbed_three = xlist(), xlist(), 3")
    assert set(complete(kernel, code)) == found


def test_tab_completes_ids(kernel: Kernel):
    kernel.ok("tabbed = xlist()\nparallel.submit_work(int)\nparallel.run()")
    heaps = complete(kernel, "%heap ")
    assert f"x{kernel.value('tabbed.id')}" in heaps and kernel.value("parallel.contexts()[0].id").strip("'") in heaps
    count = kernel.ok("parallel.works()[-1]['cell']").result.strip("'")
    assert count.removeprefix("In [").rstrip("]") in complete(kernel, "%works --cell ")


# ---- %%parallel ------------------------------------------------------------------------------------------------------


def test_a_cell_on_several_contexts(kernel: Kernel):
    kernel.ok("base = 100")
    cell = kernel.ok("%%parallel -n 3\nprint('rank', rank, 'of', size)\nbase + rank")
    assert sorted(cell.text().splitlines()) == [f"rank {n} of 3" for n in range(3)]
    (shown,) = cell.of("display_data")
    assert shown.content["data"]["text/plain"].splitlines()[1:] == ["  0  100", "  1  101", "  2  102"]
    assert "running" not in shown.content["data"]["text/plain"].splitlines()[0]
    assert kernel.value("list(_)") == "[100, 101, 102]"


def test_as_many_as_configured(kernel: Kernel):
    kernel.ok("%%parallel\nrank")
    assert kernel.value("list(_)") == "[0, 1]"


def test_names_stay_in_their_context(kernel: Kernel):
    kernel.ok("mine = 'the notebook'")
    kernel.ok("%%parallel -n 2\nmine = rank\nnew = 1\nmine")
    assert kernel.value("list(_)") == "[0, 1]"
    assert kernel.value("(mine, 'new' in globals(), 'rank' in globals())") == "('the notebook', False, False)"


def test_into_a_new_name_and_into_one_that_is_there(kernel: Kernel):
    kernel.ok("if 'values' in globals(): del values")
    cell = kernel.ok("%%parallel -n 2 --into values --name adders\nrank + 1")
    assert kernel.value("(sorted(values), type(values) is xlist)") == "([1, 2], True)"
    assert "'values'" in cell.of("display_data")[0].content["data"]["text/plain"]
    kernel.ok("%%parallel -n 2 --into values\nrank + 10")
    assert kernel.value("sorted(values)") == "[1, 2, 10, 11]"
    assert kernel.value("[row['name'] for row in parallel.works()][-4:-2]") == "['adders 0', 'adders 1']"
    kernel.ok("taken = 5")
    assert "taken is of type int" in refused(kernel, "%%parallel --into taken\n1")
    assert "the name of a variable" in refused(kernel, "%%parallel --into 3x\n1")
    assert "-n must be between 1 and 4096" in refused(kernel, "%%parallel -n 0\n1")


@pytest.mark.parametrize("body", ["print(rank)", "rank;", "x = rank", "None"])
def test_a_cell_without_values_shows_none(kernel: Kernel, body):
    cell = kernel.ok(f"%%parallel -n 2\n{body}")
    assert cell.of("display_data", "execute_result") == []


def test_cells_of_pyparallel_and_magics_inside(kernel: Kernel):
    cell = kernel.ok("%%parallel -n 2\nx = %pwd\n!echo from a shell\nasync.is_parallel_thread(), x == os.getcwd()")
    assert kernel.value("list(_)") == "[(True, True), (True, True)]"
    assert cell.text().count("from a shell") == 2


def test_an_error_shows_the_lines_of_the_cell(kernel: Kernel):
    cell = kernel.run(
        "%%parallel -n 3 --name worker\n\ndef half(n):\n    return 1 / n  # the guilty line\nhalf(rank - 1)"
    )
    assert (cell.reply["ename"], cell.reply["evalue"]) == ("ZeroDivisionError", "division by zero")
    text = plain("\n".join(cell.error["traceback"]))
    assert "1 / n  # the guilty line" in text and ", line 5, in <module>" in text and ", line 4, in half" in text
    assert f"Cell In [{cell.reply['execution_count']}], line 4" in text and "'worker 1'" in text
    assert "_ranks" not in text and "_magics" not in text and "interactiveshell" not in text
    assert kernel.ok("parallel.run(); 'nothing is left to raise'").result


def test_the_other_ranks_errors_are_told(kernel: Kernel):
    cell = kernel.run("%%parallel -n 3\nraise LookupError(rank)")
    assert cell.reply["evalue"] == "0"
    text = plain("\n".join(cell.error["traceback"]))
    assert text.count("2 more ranks failed:\n  rank 1: LookupError: 1\n  rank 2: LookupError: 2") == 1
    assert cell.text("stderr") == ""


def test_an_error_of_syntax_is_told_before_anything_runs(kernel: Kernel):
    before = kernel.value("len(parallel.works())")
    cell = kernel.run("%%parallel -n 2\nprint('begun')\n1 +")
    assert cell.reply["ename"] == "SyntaxError" and cell.text() == ""
    text = plain("\n".join(cell.error["traceback"])).replace("Cell In[", "Cell In [")  # as IPython 9 writes it
    assert f"Cell In [{cell.reply['execution_count']}], line 3" in text and "_ranks" not in text
    assert kernel.value("len(parallel.works())") == before


def test_a_rank_that_dies(kernel: Kernel):
    cell = kernel.run("%%parallel -n 2 --into survivors\nif rank: os.kill(os.getpid(), signal.SIGKILL)\nrank")
    assert cell.reply["ename"] == "ContextCrashed" and "'rank 1'" in cell.reply["evalue"]
    assert kernel.value("list(survivors)") == "[0]"


def test_an_interrupt(kernel: Kernel):
    kernel.ok("begun = xlist()")
    cell = kernel.start("%%parallel -n 2 --into kept\nbegun.push(rank)\ntime.sleep(60)")
    # In two processes: a signal to the whole group reaches them as well.
    kernel.listen(0.5)
    kernel.wait(lambda: len(kernel.processes()) >= 3, 10)
    kernel.interrupt()
    cell.wait(20)
    assert cell.reply["ename"] == "KeyboardInterrupt"
    assert "_ranks" not in plain("\n".join(cell.error["traceback"]))
    assert kernel.value("sorted(begun)") == "[0, 1]"
    kernel.wait(lambda: kernel.value("parallel.contexts(ended=False)") == "[]", 20)
    assert kernel.ok("%%parallel -n 2\nrank").of("display_data")


def test_beside_work_in_the_background(kernel: Kernel, gate):
    background = kernel.ok(
        f"def wait():\n    {gate.wait}\n    print('from the background')\nw = parallel.submit_work(wait);"
    )
    cell = kernel.ok("%%parallel -n 2\nprint('from the ranks')\nrank")
    assert kernel.value("w.state") == "'running'", "it waits for its own only"
    gate.open()
    kernel.wait(lambda: background.text() == "from the background\n", 10)
    assert cell.text() == "from the ranks\n" * 2


def test_views_grow_while_ranks_push(kernel: Kernel, gate):
    kernel.ok("values = xlist(name='values')")
    cell = kernel.start(
        f"display(values)\nget_ipython().run_cell_magic('parallel', '-n 2', '''\nvalues.push(rank)\n{gate.wait}\n''')"
    )

    def shown() -> list[str]:
        return [message.content["data"]["text/plain"] for message in cell.of("update_display_data")]

    kernel.wait(lambda: any("2 items" in text for text in shown()), 10)
    assert not cell.is_over
    gate.open()
    assert cell.wait().reply["status"] == "ok"
    assert "running" not in shown()[-1].splitlines()[0]


def test_protection_is_what_configure_says(kernel: Kernel):
    if kernel.value("'protection' in __import__('inspect').signature(parallel.configure).parameters") == "False":
        assert "no protection that could be set" in refused(kernel, "%protection")
        return
    before = kernel.ok("%protection").result
    assert kernel.ok("%protection off").result == "'off'" and kernel.ok("%protection").result == "'off'"
    assert kernel.ok(f"%protection {eval(before)}").result == before
