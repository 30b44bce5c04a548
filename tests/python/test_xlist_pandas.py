"""Tables of pandas through xlists: their columns of numbers are read where they lie, in the list's heap."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy
import pandas
import pytest

import parallel
from support import region_use

pytestmark = pytest.mark.packages

ROWS = 50_000


def make_table(rows: int = ROWS) -> pandas.DataFrame:
    """A column of each kind of block whose content is numbers, and one of str, whose is not."""
    numbers = numpy.arange(rows)
    return pandas.DataFrame(
        {
            "int": numbers,
            "float": numbers / 3,
            "another": numbers * 2.5,
            "short": numbers.astype("i2"),
            "bool": numbers % 3 == 0,
            "day": pandas.date_range("2024-02-29", periods=rows, freq="h"),
            "zoned": pandas.date_range("2024", periods=rows, freq="h", tz="UTC"),
            "span": pandas.to_timedelta(numbers, unit="s"),
            "category": pandas.Categorical.from_codes(numbers % 2, ["a", "b"]),
            "nullable": pandas.array(numbers, dtype="Int64"),
            "text": numbers.astype(str).astype(object),
        }
    )


def numbers_of(series: pandas.Series) -> numpy.ndarray:
    """The array in which a column keeps its numbers, without a copy."""
    values = series._values
    for name in ("_ndarray", "_codes", "_data"):
        if not isinstance(values, numpy.ndarray) and isinstance(getattr(values, name, None), numpy.ndarray):
            values = getattr(values, name)
    assert isinstance(values, numpy.ndarray)
    return values


def is_in_region(array: numpy.ndarray) -> bool:
    """Does all of it lie in memory shared with other processes, of which this one has the region only?"""
    begin = array.__array_interface__["data"][0]
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights = line.split()[:2]
        first, end = (int(address, 16) for address in place.split("-"))
        if first <= begin < end:
            return rights.endswith("s") and begin + array.nbytes <= end
    return False


def push_table() -> parallel.xlist:
    """A list with a table that a context has made."""
    xl = parallel.xlist()
    parallel.submit_work(lambda: xl.push(make_table()))
    parallel.run()
    return xl


def test_a_table_of_a_context_is_the_table_it_made():
    pushed = push_table()
    table = pushed[0]
    pandas.testing.assert_frame_equal(table, make_table())
    assert table.groupby("category", observed=True)["float"].sum().tolist() == [
        pytest.approx(numpy.arange(first, ROWS, 2).sum() / 3) for first in (0, 1)
    ]


def arrow_buffers_of(series: pandas.Series) -> list[numpy.ndarray]:
    """The memory in which a column of pyarrow's keeps its texts; none where pandas keeps them as objects."""
    if not hasattr(series.array, "_pa_array"):
        return []
    chunks = series.array.__arrow_array__().chunks
    return [numpy.frombuffer(buffer, "u1") for chunk in chunks for buffer in chunk.buffers() if buffer is not None]


def test_texts_are_read_in_place_where_they_are_a_buffer():
    pushed = push_table()
    first, second = pushed[0]["text"], pushed[0]["text"]
    assert first.tolist() == second.tolist() == [str(number) for number in range(ROWS)]
    buffers = arrow_buffers_of(first)
    if not buffers:
        objects, again = numbers_of(first), numbers_of(second)
        assert not is_in_region(objects) and not numpy.shares_memory(objects, again)  # made anew by every reader
    for ours, again in zip(buffers, arrow_buffers_of(second), strict=True):
        assert is_in_region(ours) and numpy.shares_memory(ours, again)


@pytest.mark.parametrize("column", make_table(2).columns.drop("text"))
def test_columns_are_read_in_place(column):
    pushed = push_table()
    first, second = pushed[0], pushed[0]
    ours, again = numbers_of(first[column]), numbers_of(second[column])
    assert is_in_region(ours) and not ours.flags.writeable
    assert numpy.shares_memory(ours, again)


def test_reading_takes_no_memory_for_the_numbers():
    pushed = push_table()
    shared = region_use()[0]
    tables = [pushed[0] for _ in range(20)]
    assert region_use()[0] == shared
    assert len({numbers_of(table["float"]).__array_interface__["data"][0] for table in tables}) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: pandas.Series(numpy.arange(ROWS) * 0.5, name="s"),
        lambda: pandas.Index(numpy.arange(ROWS)),
        lambda: pandas.Series(pandas.date_range("2024", periods=ROWS, freq="s")),
    ],
    ids=["floats", "index", "times"],
)
def test_series_and_indexes(make):
    xl = parallel.xlist([make()])
    twin = xl[0]
    assert type(twin) is type(make()) and twin.equals(make()) and twin.name == make().name
    assert is_in_region(numbers_of(twin))


def test_a_column_keeps_the_heap_alive():
    before = region_use()
    xl = parallel.xlist([{"tables": [make_table()]}])
    part = xl[0]["tables"][0]["float"][10:20]
    del xl
    gc.collect()
    assert region_use()[1] == before[1] + 1
    assert part.tolist() == [n / 3 for n in range(10, 20)] and is_in_region(numbers_of(part))
    del part
    assert region_use() == before


def test_a_table_is_changed_by_copying_it():
    pushed = push_table()
    table = pushed[0]
    with pytest.raises(ValueError, match="read-only"):
        table["float"].to_numpy()[0] = 1
    mine = table.copy()
    mine.loc[0, "float"] = 1.0
    mine["int"] += 1
    assert mine["float"][0] == 1.0 and mine["int"][0] == 1
    pandas.testing.assert_frame_equal(pushed[0], make_table())
