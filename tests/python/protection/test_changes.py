"""What a refused change looks like to the user, and that the rest of the program is as it was."""

import code
import collections
import contextlib
import ctypes
import hashlib
import os
import re
import sys
import threading
import types

import numpy
import pytest
import twins_support

import parallel
import pythons
from parallel import _core
from parallel.protection import _state

shared = ["as", "it", "was"]
counter = 0


class Plain:
    """A class of the user's."""


plain = Plain()
plain.attribute = 1


def refusal(function):
    """The message that `function` gets in a context."""
    with pytest.raises(parallel.UnprotectedError) as caught:
        parallel.submit_work(function).result()
    return str(caught.value)


# ---- the error -------------------------------------------------------------------------------------------------------


def test_it_names_object_operation_and_what_to_do(main_module):
    main_module.results = results = []
    main_module.settings = {"limits": {"low": [1]}}
    low = main_module.settings["limits"]["low"]
    text = refusal(lambda: results.append(1))
    assert text.startswith("list 'results' of the main thread cannot be changed in a context (append())")
    assert all(way in text for way in ("Return the result", "parallel.xlist()", "parallel.dict()"))
    assert """list "settings['limits']['low']" of""" in refusal(lambda: low.__setitem__(0, 2))


def test_attributes_and_classes_are_named(main_module):
    main_module.one = one = Plain()

    def store():
        one.size = 3

    expected = "Plain 'one' of the main thread cannot be changed in a context (attribute assignment of 'size')"
    assert expected in refusal(store)

    def store_in_class():
        Plain.size = 3

    assert re.match("class '(one.__class__|.*Plain)' of the main thread", refusal(store_in_class))


def test_names_are_named():
    def store():
        global counter
        counter += 1

    assert refusal(store).startswith("global variable 'counter' of the main thread cannot be set in a context")
    total = 0

    def store_outside():
        nonlocal total
        total += 1

    assert refusal(store_outside).startswith("variable of an enclosing function, 'total'")


def test_it_is_raised_at_the_line_that_tries():
    def work():
        before = 1
        shared.append(before)  # this line
        return before

    with pytest.raises(parallel.UnprotectedError) as caught:
        parallel.submit_work(work).result()
    assert "shared.append(before)  # this line" in str(caught.value.__cause__)


def test_nothing_has_changed_when_it_is_raised_and_the_work_can_go_on():
    mapping, array = {"a": [1]}, numpy.arange(3)

    def work():
        refused = 0
        for change in (
            lambda: shared.clear(),
            lambda: mapping.update(b=2),
            lambda: mapping["a"].extend([2]),
            lambda: array.fill(9),
            lambda: setattr(plain, "attribute", 5),
            lambda: vars(plain).clear(),
        ):
            try:
                change()
            except parallel.UnprotectedError:
                refused += 1
        return refused, shared, mapping, array.tolist(), plain.attribute

    assert parallel.submit_work(work).result() == (6, ["as", "it", "was"], {"a": [1]}, [0, 1, 2], 1)


def test_user_code_that_catches_exceptions_does_not_lose_it_silently():
    def work():
        try:
            shared.append(1)
        except (TypeError, ValueError, AttributeError, RuntimeError, LookupError):
            return "caught by accident"

    assert refusal(work)


# ---- where code comes from and how it is run -------------------------------------------------------------------------


def test_threads_of_a_work_are_watched():
    def work():
        errors = []

        def change():
            try:
                shared.append(1)
            except parallel.UnprotectedError as error:
                errors.append(error)

        threads = [threading.Thread(target=change) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(errors)

    assert parallel.submit_work(work).result() == 4


def test_a_fork_of_a_work_is_watched():
    def work():
        pid = os.fork()
        if pid == 0:
            try:
                shared.append(1)
            except parallel.UnprotectedError:
                os._exit(3)
            os._exit(0)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    assert parallel.submit_work(work).result() == 3


def test_a_signal_handler_is_watched():
    import signal

    def work():
        signal.signal(signal.SIGUSR1, lambda *_: shared.append(1))
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
        except parallel.UnprotectedError:
            return "refused"

    assert parallel.submit_work(work).result() == "refused"


def test_objects_of_an_outer_context_are_protected_from_an_inner_one():
    def outer():
        mine = [1]
        mine.append(2)

        def inner():
            mine.append(3)

        try:
            parallel.submit_work(inner).result()
        except parallel.UnprotectedError:
            mine.append("still mine")
            return mine

    assert parallel.submit_work(outer).result() == [1, 2, "still mine"]


def test_code_compiled_in_the_context_is_watched():
    def work():
        refused = []
        for source in (
            "shared.append(1)",
            "shared[0] = 1",
            "counter = 5",
            "def f():\n global counter\n counter = 1\nf()",
        ):
            try:
                exec(source, globals())
            except parallel.UnprotectedError as error:
                refused.append(str(error)[:6])
        own = {}
        exec("counter = 5\ndef f():\n global counter\n counter += 1\nf()", own)
        return refused, own["counter"]

    assert parallel.submit_work(work).result() == (["list o", "list o", "global", "global"], 6)


def test_a_module_imported_in_the_context_is_the_contexts(tmp_path, monkeypatch):
    (tmp_path / "imported_there.py").write_text(
        "state = []\ncount = 0\ndef bump():\n    global count\n    count += 1\n    state.append(count)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        import imported_there

        imported_there.bump()
        imported_there.bump()
        imported_there.extra = 1
        return imported_there.state

    assert parallel.submit_work(work).result() == [1, 2]


@pytest.mark.parametrize("names", [10, 255, 256, 257, 300, 1000])
def test_functions_with_many_names(names):
    """More than 256 need an instruction in front that widens the argument."""
    lines = "\n".join(f"    n{i} = n{i - 1} + g{i}" for i in range(1, names))
    namespace = {f"g{i}": 1 for i in range(names)} | {"__name__": __name__}
    source = (
        f"def many(n0):\n    global last, other\n{lines}\n    last = n{names - 1}\n    other = 5\n    return last\n"
    )
    twins_support.define(source, f"<{names} names>", namespace)
    many = namespace["many"]
    assert "global variable 'last'" in refusal(lambda: many(0))

    def work():  # the same code, with globals of the context
        own = types.FunctionType(many.__code__, {f"g{i}": 1 for i in range(names)})
        return own(0), own.__globals__["last"], own.__globals__["other"]

    assert parallel.submit_work(work).result() == (names - 1, names - 1, 5)


@pytest.mark.parametrize("names", [10, 300])
def test_closures_with_many_variables(names):
    lines = "\n".join(f"    v{i} = {i}" for i in range(names))
    uses = " + ".join(f"v{i}" for i in range(names))
    source = (
        f"def outer():\n{lines}\n    def inner():\n"
        f"        nonlocal v{names - 1}\n        v{names - 1} += 1\n        return {uses}\n"
        "    return inner\n"
    )
    namespace = {"__name__": __name__}
    twins_support.define(source, f"<{names} variables>", namespace)
    of_main = namespace["outer"]()
    assert f"'v{names - 1}'" in refusal(of_main)
    total = sum(range(names)) + 1
    assert parallel.submit_work(lambda: namespace["outer"]()()).result() == total


def test_code_that_ran_hot_in_the_main_thread():
    def put(target, value):
        target[0] = value
        target.append(value)

    for n in range(1000):
        put([0], n)  # specialised for lists
    refusal(lambda: put(shared, 1))

    def work():
        own = [0]
        for n in range(1000):
            put(own, n)
        return own[0], len(own)

    assert parallel.submit_work(work).result() == (999, 1001)


def test_free_lists_hold_nothing_of_the_main_thread(seed):
    """What the main thread held and a context drops is not handed out again as something of the context's."""
    import random

    def make():
        return [[] for _ in range(200)], [{} for _ in range(200)]

    holder = [make()]

    def work():
        chance = random.Random(seed)
        for _ in range(2000):
            lists = [[1] for _ in range(chance.randrange(5))]
            dicts = [{1: 2} for _ in range(chance.randrange(5))]
            for made in lists:
                made.append(1)
            for made in dicts:
                made[3] = 4
            iter(holder[0][0])
        return True

    assert parallel.submit_work(work).result()


# ---- the main thread -------------------------------------------------------------------------------------------------


def _code_of_interpreter() -> str:
    """A digest of all its machine code and constants, as they are in memory."""
    image, digest = os.path.realpath(sys.executable), hashlib.sha256()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for addresses, access, *_ in (line.split() for line in maps if line.rstrip().endswith(image)):
            if "w" not in access:
                begin, end = (int(address, 16) for address in addresses.split("-"))
                memory.seek(begin)
                digest.update(memory.read(end - begin))
    assert digest.digest() != hashlib.sha256().digest()  # something was read
    return digest.hexdigest()


def _slots(kind: type) -> bytes:
    """A static type's memory behind its reference count, but for caches and lists of subclasses."""
    slots = ctypes.string_at(id(kind) + 2 * ctypes.sizeof(ctypes.c_void_p), 35 * ctypes.sizeof(ctypes.c_void_p))
    # The tables of number, sequence and mapping.
    tables = [int.from_bytes(slots[at : at + 8], "little") for at in (10 * 8, 11 * 8, 12 * 8)]
    return slots + b"".join(ctypes.string_at(table, 80) for table in tables if table)


def test_the_main_thread_is_bit_for_bit_the_same():
    def some_function(x):
        global counter
        x.attribute = 1
        x.items[0] = 2
        counter = counter

    kinds = [
        list,
        dict,
        set,
        bytearray,
        collections.deque,
        type(iter([])),
        types.GeneratorType,
        numpy.ndarray,
        type,
        object,
    ]

    def look():
        return (
            [_slots(kind) for kind in kinds],
            _code_of_interpreter(),
            some_function.__code__.co_code,
            some_function.__code__.co_names,
            sys.displayhook,
        )

    before = look()
    for _ in range(3):
        refusal(lambda: shared.append(1))
    assert look() == before
    shared.append("x")
    assert shared.pop() == "x" and not _core.guard_facts()["armed"]


# ---- modes -----------------------------------------------------------------------------------------------------------


def test_off_lets_works_change_their_copy(unprotected):
    assert parallel.submit_work(lambda: shared.append(1) or len(shared)).result() == 4
    assert len(shared) == 3
    parallel.configure(protection="strict")
    refusal(lambda: shared.append(1))


def test_wrong_modes_are_refused_and_change_nothing():
    from parallel import protection

    for wrong, error in (("lenient", ValueError), ("", ValueError), (1, TypeError), (True, TypeError)):
        with pytest.raises(error, match="protection must be one of strict"):
            parallel.configure(protection=wrong)
    assert protection.mode() == "strict"
    with pytest.raises(ValueError):
        parallel.configure(protection="off", contexts=0)
    expected = {
        "mode": "strict",
        "active": True,
        "by": "patches" if pythons.HAS_PATCHES else "twins",
        "obstacle": None,
        "missing": [],
        "unknown": [],
        "without_twin": {},
    }
    status = protection.status()
    status["without_twin"] = {}  # functions of other tests, where works run twins
    assert status == {**expected, "projects": [], "libraries": []}


@pythons.needs_patches
def test_an_interpreter_that_cannot_be_patched_is_named():
    _state._force_twins(True)
    try:
        assert parallel.protection.status()["by"] == "twins"
        [sentence] = _state.sentences()
    finally:
        _state._force_twins(False)
    assert "by source twins" in sentence and "it is not to be patched (a test)" in sentence


CALLERS = {
    "submit_work": lambda change, *items: [parallel.submit_work(change, item).result() for item in items],
    "map": lambda change, *items: parallel.map(change, items),
    "map in chunks": lambda change, *items: parallel.map(change, items, chunksize=2),
    "Executor.map": lambda change, *items: list(parallel.Executor().map(change, items)),
    "Executor.map in chunks": lambda change, *items: list(parallel.Executor().map(change, items, chunksize=2)),
}


@pytest.mark.parametrize("seed", [None, 3])
@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("means", pythons.MEANS)
def test_methods_of_c_code_that_functions_of_this_package_call(means, caller, seed):
    """They have no frame of their own, and are not to be taken for what this package does to its objects."""
    kept, table = [1], {"a": 1}
    _state._force_twins(means == "twins")
    parallel.configure(seed=seed)
    try:
        for change in (kept.append, table.pop):
            with pytest.raises(parallel.UnprotectedError):
                CALLERS[caller](change, "a", "a")
            parallel.cancel()
            with contextlib.suppress(parallel.UnprotectedError):
                parallel.run()
        assert (kept, table) == ([1], {"a": 1})
        assert CALLERS[caller](abs, -1, 2) == [1, 2] and CALLERS[caller](str.upper, "a", "b") == ["A", "B"]
    finally:
        parallel.configure(seed=None)
        _state._force_twins(False)


ERROR_OF_MAIN = ValueError("made by the main thread")


def _raise_it(item):
    raise ERROR_OF_MAIN


def test_map_tells_the_item_of_an_error_that_the_main_thread_has_made():
    with pytest.raises(ValueError, match="made by the main thread") as raised:
        parallel.map(_raise_it, [1, 2], chunksize=2)
    assert any("item 0 of map" in note for note in raised.value.__notes__)


# ---- what must not be disturbed --------------------------------------------------------------------------------------


def test_displayhook_in_a_context():
    def work():
        import contextlib
        import io

        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            own = {}
            for typed in ("6 * 7", "x = 1", "x"):
                exec(compile(typed, "<typed>", "single"), own)
        return shown.getvalue()

    assert parallel.submit_work(work).result() == "42\n1\n"


def test_a_library_may_replace_the_displayhook():
    def work():
        import doctest
        import sys

        program = doctest.DocTestParser().get_doctest(">>> 6 * 7\n42\n>>> x = [1]\n>>> x\n[1]\n", {}, "typed", None, 0)
        return tuple(doctest.DocTestRunner(verbose=False).run(program)), sys.displayhook is sys.__displayhook__

    assert parallel.submit_work(work).result() == ((0, 3), True)


SHOWING = """
import sys
shown = []
typed = compile("6 * 7", "<typed>", "single")
sys.displayhook = shown.append
exec(typed, {})
del sys.displayhook
try:
    exec(typed, {})
except RuntimeError as error:
    shown.append(str(error))
"""


def test_expressions_are_shown_by_the_hook_there_is():
    def work():
        names = {}
        exec(compile(SHOWING, code.__file__, "exec"), names)  # the code of a library, which may change `sys`
        return names["shown"]

    assert parallel.submit_work(work).result() == [42, "lost sys.displayhook"]


def test_reading_costs_no_copies_of_dicts():
    def work():
        return vars(plain)["attribute"], plain.__dict__ is plain.__dict__, dict(vars(plain))

    assert parallel.submit_work(work).result() == (1, True, {"attribute": 1})


def test_works_push_what_is_pickled_after_the_main_thread_has():
    """The pickler that clones are made with is used again, in contexts, too."""
    main, of_works = parallel.xlist(), parallel.xlist()
    main.push(collections.Counter("a"))

    def work():
        of_works.push(collections.Counter("b"))
        return collections.Counter("c")

    assert parallel.submit_work(work).result() == {"c": 1} and list(of_works) == [{"b": 1}] and list(main) == [{"a": 1}]


def test_tracing_sees_the_code_as_it_is():
    def work():
        lines = []

        def traced():
            nonlocal_free = 1
            own = [nonlocal_free]
            own[0] = 2
            return own

        def trace(frame, event, argument):
            if frame.f_code is traced.__code__ and event == "line":
                lines.append(frame.f_lineno - traced.__code__.co_firstlineno)
            return trace

        sys.settrace(trace)
        result = traced()
        sys.settrace(None)
        return result, lines

    assert parallel.submit_work(work).result() == ([2], [1, 2, 3, 4])


def test_result_of_a_work_that_pickles_main_objects():
    assert parallel.submit_work(lambda: (plain, shared, Plain)).result()[1] == ["as", "it", "was"]


def test_classes_that_come_and_go(seed):
    """The main process keeps a note of every type there is, from batch to batch."""
    import gc
    import random

    chance = random.Random(seed)
    kept = []
    for _ in range(30):
        base = chance.choice([object, list, dict, Plain, *[kind for kind in kept if kind.__base__ is not object]])
        kept.append(type("Made", (base,), {}))
        chance.shuffle(kept)
        del kept[chance.randrange(1, 6) :]
        gc.collect()
        kinds = list(kept)

        # The main thread makes the objects; they end with the function.
        def work(kinds=kinds, objects=[kind() for kind in kinds]):  # noqa: B006, B008
            refused = 0
            for target in objects:
                try:
                    target.attribute = 1
                except parallel.UnprotectedError:
                    refused += 1
            return refused

        assert parallel.submit_work(work).result() == len(kinds)
        del work


def test_deleting_a_variable_of_an_enclosing_function(two_contexts):
    def make():
        kept = [1]

        def drop():
            nonlocal kept
            del kept

        return drop, lambda: kept

    drop, look = make()
    work = parallel.submit_work(drop)
    with pytest.raises(parallel.UnprotectedError, match="'kept' of the main thread"):
        work.result()
    assert look() == [1]  # and here it can be done
    drop()
    with pytest.raises(NameError):
        look()
    # A twin looks at whose variable it is before it would find nothing there.
    by_means = (NameError, "cannot access free") if pythons.HAS_PATCHES else (parallel.UnprotectedError, "enclosing")
    with pytest.raises(by_means[0], match=f"{by_means[1]}.* '?kept'?"):
        parallel.submit_work(drop).result()

    def own():
        drop, look = make()
        before = set(globals())
        drop()
        drop.__code__.__hash__(), hash(drop.__code__.co_names[-1:])  # who asks for hashes deletes nothing
        return set(globals()) == before, "look" in vars() and _is_unbound(look)

    assert parallel.submit_work(own).result() == (True, True)


def _is_unbound(look):
    try:
        look()
    except NameError:
        return True
    return False
