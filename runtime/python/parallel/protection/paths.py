"""Whose code a file is: the user's is what lies under none of the folders named here, or under one that he names."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable

# Folders of these names hold installed packages, wherever they are: in an interpreter, a virtual environment, a home
# folder, or in PYTHONPATH.
LIBRARY_FOLDERS = ("site-packages/", "dist-packages/")


def prefixes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders of this project, and of the standard library; each ends in a slash."""
    own = [os.path.dirname(os.path.dirname(os.path.abspath(__file__)))]
    kernel = importlib.util.find_spec("xparallel_kernel")
    if kernel is not None and kernel.origin is not None:
        own.append(os.path.dirname(kernel.origin))
    return _folders(own), _folders([os.path.dirname(os.__file__)])


def checked(what: str, folders: Iterable[str | os.PathLike[str]]) -> tuple[str, ...]:
    """`folders` as absolute paths; TypeError when it is no list of folders. They need not exist yet."""
    if isinstance(folders, (str, bytes, os.PathLike)):
        raise TypeError(f"{what} is a list of folders: {what}=[{folders!r}]")
    return tuple(os.path.abspath(os.fsdecode(folder)) for folder in folders)


def rules(projects: Iterable[str], libraries: Iterable[str]) -> tuple[tuple[str, bool], ...]:
    """Prefixes of paths, and whether what has them is the user's; the first that fits decides."""
    whose = dict.fromkeys(_folders(libraries), False) | dict.fromkeys(_folders(projects), True)
    return tuple(sorted(whose.items(), key=lambda rule: -len(rule[0])))  # a folder within another has the last word


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    # As written and as resolved: code carries whichever its module was found by.
    both = {os.path.join(form, "") for name in names for form in (name, os.path.realpath(name))}
    return tuple(sorted(both))
