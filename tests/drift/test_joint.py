"""Rows told apart by their features together, and performance adjusted for it."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.drift.joint import separation
from baseline_pipeline.effects import Part
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.shift import joint_shift
from tests.two_scorings import contract


def pair(rng, rows=3000, correlation=0.0, move=0.0):
    x, y = rng.normal(move, 1, rows), rng.normal(0, 1, rows)
    z = correlation * x + np.sqrt(1 - correlation**2) * y
    words = pa.array(rng.choice(["a", "b", "c"], rows), mask=rng.random(rows) < 0.1)
    return pa.table({"x": x, "z": pa.array(z, mask=rng.random(rows) < 0.05), "word": words})


def test_rows_that_are_as_before_are_rarely_told_apart():
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        found.append(separation(pair(rng, 1500), pair(rng, 1500), seed=seed).p_value)

    assert np.mean(np.array(found) < 0.05) <= 0.15
    assert np.mean(found) == pytest.approx(0.5, abs=0.15)


def test_a_correlation_that_turned_is_seen_though_no_column_moved():
    rng = np.random.default_rng(1)
    found = separation(pair(rng, correlation=0.6), pair(rng, correlation=-0.6), seed=1)

    assert found.auc > 0.7
    assert found.p_value < 1e-6


def test_two_periods_are_not_told_apart_by_their_days():
    rng = np.random.default_rng(2)
    sides = [pair(rng, 1500) for _ in range(2)]
    dated = [
        side.append_column("day", [pa.array([18_000 + place] * 1500, pa.date32())]) for place, side in enumerate(sides)
    ]
    plain, found = (separation(*tables, seed=2) for tables in (sides, dated))

    assert found.auc == plain.auc
    assert separation(*(side.select(["day"]) for side in dated), seed=2) is None


def test_rows_of_one_cluster_do_not_give_each_other_away():
    """Days that differ by luck: a classifier that saw a day's other rows would know the day."""
    rng = np.random.default_rng(2)
    days = [np.repeat(np.arange(start, start + 20), 100).astype(str) for start in (0, 100)]
    tables = []
    for _ in days:
        level = rng.normal(0, 3, 20)
        x = np.repeat(level, 100) + rng.normal(0, 0.01, 2000)
        tables.append(pa.table({"x": x, "noise": rng.normal(0, 1, 2000)}))
    blind = separation(*tables, seed=1)
    fair = separation(*tables, seed=1, clusters=days)

    assert blind.p_value < 1e-6
    assert fair.p_value > 0.001


def test_the_same_rows_give_the_same_answer_and_few_rows_none():
    rng = np.random.default_rng(3)
    tables = pair(rng), pair(rng, move=0.5)
    one, other = (separation(*tables, seed=4) for _ in range(2))

    assert one.auc == other.auc
    assert np.array_equal(one.likeness, other.likeness)
    assert separation(tables[0].slice(0, 50), tables[1], seed=4) is None


@pytest.mark.parametrize("concept", [False, True])
def test_what_the_rows_explain_is_taken_out_and_what_they_do_not_is_left(concept):
    """Harder rows come more often: the same model does worse, and no worse on rows that look the same."""
    rng = np.random.default_rng(5)

    def side(move, *, broken):
        table = pair(rng, 12_000, move=move)
        x = table["x"].to_numpy()
        truth = 1 / (1 + np.exp(-3 + 2.5 * np.clip(x, 0, 1.2)))
        label = (rng.random(len(x)) < truth).astype(int)
        score = np.clip(truth + (0.2 if broken else 0), 0, 1)
        return table, Part(Outcomes(label, (score >= 0.5).astype(int), score), None, np.arange(len(x)), len(x), None)

    (old_features, old), (new_features, new) = side(0.0, broken=False), side(0.8, broken=concept)
    policy = contract([{"metric": "brier", "margin": {"absolute": 0.01}}])
    found = joint_shift(policy, old, new, separation(old_features, new_features, seed=1))
    (brier,) = found.adjusted
    plain = np.mean((old.outcomes.score - old.outcomes.label) ** 2) - brier.candidate

    assert plain < -0.03
    if concept:
        assert brier.interval[1] < -0.01
    else:
        assert abs(brier.gain) < 0.01
    assert found.effective_rows > 1000
