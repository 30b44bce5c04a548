"""What is wrong is found, and what has not changed since it passed is not looked at again."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# Looks for the word WRONG in a file and the headers beside it, tells which headers those are, and notes each call.
STAND_IN = """#!{python}
import pathlib, re, sys
if sys.argv[1] == "--version":
    print("version", {version!r})
    sys.exit()
source = pathlib.Path(sys.argv[-1])
with open({calls!r}, "a") as calls:
    print(source.name, file=calls)
headers = [source.parent / name for name in re.findall('#include "(.*)"', source.read_text())]
for header in headers:
    print(".", header, file=sys.stderr)
print("1 warning generated.", file=sys.stderr)
wrong = [file for file in [source, *headers] if "WRONG" in file.read_text()]
for file in wrong:
    print(f"{{file}}:1:1: error: it is wrong [some-check]")
{after}
sys.exit(len(wrong))
"""


class Tree:
    """A source tree with its build tree."""

    def __init__(self, root: Path, program: Path) -> None:
        self.root, self.program = root, program
        self.build = root / "build"
        self.build.mkdir()
        self.calls = root / "calls"
        self.clang_tidy = str(root / "clang-tidy")
        self.install()

    def install(self, version: str = "1", after: str = "") -> None:
        text = STAND_IN.format(python=sys.executable, version=version, calls=str(self.calls), after=after)
        Path(self.clang_tidy).write_text(text)
        Path(self.clang_tidy).chmod(0o755)

    def write(self, files: dict[str, str], flags: str = "") -> None:
        """Writes {path: text}; the .cpp files there are then make the compile commands."""
        for name, text in files.items():
            (self.root / name).write_text(text)
        entries = [
            {"directory": str(self.build), "command": f"c++ {flags} -c {file}", "file": str(file)}
            for file in sorted(self.root.glob("*.cpp"))
        ]
        (self.build / "compile_commands.json").write_text(json.dumps(entries))

    def run(self, *files: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self.program), "--build-dir", str(self.build), "--clang-tidy", self.clang_tidy]
        return subprocess.run([*command, *files], cwd=self.root, capture_output=True, text=True)

    def looked_at(self) -> list[str]:
        """The files that have been looked at since the last call."""
        if not self.calls.exists():
            return []
        names = sorted(self.calls.read_text().split())
        self.calls.unlink()
        return names


@pytest.fixture
def tree(root: Path, tmp_path: Path) -> Tree:
    return Tree(tmp_path, root / "scripts/clang_tidy.py")


def test_a_wrong_file_is_found_each_time(tree: Tree) -> None:
    tree.write({"a.cpp": '#include "a.hpp"\nWRONG\n', "b.cpp": '#include "a.hpp"\n', "a.hpp": ""})
    for unchanged in range(2):
        done = tree.run()
        assert done.returncode == 1, done.stderr
        finding = f"{tree.root}/a.cpp:1:1: error: it is wrong [some-check]"
        last = f"2 files, {unchanged} unchanged since they passed, 1 with findings"
        assert done.stdout.splitlines() == [finding, last]
    assert tree.looked_at() == ["a.cpp", "a.cpp", "b.cpp"]


def test_a_file_that_passes_is_not_looked_at_again(tree: Tree) -> None:
    tree.write({"a.cpp": '#include "a.hpp"\n', "a.hpp": ""})
    assert tree.run().returncode == 0
    assert tree.looked_at() == ["a.cpp"]
    again = tree.run()
    assert (again.returncode, again.stdout) == (0, "1 files, 1 unchanged since they passed, 0 with findings\n")
    assert tree.looked_at() == []


CHANGES: dict[str, Callable[[Tree], object]] = {
    "its text": lambda tree: tree.write({"a.cpp": '#include "a.hpp"\n\n'}),
    "a header": lambda tree: tree.write({"a.hpp": "// another\n"}),
    "a header it no longer has": lambda tree: shutil.move(tree.root / "a.hpp", tree.root / "a.cpp"),
    "the compile command": lambda tree: tree.write({}, flags="-O2"),
    "the settings": lambda tree: tree.write({".clang-tidy": "Checks: '*'\n"}),
    "the version": lambda tree: tree.install(version="2"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_makes_it_looked_at_again(tree: Tree, what: str) -> None:
    tree.write({"a.cpp": '#include "a.hpp"\n', "a.hpp": ""})
    assert tree.run().returncode == 0
    tree.looked_at()
    CHANGES[what](tree)
    assert tree.run().returncode == 0
    assert tree.looked_at() == ["a.cpp"]


def test_a_header_that_becomes_wrong_is_found(tree: Tree) -> None:
    tree.write({"a.cpp": '#include "a.hpp"\n', "b.cpp": '#include "b.hpp"\n', "a.hpp": "", "b.hpp": ""})
    assert tree.run().returncode == 0
    tree.write({"a.hpp": "WRONG\n"})
    done = tree.run()
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == f"{tree.root}/a.hpp:1:1: error: it is wrong [some-check]"
    assert tree.looked_at() == ["a.cpp", "a.cpp", "b.cpp"]


def test_a_change_while_it_is_looked_at_is_not_missed(tree: Tree) -> None:
    tree.write({"a.cpp": '#include "a.hpp"\n', "a.hpp": ""})
    tree.install(after="headers[0].write_text('WRONG')")
    assert tree.run().returncode == 0
    assert tree.run().returncode == 1


def test_no_finding_is_swallowed(tree: Tree) -> None:
    """A warning that is no error, and a program that dies without a word about the file."""
    tree.write({"a.cpp": '#include "a.hpp"\n', "a.hpp": ""})
    tree.install(after="print('a.cpp:1:1: warning: odd [some-check]')")
    assert tree.run().returncode == 1
    tree.install(after="sys.exit('it broke')")
    for _ in range(2):
        done = tree.run()
        assert done.returncode == 1
        assert done.stdout.splitlines()[:2] == ["1 warning generated.", "it broke"]


def test_only_named_files_are_looked_at(tree: Tree) -> None:
    tree.write({"a.cpp": '#include "a.hpp"\n', "b.cpp": "WRONG\n", "a.hpp": ""})
    assert tree.run("a.cpp").returncode == 0
    assert tree.run(str(tree.root / "b.cpp")).returncode == 1
    assert tree.looked_at() == ["a.cpp", "b.cpp"]


def test_what_cannot_be_checked(tree: Tree) -> None:
    done = tree.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert "compile_commands.json is missing" in done.stderr and "make build" in done.stderr
    tree.write({"a.cpp": "", "a.hpp": ""})
    done = tree.run("a.hpp")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tree.root}/a.hpp is no file that the build tree compiles" in done.stderr
    Path(tree.clang_tidy).unlink()
    done = tree.run()
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{tree.clang_tidy} does not run" in done.stderr


def test_the_real_one_with_the_settings_of_the_project(root: Path, tree: Tree) -> None:
    tree.clang_tidy = f"{os.environ['XPAR_BUILD_DIR']}/lint/venv/bin/clang-tidy"
    os.symlink(root / ".clang-tidy", tree.root / ".clang-tidy")
    tree.write({"a.cpp": '#include "a.hpp"\n', "a.hpp": "// nothing\n"})
    assert tree.run().returncode == 0
    assert "1 unchanged" in tree.run().stdout
    tree.write({"a.cpp": '#include "a.hpp"\nvoid Wrong() {}\n'})
    done = tree.run()
    assert done.returncode == 1
    assert "[readability-identifier-naming," in done.stdout
