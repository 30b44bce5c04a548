"""Makes the scripts importable under their own names; they are programs, no package."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]


@pytest.fixture
def root():
    """The project's root folder."""
    return ROOT
