"""That the benchmark scripts run at all; what they measure is no test's business."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("XPAR_BUILD_DIR", ROOT / "build"))


def run(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(BUILD / "python"), "JUPYTER_PATH": str(BUILD / "share/jupyter")}
    command = [sys.executable, str(ROOT / "benchmarks/run.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)


def test_every_script_prints_its_rows(tmp_path):
    done = run("--smoke", "--tables", str(tmp_path))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (tmp_path / "scripts.txt").read_text().splitlines() == lines
    scripts = list((ROOT / "benchmarks").glob("*_bench.py"))
    assert len(scripts) >= 3 and len(lines) > len(scripts)
    assert all("/s" in line for line in lines[1:])


def test_an_unknown_script_is_named():
    done = run("no_such_bench")
    assert done.returncode == 2
    assert "no_such_bench" in done.stderr and "xlist_bench" in done.stderr
