"""Random streams: no two works draw the same numbers, and with a seed each draws the same ones every time.

A fork copies the state of every generator, so all contexts would draw alike. In each context they are seeded anew:
those of the modules `random` and `numpy.random`, and generators that are variables of `__main__` or of a work's module.
With `configure(seed=)` that is done for each work, from the seed and the work's number since then: which context runs
it, and how many there are, makes no difference.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from parallel import _calls, _core

if TYPE_CHECKING:
    # A task: callable, arguments, and keywords or None.
    Task = tuple[Callable[..., "T"], tuple[Any, ...], dict[str, Any] | None]

T = TypeVar("T")

_MT19937_WORDS = 624

_seed: int | None = None
seeds_works = False  # whether works that are submitted draw from streams that follow from a seed
_numbers = itertools.count()


def set_seed(seed: int | None) -> None:
    """Number the works that are submitted from now on, for streams that follow from `seed`; None: fresh ones again."""
    global _seed, _numbers, seeds_works
    _seed, _numbers, seeds_works = seed, itertools.count(), seed is not None


def next_key(count: int = 1) -> tuple[int, int] | None:
    """The seed and the first of `count` numbers of works; None without a seed."""
    if _seed is None:
        return None
    first = next(_numbers)
    for _ in range(count - 1):
        next(_numbers)
    return _seed, first


def seeded(func: Callable[..., T], args: tuple[Any, ...], kwds: dict[str, Any] | None) -> Task[T]:
    """The same task, callable, arguments, and keywords or None, but with streams of its own, if a seed is set."""
    return (func, args, kwds) if _seed is None else (_call_seeded, (next_key(), func, args, kwds), None)


@_calls.passes_on(lambda args, frames: _calls.Call(*args[1:]))
def _call_seeded(key: tuple[int, int], func: Callable[..., T], args: tuple[Any, ...], kwds: dict[str, Any] | None) -> T:
    seed_work(key, getattr(func, "__globals__", {}))
    return _core.call_for_user(func, *args, **(kwds or {}))


def seed_work(key: tuple[int, int], namespace: dict[str, Any]) -> None:
    """In a context, before a work: all streams from the seed and the work's number."""
    digest = hashlib.blake2b(f"{key[0]} {key[1]}".encode(), digest_size=32).digest()
    _seed_all(digest, _generators_of(_main_namespace(), namespace))


def enter_context() -> None:
    """In a context, once: fresh streams. The interpreter has seen to `random` itself."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        _freshen_numpy(numpy)
    generators = _generators_of(_main_namespace())
    if generators:
        _seed_generators(os.urandom(32), generators)


def _freshen_numpy(numpy: ModuleType) -> None:
    """The stream of `numpy.random` itself.

    To fill its state takes two fifths of the time and pages that `seed` takes.
    """
    bits = numpy.mtrand._rand._bit_generator
    if type(bits) is numpy.MT19937:
        key = sys.modules["numpy"].frombuffer(os.urandom(4 * _MT19937_WORDS), dtype="uint32")
        _set_numpy_state(numpy, {"bit_generator": "MT19937", "state": {"key": key, "pos": _MT19937_WORDS}})
    else:
        _set_numpy_state(numpy, type(bits)().state)


def _set_numpy_state(numpy: ModuleType, state: dict[str, Any]) -> None:
    # Normal variates are drawn in pairs: the second one of the main thread's is not to be drawn again.
    numpy.set_state({**state, "has_gauss": 0, "gauss": 0.0})


def _main_namespace() -> dict[str, Any]:
    return vars(sys.modules.get("__main__", sys))


def _generators_of(*namespaces: dict[str, Any]) -> list[Any]:
    """The generators that are variables there, each once, by name."""
    kinds: list[type] = []
    found: dict[int, tuple[str, Any]] = {}
    for module, names in (("random", ["Random"]), ("numpy.random", ["Generator", "RandomState"])):
        if module in sys.modules:
            kinds += [getattr(sys.modules[module], name) for name in names]
    classes = tuple(kinds)
    for namespace in namespaces:
        for name in list(namespace):
            value = namespace[name]
            if isinstance(value, classes) and not isinstance(
                value, getattr(sys.modules.get("random"), "SystemRandom", ())
            ):
                found.setdefault(id(value), (name, value))
    return [value for _, value in sorted(found.values(), key=lambda pair: pair[0])]


def _seed_all(digest: bytes, generators: list[Any]) -> None:
    random = sys.modules.get("random")
    if random is not None:
        random.seed(digest)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        bits = numpy.mtrand._rand._bit_generator
        if type(bits) is numpy.MT19937:
            numpy.seed(_words_of(digest))  # what users expect of this seed, and not only here
        else:  # set_bit_generator(): seed() refuses it
            _set_numpy_state(numpy, type(bits)(numpy.SeedSequence(_words_of(digest))).state)
    _seed_generators(digest, generators)


def _words_of(digest: bytes) -> list[int]:
    return [int.from_bytes(digest[at : at + 4], "little") for at in range(0, len(digest), 4)]


def _seed_generators(digest: bytes, generators: list[Any]) -> None:
    numpy: Any = sys.modules.get("numpy.random")
    words = _words_of(digest)
    for number, generator in enumerate(generators):
        if hasattr(generator, "bit_generator"):
            bits = generator.bit_generator
            bits.state = type(bits)(numpy.SeedSequence([*words, number])).state
        elif hasattr(generator, "tomaxint"):  # numpy's RandomState
            generator.seed([*words, number])
        else:
            generator.seed(digest + bytes([number % 256]))
