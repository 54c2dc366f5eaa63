"""Metrics that are not a mean over the rows of one model: a user's statistic, and what moved between two."""

import sys

import numpy as np
import pytest
from pydantic import ValidationError

from baseline_pipeline.contract.metrics import MetricRule
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.custom import doubts
from baseline_pipeline.metrics.latency import LATENCY_MEAN
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.significance.clustered import clustered
from baseline_pipeline.workbench.upkeep.trying import own_metric
from tests.two_scorings import cell, compared, contract, scores, world

OWN = """
import numpy as np
LIMITS = {"low": 0.1}
def median_error(frame):
    return float(np.median(np.abs(frame["label"] - frame["score"])))
def mean_error(frame):
    return float(np.mean((frame["label"] - frame["score"]) ** 2)) if len(frame) else 0.0
def limited(frame):
    return float((frame["score"] > LIMITS["low"]).mean()) if len(frame) else 0.0
def wrong(frame):
    return frame["score"].to_numpy()
def comprehended(frame):
    return float(sum([LIMITS["low"] < one for one in frame["score"]]))
def through_another(frame):
    return limited(frame) if len(frame) else through_another(frame)
def remembering(frame, seen={}):
    return float(len(frame))
def writing(frame):
    global CALLS
    CALLS = len(frame)
    return 1.0
def dicing(frame):
    return float(np.random.default_rng().random())
def forgetful(frame):
    return None
def undefined(frame):
    return float("nan")
def leaves(frame):
    raise SystemExit(0)
"""


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    (tmp_path / "ownstatistics.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("ownstatistics", None)


def rule(name, **more):
    return MetricRule.model_validate(
        {"metric": "mine", "statistic": f"ownstatistics:{name}", "margin": {"absolute": 0.01}, **more}
    )


@pytest.mark.parametrize("clusters", [None, 60])
def test_a_statistic_that_is_a_mean_is_as_sure_as_the_mean(clusters):
    rng = np.random.default_rng(3)
    label, score = (rng.random(4000) < 0.3).astype(int), rng.random(4000)
    cluster = None if clusters is None else rng.integers(0, clusters, 4000)
    if cluster is not None:
        score = np.clip(score + rng.normal(0, 0.3, clusters)[cluster], 0, 1)
    outcomes = Outcomes(label, label, score, cluster=cluster)
    mine = rule("mean_error").measured.measure(outcomes)
    ours = METRICS["brier"].measure(outcomes)

    assert mine.value == pytest.approx(ours.value, rel=1e-12)
    expected = clustered(ours.influence, cluster).error
    assert clustered(mine.influence, cluster).error == pytest.approx(expected, rel=0.35)
    assert mine.influence.mean() == pytest.approx(0, abs=1e-12)


def test_a_statistic_gates_like_any_metric():
    score, label, cluster = world(np.random.default_rng(1))
    policy = contract([{"metric": "mine", "statistic": "ownstatistics:median_error", "margin": {"absolute": 0.005}}])
    worse = np.clip(score + np.where(label == 1, -0.1, 0.1), 0, 1)
    result = compared(
        scores(score, label, cluster=cluster),
        scores(worse, label, cluster=cluster),
        policy=policy,
    )

    assert cell(result, "mine").verdict == "degraded"


def test_a_statistic_that_gives_no_number_is_not_measured():
    outcomes = Outcomes(np.zeros(9, int), np.zeros(9, int), np.full(9, 0.5))

    with pytest.raises(NotMeasurable, match=r"gave values of shape \(9,\) for 9 rows; accepted: one finite number"):
        rule("wrong").measured.measure(outcomes)


def test_check_calls_a_statistic_with_no_row_and_with_one():
    few = [Outcomes(np.zeros(rows, int), np.zeros(rows, int), np.full(rows, 0.5)) for rows in (0, 1)]

    assert own_metric(rule("mean_error"), few) == []
    assert own_metric(rule("wrong"), few)[0].endswith("shape (0,) for 0 rows; accepted: one number for all rows")
    assert own_metric(rule("leaves"), few)[1] == "ownstatistics:leaves fails on 1 row: SystemExit: 0"


def test_check_tells_a_statistic_that_rolls_dice():
    some = [Outcomes(np.zeros(9, int), np.zeros(9, int), np.full(9, 0.5))]

    assert own_metric(rule("dicing"), some) == [
        "ownstatistics:dicing gives other values for the same 9 rows when it is asked again"
    ]


@pytest.mark.parametrize(("name", "given"), [("forgetful", "None"), ("undefined", "nan")])
def test_check_tells_a_statistic_that_is_no_number_on_several_rows(name, given):
    some = [Outcomes(np.zeros(rows, int), np.zeros(rows, int), np.full(rows, 0.5)) for rows in (0, 1, 9)]
    words = f"ownstatistics:{name} gives {given} for 9 rows; accepted: one number for all rows, finite"

    assert own_metric(rule(name), some) == [words]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("limited", "reads LIMITS"),
        ("comprehended", "reads LIMITS"),
        ("through_another", "reads LIMITS"),
        ("writing", "writes CALLS"),
        ("remembering", "keeps seen from call to call"),
    ],
)
def test_state_that_a_function_reads_is_named_wherever_it_reads_it(name, words):
    assert [words in one for one in doubts(f"ownstatistics:{name}")] == [True]
    assert doubts("ownstatistics:mean_error") == ()


def test_a_function_that_ends_the_process_is_that_metrics_end():
    with pytest.raises(NotMeasurable, match="ownstatistics:leaves failed: SystemExit: 0"):
        rule("leaves").measured.measure(Outcomes(np.zeros(9, int), np.zeros(9, int), np.full(9, 0.5)))


def test_a_function_and_a_statistic_are_one_too_many():
    with pytest.raises(ValidationError, match="accepted: one of them"):
        rule("mean_error", function="ownstatistics:wrong")


def test_what_moved_is_counted_on_the_same_rows_and_gates_nothing():
    score, label, cluster = world(np.random.default_rng(2))
    moved = score.copy()
    moved[:30] = 1 - moved[:30]
    metrics = [
        {"metric": f"{name}_rate", "role": "report_only"} for name in ("flip", "right_to_wrong", "wrong_to_right")
    ]
    policy = contract([*metrics, {"metric": "brier", "margin": {"absolute": 0.05}}])
    old, new = (scores(one, label, cluster=cluster) for one in (score, moved))
    result = compared(old, new, policy=policy)
    flips = ((score >= 0.5) != (moved >= 0.5)).mean()
    parts = [cell(result, f"{name}_rate").candidate for name in ("right_to_wrong", "wrong_to_right")]

    assert cell(result, "flip_rate").candidate == pytest.approx(flips)
    assert sum(parts) == pytest.approx(flips)
    assert cell(result, "flip_rate").baseline == 0.0
    assert {one.tier for one in result.cells if one.metric.endswith("_rate")} == {None}
    assert cell(compared(old, old, policy=policy), "flip_rate").verdict == "unchanged"
    new = scores(moved, label, cluster=cluster, start=10_000)
    unpaired = compared(old, new, policy=policy, pairing="unpaired", moved="population")
    assert cell(unpaired, "flip_rate").verdict == "not_evaluated"


def test_what_moved_cannot_be_a_primary():
    with pytest.raises(ValidationError, match="accepted: `role: report_only`"):
        MetricRule.model_validate({"metric": "flip_rate", "margin": {"absolute": 0.01}})


def test_a_thousand_predictions_cost_what_the_machine_costs_while_they_take():
    cost = METRICS["cost_per_1k_predictions"].configured({"hourly_rate": 7.2, "rows": 10})
    times = np.full(500, 0.005)

    assert cost.over_times.value(times) == pytest.approx(0.005 / 3600 * 7.2 * 1000 / 10)
    assert cost.over_times.log_ratio is LATENCY_MEAN.over_times.log_ratio


def test_the_level_that_was_promised_is_the_target_of_coverage():
    coverage = METRICS["interval_coverage"].configured({"lower": "low", "upper": "high", "level": 0.8})

    assert (coverage.target, coverage.preference) == (0.8, "nearer to 0.8 is better")
    with pytest.raises(NotMeasurable, match="1 rows have no bound"):
        coverage.measure(Outcomes(np.ones(2), np.ones(2), columns={"low": np.array([0, np.nan]), "high": np.ones(2)}))
