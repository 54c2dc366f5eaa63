import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baseline_pipeline.content import iso_times, row_names, sort_by_row_id
from baseline_pipeline.errors import DataUnreadable

QUICK = settings(max_examples=60, deadline=None)


@QUICK
@given(st.lists(st.tuples(st.text("a|\\", max_size=3), st.text("a|\\", max_size=3)), unique=True, min_size=1))
def test_different_row_ids_never_share_a_name(ids):
    left, right = zip(*ids, strict=True)
    names = row_names(pa.table({"left": left, "right": right}), ["left", "right"]).to_pylist()

    assert len(set(names)) == len(ids)


@pytest.mark.parametrize(
    ("cell", "kind", "name"),
    [
        (7, pa.int32(), "7"),
        (2**53 + 1, pa.int64(), "9007199254740993"),
        ("007", pa.string(), "007"),
        (True, pa.bool_(), "true"),
        (dt.date(2013, 1, 31), pa.date32(), "2013-01-31"),
        (
            dt.datetime(2013, 1, 31, 10, 0, 10, tzinfo=dt.UTC),
            pa.timestamp("ns", "America/New_York"),
            "2013-01-31T10:00:10Z",
        ),
        (dt.datetime(2013, 1, 31, 10), pa.timestamp("s"), "2013-01-31T10:00:00Z"),  # noqa: DTZ001  # naive on purpose
        (dt.datetime(2013, 1, 31, 10, 0, 0, 500_000), pa.timestamp("us"), "2013-01-31T10:00:00.5Z"),  # noqa: DTZ001  # naive
    ],
)
def test_a_rows_name_spells_its_id(cell, kind, name):
    assert row_names(pa.table({"id": pa.array([cell], kind)}), ["id"]).to_pylist() == [name]


def test_times_of_any_unit_are_spelled_the_same():
    moment = dt.datetime(2013, 1, 31, 10, 0, 10, tzinfo=dt.UTC)
    spellings = {
        iso_times(pa.chunked_array([[moment]], pa.timestamp(unit, "UTC")))[0].as_py()
        for unit in ("s", "ms", "us", "ns")
    }

    assert spellings == {"2013-01-31T10:00:10Z"}


def test_rows_are_sorted_by_the_bytes_of_their_names():
    table = sort_by_row_id(pa.table({"id": ["b", "é", "a", "Z"]}), ["id"], "test")

    assert table.column("id").to_pylist() == ["Z", "a", "b", "é"]


@pytest.mark.parametrize(
    ("table", "row_id", "words"),
    [
        (pa.table({"id": [1, None, 3]}), ["id"], "1 of 3 rows have no row id (id); the first one: {'id': None}"),
        (pa.table({"id": [1, 2, 1, 1]}), ["id"], "2 of 4 rows repeat the row id (id) of another row; one of them: '1'"),
        (pa.table({"id": [1]}), ["key"], "row id column 'key' is absent; columns: id"),
        (pa.table({"id": [1.5]}), ["id"], "row id column 'id' is double; accepted: integers"),
    ],
)
def test_row_ids_that_do_not_name_rows_are_refused_with_an_example(table, row_id, words):
    with pytest.raises(DataUnreadable) as raised:
        sort_by_row_id(table, row_id, "test")

    assert words in raised.value.message
    assert raised.value.next_step
