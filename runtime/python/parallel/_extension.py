"""What IPython calls: `%load_ext parallel`. IPython itself is imported here and nowhere else, and only then."""

from __future__ import annotations


def load_ipython_extension(ipython) -> None:
    """Add the magics of `parallel` to IPython. The kernel does it by itself; elsewhere: `%load_ext parallel`.

    `%lsmagic` lists them then, and `%works?` explains one.
    """
    from parallel import _magics

    _magics.load(ipython)


def unload_ipython_extension(ipython) -> None:
    """Take the magics of `parallel` away again: `%unload_ext parallel`."""
    from parallel import _magics

    _magics.unload(ipython)
