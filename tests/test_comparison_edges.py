"""Where a comparison could be sure of something it cannot know."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.contract import Contract
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.measuring import measure
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.row_differences import without_dust
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from tests import two_scorings


def contract(*metrics, by=None, margin=0.01):
    return Contract.model_validate(
        {
            "name": "m",
            "task": "binary_classification",
            "data": {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", "positive_class": 1},
            "slices": [{"by": [by], "min_rows": 200}] if by else [],
            "metrics": [{"metric": metric, "margin": {"absolute": margin}} for metric in metrics],
        }
    )


def scored(score, label, *, group=None, prediction=None, content=0, start=0, cluster=None):
    rows = len(score)
    return Scores(
        row_id=pa.array([f"{number:08d}" for number in range(start, start + rows)]),
        outcomes=Outcomes(label, (score >= 0.5).astype(int) if prediction is None else prediction, score),
        cluster=cluster,
        day=None,
        columns=pa.table({"group": pa.array(["a"] * rows if group is None else group)}),
        content=np.full(rows, content, dtype=np.uint64),
    )


def compared(policy, old, new, moved="model", pairing="paired"):
    return two_scorings.compared(old, new, policy=policy, moved=moved, pairing=pairing)


def overall(result):
    return {one.metric: one for one in result.cells if one.slice == ALL_ROWS}


def world(seed, rows=3000, rate=0.4):
    rng = np.random.default_rng(seed)
    score = np.clip(rng.beta(2 * rate, 2 * (1 - rate), rows), 0.001, 0.999)
    return rng, score, (rng.random(rows) < score).astype(int)


def test_labels_that_changed_under_equal_scores_are_a_loss_and_not_a_copy():
    rng, score, label = world(1)
    corrected = np.where(rng.random(3000) < 0.2, 1 - label, label)
    result = compared(
        contract("error_rate", "brier", "roc_auc"),
        scored(score, label),
        scored(score, corrected, content=1),
        moved="data_values",
    )

    assert {one.verdict for one in overall(result).values()} == {"degraded"}
    assert overall(result)["brier"].changed_rows == int((label != corrected).sum())


def test_decisions_that_changed_under_equal_scores_are_seen_by_the_error_rate():
    _, score, label = world(2)
    old = scored(score, label)
    moved = scored(score, label, prediction=1 - old.outcomes.prediction)
    found = overall(compared(contract("error_rate", "brier"), old, moved))

    assert found["error_rate"].verdict == "degraded"
    assert found["brier"].verdict == "unchanged"


@pytest.mark.parametrize("metric", ["error_rate", "balanced_accuracy", "recall", "precision", "f1"])
def test_a_decision_metric_counts_changed_decisions_and_not_changed_scores(metric):
    _, score, label = world(3, rows=6000)
    nudged = score + 1e-9
    near = np.flatnonzero(np.abs(score - 0.5) < 0.1)[:7]
    nudged[near] = 1 - score[near]
    cell = overall(compared(contract(metric), scored(score, label), scored(nudged, label)))[metric]

    assert cell.changed_rows == 7
    assert cell.verdict == "unchanged"
    assert "of the decisions changed" in cell.note


def test_a_few_changed_decisions_prove_nothing_where_the_margin_is_narrower_than_their_bound():
    _, score, label = world(4, rows=1000)
    nudged = score.copy()
    near = np.flatnonzero(np.abs(score - 0.5) < 0.1)[:5]
    nudged[near] = 1 - score[near]
    cell = overall(compared(contract("error_rate", margin=0.002), scored(score, label), scored(nudged, label)))

    assert cell["error_rate"].verdict == "inconclusive"


@pytest.mark.parametrize("metric", ["roc_auc", "recall", "balanced_accuracy"])
def test_fewer_than_ten_positives_carry_no_verdict(metric):
    rng, score, _ = world(5)
    label = np.zeros(3000, dtype=int)
    label[:4] = 1
    cell = overall(compared(contract(metric), scored(score, label), scored(rng.permutation(score), label)))[metric]

    assert (cell.verdict, cell.tier) == ("inconclusive", None)
    assert "rests on 4 rows" in cell.note


def test_one_positive_gives_an_auc_without_an_interval():
    _, score, _ = world(6)
    label = np.zeros(3000, dtype=int)
    label[7] = 1
    (value,) = measure(contract("roc_auc"), scored(score, label))

    assert value.value is not None
    assert value.low is None


@pytest.mark.parametrize("rate", [0.01, 0.03])
def test_rare_positives_in_slices_do_not_cry_wolf(rate):
    """Two equally noisy models, 8 slices of 250 rows; were rare positives not counted, 40 % of runs would alarm."""
    rng = np.random.default_rng([7, int(1000 * rate)])
    policy = contract("roc_auc", "recall", "precision", by="group")
    alarmed, runs, rows = 0, 300, 2000
    for _ in range(runs):
        signal = rng.normal(size=rows) + np.log(rate / (1 - rate)) - 0.5
        label = (rng.random(rows) < 1 / (1 + np.exp(-signal))).astype(int)
        one, two = (1 / (1 + np.exp(-(signal + rng.normal(0, 0.3, rows) + 3))) for _ in range(2))
        group = rng.choice(list("abcdefgh"), rows)
        result = compared(policy, scored(one, label, group=group), scored(two, label, group=group))
        alarmed += any(cell.tier for cell in result.cells)

    assert clopper_pearson_upper(alarmed, runs) <= 0.035


def test_a_score_that_is_no_number_is_not_evaluated_and_breaks_nothing():
    _, score, label = world(8)
    broken = score.copy()
    broken[3] = np.nan
    result = compared(contract("brier"), scored(score, label), scored(broken, label))

    assert overall(result)["brier"].verdict == "not_evaluated"
    assert result.changes.largest_difference is None


def test_a_handful_of_baseline_rows_carries_no_unpaired_verdict():
    _, score, label = world(9)
    few = scored(score[:60], label[:60])
    result = compared(
        contract("brier"), few, scored(1 - score, label, start=60), moved="population", pairing="unpaired"
    )

    assert overall(result)["brier"].verdict == "inconclusive"
    assert "60 rows" in overall(result)["brier"].note


@pytest.mark.parametrize("metric", ["roc_auc", "recall", "error_rate", "brier"])
def test_a_harm_well_above_the_margin_is_found(metric):
    rng, score, label = world(10, rows=8000)
    worse = np.where(rng.random(8000) < 0.2, rng.permutation(score), score)
    cell = overall(compared(contract(metric), scored(score, label), scored(worse, label)))[metric]

    assert (cell.verdict, cell.tier) == ("degraded", "severe")


def test_one_huge_value_makes_no_dust_of_what_moves_beside_it():
    before = Outcomes(np.ones(100), np.append(np.arange(99.0), 1e14), None)
    after = Outcomes(np.ones(100), np.append(np.arange(99.0) + np.repeat([1.0, 1e-12], [50, 49]), 1e14), None)
    moved = without_dust(before, after).prediction - before.prediction

    assert moved.tolist() == [1.0] * 50 + [0.0] * 50
