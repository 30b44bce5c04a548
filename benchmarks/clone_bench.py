"""Large and nested objects through an xlist, against a memcpy and against pickle."""

from __future__ import annotations

import mmap
import pickle
from collections.abc import Iterator
from typing import Any

import numpy

import parallel
from harness import Row, in_turns, timed

_Array = numpy.ndarray[Any, Any]


def push_array(array: _Array) -> float:
    """Seconds to push it into a list that holds nothing yet."""
    values = parallel.xlist()
    return timed(lambda: values.push(array))


def read_array(array: _Array) -> float:
    """Seconds to read it back, without a copy."""
    values = parallel.xlist([array])
    return timed(lambda: values[0])


def copy_to_fresh_pages(array: _Array) -> float:
    """Seconds for a memcpy into shared pages nobody has touched."""
    memory = mmap.mmap(-1, array.nbytes)
    target = numpy.frombuffer(memory, dtype=array.dtype)
    return timed(lambda: numpy.copyto(target, array))


def nested_object(records: int) -> list[dict[str, Any]]:
    """What a JSON file decodes to."""
    return [
        {
            "id": n,
            "name": f"customer {n}",
            "balance": n * 1.25,
            "tags": ["new", "north", str(n % 7)],
            "address": {"street": f"{n} Main Street", "zip": 10_000 + n, "geo": [n / 3, -n / 7]},
            "active": n % 3 == 0,
        }
        for n in range(records)
    ]


def through_xlist(value: object) -> float:
    """Seconds to push and read."""
    values = parallel.xlist()

    def there_and_back() -> object:
        values.push(value)
        return values[0]

    return timed(there_and_back)


def through_pickle(value: object) -> float:
    """Seconds to dump and load."""
    return timed(lambda: pickle.loads(pickle.dumps(value, protocol=5)))


def measure(smoke: bool) -> Iterator[Row]:
    array = numpy.random.default_rng(1).random(1_000 if smoke else 25_000_000)
    rounds = 1 if smoke else 5
    push, read, copy = in_turns(
        rounds, lambda: push_array(array), lambda: read_array(array), lambda: copy_to_fresh_pages(array)
    )
    yield Row(f"push of an array of {array.nbytes / 1e6:g} MB", push, "memcpy to fresh pages", copy, wanted=1 / 1.5)
    yield Row(f"read of an array of {array.nbytes / 1e6:g} MB, in place", read)
    value = nested_object(10 if smoke else 7_500)
    size = len(pickle.dumps(value, protocol=5))
    ours, theirs = in_turns(4 * rounds, lambda: through_xlist(value), lambda: through_pickle(value))
    yield Row(f"push and read of nested objects, {size / 1e6:.2g} MB pickled", ours, "pickle", theirs, wanted=2)
