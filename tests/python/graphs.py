"""Object graphs for the tests of the codec: Hypothesis strategies that make them, and a checker for two being the same.

A graph is drawn as instructions, node by node, each over nodes before it; what can be filled later may get any node,
which is how cycles come about. So failures shrink, to fewer and simpler nodes.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import struct

import numpy
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_st


class Node:
    """An instance with attributes; one is equal to no other. `name` tells the twin in a clone."""

    def __init__(self, name):
        self.name = name


class ListOf(list):
    """A subclass of a builtin, with attributes."""


class DictOf(dict):
    """Another."""


class TupleOf(tuple):
    """One that cannot be filled later."""


class Text(str):
    """One without items."""


Point = collections.namedtuple("Point", "x y")

# ---- leaves ----------------------------------------------------------------------------------------------------------

floats = st.integers(0, 2**64 - 1).map(lambda bits: struct.unpack("d", struct.pack("Q", bits))[0]) | st.sampled_from(
    [0.0, -0.0]
)
ints = st.integers() | st.tuples(st.integers(0, 5000), st.integers(-2, 2)).map(lambda at: (1 << at[0]) + at[1])
texts = st.text(st.characters(blacklist_categories=()), max_size=80)  # lone surrogates are characters as well
long_texts = st.tuples(
    st.text(st.characters(blacklist_categories=()), min_size=1, max_size=3), st.integers(1000, 5000)
).map(lambda of: of[0] * of[1])
binaries = st.binary(max_size=80) | st.tuples(st.binary(min_size=1, max_size=3), st.integers(1300, 5000)).map(
    lambda of: of[0] * of[1]
)
hashable_leaves = st.one_of(
    st.none(),
    st.booleans(),
    ints,
    floats,
    st.builds(complex, floats, floats),
    texts,
    long_texts,
    binaries,
    st.decimals(allow_nan=False),
    st.datetimes(),
    st.fractions(),
    st.sampled_from([..., int, len, decimal.Decimal, datetime.UTC]),
    texts.map(Text),
)

dtypes = st.one_of(
    numpy_st.scalar_dtypes(), numpy_st.array_dtypes(), numpy_st.unicode_string_dtypes(), numpy_st.nested_dtypes()
)
VIEWS = {
    "as it is": lambda array: array,
    "in Fortran order": numpy.asfortranarray,
    "transposed": lambda array: array.T,
    "every other": lambda array: array[::2] if array.ndim else array,
    "backwards": lambda array: array[..., ::-1] if array.ndim else array,
    "broadcast": lambda array: numpy.broadcast_to(array, (2, *array.shape)),
}
plain_arrays = dtypes.flatmap(
    lambda dtype: numpy_st.arrays(dtype, numpy_st.array_shapes(min_dims=0, min_side=0, max_side=6))
)
arrays = st.tuples(plain_arrays, st.sampled_from(sorted(VIEWS))).map(lambda of: VIEWS[of[1]](of[0]))

# ---- graphs ----------------------------------------------------------------------------------------------------------

FROZEN = ("tuple", "frozenset", "Point", "TupleOf")
OPEN = ("list", "dict", "set", "Node", "ListOf", "DictOf", "deque", "bytearray", "objects")


def is_stable_key(value) -> bool:
    """Hashable, and equal to its clone: no NaN in a tuple, which two readers could not tell apart."""
    if isinstance(value, (tuple, frozenset)):
        return all(is_stable_key(item) and item == item for item in value)
    return not isinstance(value, (list, dict, set, collections.deque, bytearray, numpy.ndarray))


@st.composite
def graphs(draw, most_nodes: int = 12):
    """The last node of a graph, which may reach any of the others, itself included."""
    nodes, later = [], []
    keys = [draw(hashable_leaves) for _ in range(draw(st.integers(1, 4)))]
    values = [*keys]

    def some(of, most=5):
        return [of[at] for at in draw(st.lists(st.integers(0, len(of) - 1), max_size=most))]

    for number in range(draw(st.integers(1, most_nodes))):
        kind = draw(st.sampled_from(FROZEN + OPEN + ("array",)))
        if kind == "array":
            made = draw(arrays)
        elif kind == "tuple":
            made = tuple(some(values))
        elif kind == "frozenset":
            made = frozenset(some(keys))
        elif kind == "Point":
            made = Point(*[*some(values, 2), None, None][:2])
        elif kind == "TupleOf":
            made = TupleOf(some(values))
            made.extra = some(values)
        elif kind == "bytearray":
            made = bytearray(draw(binaries))
        elif kind == "objects":
            made = numpy.empty(draw(st.integers(0, 4)), object)
        else:
            made = {
                "list": list,
                "dict": dict,
                "set": set,
                "ListOf": ListOf,
                "DictOf": DictOf,
                "deque": collections.deque,
                "Node": lambda: Node(number),
            }[kind]()
        if kind in OPEN:
            later.append((kind, made))
        if is_stable_key(made):
            keys.append(made)
        values.append(made)
        nodes.append(made)
    for kind, made in later:
        if kind in ("list", "ListOf", "deque"):
            made.extend(some(values))
        elif kind in ("dict", "DictOf"):
            made.update(zip(some(keys), some(values)))
        elif kind == "set":
            made.update(some(keys))
        elif kind == "objects":
            made[:] = (some(values, made.size) + [None] * made.size)[: made.size] if made.size else []
        if kind in ("Node", "ListOf"):
            made.__dict__["others"] = some(values)
            made.__dict__["more"] = {"text": some(values, 1)}
    return nodes[-1] if draw(st.booleans()) else nodes


# ---- the same graph --------------------------------------------------------------------------------------------------


def name_of(item) -> object:
    """What tells an item of a set from the others, and is the same for its clone."""
    if isinstance(item, Node):
        return Node, item.name
    if isinstance(item, float):
        return float, struct.pack("d", item)
    if isinstance(item, complex):
        return complex, struct.pack("dd", item.real, item.imag)
    if isinstance(item, tuple):
        return type(item), *map(name_of, item)
    if isinstance(item, frozenset):
        return frozenset, frozenset(map(name_of, item))
    return type(item), item


def array_bits(array) -> object:
    """The elements of an array without the padding between their fields."""
    if array.dtype.names is None:
        return array.tobytes()
    return [array_bits(array[name]) for name in array.dtype.names]


IDENTITY = (list, tuple, dict, set, frozenset, bytearray, collections.deque, numpy.ndarray, Node)


def difference(left, right) -> str | None:
    """Why two graphs are not the same up to which objects they are made of, or None.

    Compared are types, values bit for bit, the order of dicts, and which places hold one and the same object. Walks
    both without recursion.
    """
    twins, originals, waiting = {}, {}, [(left, right, "it")]
    while waiting:
        a, b, place = waiting.pop()
        if type(a) is not type(b):
            return f"{place}: {type(a)} became {type(b)}"
        if isinstance(a, IDENTITY) and not (
            isinstance(a, (tuple, frozenset)) and type(a) in (tuple, frozenset) and not a
        ):
            if id(a) in twins or id(b) in originals:
                if twins.get(id(a)) is not b or originals.get(id(b)) is not a:
                    return f"{place}: what was one object is two, or two are one"
                continue
            twins[id(a)], originals[id(b)] = b, a
        if isinstance(a, (Node, ListOf, DictOf, TupleOf)):
            waiting.append((a.__dict__, b.__dict__, f"{place}.__dict__"))
        if isinstance(a, (list, tuple, collections.deque)):
            if len(a) != len(b):
                return f"{place}: {len(a)} items became {len(b)}"
            waiting.extend((x, y, f"{place}[{at}]") for at, (x, y) in enumerate(zip(a, b)))
        elif isinstance(a, dict):
            if len(a) != len(b):
                return f"{place}: {len(a)} entries became {len(b)}"
            waiting.extend((x, y, f"a key of {place}") for x, y in zip(a, b))
            waiting.extend((x, y, f"a value of {place}") for x, y in zip(a.values(), b.values()))
        elif isinstance(a, (set, frozenset)):
            ours, theirs = ({name_of(item): item for item in of} for of in (a, b))
            if ours.keys() != theirs.keys() or len(a) != len(b):
                return f"{place}: {a!r} became {b!r}"
            waiting.extend((ours[name], theirs[name], f"an item of {place}") for name in ours)
        elif isinstance(a, numpy.ndarray):
            if a.dtype != b.dtype or a.shape != b.shape:
                return f"{place}: {a.dtype} {a.shape} became {b.dtype} {b.shape}"
            if a.dtype.hasobject:
                waiting.append((a.ravel().tolist(), b.ravel().tolist(), f"{place}, as a list"))
            elif array_bits(a) != array_bits(b):
                return f"{place}: {a!r} became {b!r}"
        elif not isinstance(a, Node) and name_of(a) != name_of(b):
            return f"{place}: {a!r} became {b!r}"
    return None
