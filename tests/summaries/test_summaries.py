"""Summaries add up, and every way to make them counts the same."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary
from baseline_pipeline.summaries.engine import grids_of
from baseline_pipeline.summaries.grid import CELLS, Grid

floats = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=64), max_size=50)
GRID = Grid(location=0.3, scale=2.0)


def same(one, other):
    assert np.array_equal(one.counts, other.counts)
    assert one.total == pytest.approx(other.total, rel=1e-12, abs=1e-9 * max(abs(one.low), abs(one.high)))
    assert np.array_equal(one.atoms, other.atoms)
    assert (one.nulls, one.infinite, one.low, one.high) == (other.nulls, other.infinite, other.low, other.high)


@given(floats, floats, floats)
def test_merging_is_associative_commutative_and_the_same_as_all_at_once(a, b, c):
    a, b, c = (np.clip(np.array(part, dtype=float), -1e300, 1e300) for part in (a, b, c))
    one, two, three = (NumberSummary.of(GRID, part) for part in (a, b, c))
    whole = NumberSummary.of(GRID, np.concatenate([a, b, c]))

    for merged in (one.merged(two).merged(three), three.merged(one.merged(two)), two.merged(three).merged(one)):
        assert np.array_equal(merged.counts, whole.counts)
        assert (merged.nulls, merged.infinite, merged.rows) == (whole.nulls, whole.infinite, whole.rows)
        assert (merged.low, merged.high) == (whole.low, whole.high)


def test_summaries_on_different_grids_do_not_add_up():
    one, other = (NumberSummary.of(Grid(location=0.0, scale=scale), np.ones(3)) for scale in (1.0, 2.0))

    with pytest.raises(ValueError, match="different grids"):
        one.merged(other)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=40))
def test_cells_keep_the_order_of_values_and_edges_lie_between_them(values):
    ordered = np.sort(np.array(values))
    cells = GRID.cell(ordered)

    assert (np.diff(cells) >= 0).all()
    assert cells.min() >= 0
    assert cells.max() < CELLS


def odd_numbers(rng, rows=20_000):
    values = np.concatenate([rng.normal(0, 1, rows), rng.pareto(0.5, rows) * 1e6, [0.0, -0.0, 1e308, -1e308, 5e-324]])
    values = np.concatenate([values, [np.nan] * 7, [np.inf] * 3, [-np.inf] * 2])
    return rng.permutation(values)


@pytest.mark.parametrize("threads", [1, 2])
def test_duckdb_counts_bit_for_bit_as_numpy_does(tmp_path, threads):
    rng = np.random.default_rng(3)
    values = odd_numbers(rng)
    column = pa.array(values, mask=rng.random(len(values)) < 0.1)
    words = pa.array(rng.choice(['a"b', "ü'; drop", ""], len(values))).dictionary_encode()
    whole, halves = (
        rng.integers(-5, 5, len(values)),
        rng.choice([-1e308, -960.5, -0.5, -0.0, 1.0, 1.5, 959.5], len(values)),
    )
    table = pa.table({'x "quoted"': column, "whole": pa.array(whole), "halves": pa.array(halves), "w": words})
    pq.write_table(table, tmp_path / "rows.parquet")
    engine = DuckDbEngine(threads)
    grids = {
        'x "quoted"': grids_of(engine, table, ['x "quoted"'])['x "quoted"'],
        "whole": grids_of(engine, table, ["whole"])["whole"],
        "halves": Grid(location=0.0, scale=1.0, whole=True),
        "w": None,
    }
    expected = NumberSummary.of(grids['x "quoted"'], column.to_numpy(zero_copy_only=False).astype(float))

    for rows in (table, str(tmp_path / "rows.parquet")):
        found = engine.summaries(rows, grids)
        same(found['x "quoted"'], expected)
        for name in ("whole", "halves"):
            same(found[name], NumberSummary.of(grids[name], table[name].to_numpy().astype(float)))
        assert found["w"] == CategorySummary(dict(Counter(words.to_pylist())), 0)


def test_columns_without_values_and_a_hundred_thousand_categories_are_summed_up():
    table = pa.table(
        {
            "nothing": pa.nulls(100_000, pa.float64()),
            "name": pa.array([f"n{number}" for number in range(99_999)] + [None]),
            "constant": np.ones(100_000),
        }
    )
    engine = DuckDbEngine()
    grids = {**grids_of(engine, table, ["nothing", "constant"]), "name": None}
    found = engine.summaries(table, grids)

    assert (found["nothing"].nulls, found["nothing"].rows) == (100_000, 100_000)
    assert (len(found["name"].counts), found["name"].nulls) == (99_999, 1)
    assert found["constant"].counts.max() == 100_000
    assert engine.summaries(table.slice(0, 0), grids)["constant"].rows == 0


def test_categories_are_the_same_whether_whole_numbers_are_kept_as_such_as_floats_or_as_decimals():
    values = [1, 0, 1, None]
    kinds = [pa.int64(), pa.float32(), pa.float64(), pa.decimal128(6, 2)]
    found = [DuckDbEngine(1).summaries(pa.table({"y": pa.array(values, kind)}), {"y": None})["y"] for kind in kinds]

    assert found == [CategorySummary({"1": 2, "0": 1}, 1)] * len(kinds)


def test_a_category_that_is_not_a_number_is_missing_and_others_keep_their_fractions():
    table = pa.table({"y": [0.5, float("nan"), 1e17, None]})

    assert DuckDbEngine(1).summaries(table, {"y": None})["y"] == CategorySummary({"0.5": 1, str(10**17): 1}, 2)
