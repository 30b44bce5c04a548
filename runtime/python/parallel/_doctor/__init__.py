"""What a report about a program needs to say, and whether this machine has what works need.

Facts (`machine`, `interpreter`, `packages`) are plain data, `judge_*` say what they mean, `text` how it looks.
"""

from __future__ import annotations

from typing import Any


def show_versions(as_dict: bool = False) -> dict[str, Any] | None:
    """Print what a report about this program needs to say: versions, libraries, limits of the machine.

    Versions of xeus-parallel, Python, the system and the packages that matter, those installed as well as those loaded
    here; the BLAS and OpenMP libraries that threadpoolctl has found, if it is loaded; variables like OMP_NUM_THREADS
    that are set; and what `python3 -m parallel doctor` checks, as far as that needs no import and no work: nothing
    pending starts. A child is forked for a moment, to see whether its memory can be read.

    Args:
        as_dict: return all that as a dict, which json takes, and print nothing.

    Returns: None; with `as_dict` a dict with `python`, `system`, `packages` (a dict of `installed` and `loaded` for
    each), `environment`, `thread_pools`, `protection` and `checks`, a list of dicts of `check`, `mark` ("ok", "advice",
    "problem" or "unknown"), `found` and `advice`.

    Raises: nothing of its own; a part that could not be looked at says why in its place.

    >>> facts = show_versions(as_dict=True)
    >>> facts["packages"]["numpy"]["installed"] is not None, [row["mark"] for row in facts["checks"]][0]
    (True, 'ok')
    """
    from parallel._doctor import text, versions  # 10 ms that no program needs that does not ask

    data = versions.gather()
    if as_dict:
        return data
    print("\n".join(text.versions(data)))
    return None
