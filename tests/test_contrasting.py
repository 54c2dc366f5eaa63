"""Verdicts on two scorings whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from baseline_pipeline.comparison import ALL_ROWS, Comparison
from baseline_pipeline.decision import decide
from baseline_pipeline.metrics.domain import both_classes
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from tests.two_scorings import METRICS, balanced, cell, churned, compared, contract, scores, world


def test_an_identical_copy_is_unchanged_exactly():
    score, label, day = world(np.random.default_rng(0))
    old = scores(score, label, cluster=day)
    result = compared(old, scores(score, label, cluster=day))

    assert {one.verdict for one in result.cells} == {"unchanged"}
    assert cell(result, "roc_auc").interval == (0.0, 0.0)
    assert result.changes.changed_scores == 0


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


def test_swapping_the_sides_mirrors_the_gain():
    rng = np.random.default_rng(1)
    score, label, day = world(rng)
    one, two = scores(score, label, cluster=day), scores(churned(rng, score), label, cluster=day)
    there, back = compared(one, two), compared(two, one)

    for a, b in zip(there.cells, back.cells, strict=True):
        assert a.gain == pytest.approx(-b.gain)
        assert a.interval == pytest.approx((-b.interval[1], -b.interval[0]))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    score, label, day = world(rng, n=800, days=40)
    new = churned(rng, score, 0.1)
    order = rng.permutation(800)
    ids = np.array([f"{i:04d}" for i in range(800)])
    straight = compared(scores(score, label, cluster=day), scores(new, label, cluster=day))
    shuffled = compared(
        scores(score, label, cluster=day, ids=ids),
        scores(new[order], label[order], cluster=day[order], ids=ids[order]),
    )

    for a, b in zip(straight.cells, shuffled.cells, strict=True):
        assert a.verdict == b.verdict
        assert a.gain == pytest.approx(b.gain, abs=1e-12)


def test_rows_in_a_training_window_are_left_out_and_counted():
    score, label, day = world(np.random.default_rng(2), n=2000, days=100)
    dates = np.datetime64("2013-01-01") + day.astype("timedelta64[D]")
    side = scores(score, label, cluster=day, day=dates)
    result = compared(side, side, windows=[("2013-01-01", "2013-02-19")])

    assert result.rows == int((day >= 50).sum())
    assert "training window" in result.left_out_because


def test_nothing_but_training_rows_is_not_comparable():
    score, label, day = world(np.random.default_rng(2), n=600)
    dates = np.full(600, np.datetime64("2013-01-05"))
    side = scores(score, label, cluster=day, day=dates)
    result = compared(side, side, windows=[("2013-01-01", "2013-01-31")])

    assert result.not_comparable.startswith("No rows are left")
    assert result.cells == ()


def test_a_changed_definition_is_never_a_number():
    side = scores(*world(np.random.default_rng(2), n=600)[:2])
    result = compared(side, side, definitions=({"label": "late"}, {"label": "disrupted"}))

    assert "'late' -> 'disrupted'" in result.not_comparable


def test_too_few_rows_are_inconclusive():
    rng = np.random.default_rng(3)
    score, label, day = world(rng, n=300)
    result = compared(scores(score, label, cluster=day), scores(churned(rng, score, 0.2), label, cluster=day))

    assert cell(result, "error_rate").verdict == "inconclusive"
    assert "500 are needed" in cell(result, "error_rate").note


def test_few_changed_decisions_are_proven_harmless_without_labels():
    score, label, _ = world(np.random.default_rng(3), n=5000)
    new = score.copy()
    flip = np.flatnonzero(np.abs(score - 0.5) < 0.2)[:4]
    new[flip] = 1 - score[flip]
    result = compared(scores(score, label), scores(new, label))

    assert cell(result, "error_rate").verdict == "unchanged"
    assert "proven without labels" in cell(result, "error_rate").note


def test_a_single_class_is_not_evaluated_and_says_so():
    score, _, day = world(np.random.default_rng(3), n=1000)
    ones = np.ones(1000, dtype=int)
    result = compared(scores(score, ones, cluster=day), scores(score * 0.9, ones, cluster=day))

    assert cell(result, "roc_auc").verdict == "not_evaluated"
    assert "single class" in cell(result, "roc_auc").note


def test_a_floor_is_a_floor_whatever_the_baseline_was():
    score, label, day = world(np.random.default_rng(3), n=1000)
    policy = contract([{"metric": "roc_auc", "margin": {"absolute": 0.01}, "floor": 0.99}])
    result = compared(scores(score, label, cluster=day), scores(score, label, cluster=day), policy=policy)

    assert cell(result, "roc_auc").verdict == "degraded"


def test_an_empty_condition_fails_only_where_the_contract_says_so():
    score, label, day = world(np.random.default_rng(3), n=1000)
    where = [{"name": "nobody", "where": "group == 'zz'"}]
    side = scores(score, label, cluster=day)
    lenient = compared(side, side, policy=contract(slices=where))
    strict = compared(side, side, policy=contract(slices=where, empty_slice="fail"))

    assert cell(lenient, "brier", "nobody").verdict == "not_evaluated"
    assert cell(strict, "brier", "nobody").verdict == "degraded"


def test_new_rows_are_compared_unpaired_with_the_wider_interval():
    rng = np.random.default_rng(8)
    score, label, day = world(rng, n=4000)
    later, labels, days = world(rng, n=4000)
    result = compared(
        scores(score, label, cluster=day),
        scores(later, labels, cluster=days, start=4000),
        moved="population",
        pairing="unpaired",
    )
    low, high = cell(result, "brier").interval

    assert result.changes is None
    assert high - low > 0.01


@pytest.mark.parametrize("clustered", [True, False])
def test_the_interval_of_the_gain_agrees_with_a_paired_bootstrap(clustered):
    rng = np.random.default_rng(12)
    score, label, day = world(rng, n=2000, days=80)
    new = np.clip(score + rng.normal(0, 0.1, 2000) + 0.1 * (day % 2), 0, 1)
    old_side, new_side = (
        scores(score, label, cluster=day if clustered else None),
        scores(new, label, cluster=day if clustered else None),
    )
    result = compared(old_side, new_side)
    by_day = [np.flatnonzero(day == one) for one in range(80)]
    for name in ("brier", "roc_auc"):
        from baseline_pipeline.metrics import METRICS as TABLE

        draws = []
        for _ in range(500):
            rows = (
                np.concatenate([by_day[i] for i in rng.integers(0, 80, 80)])
                if clustered
                else rng.integers(0, 2000, 2000)
            )
            before = TABLE[name].measure(old_side.outcomes.take(rows)).value
            draws.append(TABLE[name].measure(new_side.outcomes.take(rows)).value - before)
        low, high = cell(result, name).interval

        assert (high - low) / 2 / 1.96 == pytest.approx(np.std(draws), rel=0.15)


@pytest.mark.parametrize("clustered", [True, False])
def test_balanced_churn_alarms_no_more_often_than_stated(clustered):
    """2,000 nulls: 3 % of the decisions change and quality does not; the gate's rate is 1 %.

    The gate spends its rate, so that alarms of any tier come up as often as stated, within noise.
    """
    rng = np.random.default_rng([2026, clustered])
    policy = contract(METRICS[:2], slices=[{"by": ["group"], "min_rows": 50}])
    degraded = alarmed = 0
    runs, rows = 2000, 2000
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


def test_swapping_baseline_and_candidate_mirrors_the_result():
    rng = np.random.default_rng(21)
    score, label, day = world(rng, n=4000)
    better = np.clip(score + 0.05 * (label - score), 0.001, 0.999)
    there = compared(scores(score, label, cluster=day), scores(better, label, cluster=day))
    back = compared(scores(better, label, cluster=day), scores(score, label, cluster=day))
    mirrored = {"improved": "degraded", "unchanged": "unchanged"}

    for one, other in zip(there.cells, back.cells, strict=True):
        assert one.gain == pytest.approx(-other.gain)
        assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
        assert mirrored[one.verdict] == other.verdict
    assert cell(there, "brier").verdict == "improved"


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


def test_a_calibration_that_moved_across_its_ideal_is_unresolved():
    rng = np.random.default_rng(23)
    score, label, _ = world(rng, n=6000, clustered=False)
    odds = np.log(score / (1 - score))
    policy = contract([{"metric": "calibration_slope", "role": "guardrail", "margin": {"absolute": 0.05}}], slices=[])
    timid, extreme = (1 / (1 + np.exp(-factor * odds)) for factor in (0.93, 1.07))
    found = cell(compared(scores(timid, label), scores(extreme, label), policy=policy), "calibration_slope")

    assert (found.verdict, found.tier) == ("inconclusive", "moderate")
    assert "not settled" in found.note


def test_a_slice_that_vanished_or_is_new_has_its_own_word():
    rng = np.random.default_rng(24)
    score, label, day = world(rng, n=2000)
    old = scores(score, label, cluster=day, group=np.where(day % 2, "a", "b"))
    new = scores(score, label, cluster=day, group=np.where(day % 2, "a", "c"), start=2000)
    arguments = {"moved": "population", "pairing": "unpaired"}
    lenient = compared(old, new, **arguments)
    strict = compared(old, new, policy=contract(empty_slice="fail"), **arguments)

    assert "new slice" in cell(lenient, "brier", "group=c").note
    assert "vanished slice" in cell(lenient, "brier", "group=b").note
    assert cell(lenient, "brier", "group=b").verdict == "not_evaluated"
    assert cell(strict, "brier", "group=b").verdict == "degraded"


def test_scores_that_moved_without_changing_a_decision_prove_no_more_than_their_rows():
    """600 rows without a changed decision leave room for 0.5 %: too much for a margin of 0.1 %, fine for one of 2 %."""
    score, label, _ = world(np.random.default_rng(25), n=600, clustered=False)
    moved = np.where(score >= 0.5, np.minimum(score + 1e-4, 1), np.maximum(score - 1e-4, 0))
    found = {}
    for margin in (0.001, 0.02):
        rules = [{"metric": name, "margin": {"absolute": margin}} for name in ("error_rate", "precision")]
        result = compared(scores(score, label), scores(moved, label), policy=contract(rules, slices=[]))
        found[margin] = (cell(result, "error_rate"), cell(result, "precision"))

    assert {one.verdict for one in found[0.001]} == {"inconclusive"}
    assert found[0.02][0].verdict == "unchanged"
    assert "proven without labels" in found[0.02][0].note
    assert found[0.001][0].interval[0] < 0 < found[0.001][0].interval[1]


def test_what_found_no_harm_is_counted_without_what_could_not_be_compared():
    rng = np.random.default_rng(12)
    label = rng.integers(0, 2, 1000)
    group = np.array(["a"] * 990 + ["b"] * 10)
    side = scores(np.clip(label * 0.4 + rng.uniform(0, 0.6, 1000), 0, 1), label, group=group)
    policy = contract()
    found = compared(side, side)
    decision = decide(policy, Comparison.of_one("m", found, policy.policy_digest()))

    assert len(found.cells) == 9
    assert decision.reasons[0].startswith("no harm found in 6 gated comparisons")


def test_rows_of_one_class_are_counted_where_one_stands_for_many():
    cells = Outcomes(np.zeros(2), np.zeros(2), np.array([0.1, 0.2]), count=np.array([3, 5]))

    with pytest.raises(NotMeasurable, match="0 of 8 rows are positive"):
        both_classes(cells)
