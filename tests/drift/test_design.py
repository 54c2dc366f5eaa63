"""Columns whose values go together by cluster do not drift more often than stated."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.drift.columns import movements
from baseline_pipeline.drift.design import design_effect
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary
from baseline_pipeline.summaries.grid import Grid

GRID = Grid(location=0.0, scale=1.5)


def side(rng, days=40, rows=50):
    day = np.repeat(np.arange(days), rows)
    x = np.repeat(rng.normal(0, 0.5, days), rows) + rng.normal(0, 1, days * rows)
    words = np.where(np.repeat(rng.normal(0, 0.5, days), rows) + rng.normal(0, 1, days * rows) > 0.5, "a", "b")
    return day, x, words


def p_values(seed, *, clustered):
    rng = np.random.default_rng(seed)
    sides = [side(rng) for _ in range(2)]
    summaries = [
        {
            "x": NumberSummary.of(GRID, x),
            "word": CategorySummary({word: int((words == word).sum()) for word in ("a", "b")}, 0),
        }
        for _, x, words in sides
    ]
    designs = {}
    if clustered:
        designs = {
            name: tuple(design_effect(pa.chunked_array([one[place]]), one[0]) for one in sides)
            for name, place in (("x", 1), ("word", 2))
        }
    found = movements(*summaries, seed=seed, designs=designs)
    return [found[name].p_value for name in ("x", "word")]


@pytest.mark.parametrize("clustered", [True, False])
def test_days_that_differ_by_luck_are_no_drift_once_days_are_known(clustered):
    found = np.array([min(p_values(seed, clustered=clustered)) for seed in range(120)])
    rate = float((found < 0.05).mean())

    assert rate < 0.12 if clustered else rate > 0.4


def test_without_clusters_every_row_counts():
    assert design_effect(pa.chunked_array([np.arange(10.0)]), None) == 1.0
    assert design_effect(pa.chunked_array([pa.array([], pa.float64())]), np.array([])) == 1.0
    assert design_effect(pa.chunked_array([np.ones(10)]), np.arange(10)) == 1.0
