"""What `make demo` says of the machine, with a pretended Python; tests/notebooks asks the real one."""

import json
import stat

import nbformat.v4
import pytest

import doctor_lines
import show_notebook
from notebook_text import Style

PLAIN = Style(width=60)
HUGE = {
    "check": "huge pages",
    "mark": "advice",
    "found": "never: new memory costs more",
    "advice": "as root: echo madvise",
}
WORKS = {
    "check": "works",
    "mark": "problem",
    "found": "a work did not run: fork failed",
    "advice": "see the checks of memory",
}


@pytest.fixture
def python(tmp_path):
    """Makes a program in the place of Python that prints and ends as it is told, and notes how it was called."""

    def make(printed="", errors="", status=0, before=""):
        program, output = tmp_path / "python", tmp_path / "output"
        output.write_text(printed)
        program.write_text(
            f'#!/bin/sh\necho "$PYTHONPATH" "$@" > {tmp_path}/call\n{before}\n'
            f'cat {output}\necho "{errors}" >&2\nexit {status}\n'
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return str(program)

    return make


def test_findings_are_lines_at_the_width_of_the_terminal():
    assert doctor_lines.lines([HUGE, {**WORKS, "found": "a work did not run: " + "very " * 8 + "long"}], PLAIN) == [
        "What is not as it could be on this machine (python3 -m parallel doctor):",
        "advice   huge pages: never: new memory costs more",
        "         -> as root: echo madvise",
        "PROBLEM  works: a work did not run: very very very very very",
        "         very very very long",
        "         -> see the checks of memory",
    ]


def test_nothing_is_printed_where_all_is_ok():
    assert doctor_lines.lines([], PLAIN) == []


def test_colours_are_the_terminals():
    coloured = doctor_lines.lines([WORKS], Style(width=60, colour=True))
    assert "\x1b[31mPROBLEM\x1b[0m  works:" in coloured[1]


def test_the_module_of_the_build_tree_is_asked(python, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    found = doctor_lines.findings(tmp_path / "build", python(json.dumps([HUGE, WORKS]), status=1))
    assert found == [HUGE, WORKS]
    call = (tmp_path / "call").read_text()
    assert call == f"{tmp_path}/build/python:/elsewhere -m parallel doctor --quiet --no-imports --json\n"


@pytest.mark.parametrize(
    "answer, why",
    [
        (
            {"errors": "Traceback ...\nImportError: it is not there", "status": 1},
            "could not look: ImportError: it is not there",
        ),
        ({"printed": "no json"}, "could not look: Expecting value"),
    ],
    ids=["fails", "nonsense"],
)
def test_a_doctor_that_fails_is_a_finding(python, tmp_path, answer, why):
    (finding,) = doctor_lines.findings(tmp_path, python(**answer))
    assert (
        finding["mark"] == "unknown" and finding["found"].startswith(why) and "-m parallel doctor" in finding["advice"]
    )


def test_a_doctor_that_hangs_is_a_finding(python, tmp_path, monkeypatch):
    monkeypatch.setattr(doctor_lines, "SECONDS", 0.2)
    (finding,) = doctor_lines.findings(tmp_path, python(before="exec sleep 20"))
    assert finding["found"] == "could not look: it took more than 0.2 s"


def test_a_python_that_is_not_there_is_a_finding(tmp_path):
    (finding,) = doctor_lines.findings(tmp_path, str(tmp_path / "none"))
    assert "No such file" in finding["found"]


@pytest.mark.parametrize("status", [0, 1])
def test_a_problem_does_not_make_the_demo_fail(tmp_path, monkeypatch, capsys, status):
    monkeypatch.setattr(show_notebook, "run", lambda *_: status)
    monkeypatch.setattr(doctor_lines, "findings", lambda _: [WORKS])
    path = tmp_path / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    assert show_notebook.main(["--doctor", str(path)]) == status
    assert "PROBLEM  works" in capsys.readouterr().out
    show_notebook.main([str(path)])
    assert "works" not in capsys.readouterr().out


@pytest.mark.parametrize("when", ["run", "findings"])
def test_an_interrupt_ends_it_at_once(tmp_path, monkeypatch, capsys, when):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(show_notebook, "run", interrupted if when == "run" else lambda *_: 0)
    monkeypatch.setattr(doctor_lines, "findings", interrupted)
    path = tmp_path / "empty.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    assert show_notebook.main(["--doctor", str(path)]) == 130 and "interrupted" in capsys.readouterr().err
