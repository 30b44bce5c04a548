"""User code that runs while an object is encoded or decoded, and does what it likes."""

from __future__ import annotations

import gc
import struct
import threading
from typing import ClassVar

import _clone_probe as probe
import pytest

from clone_support import Key, Plain, clone


def test_user_code_may_change_what_is_being_encoded():
    class Vandal:
        def __reduce__(self):
            victims[1].clear()
            victims[2].clear()
            del victims[3:]
            gc.collect()
            return list, ([9],)

    victims = [Vandal(), ["kept"] * 5, {"kept": "x" * 9000}, Plain(a=1), bytes(9000)]
    assert clone(victims) == [[9], ["kept"] * 5, {"kept": "x" * 9000}, Plain(a=1), bytes(9000)]
    assert victims[1:] == [[], {}]


def test_user_code_may_encode():
    class Nested:
        def __reduce__(self):
            return list, (clone([1, Plain(a=2)]),)

    assert clone([Nested(), 3]) == [[1, Plain(a=2)], 3]


def test_a_busy_encoder_refuses():
    class Nested:
        def __reduce__(self):
            probe.encode_reusing([1])

    with pytest.raises(ValueError) as caught:
        probe.encode_reusing([Nested()])
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert probe.encode_reusing([1]).decode() == [1]


def test_user_code_while_decoding():
    class_names = []

    def spy(self):
        class_names.append(
            [type(item).__name__ for item in gc.get_objects() if isinstance(item, list) and len(item) > 10**7]
        )
        return hash(self.name)

    original, Key.__hash__ = Key.__hash__, spy
    try:
        value = [1, {Key("a"): 2}, 3]
        value.append(value)
        record = probe.encode(value)
        twin = record.decode()
    finally:
        Key.__hash__ = original
    assert twin[1] == {Key("a"): 2} and twin[3] is twin and class_names


def test_finalizers_run_by_the_codec_may_use_it():
    class Last:
        def __del__(self):
            seen.append(clone([1, 2]))

        def __reduce__(self):
            holder.clear()  # the encoder's is the last reference now
            return list, ()

    seen, holder = [], []
    holder.append(Last())
    assert probe.encode_reusing(holder).decode() == [[]]
    assert seen == [[1, 2]]


def test_threads_encode_side_by_side():
    class Slow:
        def __reduce__(self):
            barrier.wait(10)
            return list, ([threading.get_ident() * 0],)

    barrier, results = threading.Barrier(4), []
    threads = [threading.Thread(target=lambda: results.append(clone([Slow(), "a", Slow()]))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [[[0], "a", [0]]] * 4


# ---- the garbage collector -------------------------------------------------------------------------------------------


class Watching:
    """Says whether the collector is on, as user code in the middle of a decode finds it."""

    found: ClassVar[list] = []

    def __hash__(self):
        Watching.found.append(gc.isenabled())
        return 1

    def __eq__(self, other):
        return self is other

    def __setstate__(self, state):
        Watching.found.append(gc.isenabled())


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_is_left_as_it_was(enabled):
    record = probe.encode([[i] for i in range(5000)])
    size = len(record.bytes()) - 1
    damaged = probe.record_of(struct.pack("Q", size) + record.bytes()[8:size])
    watched = probe.encode([[[i] for i in range(100)], {Watching(): 1}, Watching()])
    Watching.found.clear()
    (gc.enable if enabled else gc.disable)()
    try:
        assert len(record.decode()) == 5000 and gc.isenabled() == enabled
        with pytest.raises(ValueError, match="damaged record"):
            damaged.decode()
        assert gc.isenabled() == enabled
        watched.decode()
        assert Watching.found and set(Watching.found) == {enabled} and gc.isenabled() == enabled
    finally:
        gc.enable()


def test_nothing_is_collected_while_builtins_are_decoded():
    record = probe.encode([[i, {}] for i in range(50_000)])
    runs = []
    gc.callbacks.append(lambda phase, facts: runs.append(phase))
    try:
        twin = record.decode()
        assert not runs
        more = [[] for _ in range(5000)]
        assert runs, "what has been put off comes later"
    finally:
        gc.callbacks.pop()
    assert len(twin) == 50_000 and len(more) == 5000
