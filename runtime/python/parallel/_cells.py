"""How code typed into cells of IPython is called in a traceback."""

from __future__ import annotations

import re
import sys
from typing import Any

# The bars are those of exception groups.
_PLACE = re.compile(r'^([\s|]*)File "([^"\n]+)", line (\d+)', re.MULTILINE)


def named(text: str) -> str:
    """A traceback's text with `Cell In [3], line 7` where it has the file name that IPython made up for a cell."""
    numbers = _numbers()

    def place(found: re.Match[str]) -> str:
        number = numbers.get(found[2])
        return found[0] if number is None else f"{found[1]}Cell In [{number}], line {found[3]}"

    return _PLACE.sub(place, text) if numbers else text


def running_number(shell: Any) -> int | None:
    """The number of the cell that `shell` runs now, or ran last; None for a shell that counts nothing.

    IPython 9 counts on before it runs a cell, earlier ones after it: the display hook knows which.
    """
    displays = getattr(getattr(shell, "displayhook", None), "prompt_count", None)
    return getattr(shell, "execution_count", None) if displays is None else displays


def _numbers() -> dict[str, int]:
    """The execution count of each cell, by the name of its code's file; empty outside of IPython."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(getattr(shell, "compile", None), "_filename_map", None) or {}
