"""scripts/lint.py, and that each kind of mistake is found by the check that is there for it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import check_subjects
import junit
import lint

TOOLS = Path(os.environ["XPAR_BUILD_DIR"]) / "lint/venv/bin"


@pytest.fixture
def project(root, tmp_path, monkeypatch):
    """A small project with this one's settings, for lint.py to look at."""
    for name in (".clang-format", "pyproject.toml"):
        shutil.copy(root / name, tmp_path)
    (tmp_path / "build/lint").mkdir(parents=True)
    (tmp_path / "build/lint/venv").symlink_to(TOOLS.parent)
    monkeypatch.setattr(lint, "ROOT", tmp_path)
    subprocess.run(["git", "init", "-q", "."], cwd=tmp_path, check=True)
    return tmp_path


def look(project, check, *options):
    """The exit status for that check alone."""
    return lint.main(["--build-dir", str(project / "build"), "--only", check, *options])


def write(project, name, text):
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


BAD_AND_GOOD = [
    ("clang-format", "kernel/a.cpp", "int   f( ) {return 1;}\n", "int f() {\n    return 1;\n}\n"),
    ("ruff-format", "scripts/a.py", "x = 'a'\n", 'x = "a"\n'),
    ("ruff", "scripts/a.py", "import os\n", "import os\n\nprint(os.name)\n"),
    ("shellcheck", "scripts/a", "#!/bin/sh\necho $1\n", '#!/bin/sh\necho "$1"\n'),
]


@pytest.mark.parametrize("check, name, bad, good", BAD_AND_GOOD, ids=lambda value: value if "/" not in value else "")
def test_a_mistake_is_found_and_what_is_right_passes(project, capsys, check, name, bad, good):
    write(project, name, bad)
    assert look(project, check) == 1
    assert "FAILED" in capsys.readouterr().out
    write(project, name, good)
    assert look(project, check) == 0
    assert "FAILED" not in capsys.readouterr().out


@pytest.mark.parametrize(
    "check, name, bad, good", BAD_AND_GOOD[:2], ids=lambda value: value if "/" not in value else ""
)
def test_formatters_mend_what_they_find(project, check, name, bad, good):
    path = write(project, name, bad)
    assert look(project, check, "--fix") == 0
    assert path.read_text() == good


def test_an_untyped_public_function_is_found(project, capsys):
    package = "runtime/python/parallel"
    write(project, "kernel/python/xparallel_kernel/__init__.py", "")
    write(project, "scripts/a.py", "")
    write(project, "benchmarks/b.py", "")
    write(project, f"{package}/__init__.py", "def run(seconds):\n    return seconds\n")
    assert look(project, "mypy") == 1
    assert "no-untyped-def" in capsys.readouterr().out
    write(project, f"{package}/__init__.py", "def run(seconds: float) -> float:\n    return seconds\n")
    assert look(project, "mypy") == 0


def test_files_that_are_named_are_looked_at_alone(project):
    write(project, "scripts/bad.py", "x = 'a'\n")
    good = write(project, "scripts/good.py", 'x = "a"\n')
    assert look(project, "ruff-format", str(good)) == 0
    assert look(project, "ruff-format") == 1


def test_programs_of_users_are_left_as_they_are(project):
    write(project, "tests/kernel/protection_cases/benign/a.py", "x = 'a'\n")
    assert look(project, "ruff-format") == 0


def test_a_tool_that_is_not_there_fails_with_what_to_do(project, capsys):
    (project / "build/lint/venv").unlink()
    write(project, "scripts/a.py", "x = 1\n")
    assert look(project, "ruff") == 1
    assert "make lint" in capsys.readouterr().out


def test_the_report_has_a_case_for_each_check(project):
    write(project, "scripts/a.py", "x = 'a'\n")
    assert look(project, "ruff-format", "--only", "ruff", "--report", str(project / "report.xml")) == 1
    report = junit.read(project / "report.xml")
    assert report.count == junit.Count(passed=1, failed=1)
    assert [name for _, name in report.times] == ["lint::ruff-format", "lint::ruff"]


# ---- subjects of commits ---------------------------------------------------------------------------------------------


def commit(project, subject):
    identity = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", subject], cwd=project, check=True)


def test_subjects_after_the_rule(project, monkeypatch, capsys):
    monkeypatch.setattr(check_subjects, "ROOT", project)
    commit(project, "x" * 90)
    before = subprocess.run(["git", "rev-parse", "HEAD"], cwd=project, capture_output=True, text=True).stdout.strip()
    commit(project, "y" * 72)
    monkeypatch.setattr(check_subjects, "BEGINNING", before)
    assert check_subjects.main([]) == 0
    commit(project, "z" * 73)
    assert check_subjects.main([]) == 1
    assert "z" * 73 in capsys.readouterr().out


def test_the_message_that_is_being_written(tmp_path):
    message = tmp_path / "message"
    message.write_text("A subject\n\n" + "a body of any width " * 10)
    assert check_subjects.main([str(message)]) == 0
    message.write_text("s" * 73 + "\n")
    assert check_subjects.main([str(message)]) == 1


def test_pre_commit_names_checks_that_exist(root):
    text = (root / ".pre-commit-config.yaml").read_text()
    named = [line.partition("--only ")[2].split()[0] for line in text.splitlines() if "--only " in line]
    assert named and set(named) <= {check.name for check in lint.CHECKS}
