"""What IPython calls: `%load_ext parallel`. IPython itself is imported here and nowhere else, and only then."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(ipython: InteractiveShell) -> None:
    """Add the magics of `parallel` to IPython. The kernel does it by itself; elsewhere: `%load_ext parallel`.

    `%lsmagic` lists them then, and `%works?` explains one.
    """
    from parallel import _magics

    _magics.load(ipython)


def unload_ipython_extension(ipython: InteractiveShell) -> None:
    """Take the magics of `parallel` away again: `%unload_ext parallel`."""
    from parallel import _magics

    _magics.unload(ipython)
