"""Every notebook of notebooks/ runs on the kernel of the build tree, as nbclient, nbconvert and `make demo` run it."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import nbformat.v4
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("XPAR_BUILD_DIR", ROOT / "build"))
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# Seconds a cell of a notebook may take on a small machine.
CELL_LIMIT = 120


@pytest.fixture(autouse=True)
def kernels(monkeypatch):
    """Lets Jupyter find the kernel of the build tree first."""
    monkeypatch.setenv("JUPYTER_PATH", str(BUILD / "share/jupyter"))


def show(path, *options, before=()):
    command = [
        *before,
        sys.executable,
        str(ROOT / "scripts/show_notebook.py"),
        "--build-dir",
        str(BUILD),
        *options,
        str(path),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def write(path, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_the_tour_starts_with_the_quickstart():
    assert "quickstart.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_runs_in_nbclient(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "xparallel"  # so that JupyterLab selects it
    client = NotebookClient(
        notebook,
        kernel_name="xparallel",
        timeout=CELL_LIMIT,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_is_saved_with_what_it_shows(path):
    """So that it can be read where nothing runs, on a code host for one; and without paths of the machine it ran on."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert sum(bool(cell.outputs) for cell in code) * 2 > len(code)
    text = path.read_text()
    assert str(ROOT) not in text and "/tmp/" not in text and "/root/" not in text and "/home/" not in text


def test_save_notebooks_saves_outputs(tmp_path):
    script = str(ROOT / "scripts/save_notebooks.py")
    book = write(tmp_path / "book.ipynb", "print('said')", "1 + 1", "display(3)")
    done = subprocess.run(
        [sys.executable, script, "--build-dir", str(BUILD), str(book)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    first, second, third = nbformat.read(book, as_version=4).cells
    assert first.outputs[0].text == "said\n" and second.outputs[0].data["text/plain"] == "2"
    assert third.outputs[0].output_type == "display_data" and third.execution_count == 3
    before = write(tmp_path / "bad.ipynb", "1/0").read_text()
    done = subprocess.run(
        [sys.executable, script, "--build-dir", str(BUILD), str(tmp_path / "bad.ipynb")], capture_output=True, text=True
    )
    assert done.returncode == 1 and "In [1] raised ZeroDivisionError" in done.stderr
    assert (tmp_path / "bad.ipynb").read_text() == before


def test_the_demo_runs_and_prints():
    done = show(ROOT / "notebooks/quickstart.ipynb")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "In [1]: " in done.stdout
    assert "on the kernel xparallel" in done.stdout.splitlines()[-1]


def test_what_the_machine_lacks_is_told_after_the_notebook(tmp_path):
    path = write(tmp_path / "small.ipynb", "1 + 1")
    done = show(path, "--doctor", before=["taskset", "-c", str(min(os.sched_getaffinity(0)))])
    _, told = done.stdout.split("on the kernel xparallel\n")
    assert done.returncode == 0 and "What is not as it could be on this machine" in told
    assert "advice   processors: 1 of" in told and "\nok" not in told and "kernel:" not in told


def test_show_notebook_reports_an_error(tmp_path):
    done = show(write(tmp_path / "bad.ipynb", "print('before')", "1/0", "print('after')"))
    assert done.returncode == 1
    assert "before" in done.stdout and "ZeroDivisionError" in done.stdout
    assert "after" not in done.stdout
    assert "In [2] raised ZeroDivisionError" in done.stderr


def test_show_notebook_reports_a_dead_kernel(tmp_path):
    done = show(write(tmp_path / "dead.ipynb", "import os\nos._exit(1)"))
    assert done.returncode == 1
    assert "the kernel died" in done.stderr
