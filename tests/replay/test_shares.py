"""Shares of a change: they add up, and they are exact where truth is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.replay.attribution import FACTORS, Replayed, share_out
from baseline_pipeline.replay.shapley import all_cells, interaction_weights, shapley_weights

THREE = ("dependencies", "model", "infrastructure")


def world(rows=2000, seed=0, effects=(0.5, 0.3, 0.0), both=0.0):
    """Regression whose absolute error grows by known amounts, and by `both` where the first two are new."""
    rng = np.random.default_rng(seed)
    label = rng.normal(size=rows)
    noise = np.abs(rng.normal(size=(rows, 3)))
    cells = {}
    for cell in all_cells(THREE):
        error = 1 + sum(
            effect * noise[:, number]
            for number, (factor, effect) in enumerate(zip(THREE, effects, strict=True))
            if factor in cell
        )
        error = error + both * ({"dependencies", "model"} <= cell)
        cells[cell] = Replayed(Outcomes(label, label + error), np.arange(rows))
    return cells, noise


def test_shares_are_those_of_the_rows_and_interactions_are_seen():
    cells, noise = world(both=0.2)

    found = share_out(METRICS["mean_absolute_error"], THREE, cells)

    harm = {one.factor: one.harm for one in found.contributions}
    assert harm["dependencies"] == pytest.approx(0.5 * noise[:, 0].mean() + 0.1)
    assert harm["model"] == pytest.approx(0.3 * noise[:, 1].mean() + 0.1)
    assert harm["infrastructure"] == pytest.approx(0, abs=1e-12)
    assert found.top.factor == "dependencies"
    assert sum(harm.values()) == pytest.approx(found.harm)
    together = {one.factors: one.harm for one in found.interactions}
    assert together["dependencies", "model"] == pytest.approx(0.2)
    first = next(one for one in found.contributions if one.factor == "dependencies")
    error = 0.5 * noise[:, 0].std(ddof=1) / np.sqrt(2000)
    assert first.interval[1] - first.harm == pytest.approx(1.96 * error, rel=0.02)


@given(st.integers(1, 5), st.integers(0, 4))
def test_weights_of_a_share_add_up_to_nothing_and_of_all_shares_to_the_change(count, place):
    factors = FACTORS[:count]
    weights = shapley_weights(factors, factors[place % count])
    total: dict = {}
    for factor in factors:
        for cell, weight in shapley_weights(factors, factor).items():
            total[cell] = total.get(cell, 0.0) + weight

    assert sum(weights.values()) == pytest.approx(0)
    ends = {frozenset(): -1.0, frozenset(factors): 1.0}
    assert {cell: round(weight, 9) for cell, weight in total.items() if abs(weight) > 1e-9} == ends
    if count > 1:
        assert sum(interaction_weights(factors, factors[:2]).values()) == pytest.approx(0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6))
def test_rows_that_move_together_are_less_sure(seed):
    cells, _ = world(rows=600, seed=seed)
    twice = {
        cell: Replayed(
            Outcomes(np.tile(one.outcomes.label, 2), np.tile(one.outcomes.prediction, 2)), np.arange(2 * len(one.rows))
        )
        for cell, one in cells.items()
    }
    once = share_out(METRICS["mean_absolute_error"], THREE, cells)
    doubled = share_out(METRICS["mean_absolute_error"], THREE, twice, cluster=np.tile(np.arange(600), 2))

    for one, two in zip(once.contributions, doubled.contributions, strict=True):
        assert two.harm == pytest.approx(one.harm)
        assert two.interval[1] - two.interval[0] == pytest.approx(one.interval[1] - one.interval[0], rel=0.01)


def test_cases_of_known_truth():
    """A short version of `make attribution`, on worlds that it does not use."""
    from benchmarks.attribution import CASES, measure, synthetic

    cases = tuple(one for one in CASES if one.name in {"values", "model over two", "dependencies"})
    found = measure(6, synthetic(5000, 77, cases))

    assert found["top_right"] >= 0.9
    assert found["coverage"] >= 0.88
    assert found["false_attribution"] <= 0.06


def test_a_cause_that_changes_no_decision_makes_nothing_together_with_others():
    rng = np.random.default_rng(0)
    label, score = rng.integers(0, 2, 500), rng.random(500)
    moves = {"data_values": rng.normal(0, 0.1, 500), "model": rng.normal(0, 0.1, 500), "infrastructure": 0 * score}
    factors = ("data_values", "population", "model", "infrastructure")
    cells = {}
    for cell in all_cells(factors):
        said = score + sum((moves[one] for one in cell if one in moves), 0 * score)
        cells[cell] = Replayed(Outcomes(label, (said > 0.5).astype(int)), np.arange(500))

    found = share_out(METRICS["error_rate"], factors, cells)

    nothing = [one.interval for one in found.interactions if {"infrastructure", "population"} & set(one.factors)]
    assert nothing == [(0.0, 0.0)] * 5
