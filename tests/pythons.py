"""What tests ask of the interpreter that runs them."""

import os
import sys
from pathlib import Path

import pytest

import parallel

# Other versions are never patched: works are protected by twins there.
HAS_PATCHES = sys.version_info < (3, 12)
needs_patches = pytest.mark.skipif(not HAS_PATCHES, reason="only CPython 3.11 is patched, here works run twins")
MEANS = [pytest.param("patches", marks=needs_patches), "twins"]

_folders = {*Path(os.__file__).parents, *Path(parallel.__file__).parents}
needs_readable_python = pytest.mark.skipif(
    os.geteuid() == 0 and not all(folder.stat().st_mode & 0o001 for folder in _folders),
    reason="this Python or the build lies in a folder that only root may enter, and the program becomes another user",
)
