"""Performance of rows without labels, from calm rows weighted to look like them."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.weighting import weighted_performance
from tests.two_scorings import contract

CALM, NOW = np.arange(3000), np.arange(3000, 3800)
REGRESSION = contract(
    [{"metric": "mean_absolute_error", "margin": {"absolute": 0.1}}],
    (),
    task="regression",
    model={"function": "a:b"},
)


def regression(move, *, features=None, cluster=None):
    """Errors grow with x; the truth of the last 800 rows beside."""
    rng = np.random.default_rng(8)
    x = np.r_[rng.normal(0, 1, 3000), rng.normal(move, 1, 800)]
    label = x + rng.normal(0, 0.2 + np.exp(x) / 2)
    known = np.arange(3800) < 3000
    table = pa.table({"x": x}) if features is None else features
    rows = ScoredRows(
        pa.array([str(number) for number in range(3800)]),
        np.datetime64("2026-01-05", "s") + np.arange(3800),
        Outcomes(np.where(known, label, 0.0), x),
        known,
        cluster,
        table.select([]),
        table,
    )
    return rows, np.abs(label - x)


def test_a_regression_on_rows_that_moved_is_estimated_where_scores_tell_nothing():
    rows, loss = regression(0.8)
    found = weighted_performance(REGRESSION, rows, CALM, NOW)
    guess = found.readings["mean_absolute_error"]

    assert loss[NOW].mean() > 1.5 * loss[CALM].mean()
    assert guess.value == pytest.approx(loss[NOW].mean(), rel=0.1)
    assert 0 < guess.error < 0.2
    assert 100 < found.effective_rows < 2500
    assert not found.refused


def test_rows_that_are_unlike_all_calm_ones_are_refused_in_words():
    """A classifier that knows every side gives all calm rows the same small weight, worth all rows."""
    found = weighted_performance(REGRESSION, regression(6.0)[0], CALM, NOW)

    assert not found.readings
    assert "look like calm ones" in found.refused


def test_few_rows_are_refused_in_words():
    rows, _ = regression(0.0)

    assert "150 rows without labels; 200" in weighted_performance(REGRESSION, rows, CALM, NOW[:150]).refused
    assert "0 labelled calm rows" in weighted_performance(REGRESSION, rows, CALM[:0], NOW).refused


def test_weights_that_are_worth_few_rows_are_refused_in_words():
    rows, _ = regression(1.4)

    assert "are needed (AUC" in weighted_performance(REGRESSION, rows, CALM[:300], NOW).refused


def test_features_without_values_are_refused_in_words():
    found = weighted_performance(REGRESSION, regression(0.0, features=pa.table({"x": pa.nulls(3800)}))[0], CALM, NOW)

    assert "no feature has values" in found.refused


def test_values_that_are_no_numbers_pass_for_no_shift():
    rows, _ = regression(0.0, features=pa.table({"x": np.where(np.arange(3800) % 2, np.nan, np.inf)}))
    found = weighted_performance(REGRESSION, rows, CALM, NOW)

    assert found.effective_rows == pytest.approx(3000, rel=0.05)


def test_one_day_of_rows_is_no_cluster_of_its_own():
    day = np.array([f"d{number // 100}" for number in range(3000)] + ["today"] * 800)
    found = weighted_performance(REGRESSION, regression(0.5, cluster=day)[0], CALM, NOW)

    assert found.readings["mean_absolute_error"].value > 0
