"""Programs that use `parallel` get the types a reader expects, and the stub of the compiled module tells the truth."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("XPAR_BUILD_DIR", Path(__file__).resolve().parents[2] / "build")).absolute()
PACKAGE = BUILD / "python/parallel"
PROGRAM = Path(__file__).with_name("typed_program.py")

# What each of these functions returns, by the name that the stub has for it.
FACTS = """
import json
from parallel import _core

batch = _core.Batch([print, (), None], [], 1)
batch.start()
while not batch.finish():
    pass
heap = batch.heap(0)
print(json.dumps({name: list(facts) for name, facts in {
    "BuildFacts": _core.build(),
    "CgroupLimits": _core.cgroup_limits(),
    "RegionFacts": _core.region(),
    "ContextFacts": batch.contexts()[0],
    "ContextHeapFacts": heap,
    "HeapFacts": heap["objects"],
    "GuardFacts": _core.guard_facts(),
}.items()}))
"""

# The hints of what is public, as tools find them at run time.
HINTS = """
import typing
import parallel

hints = {name: typing.get_type_hints(getattr(parallel, name)) for name in parallel.__all__ if name != "rdtsc"}
assert typing.get_args(hints["submit_work"]["return"]), hints["submit_work"]
assert typing.get_type_hints(parallel.dict.heap.fget)["return"].__annotations__.keys() == parallel.xlist().heap.keys()
assert typing.get_args(parallel.Work[int]) == typing.get_args(parallel.xlist[int]) == (int,)
"""


@pytest.fixture(scope="module")
def mypy():
    """The mypy of the checks of the sources, or of the machine."""
    installed = BUILD / "lint/venv/bin/mypy"
    found = str(installed) if installed.exists() else shutil.which("mypy")
    assert found is not None, f"there is no {installed}, and no mypy in PATH"
    return Path(found)


def environment(folder):
    """Where Python and mypy find the package that lies in `folder`."""
    return {**os.environ, "PYTHONPATH": str(folder), "MYPYPATH": str(folder)}


def expected():
    """What the comments of the program say: (line, type or error)."""
    told = set()
    for number, line in enumerate(PROGRAM.read_text().splitlines(), 1):
        code, _, comment = line.partition("  # ")
        if code.strip().startswith("reveal_type(") or comment.startswith("error: "):
            told.add((number, comment))
    return told


def found(output):
    """What mypy says, in the same words; names without their modules."""
    told = set()
    for number, kind, text in re.findall(r"^[^:\n]+:(\d+): (error|note): (.*)$", output, re.MULTILINE):
        if revealed := re.fullmatch(r'Revealed type is "(.*)"', text):
            told.add((int(number), re.sub(r"\b(?:\w+\.)+(?=\w)", "", revealed[1])))
        elif kind == "error":
            told.add((int(number), f"error: {text.rpartition('[')[2].rstrip(']')}"))
    return told


def test_a_program_has_the_types_that_a_reader_expects(mypy, tmp_path):
    # Strict, and by no settings of ours: as users have it.
    command = [mypy, "--strict", "--config-file=", "--follow-imports=silent", f"--cache-dir={tmp_path}", PROGRAM]
    done = subprocess.run(command, env=environment(PACKAGE.parent), capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr == ""
    wanted = expected()
    assert len([text for _, text in wanted if text.startswith("error: ")]) > 20
    told = found(done.stdout)
    assert {"not expected": told - wanted, "missing": wanted - told} == {"not expected": set(), "missing": set()}


def test_the_stub_and_the_marker_are_built_with_the_package():
    assert (PACKAGE / "_core.pyi").is_file()
    assert (PACKAGE / "py.typed").is_file()


def test_the_stub_agrees_with_the_compiled_module(mypy, tmp_path):
    package = tmp_path / "parallel"
    shutil.copytree(PACKAGE, package)
    stub = package / "_core.pyi"
    wrong = stub.read_text()
    # Two mistakes, so that it is known that mistakes are found: all others would be found beside them.
    for right, mistake in (
        ("def now_ns() -> int: ...", ""),
        ("def wait(seen: int, timeout: float, /)", "def wait(seen: int, /)"),
    ):
        assert wrong.count(right) == 1
        wrong = wrong.replace(right, mistake)
    stub.write_text(wrong)
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\nfollow_imports = silent\n")
    # With the Python that mypy is installed in, which imports the module.
    command = [mypy.with_name("python3"), "-m", "mypy.stubtest", f"--mypy-config-file={settings}", "parallel._core"]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, cwd=tmp_path)
    mistakes = re.findall(r"^error: parallel\._core\.([\w.]+)", done.stdout, re.MULTILINE)
    assert mistakes == ["now_ns", "wait"], done.stdout + done.stderr
    assert "Found 2 errors (checked 1 module)" in done.stdout


def test_the_stub_has_the_keys_of_facts():
    classes = [node for node in ast.parse((PACKAGE / "_core.pyi").read_text()).body if isinstance(node, ast.ClassDef)]
    told = {
        node.name: [field.target.id for field in node.body if isinstance(field, ast.AnnAssign)]
        for node in classes
        if "TypedDict" in [base.id for base in node.bases if isinstance(base, ast.Name)]
    }
    command = [sys.executable, "-c", FACTS]
    done = subprocess.run(command, env=environment(PACKAGE.parent), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert told == json.loads(done.stdout.splitlines()[-1])


def test_hints_can_be_looked_at_at_run_time():
    command = [sys.executable, "-c", HINTS]
    done = subprocess.run(command, env=environment(PACKAGE.parent), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
