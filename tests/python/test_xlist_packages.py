"""Values of packages that not every installation has, out of works and through xlists."""

import numpy
import pytest

import parallel

pytestmark = pytest.mark.packages


def both_ways(make):
    """What `make` makes in a context, as the work's result and as an item of a list."""
    xl = parallel.xlist()
    work = parallel.submit_work(lambda: (xl.push(make()), make())[1])
    return work.result(), xl[0]


def test_tables_of_arrow():
    arrow = pytest.importorskip("pyarrow")

    def make():
        numbers = range(20_000)
        return arrow.table(
            {"n": numbers, "text": [f"row {n}" for n in numbers], "some": [n if n % 3 else None for n in numbers]}
        )

    for table in both_ways(make):
        assert table.equals(make()) and table.schema == make().schema
        assert table.filter(arrow.compute.field("n") < 3)["text"].to_pylist() == ["row 0", "row 1", "row 2"]


def test_columns_of_text():
    """Objects in pandas 1 and 2; in pandas 3 arrays of Arrow."""
    pandas = pytest.importorskip("pandas")

    def make():
        return pandas.DataFrame({"text": ["a", None, "é" * 5000] * 100})

    for table in both_ways(make):
        pandas.testing.assert_frame_equal(table, make())
        assert table["text"].str.len().max() == 5000 and table["text"].isna().sum() == 100


def test_sparse_matrices():
    sparse = pytest.importorskip("scipy.sparse")

    def make():
        return sparse.random(300, 300, density=0.1, format="csr", random_state=1)

    for matrix in both_ways(make):
        assert (matrix != make()).nnz == 0
        matrix.data[0] = 7  # an object of Python with arrays in it: its arrays are its own
        assert matrix.data[0] == 7


def test_models_of_scikit_learn():
    """They predict where they have come to, and can be trained further."""
    linear_model, ensemble = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("sklearn.ensemble")
    points = numpy.random.default_rng(1).random((200, 5))
    labels = (points.sum(axis=1) > 2.5).astype(int)

    def make():
        return (
            linear_model.SGDClassifier(random_state=1).fit(points, labels),
            ensemble.RandomForestClassifier(20, random_state=1).fit(points, labels),
        )

    expected = [model.predict(points).tolist() for model in make()]
    for models in both_ways(make):
        assert [model.predict(points).tolist() for model in models] == expected
        models[0].partial_fit(points, labels)
        assert models[1].fit(points, 1 - labels).score(points, 1 - labels) > 0.9
