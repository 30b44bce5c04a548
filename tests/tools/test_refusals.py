"""What the project does not run on is refused with one sentence: by CMake, by the compiler, and by the import."""

import shutil
import subprocess
import sys
import sysconfig

import pytest

# What makes this Python pretend to be another, and what is said of that.
OTHERS = {
    "sys.implementation.name = 'pypy'": "needs CPython, and this is pypy",
    "sys.version_info = (3, 10, 4)": "needs CPython 3.11 or newer, and this is 3.10.4",
    "sysconfig.get_config_var = lambda name: name == 'Py_GIL_DISABLED'": "needs the ordinary build of CPython",
    "sys.maxsize = 2**31 - 1": "needs a 64-bit CPython",
    "sys.platform = 'darwin'": "needs Linux, and this is macOS",
    "sys.platform = 'win32'": "needs Linux, and this is Windows",
    "os.confstr = lambda name: int(name)": "needs a Linux with glibc",
}
PRETEND = "import os, runpy, sys, sysconfig\n"


@pytest.mark.parametrize("change", OTHERS)
def test_by_cmake(root, tmp_path, change):
    python = tmp_path / "python"
    run = "sys.argv[:1] = []\nrunpy.run_path(sys.argv[0], run_name='__main__')\n"
    python.write_text(f"#!{sys.executable}\n{PRETEND}{change}\n{run}")
    python.chmod(0o755)
    command = ["cmake", "-G", "Ninja", "-S", root, "-B", tmp_path / "build", f"-DPython3_EXECUTABLE={python}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert f"xeus-parallel {OTHERS[change]}" in " ".join(done.stderr.split())


@pytest.mark.parametrize("change", OTHERS)
def test_by_the_import(root, tmp_path, change):
    package = tmp_path / "parallel"
    package.mkdir()
    for name in ("__init__.py", "_other_python.py"):
        shutil.copy(root / "runtime/python/parallel" / name, package)
    program = [sys.executable, "-c", f"{PRETEND}import importlib.machinery\n{change}\nimport parallel"]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr.splitlines()[-1].startswith(f"ImportError: xeus-parallel {OTHERS[change]}")


@pytest.mark.parametrize(
    "macro, said",
    [
        ("PYPY_VERSION", "needs CPython: other implementations"),
        ("GRAALVM_PYTHON", "needs CPython: other implementations"),
        ("Py_GIL_DISABLED", "does not run in free-threaded builds"),
    ],
)
def test_by_the_compiler(root, macro, said):
    command = ["c++", "-std=c++20", "-fsyntax-only", f"-I{root}", f"-I{sysconfig.get_path('include')}", "-xc++", "-"]
    source = '#include "runtime/python/glue/compat.hpp"\n'
    assert subprocess.run(command, input=source, text=True, timeout=60).returncode == 0
    done = subprocess.run([*command, f"-D{macro}=1"], input=source, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0 and said in done.stderr
