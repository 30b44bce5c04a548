"""Random streams of works: never the same, and the same every time with a seed."""

import random

import numpy as np
import pytest

import parallel

pytestmark = pytest.mark.packages


@pytest.fixture(autouse=True)
def unseeded():
    yield
    parallel.configure(seed=None)


def draw(kind):
    return {
        "random": random.random,
        "numpy": np.random.random,
        "generator": lambda: module_generator.random(),
        "state": lambda: module_state.random_sample(),
        "instance": lambda: module_random.random(),
        "normal": np.random.standard_normal,
        "gauss": lambda: random.gauss(0, 1),
    }[kind]()


module_generator = np.random.default_rng(1)
module_state = np.random.RandomState(1)
module_random = random.Random(1)
KINDS = ("random", "numpy", "generator", "state", "instance", "normal", "gauss")


def drawn(kind, works=8):
    found = [parallel.submit_work(draw, kind) for _ in range(works)]
    parallel.run()
    return [float(work.result()) for work in found]


@pytest.fixture
def in_main(main_module):
    """The generators as variables of the user's namespace."""
    main_module.generator, main_module.state, main_module.instance = module_generator, module_state, module_random


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_seed_no_two_works_draw_the_same(in_main, kind, two_contexts):
    assert len(set(drawn(kind) + drawn(kind))) == 16


@pytest.mark.parametrize("kind", KINDS)
def test_with_a_seed_the_number_of_contexts_makes_no_difference(kind):
    streams = []
    for contexts in (1, 2, 8, 2):
        parallel.configure(contexts=contexts, seed=7)
        streams.append(drawn(kind))
    assert len(set(streams[0])) == 8 and streams[1:] == [streams[0]] * 3
    parallel.configure(seed=8)
    assert not set(drawn(kind)) & set(streams[0])


def test_the_stream_goes_on_with_later_works(two_contexts):
    parallel.configure(seed=7)
    first, second = drawn("random", 3), drawn("random", 3)
    parallel.configure(seed=7)
    assert drawn("random", 6) == first + second


def test_items_of_map_have_streams_of_their_own():
    streams = []
    for contexts, chunksize in ((1, None), (2, 1), (2, 7), (3, 100)):
        parallel.configure(contexts=contexts, seed=3)
        streams.append(
            parallel.map(lambda n: (n, random.random(), float(np.random.random())), range(20), chunksize=chunksize)
        )
    assert streams[1:] == [streams[0]] * 3 and len({item[1] for item in streams[0]}) == 20


def test_calls_of_an_executor():
    streams = []
    for contexts in (1, 2):
        parallel.configure(seed=5)
        with parallel.Executor(contexts) as executor:
            streams.append([future.result() for future in [executor.submit(random.random) for _ in range(6)]])
    assert streams[0] == streams[1] and len(set(streams[0])) == 6


def test_a_retry_draws_the_same_again(two_contexts):
    parallel.configure(seed=1)
    seen = parallel.xlist()

    def fail_twice():
        seen.push(random.random())
        if len(seen) < 3:
            raise ValueError

    parallel.submit_work(fail_twice, retries=5)
    parallel.run()
    assert len(seen) == 3 and len(set(seen)) == 1


def test_the_main_thread_draws_what_it_always_draws(two_contexts):
    random.seed(1)
    np.random.seed(1)
    expected = random.Random(1).random(), float(np.random.RandomState(1).random_sample())
    parallel.configure(seed=7)
    drawn("random")
    drawn("generator")
    assert (random.random(), float(np.random.random())) == expected


def test_tracebacks_do_not_show_how_a_work_is_seeded():
    parallel.configure(seed=7)
    work = parallel.submit_work(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        work.result()
    assert "_call_seeded" not in work.traceback and "1 / 0" in work.traceback


def test_seeds_that_are_none():
    for seed in ("7", 1.5):
        with pytest.raises(TypeError):
            parallel.configure(seed=seed)


def test_the_second_of_a_pair_of_normal_variates_is_not_drawn_again(two_contexts):
    """numpy draws them in pairs and keeps one, which a fork would give to every context."""
    np.random.standard_normal(1)
    kept = np.random.get_state()[4]
    assert np.random.get_state()[3] == 1 and kept not in drawn("normal")
    np.random.standard_normal(1)


@pytest.mark.skipif(not hasattr(np.random, "set_bit_generator"), reason="numpy before 1.24 has none")
@pytest.mark.parametrize("kind", ["numpy", "normal"])
def test_another_generator_behind_numpys_functions(kind, two_contexts):
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(3))
    try:
        assert len(set(drawn(kind) + drawn(kind))) == 16
        streams = []
        for _ in range(2):
            parallel.configure(seed=7)
            streams.append(drawn(kind))
        assert streams[0] == streams[1] and len(set(streams[0])) == 8
    finally:
        np.random.set_bit_generator(before)
