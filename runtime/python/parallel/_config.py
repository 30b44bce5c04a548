"""What `configure()` sets."""

from __future__ import annotations

import operator

from parallel import _core

_contexts: int | None = None


def contexts() -> int:
    """How many contexts a batch may have: what was configured, or one for each processor this process may use."""
    return _contexts if _contexts is not None else _core.processors()


def configure(*, contexts: int | None = None) -> None:
    """Change how works are run from now on; what is left out stays as it is.

    Args:
        contexts: how many contexts may run works at once, at least 1. At first it is one for each usable processor (affinity mask
            and cgroup quota).

    Raises: TypeError or ValueError when a value makes no sense; nothing is changed then.

    >>> configure(contexts=4)
    """
    global _contexts
    if contexts is not None:
        number = operator.index(contexts)
        if not 1 <= number <= 4096:
            raise ValueError(f"contexts must be between 1 and 4096, not {number}")
        _contexts = number
