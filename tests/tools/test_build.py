"""What `make build` builds: no more than users run, and Python files that need no build."""

import os
import re
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["XPAR_BUILD_DIR"])
PACKAGES = {"parallel": "runtime/python/parallel", "xparallel_kernel": "kernel/python/xparallel_kernel"}


def ninja(*arguments):
    done = subprocess.run(["ninja", "-C", BUILD, "-t", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_tests_and_benchmarks_are_not_built_for_users():
    made = ninja("inputs", "all")
    assert any(name.startswith("kernel/") for name in made) and any("module/engine.cpp" in name for name in made)
    assert not [name for name in made if re.search(r"(^|/)tests/|_test\b|_bench\b|probe", name)]


def test_tests_have_a_target_of_their_own():
    """It is what the suites need: in none of these trees is it empty."""
    programs = {line.partition(":")[0] for line in ninja("targets", "all")}
    for path in (Path(__file__).parent.parent / "unit").glob("*_test.cpp"):
        assert f"bin/{path.stem}" in programs


@pytest.mark.parametrize("package, folder", PACKAGES.items())
def test_python_files_are_links_to_all_of_the_package(root, package, folder):
    sources = {path.relative_to(root / folder) for path in (root / folder).rglob("*.py*") if path.suffix != ".pyc"}
    assert len(sources) > 20
    for source in sources:
        link = BUILD / "python" / package / source
        assert link.is_symlink() and link.resolve() == root / folder / source, f"{source} is in no CMakeLists.txt"
