"""What DuckDB takes from Arrow, and what is said where it does not."""

import decimal

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import Expression
from baseline_pipeline.summaries.condition import condition_sql
from baseline_pipeline.summaries.engine import grids_of


def test_numbers_of_half_precision_are_read_as_what_they_are():
    engine = DuckDbEngine(1)
    rows = pa.table({"größe": pa.array(np.array([0.1, 65504.0, np.nan], dtype=np.float16))})
    with engine.named(rows) as relation:
        found = engine.query(f'SELECT "größe" AS x FROM {relation}')["x"].to_pylist()

    assert found[:2] == [float(np.float16(0.1)), 65504.0]
    assert np.isnan(found[2])


def test_times_with_a_zone_and_without_are_compared_in_utc_wherever_the_machine_stands(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    instant = np.array(["2026-07-01T12:00"], dtype="datetime64[us]")
    rows = pa.table({"zoned": pa.array(instant, pa.timestamp("us", "Asia/Tokyo")), "plain": pa.array(instant)})
    types = {field.name: field.type for field in rows.schema}
    condition = Expression.parse("zoned == plain")
    engine = DuckDbEngine(1)
    with engine.named(rows) as relation:
        found = engine.query(f"SELECT {condition_sql(condition, types)} AS same FROM {relation}")["same"].to_pylist()
        zone = engine.query("SELECT current_setting('TimeZone') AS zone")["zone"].to_pylist()

    assert found == condition.mask(rows).tolist() == [True]
    assert zone == ["UTC"]


def test_a_column_that_duckdb_does_not_read_is_named():
    rows = pa.table({"id": [1], "größe": pa.array([decimal.Decimal(1)], pa.decimal256(50))})

    with (
        pytest.raises(DataUnreadable, match=r"column 'größe' is decimal256\(50, 0\), which DuckDB does not read"),
        DuckDbEngine(1).named(rows),
    ):
        pass


@pytest.mark.parametrize("place", ["https://example.invalid/rows.parquet", "s3://bucket/rows/*.parquet"])
def test_what_is_not_on_this_machine_is_said_to_be_read_by_spark_only(place):
    with pytest.raises(DataUnreadable) as refused, DuckDbEngine(1).named(place):
        pass

    assert refused.value.message == f"{place}: rows are read in this process, and from files of this machine only"
    assert "engine: {spark:" in refused.value.next_step


def test_columns_of_a_table_are_counted_whatever_the_case_of_their_names():
    prices = [pa.array([decimal.Decimal(one)]) for one in (7, 500)]
    marks = [pa.array([one]) for one in (b"a", b"b")]
    rows = pa.table([*prices, *marks], names=["Price", "price", "Mark", "mark"])
    grids = grids_of(engine := DuckDbEngine(1), rows, ["Price", "price"]) | {"Mark": None, "mark": None}
    found = engine.summaries(rows, grids)

    assert [found[name].low for name in ("Price", "price")] == [7.0, 500.0]
    assert [found[name].counts for name in ("Mark", "mark")] == [{"a": 1}, {"b": 1}]
