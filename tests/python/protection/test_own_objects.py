"""Stores to what a work has made itself.

They go on as without protection once the address of the object has been looked at.
"""

import dis
import functools
import random
import types
from typing import ClassVar

import pytest

import parallel
import pythons
from parallel.protection import _state


class Plain:
    """A class of the user's."""


plain = Plain()
plain.attribute = 1


class Wide:
    """Its objects have their attributes in a dict: there are too many for the other way."""

    def __init__(self):
        for number in range(40):
            setattr(self, f"a{number}", 0)
        self.attribute = 0


class Slotted:
    """With a slot."""

    __slots__ = ("attribute",)

    def __init__(self):
        self.attribute = 0


def _store_attribute(target, value):
    target.attribute = value


def _store_attribute_of_wide(target, value):
    target.attribute = value


def _store_slot(target, value):
    target.attribute = value


def _store_item(target, value):
    target[0] = value


def _store_key(target, value):
    target["k"] = value


def _append(target, value):
    target.append(value)


@pytest.mark.parametrize("is_hot_before", [True, False])
@pytest.mark.parametrize(
    "make, store, instruction",
    [
        (Plain, _store_attribute, "STORE_ATTR_INSTANCE_VALUE"),
        (Wide, _store_attribute_of_wide, "STORE_ATTR_WITH_HINT"),
        (Slotted, _store_slot, "STORE_ATTR_SLOT"),
        (lambda: [0], _store_item, "STORE_SUBSCR_LIST_INT"),
        (lambda: {"k": 0}, _store_key, "STORE_SUBSCR_DICT"),
        (list, _append, "PRECALL_NO_KW_LIST_APPEND"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hot_stores_look_at_every_object(make, store, instruction, is_hot_before, seed):
    """Specialised instructions meet own objects and, in between, some of the main thread."""
    store = types.FunctionType(store.__code__.replace(), globals())  # as cold as it was compiled
    of_main = [make() for _ in range(5)]
    for n in range(200 if is_hot_before else 0):
        store(make(), n)

    def work():
        chance, refused, wanted = random.Random(seed), 0, 0
        own = [make() for _ in range(5)]
        for n in range(2000):
            wanted += (is_main := chance.random() < 0.1)
            try:
                store(chance.choice(of_main if is_main else own), n)
            except parallel.UnprotectedError:
                refused += 1
        seen = {code.opname for code in dis.get_instructions(store, adaptive=True)}
        return refused, wanted, seen, look()

    def look():
        return repr([each if isinstance(each, (list, dict)) else getattr(each, "attribute", None) for each in of_main])

    refused, wanted, seen, looks = parallel.submit_work(work).result()
    assert instruction in seen or not pythons.HAS_PATCHES  # twins go on to other instructions
    assert refused == wanted > 0 and looks == look()
    assert looks == repr([make() if isinstance(make(), (list, dict)) else getattr(make(), "attribute", None)] * 5)


class Borg:
    """All its objects share one dict."""

    shared_state: ClassVar = {"size": 1}

    def __init__(self):
        self.__dict__ = self.shared_state


class Limited:
    """With a slot and a property beside its dict."""

    __slots__ = ("__dict__", "slot")

    @property
    def size(self):
        return 1

    @size.setter
    def size(self, value):
        self.kept = value


state = {"kept": 0}


def _tries(attempts):
    """Which of them are refused."""
    refused = []
    for attempt in attempts:
        try:
            attempt()
            refused.append(False)
        except parallel.UnprotectedError:
            refused.append(True)
    return refused


@pytest.mark.parametrize("by", pythons.MEANS)
def test_own_objects_can_have_a_dict_of_the_main_thread(by):
    def with_dict(kind, of):
        made = kind()
        made.__dict__ = of
        return made

    def store(target):
        for value in range(50):  # becomes hot
            target.kept = value

    def set_slot(target):
        target.slot = 1

    def set_size(target):
        target.size = 1

    def delete():
        del Borg().size

    def work():
        wide = Wide()
        store(with_dict(Wide, wide.__dict__))
        refused = _tries([
            lambda: store(Borg()),
            lambda: store(with_dict(Plain, state)),
            lambda: store(with_dict(ValueError, state)),
            lambda: store(with_dict(lambda: functools.partial(int), state)),
            lambda: store(with_dict(lambda: lambda: 1, state)),
            lambda: store(with_dict(Wide, state)),
            lambda: store(with_dict(Plain, plain.__dict__)),
            lambda: setattr(Borg(), "size", 2),
            delete,
            lambda: set_size(with_dict(Limited, state)),
        ])  # fmt: skip
        once_more = with_dict(Plain, state)
        once_more.__dict__ = {}
        allowed = _tries([
            lambda: Borg().size,
            lambda: store(Plain()),
            lambda: store(wide),
            lambda: store(with_dict(Plain, {})),
            lambda: set_slot(with_dict(Limited, state)),
            lambda: store(once_more),
        ])  # fmt: skip
        return refused, allowed, (Borg.shared_state, state, vars(plain))

    _state._force_twins(by == "twins")
    try:
        refused, allowed, seen = parallel.submit_work(work).result()
    finally:
        _state._force_twins(False)
    assert refused == [True] * 10 and allowed == [False] * 6
    assert seen == ({"size": 1}, {"kept": 0}, {"attribute": 1}) == (Borg.shared_state, state, vars(plain))
