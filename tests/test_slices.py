"""Which rows belong to which declared slice."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline import slices
from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.slices import find_slices

FLIGHTS = pa.table({"carrier": ["EV", "UA", None, "EV"], "origin": ["EWR", "EWR", "JFK", None]})


def found(*specs, table=FLIGHTS):
    return {one.name: one.rows.tolist() for one in find_slices([SliceSpec(**spec) for spec in specs], table)}


def test_every_value_is_a_slice_and_so_is_a_missing_one():
    assert found({"by": ["carrier"]}) == {"carrier=(missing)": [2], "carrier=EV": [0, 3], "carrier=UA": [1]}


def test_combinations_are_those_that_occur():
    assert found({"by": ["carrier", "origin"]}) == {
        "carrier=(missing) & origin=JFK": [2],
        "carrier=EV & origin=(missing)": [3],
        "carrier=EV & origin=EWR": [0],
        "carrier=UA & origin=EWR": [1],
    }


def test_a_condition_without_rows_is_still_a_slice():
    assert found({"name": "nobody", "where": "carrier == 'ZZ'"}) == {"nobody": []}


def test_slices_stand_in_the_order_of_their_declarations():
    names = list(found({"name": "united", "where": "carrier == 'UA'"}, {"by": ["origin"]}))

    assert names == ["united", "origin=(missing)", "origin=EWR", "origin=JFK"]


@pytest.mark.parametrize(
    "column",
    [pa.array([1, 2, None]), pa.array([1.5, 2.0, None]), pa.array([True, False, None]), pa.array(["a", "b", None])],
)
def test_any_kind_of_column_can_be_sliced_by(column):
    names = found({"by": ["c"]}, table=pa.table({"c": column}))

    assert len(names) == 3
    assert names["c=(missing)"] == [2]


@pytest.mark.parametrize("kind", [pa.float64(), pa.int32(), pa.decimal128(5, 2)])
def test_numbers_that_are_all_missing_are_one_part(kind):
    table = pa.table({"c": pa.nulls(3, kind)})

    assert found({"by": ["c"], "quantiles": 3}, table=table) == {"c=(missing)": [0, 1, 2]}


def test_what_two_declarations_make_alike_is_one_slice_by_the_first():
    table = pa.table({"x": pa.array([1.0, 2.0, None, float("nan")])})
    specs = [SliceSpec(by=["x"], quantiles=2, min_rows=7), SliceSpec(by=["x"]), SliceSpec(by=["x"], quantiles=4)]
    slices = find_slices(specs, table)

    assert [one.name for one in slices] == ["x=(missing)", "x=q1/2", "x=q2/2", "x=1", "x=2", "x=q1/4", "x=q4/4"]
    assert (slices[0].rows.tolist(), slices[0].min_rows) == ([2, 3], 7)


def test_values_beyond_the_cap_are_gathered_and_none_is_dropped(monkeypatch):
    monkeypatch.setattr(slices, "MAX_LEVELS", 2)
    table = pa.table({"c": ["a"] * 3 + ["b"] * 2 + ["x", "y", "z"]})

    assert found({"by": ["c"]}, table=table) == {"c=a": [0, 1, 2], "c=b": [3, 4], "c: 3 smaller values": [5, 6, 7]}


@given(st.lists(st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 3) | st.none()), min_size=1))
def test_levels_partition_the_rows(pairs):
    table = pa.table(
        {"s": pa.array([s for s, _ in pairs], pa.string()), "k": pa.array([k for _, k in pairs], pa.int64())}
    )
    rows = np.concatenate([one.rows for one in find_slices([SliceSpec(by=["s", "k"])], table)])

    assert sorted(rows.tolist()) == list(range(len(pairs)))


def test_numbers_are_cut_at_quantiles_and_missing_ones_stand_apart():
    table = pa.table({"x": pa.array([1.0, 2.0, None, 3.0, 4.0, float("nan")])})

    assert found({"by": ["x"], "quantiles": 2}, table=table) == {
        "x=(missing)": [2, 5],
        "x=q1/2": [0, 1],
        "x=q2/2": [3, 4],
    }


def test_later_rows_are_cut_where_the_baselines_were():
    spec = SliceSpec(by=["x"], quantiles=2)
    baseline, later = (pa.table({"x": pa.array(values)}) for values in ([1.0, 2.0, 3.0, 4.0], [10.0, 2.0]))
    cut = {one.name: one.rows.tolist() for one in find_slices([spec], later, quantiles_of=baseline)}

    assert cut == {"x=q1/2": [1], "x=q2/2": [0]}


def test_words_have_no_quantiles_and_quantiles_need_columns():
    with pytest.raises(DataUnreadable, match="'carrier' is string and is to be cut at quantiles; accepted: numbers"):
        found({"by": ["carrier"], "quantiles": 4})
    with pytest.raises(ValueError, match="there is no `by`"):
        SliceSpec(where="x > 1", name="large", quantiles=4)


def test_a_midnight_is_called_by_its_day_whatever_else_stands_there():
    at = pa.array(["2026-02-03T00:00:00", "2026-02-03T12:00:00", None]).cast(pa.timestamp("ns"))
    found = find_slices([SliceSpec(by=["at"])], pa.table({"at": at}))

    assert [one.name for one in found] == ["at=(missing)", "at=2026-02-03", "at=2026-02-03 12:00:00.000000000"]
