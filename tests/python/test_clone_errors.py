"""What cannot be cloned, and what its error says."""

from __future__ import annotations

import threading

import _clone_probe as probe
import pytest

from clone_support import Key, Plain, clone


class Stubborn:
    def __reduce__(self):
        raise LookupError("no")


def generator():
    yield


@pytest.mark.parametrize(
    "value, text",
    [
        (generator(), "objects of type generator cannot be pushed to xlists"),
        (lambda: 0, "objects of type function cannot be pushed to xlists"),
        (Stubborn(), f"objects of type {__name__}.Stubborn cannot be pushed to xlists"),
        (threading.Lock(), "objects of type _thread.lock cannot be pushed to xlists"),
        (Plain(lock=threading.Lock()), f"objects of type {Plain.__module__}.Plain cannot be pushed to xlists"),
        ({"x": generator()}, "objects of type generator cannot be pushed to xlists (in a dict, at key 'x')"),
        ([1, 2, 3, generator()], "objects of type generator cannot be pushed to xlists (in a list, at item 3)"),
        (
            {(1, generator()): 1},
            "objects of type generator cannot be pushed to xlists (in a dict, as a key, in a tuple, at item 1)",
        ),
        ({generator()}, "objects of type generator cannot be pushed to xlists (in a set)"),
        ({Key("k"): generator()}, "objects of type generator cannot be pushed to xlists (in a dict, as a value)"),
        ({10**5000: generator()}, "objects of type generator cannot be pushed to xlists (in a dict, as a value)"),
        (
            [Plain(), {5: [Stubborn()]}, generator()],
            f"objects of type {__name__}.Stubborn cannot be pushed to xlists "
            "(in a list, at item 1, in a dict, at key 5, in a list, at item 0)",
        ),
        (
            [[[[[generator()]]]]],
            "objects of type generator cannot be pushed to xlists (..., "
            + ", ".join(["in a list, at item 0"] * 4)
            + ")",
        ),
    ],
    ids=range(13),
)
def test_error_text(value, text):
    with pytest.raises(ValueError) as caught:
        probe.encode(value)
    assert str(caught.value) == text
    assert isinstance(caught.value.__cause__, Exception) and caught.value.__cause__ is not caught.value


def test_error_text_when_pickle_does_the_whole():
    shared = [1]
    with pytest.raises(ValueError, match=r"type generator .*\(in a list, at item 2\)"):
        probe.encode([shared, Plain(shared=shared), generator()])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_some_errors_pass_through(error):
    class Raises:
        def __reduce__(self):
            raise error

    with pytest.raises(error):
        probe.encode([Raises()])
    assert clone([1]) == [1]


def test_an_error_while_rebuilding_reaches_the_reader():
    with pytest.raises(ZeroDivisionError):
        probe.encode([FailsToLoad()]).decode()


class FailsToLoad:
    def __reduce__(self):
        return divmod, (1, 0)


def nested_key(levels):
    key = 1
    for _ in range(levels):
        key = (key,)
    return key


@pytest.mark.parametrize("hold", [lambda key: {key: 1}, lambda key: [{key}], lambda key: {"k": frozenset([key])}])
def test_a_key_too_deep_to_be_hashed_again(hold):
    assert clone(hold(nested_key(10_000))) is not None
    with pytest.raises(ValueError, match="more than 10000 tuples in one another cannot be cloned.*flat tuple"):
        probe.encode(hold(nested_key(10_001)))
    assert clone([nested_key(10_001)]) is not None, "as a value it may be as deep as it likes"
