"""Harm that was planted is found where it is, and where there is none, alarms are as seldom as stated."""

import numpy as np
import pytest
from scipy.stats import binomtest

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from tests.two_scorings import METRICS, balanced, cell, churned, compared, contract, scores, world


@pytest.mark.parametrize("clustered", [True, False])
def test_a_planted_loss_in_one_slice_is_found_there_and_nowhere_else(clustered):
    rng = np.random.default_rng(4)
    score, label, day = world(rng, n=12_000, days=90)
    group = rng.choice(["a", "b", "c", "d"], 12_000)
    broken = np.where(group == "c", rng.permutation(score), score)
    broken = np.clip(broken + rng.normal(0, 0.001, 12_000), 0, 1)
    days = day if clustered else None
    result = compared(scores(score, label, cluster=days, group=group), scores(broken, label, cluster=days, group=group))
    degraded = {one.slice for one in result.cells if one.verdict == "degraded" and one.slice != ALL_ROWS}

    assert degraded == {"group=c"}
    assert cell(result, "brier", "group=c").tier == "severe"


@pytest.mark.parametrize("clustered", [True, False])
def test_balanced_churn_alarms_no_more_often_than_stated(clustered):
    """1,000 nulls: 3 % of the decisions change and quality does not; the gate's rate is 1 %.

    The gate spends its rate, so that alarms of any tier come up as often as stated, within noise.
    """
    rng = np.random.default_rng([2026, clustered])
    policy = contract(METRICS[:2], slices=[{"by": ["group"], "min_rows": 50}])
    degraded = alarmed = 0
    runs, rows = 1000, 2000
    for _ in range(runs):
        score, label, day = world(rng, rows, clustered=clustered)
        label = balanced(rng, label, score)
        group = rng.choice(["a", "b", "c", "d", "e"], rows)
        days = day if clustered else None
        result = compared(
            scores(score, label, cluster=days, group=group),
            scores(churned(rng, score), label, cluster=days, group=group),
            policy=policy,
        )
        degraded += any(one.verdict == "degraded" for one in result.cells)
        alarmed += any(one.tier is not None for one in result.cells)

    assert clopper_pearson_upper(degraded, runs) <= 0.015
    assert binomtest(alarmed, runs, 0.01, alternative="greater").pvalue > 0.01


def test_harm_buried_in_rows_that_hardly_moved_is_seen_on_those_that_moved_most():
    """Noise on every row, damage on few: the plain mean cannot tell, the weighted one can."""
    rng = np.random.default_rng(31)
    score, label, _ = world(rng, n=5000)
    new = np.clip(score + rng.normal(0, 0.05, 5000), 0.001, 0.999)
    hit = rng.random(5000) < 0.01
    new[hit] = np.where(label[hit] == 1, 0.05, 0.95)
    found = cell(compared(scores(score, label), scores(new, label)), "brier")

    assert found.tier is not None
    assert found.p_adjusted < 0.01


def test_scores_made_too_extreme_are_a_harm_that_no_decision_shows():
    rng = np.random.default_rng(22)
    score, label, _ = world(rng, n=6000, clustered=False)
    odds = np.log(score / (1 - score))
    policy = contract(
        [
            {"metric": "error_rate", "margin": {"absolute": 0.01}},
            {"metric": "calibration_slope", "role": "guardrail", "margin": {"absolute": 0.05}},
        ],
        slices=[],
    )
    sharpened = 1 / (1 + np.exp(-1.5 * odds))
    result = compared(scores(score, label), scores(sharpened, label), policy=policy)
    back = compared(scores(sharpened, label), scores(score, label), policy=policy)

    assert cell(result, "error_rate").verdict == "unchanged"
    assert cell(result, "calibration_slope").verdict == "degraded"
    assert cell(back, "calibration_slope").verdict == "improved"
