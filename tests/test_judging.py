"""Which word a metric gets, and what it says where nothing can be known."""

import numpy as np
import pytest

from baseline_pipeline.comparison import Comparison
from baseline_pipeline.decision import decide
from baseline_pipeline.metrics.domain import both_classes
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from tests.two_scorings import cell, churned, compared, contract, scores, world


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


@pytest.mark.parametrize(("floor", "verdict"), [(0.8, "unchanged"), (1.2, "unchanged"), (0.99, "degraded")])
def test_of_values_with_a_target_the_floor_is_how_far_from_it_they_may_be(floor, verdict):
    score, label, day = world(np.random.default_rng(3), n=1000)
    rule = {"metric": "calibration_slope", "margin": {"absolute": 0.1}, "floor": floor}
    side = scores(score, label, cluster=day)
    found = cell(compared(side, side, policy=contract([rule])), "calibration_slope")

    assert 0.01 < abs(found.candidate - 1) < 0.2
    assert found.verdict == verdict


def test_an_empty_condition_fails_only_where_the_contract_says_so():
    score, label, day = world(np.random.default_rng(3), n=1000)
    where = [{"name": "nobody", "where": "group == 'zz'"}]
    side = scores(score, label, cluster=day)
    lenient = compared(side, side, policy=contract(slices=where))
    strict = compared(side, side, policy=contract(slices=where, empty_slice="fail"))

    assert cell(lenient, "brier", "nobody").verdict == "not_evaluated"
    assert cell(strict, "brier", "nobody").verdict == "degraded"


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


def test_a_calibration_that_moved_across_its_ideal_is_unresolved():
    rng = np.random.default_rng(23)
    score, label, _ = world(rng, n=6000, clustered=False)
    odds = np.log(score / (1 - score))
    policy = contract([{"metric": "calibration_slope", "role": "guardrail", "margin": {"absolute": 0.05}}], slices=[])
    timid, extreme = (1 / (1 + np.exp(-factor * odds)) for factor in (0.93, 1.07))
    found = cell(compared(scores(timid, label), scores(extreme, label), policy=policy), "calibration_slope")

    assert (found.verdict, found.tier) == ("inconclusive", "moderate")
    assert "not settled" in found.note


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


def test_a_guardrail_that_nothing_could_evaluate_is_named_where_the_rest_passes():
    rng = np.random.default_rng(12)
    side = scores(rng.random(1000), rng.integers(0, 2, 1000))
    timed = {"metric": "latency_p95", "role": "guardrail", "margin": {"relative": 0.1}}
    policy = contract([{"metric": "brier", "margin": {"absolute": 0.05}}, timed], slices=[])
    found = compared(side, side, policy=policy)
    decision = decide(policy, Comparison.of_one("m", found, policy.policy_digest()))

    assert decision.outcome == "promote"
    assert decision.reasons[1].startswith("not evaluated, so nothing was guarded by it: latency_p95 (no times: ")


def test_harm_that_was_proven_is_told_beside_the_evidence_that_is_missing():
    rng = np.random.default_rng(12)
    score, label, _ = world(rng, n=6000, clustered=False)
    policy = contract(slices=[])
    found = compared(scores(score, label), scores(1 - score, label), policy=policy)
    whole = Comparison.of_one("m", found, policy.policy_digest())
    rejected = decide(policy, whole)
    held = decide(policy, whole.model_copy(update={"evidence_missing": ("latency_p50 was not measured",)}))

    assert (rejected.outcome, held.hold, held.tier) == ("reject", "evidence_missing", None)
    assert held.reasons == (
        "latency_p50 was not measured",
        *(f"proven without it: {harm}" for harm in rejected.reasons),
    )


def test_rows_of_one_class_are_counted_where_one_stands_for_many():
    cells = Outcomes(np.zeros(2), np.zeros(2), np.array([0.1, 0.2]), count=np.array([3, 5]))

    with pytest.raises(NotMeasurable, match="0 of 8 rows are positive"):
        both_classes(cells)


def wrong(rows, share, start=0):
    """Rows of which a model that always says 0.1 gets this share wrong."""
    return scores(np.full(rows, 0.1), (np.arange(rows) < share * rows).astype(int), start=start)


def test_a_small_baseline_is_said_to_be_what_no_number_of_new_rows_makes_up_for():
    policy = contract([{"metric": "error_rate", "margin": {"absolute": 0.03}}], slices=())
    found = compared(wrong(600, 0.2), wrong(5000, 0.205, 600), moved="population", pairing="unpaired", policy=policy)

    assert cell(found, "error_rate").verdict == "inconclusive"
    assert cell(found, "error_rate").rows_required is None
    assert "no number of new rows is enough beside so few of the baseline" in cell(found, "error_rate").note


@pytest.mark.parametrize(("margin", "error"), [({"absolute": 0.02}, 0.00421), ({"relative": 1.0}, 0.00773)])
def test_a_margin_that_is_a_share_of_an_unsure_value_is_as_unsure(margin, error):
    policy = contract([{"metric": "error_rate", "margin": margin}], slices=())
    old, new = wrong(2000, 0.02), wrong(8000, 0.031, 2000)
    found = compared(old, new, moved="population", pairing="unpaired", policy=policy)

    assert cell(found, "error_rate").harm_bounds[1] == pytest.approx(0.011 + 1.645 * error, rel=0.02)


@pytest.mark.parametrize(("margin", "error"), [({"absolute": 0.02}, 0.00178), ({"relative": 0.5}, 0.0022)])
def test_a_margin_that_is_a_share_is_as_unsure_on_the_same_rows(margin, error):
    label = (np.arange(4000) < 160).astype(int)
    was, now = np.full(4000, 0.1), np.where(np.arange(4000) >= 4000 - 80, 0.9, 0.1)
    policy = contract([{"metric": "brier", "margin": margin}], slices=())
    found = compared(scores(was, label), scores(now, label), policy=policy)

    assert cell(found, "brier").harm_bounds[1] == pytest.approx(0.016 + 1.654 * error, rel=0.005)


def test_rows_enough_for_an_equal_model_are_not_asked_for_where_it_looks_worse():
    policy = contract([{"metric": "error_rate", "margin": {"absolute": 0.03}}], slices=())
    old, new = wrong(20_000, 0.2), wrong(2000, 0.22, 20_000)
    found = compared(old, new, moved="population", pairing="unpaired", policy=policy)

    assert cell(found, "error_rate").verdict == "inconclusive"
    assert cell(found, "error_rate").rows_required == pytest.approx(20_800, rel=0.08)


def test_new_rows_that_are_needed_pass_as_often_as_they_say():
    """Skewed losses have wider bounds than a normal's: the rows that those asked for passed in 68 of 100 samples."""
    rng = np.random.default_rng(8)
    policy = contract([{"metric": "brier", "margin": {"absolute": 0.008}}], slices=())

    def drawn(rows, start=0):
        score = 1 / (1 + np.exp(-rng.normal(-5, 1.5, rows)))
        return scores(score, (rng.random(rows) < score).astype(int), start=start)

    def beside(rows):
        found = compared(drawn(20_000), drawn(rows, 20_000), moved="population", pairing="unpaired", policy=policy)
        return cell(found, "brier")

    needed = round(np.median([beside(1000).rows_required for _ in range(40)]))
    passed = [beside(needed).verdict in {"unchanged", "improved"} for _ in range(120)]

    assert 0.74 <= np.mean(passed) <= 0.92


def test_planned_looks_hold_what_passes_too():
    """Harm of the margin that is looked at until it passes does so no more often than planned; alarms are as before."""
    score, label, _ = world(np.random.default_rng(3), n=4000, clustered=False)
    new = churned(np.random.default_rng(4), score, 0.3)
    sides = scores(score, label), scores(new, label)
    rules = [{"metric": "brier", "margin": {"absolute": 0.01}}]
    alone, *planned = (
        cell(compared(*sides, policy=contract(rules, slices=[], error_rates={"looks": looks}), look=look), "brier")
        for looks, look in ((1, 1), (5, 1), (5, 5), ("open", 2))
    )
    far = [one.harm_bounds[1] + one.gain for one in (alone, *planned)]

    assert [one / far[0] for one in far] == pytest.approx([1.0, 1.32, 1.26, 1.475], abs=0.02)
    assert all(one.rows_required > 1.3 * alone.rows_required for one in planned)
    assert alone.interval == planned[0].interval
