"""What a notebook shows by itself while works run: the bar of a run(), what live views tell of works, what is saved."""

import re

import pytest

from support import BUILD, Kernel

pytestmark = pytest.mark.packages

SLEEPY = "import time\nparallel.configure(contexts=2, progress=True)\ndef nap(seconds=0.2): time.sleep(seconds)\n"


@pytest.fixture(autouse=True)
def definitions(kernel: Kernel):
    kernel.ok(SLEEPY)


def shown(cell) -> list:
    return cell.of("display_data", "update_display_data")


def text(message) -> str:
    return message.content["data"]["text/plain"]


def test_a_long_run_shows_a_bar(kernel: Kernel):
    cell = kernel.ok("for n in range(8): parallel.submit_work(nap, 0.3)\nparallel.run()\nprint('after')")
    messages = shown(cell)
    assert [message.type for message in messages] == ["display_data"] + ["update_display_data"] * (len(messages) - 1)
    assert len({message.content["transient"]["display_id"] for message in messages}) == 1
    assert "running: " in text(messages[0]) and re.fullmatch(r"\[=+\] 8 works done in [\d.]+ s", text(messages[-1]))
    assert "progressbar" in messages[-1].content["data"]["text/html"]
    assert 2 <= len(messages) <= 12 * (messages[-1].time - messages[0].time) + 2
    # nbclient reads no further than idle, and what is printed after the run comes after its bar.
    assert messages[-1].number < cell.of("stream")[0].number < cell.of("status")[-1].number


def test_no_bar(kernel: Kernel):
    cell = kernel.ok(
        "parallel.submit_work(int)\nbegan = time.monotonic()\nparallel.run()\nprint(time.monotonic() - began)"
    )
    assert not shown(cell) or float(cell.text()) >= 0.5
    quiet = "parallel.configure(progress=False)\nparallel.submit_work(nap, 0.8)\nparallel.run()"
    try:
        assert not kernel.ok(quiet).outputs
    finally:
        kernel.ok("parallel.configure(progress=True)")


def test_a_bar_of_works_that_fail(kernel: Kernel):
    cell = kernel.run("parallel.submit_work(int, 'x', name='bad')\nparallel.submit_work(nap, 0.8)\nparallel.run()")
    assert cell.error["ename"] == "ValueError"
    assert re.search(r"2 works in [\d.]+ m?s: 1 done, 1 failed$", text(shown(cell)[-1]))
    assert shown(cell)[-1].number < cell.of("error")[0].number


def test_a_bar_after_an_interrupt(kernel: Kernel):
    cell = kernel.start("for n in range(3): parallel.submit_work(nap, 60)\nparallel.run()")
    kernel.wait(lambda: shown(cell), 10)
    kernel.interrupt()
    assert cell.wait().reply["ename"] == "KeyboardInterrupt"
    assert re.search(r"3 works in [\d.]+ m?s: 0 done, 3 cancelled$", text(shown(cell)[-1]))


def test_a_live_view_tells_of_works_and_no_bar_is_needed(kernel: Kernel):
    cell = kernel.ok(
        "points = xlist(name='points')\ndef job(n): nap(); points.push({'n': n, 'half': n / 2})\n"
        "for n in range(10): parallel.submit_work(job, n)\ndisplay(points)\nparallel.run()"
    )
    messages = shown(cell)
    assert len({message.content["transient"]["display_id"] for message in messages}) == 1
    assert any(re.search(r"running: \d of 10 works done, 2 running", text(message)) for message in messages)
    last = text(messages[-1])
    assert "10 works done in" in last and last.splitlines()[1].split() == ["n", "half"]
    page = messages[-1].content["data"]["text/html"]
    assert "✓ 10 works done in" in page and page.count("<tr") == 11 and "<script" not in page


def test_a_view_goes_on_after_its_cell_and_ends_with_the_works(kernel: Kernel):
    cell = kernel.ok("later = xlist()\nfor n in range(4): parallel.submit_work(lambda: (nap(), later.push(1)))\nlater")
    assert kernel.ok("'meanwhile'").outputs
    kernel.wait(lambda: "4 works done in" in text(shown(cell)[-1]), 10)
    assert "4 items" in text(shown(cell)[-1])


def test_two_cells_tell_of_their_own_works(kernel: Kernel):
    one = kernel.ok("first = xlist()\nfor n in range(4): parallel.submit_work(lambda: (nap(), first.push(1)))\nfirst")
    two = kernel.ok(
        "second = xlist()\nfor n in range(2): parallel.submit_work(lambda: (nap(), second.push(1)))\nsecond"
    )
    kernel.ok("parallel.run()")
    kernel.wait(lambda: "4 works done in" in text(shown(one)[-1]), 10)
    # The second has begun while works of the first ran, and tells of those, too.
    kernel.wait(lambda: re.search(r"[26] works done in", text(shown(two)[-1])), 10)


def test_a_loop_of_runs_has_one_bar_each_or_none(kernel: Kernel):
    cell = kernel.ok(
        "slow = 0\nfor n in range(30):\n    parallel.submit_work(nap, 0.01)\n    began = time.monotonic()\n"
        "    parallel.run()\n    slow += time.monotonic() - began >= 0.5\nprint(slow)"
    )
    assert sum(message.type == "display_data" for message in shown(cell)) <= int(cell.text()) <= 3
    cell = kernel.ok("for n in range(2):\n    parallel.submit_work(nap, 0.8)\n    parallel.run()")
    assert sum(message.type == "display_data" for message in shown(cell)) == 2


def test_what_a_notebook_keeps(monkeypatch):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    monkeypatch.setenv("JUPYTER_PATH", str(BUILD / "share/jupyter"))
    sources = [
        SLEEPY + "for n in range(6): parallel.submit_work(nap, 0.3)\nparallel.run()",
        "kept = xlist()\nfor n in range(6): parallel.submit_work(lambda n: (nap(), kept.push(n)), n)\n"
        "display(kept)\nparallel.run()",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, kernel_name="xparallel", timeout=60).execute()
    [bar], [view] = (cell.outputs for cell in notebook.cells)
    assert re.fullmatch(r"\[=+\] 6 works done in [\d.]+ m?s", bar["data"]["text/plain"])
    assert "6 works done in" in view["data"]["text/plain"] and "6 items" in view["data"]["text/html"]
