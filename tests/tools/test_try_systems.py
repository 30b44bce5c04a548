"""scripts/try_systems.py, with programs that pretend to make a system and to enter it."""

import os
import subprocess
import sys

import pytest

import try_systems

# Of a command in the system: what it prints, and how it ends.
OUTCOMES = {"make demo": ("11 cells\n", 0), "make test": ("one\n5 passed, 0 failed\n", 0)}


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A function that tries one system, whose commands end as told; what it printed, its answer, and its folder."""

    def program(name, body):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def attempt(capsys, outcomes=OUTCOMES, debootstrap='for last; do :; done; mkdir -p "$4/root" "$4/etc/ssl/certs"'):
        program("debootstrap", debootstrap)
        for name in ("mount", "umount"):
            program(name, "exit 0")
        cases = "".join(f"*'{key}') printf '%b' '{text}'; exit {status};;" for key, (text, status) in outcomes.items())
        program("chroot", f'case "$4" in {cases} esac; exit 9')
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
        place = tmp_path / "systems"
        place.mkdir()
        answer = try_systems.try_system("trixie", ["demo", "test"], place, keep=False)
        return capsys.readouterr().out.splitlines(), answer, place

    return attempt


def test_one_line_for_each_command(system, capsys):
    lines, answer, place = system(capsys)
    assert answer and len(lines) == 2
    assert lines[0].startswith("Debian 13       make demo   ok, ") and lines[0].endswith(" s: 11 cells")
    assert lines[1].endswith(" s: 5 passed, 0 failed")
    assert not (place / "trixie").exists() and (place / "trixie-test.log").read_text().startswith("one\n")


def test_what_fails_is_said_and_the_rest_is_tried(system, capsys):
    lines, answer, _ = system(capsys, {**OUTCOMES, "make demo": ("no such thing\n", 2)})
    assert not answer and "make demo   FAILED with status 2" in lines[0] and "5 passed" in lines[1]


def test_a_system_that_cannot_be_made(system, capsys):
    lines, answer, _ = system(capsys, debootstrap="exit 1")
    assert not answer and len(lines) == 1 and lines[0].startswith("Debian 13       not made: debootstrap")


def test_nothing_is_removed_where_something_is_mounted(monkeypatch, tmp_path):
    with pytest.raises(SystemExit, match="is mounted in /proc"):
        try_systems.remove(try_systems.Path("/proc"))


def test_it_says_what_it_needs(root, tmp_path):
    command = [sys.executable, root / "scripts/try_systems.py", "--build-dir", tmp_path]
    done = subprocess.run(command, env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 2 and "needs root and debootstrap" in done.stderr
