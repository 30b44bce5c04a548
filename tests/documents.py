"""The project's pages: its Markdown files, wherever they are."""

import os
from pathlib import Path

# What build trees and virtual environments have at their root: pages in them are others', or copies.
_OF_OTHERS = {"CMakeCache.txt", "pyvenv.cfg"}


def pages(root: Path) -> list[Path]:
    found = []
    for folder, folders, files in os.walk(root):
        # Hidden folders are those of tools.
        folders[:] = [
            name for name in folders if name[0] != "." and _OF_OTHERS.isdisjoint(os.listdir(Path(folder, name)))
        ]
        found += [Path(folder, name) for name in files if name.endswith(".md")]
    return sorted(found)
