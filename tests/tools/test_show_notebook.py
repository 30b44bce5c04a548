"""What show_notebook.py prints and returns, with a pretended kernel; tests/notebooks runs the real one."""

import io

import nbformat.v4
import pytest

import show_notebook
from notebook_run import Cell, Collector, Failure, KernelDied, Shown, Stream
from notebook_text import Style

PLAIN = Style(width=60)


class Kernel:
    """Answers each cell with the next of the given messages, sorted by the real Collector."""

    def __init__(self, *answers):
        self._answers = list(answers)
        self._collector = Collector()
        self._count = 0

    @property
    def next_number(self):
        return self._count + 1

    def run(self, code, timeout):
        self._count += 1
        cell = Cell(self._count)
        self._collector.begin(f"request {self._count}", cell)
        for item in self._answers.pop(0):
            if isinstance(item, Exception):
                raise item
            self._collector.handle(item)
        return cell


def message(kind, content, cell=1):
    return {"msg_type": kind, "content": content, "parent_header": {"msg_id": f"request {cell}"} if cell else {}}


def stream(text, name="stdout", cell=1):
    return message("stream", {"name": name, "text": text}, cell)


def display(text, display_id=None, cell=1, kind="display_data"):
    transient = {"display_id": display_id} if display_id else {}
    return message(kind, {"data": {"text/plain": text}, "metadata": {}, "transient": transient}, cell)


def update(text, display_id, cell=1):
    return display(text, display_id, cell, kind="update_display_data")


def error(ename, cell=1):
    return message("error", {"ename": ename, "evalue": "why", "traceback": [f"{ename}: why"]}, cell)


def code(source, *tags):
    return nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)})


def show(kernel, *cells, style=PLAIN):
    stream = io.StringIO()
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    problem = show_notebook.show(notebook, kernel, show_notebook.Printer(stream), style, timeout=1)
    return problem, stream.getvalue()


def test_cells_and_outputs():
    kernel = Kernel([stream("one\n"), stream("two\n"), stream("bad\n", "stderr"), display("3", kind="execute_result")])
    problem, printed = show(kernel, nbformat.v4.new_markdown_cell("# Title\n\nText."), code("a = 1\nprint(a)"))
    assert problem is None
    assert printed.splitlines() == [
        "Title",
        "=====",
        "",
        "Text.",
        "",
        "In [1]: a = 1",
        "   ...: print(a)",
        "        one",
        "        two",
        "      ! bad",
        "Out[1]: 3",
    ]


def test_a_display_shows_its_final_state_and_counts_its_updates():
    kernel = Kernel([display("0 items", "x"), update("1 item", "x"), update("2 items", "x"), display("still", "y")])
    problem, printed = show(kernel, code("xs"))
    assert problem is None
    assert "0 items" not in printed and "1 item\n" not in printed
    assert printed.count("2 items") == 1
    assert printed.count("(live: 2 updates, this is the latest state)") == 1


def test_what_belongs_to_an_earlier_cell_is_shown_with_its_cell():
    kernel = Kernel(
        [display("0 items", "x")],
        [
            update("1 item", "x", cell=1),
            update("2 items", "x", cell=2),
            stream("late\n", cell=1),
            stream("now\n", cell=2),
        ],
    )
    _, printed = show(kernel, code("xs"), code("go()"))
    assert printed.split("In [2]: go()\n")[1].splitlines() == [
        "        now",
        "  -- meanwhile, display of In [1]:",
        "        2 items",
        "        (live: 2 updates, this is the latest state)",
        "  -- meanwhile, output of In [1]:",
        "        late",
    ]


def test_output_of_no_cell_is_shown_too():
    _, printed = show(Kernel([stream("from a thread\n", cell=None)]), code("pass"))
    assert "-- meanwhile, output of the kernel:" in printed and "from a thread" in printed


def test_an_error_stops_the_notebook():
    problem, printed = show(Kernel([error("ValueError")], [stream("never\n", cell=2)]), code("boom"), code("print()"))
    assert problem == "In [1] raised ValueError: why"
    assert "ValueError: why" in printed and "never" not in printed


def test_an_expected_error_does_not():
    kernel = Kernel([error("ValueError")], [stream("goes on\n", cell=2)])
    problem, printed = show(kernel, code("boom", "raises-exception"), code("print()"))
    assert problem is None
    assert "ValueError: why" in printed and "goes on" in printed


def test_a_dead_kernel_stops_the_notebook():
    problem, _ = show(Kernel([KernelDied("the kernel died while the cell ran")]), code("boom", "raises-exception"))
    assert problem == "In [1]: the kernel died while the cell ran"


def test_empty_cells_are_not_run():
    assert show(Kernel(), code(" \n")) == (None, "")


@pytest.mark.parametrize("wait, left", [(False, ["b\n"]), (True, ["b\n"])])
def test_clear_output(wait, left):
    cell, collector = Cell(1), Collector()
    collector.begin("request 1", cell)
    collector.handle(stream("a\n"))
    collector.handle(message("clear_output", {"wait": wait}))
    assert [output.text for output in cell.outputs] == (["a\n"] if wait else [])
    collector.handle(stream("b\n"))
    assert [output.text for output in cell.outputs] == left


def test_streams_are_joined_only_where_they_follow_each_other():
    cell, collector = Cell(1), Collector()
    collector.begin("request 1", cell)
    for item in (stream("a"), stream("b"), stream("c", "stderr"), stream("d")):
        collector.handle(item)
    assert cell.outputs == [Stream("stdout", "ab"), Stream("stderr", "c"), Stream("stdout", "d")]


def test_a_bundle_without_text_names_its_types():
    assert show_notebook.output_lines(Shown({"text/html": "<b/>", "image/png": ""}), 1, PLAIN) == [
        "        <image/png, text/html>"
    ]


def test_an_error_without_traceback():
    assert show_notebook.output_lines(Failure("ValueError", "why", []), 1, PLAIN) == ["        ValueError: why"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    "stream, environment, colour",
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"TERM": "xterm"}, False),
    ],
)
def test_colours(stream, environment, colour):
    assert show_notebook.terminal_style(stream, environment).colour == colour


def test_an_unknown_kernel_is_a_message(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "")
    path = tmp_path / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    assert show_notebook.main(["--build-dir", str(tmp_path), "--kernel", "no-such-kernel", str(path)]) == 1
    assert "there is no kernel no-such-kernel" in capsys.readouterr().err


def test_a_missing_notebook_is_a_message(tmp_path, capsys):
    with pytest.raises(SystemExit) as refused:
        show_notebook.main([str(tmp_path / "none.ipynb")])
    assert refused.value.code == 2
    assert "there is no notebook" in capsys.readouterr().err
