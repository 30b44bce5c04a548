"""The CPythons of a machine, by version: in PATH, and where pyenv and uv put them."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

# Can a module be built for it? The ordinary build of CPython, with headers, and with what makes environments.
_PROBE = """
import importlib.util, os, sys, sysconfig
fits = sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED")
fits = fits and os.path.exists(sysconfig.get_config_h_filename()) and importlib.util.find_spec("ensurepip")
print(".".join(map(str, sys.version_info[:2])) if fits else "")
"""


def _candidates(version: str) -> Iterator[Path]:
    if found := shutil.which(f"python{version}"):
        yield Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python")).expanduser()
    for folder, pattern in ((pyenv / "versions", f"{version}.*"), (uv, f"cpython-{version}.*")):
        yield from sorted(folder.glob(f"{pattern}/bin/python{version}"), reverse=True)


@functools.cache
def find(version: str) -> Path | None:
    """A CPython of that version, such as "3.13", or None."""
    for python in _candidates(version):
        try:
            probed = subprocess.run([python, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if probed.stdout.strip() == version:  # pyenv's commands are there for versions that are not, too
            return python
    return None
