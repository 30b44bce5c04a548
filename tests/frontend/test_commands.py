"""Notebooks run from the command line: nbconvert's pages show how live views ended, papermill passes parameters."""

import subprocess
import sys

import nbformat
import nbformat.v4
import pytest

SECONDS = 90

# The view is shown before anything is pushed: what a page has of the items came by updates.
GROWING = """\
import time
grown = xlist(name='grown')
display(grown)
def grow():
    time.sleep(0.3)
    for n in range(40):
        grown.push(f'item-{n:02}')
for _ in range(2):
    parallel.submit_work(grow)
"""


def command(*arguments, environment=None):
    """Run a program of the environment that this is; what it has done."""
    program, *rest = arguments
    path = f"{sys.prefix}/bin/{program}"
    return subprocess.run([path, *map(str, rest)], capture_output=True, text=True, timeout=SECONDS, env=environment)


def write(path, *sources, tags=()):
    """A notebook for this kernel; the first cell has the tags."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = list(tags)
    kernelspec = {"name": "xparallel", "display_name": "Python (parallel)", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    return path


def outputs(path):
    """All text of the outputs of a notebook, cell by cell of those with code."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return ["".join(str(output.get("text", output.get("data", ""))) for output in cell.outputs) for cell in cells]


@pytest.mark.parametrize("waiting", ["parallel.run()", "print('over')"], ids=["run", "background"])
def test_a_page_shows_how_views_ended(tmp_path, waiting):
    """Also of work that went on in the background: a later cell waits for it."""
    notebook = write(tmp_path / "views.ipynb", GROWING + waiting, "parallel.run()\nprint(len(grown), 'in the end')")
    done = command("jupyter-nbconvert", "--to", "html", "--execute", notebook)
    assert done.returncode == 0, done.stderr
    # Style and code are not what is looked for; the last item of either work is pushed last of all.
    body = notebook.with_suffix(".html").read_text().partition("</head>")[2]
    view = body.partition("jp-OutputArea-output")[2].partition("jp-Cell-inputWrapper")[0]
    assert "grown" in view and "item-39" in view, view
    assert "running" not in view
    assert "80 in the end" in body


def test_papermill_passes_parameters(tmp_path):
    notebook = write(
        tmp_path / "in.ipynb",
        "times = 1\nname = 'nobody'",
        "found = xlist(name='found')\nfor n in range(times): parallel.submit_work(found.push, f'{name} {n}')\n"
        "parallel.run()\nfound",
        tags=["parameters"],
    )
    result = tmp_path / "out.ipynb"
    done = command("papermill", notebook, result, "-p", "times", 3, "-p", "name", "Ada")
    assert done.returncode == 0, done.stderr
    assert "Ada 2" in outputs(result)[-1] and "nobody" not in outputs(result)[-1]


def test_papermill_keeps_what_was_done_before_an_error(tmp_path):
    bad = "parallel.submit_work(lambda: 1 / 0)\nparallel.run()"
    notebook = write(tmp_path / "in.ipynb", GROWING + "parallel.run()", bad)
    result = tmp_path / "out.ipynb"
    done = command("papermill", notebook, result)
    assert done.returncode != 0 and "ZeroDivisionError" in done.stderr
    assert any("item-39" in text for text in outputs(result))
    errors = [o for cell in nbformat.read(result, 4).cells for o in cell.get("outputs", []) if o.output_type == "error"]
    assert [error.ename for error in errors] == ["ZeroDivisionError"]


def test_an_active_virtual_environment_is_used(tmp_path, monkeypatch):
    """Its IPython is newer than Debian's by years, its ipywidgets find their comms, and works run as ever."""
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    notebook = write(
        tmp_path / "in.ipynb",
        "import sys, IPython, ipywidgets\nprint(sys.prefix, IPython.version_info[0])",
        GROWING + "parallel.run()",
        "slider = ipywidgets.IntSlider(value=5, description='amount')\nslider",
        "%timeit -n1 -r1 pass\nawait __import__('asyncio').sleep(0)\nparallel.submit_work(lambda: 6 * 7).result()",
    )
    result = tmp_path / "out.ipynb"
    done = command("papermill", notebook, result)
    assert done.returncode == 0, done.stderr
    where, view, slider, last = outputs(result)
    prefix, version = where.split()
    assert prefix == sys.prefix and int(version) >= 9
    assert "item-39" in view and "widget-view" in slider and "'42'" in last
    state = nbformat.read(result, 4).metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    assert any(model["state"].get("value") == 5 for model in state.values())
