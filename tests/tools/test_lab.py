"""scripts/lab, with a pretended JupyterLab that tells what it was given."""

import os
import subprocess

import pytest


@pytest.fixture
def venv(tmp_path):
    program = tmp_path / "the venv/bin/jupyter-lab"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "environment: ${VIRTUAL_ENV-none}"\necho "path: $JUPYTER_PATH"\n')
    program.chmod(0o755)
    return tmp_path / "the venv"


def lab(root, build, cwd, **variables):
    """Run the script without an environment that is active, but for these variables; its end."""
    build.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "LAB_VENV")}
    command = [root / "scripts/lab", build, "/nowhere/python3"]
    return subprocess.run(command, env=environment | variables, cwd=cwd, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("name", ["{}", "the venv", "./the venv/"])
@pytest.mark.parametrize("active", [{}, {"VIRTUAL_ENV": "/another"}], ids=["none", "another"])
def test_kernels_find_the_packages_of_lab_venv(root, tmp_path, venv, name, active):
    done = lab(root, tmp_path / "build", tmp_path, LAB_VENV=name.format(venv), **active)
    assert f"environment: {venv}\n" in done.stdout and f"path: {tmp_path}/build/share/jupyter" in done.stdout


def test_a_lab_venv_without_jupyterlab_is_refused(root, tmp_path):
    done = lab(root, tmp_path / "build", tmp_path, LAB_VENV="/nowhere")
    assert done.returncode == 2 and "LAB_VENV=/nowhere has no bin/jupyter-lab" in done.stderr


@pytest.mark.parametrize("active", ["none", "/another"])
def test_without_lab_venv_the_active_environment_stays(root, tmp_path, venv, active):
    """JupyterLab's own environment, in the build tree, has nothing that cells would look for."""
    installed = tmp_path / "build/lab/venv"
    installed.parent.mkdir(parents=True)
    venv.rename(installed)
    (installed / "installed").write_text((root / "scripts/requirements-lab.txt").read_text())
    done = lab(root, tmp_path / "build", tmp_path, **({} if active == "none" else {"VIRTUAL_ENV": active}))
    assert f"environment: {active}\n" in done.stdout
