from dataclasses import replace

import numpy as np
import pytest

from baseline_pipeline.metrics import METRICS, nearest_metric
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.significance.clustered import clustered
from tests.metrics.references import BIASED, CASES, answers, binary, ranking


def cases(wanted=lambda _name, _given: True):
    chosen = [case for case in CASES if wanted(case[0], case[1])]
    return pytest.mark.parametrize(("name", "given", "make", "reference"), chosen)


EVERY = cases()
SLOW = {"exact_match", "token_f1"}
"""Means over rows like others, of which hundreds of resamples take long."""
RANKED = cases(lambda name, _: name in {"ndcg", "mrr"})
RESAMPLED = cases(lambda name, _: name not in {*BIASED, *SLOW, "ndcg", "mrr"} and not name.endswith("_gap"))
"""Not the widest gap of groups that are alike: its resampling is biased. Of rankings, queries are resampled."""
WEIGHED = cases(lambda name, given: given.get("binning") != "equal_rows" and name not in {"ndcg", "mrr"})
"""Not bins that hold rows, whatever they weigh; a row that is there twice makes another ranking."""


@EVERY
def test_a_metric_equals_the_reference_to_twelve_digits(name, given, make, reference):
    for seed in range(5):
        outcomes = make(np.random.default_rng(seed))
        found = METRICS[name].configured(given).measure(outcomes).value

        assert found == pytest.approx(reference(outcomes), rel=1e-12, abs=1e-12)


@RESAMPLED
def test_influences_have_mean_zero_and_give_the_bootstrap_error(name, given, make, reference):
    rng = np.random.default_rng(7)
    outcomes = make(rng, 800)
    measure = METRICS[name].configured(given).measure
    estimate = measure(outcomes)
    error = estimate.influence.std() / np.sqrt(len(outcomes))
    resampled = [measure(outcomes.take(rng.integers(0, 800, 800))).value for _ in range(800)]

    assert estimate.influence.mean() == pytest.approx(0, abs=1e-9)
    assert error == pytest.approx(np.std(resampled), rel=0.12)


@EVERY
def test_influences_are_the_derivative_by_a_rows_weight(name, given, make, reference):
    """What a little more of a row changes, found by giving it a little more."""
    rng = np.random.default_rng(17)
    outcomes = make(rng, 400)
    measure = METRICS[name].configured(given).measure
    estimate = measure(outcomes)
    for row in rng.integers(0, 400, 5):
        weight = np.ones(400)
        step = 1e-4
        weight[row] += step
        more = replace(outcomes, weight=weight)
        slope = (measure(more).value - estimate.value) / step * 400

        assert slope == pytest.approx(estimate.influence[row], rel=2e-2, abs=2e-3 * np.abs(estimate.influence).max())


@WEIGHED
def test_a_row_of_weight_two_counts_as_two_rows(name, given, make, reference):
    rng = np.random.default_rng(9)
    outcomes = make(rng, 600)
    weight = rng.integers(1, 4, 600)
    measure = METRICS[name].configured(given).measure
    heavy = replace(outcomes, weight=weight.astype(float))
    repeated = measure(outcomes.take(np.repeat(np.arange(600), weight)))
    found = measure(heavy)

    assert found.value == pytest.approx(repeated.value, rel=1e-9, abs=1e-9)
    assert found.influence.mean() == pytest.approx(0, abs=1e-9)


@RANKED
def test_queries_are_what_a_ranking_is_sure_by(name, given, make, reference):
    rng = np.random.default_rng(7)
    outcomes = make(rng, 900)
    measure = METRICS[name].configured(given).measure
    code = np.unique(outcomes.query, return_inverse=True)[1]
    rows = [np.flatnonzero(code == one) for one in range(code.max() + 1)]
    resampled = []
    for _ in range(400):
        drawn = [rows[one] for one in rng.integers(0, len(rows), len(rows))]
        query = np.repeat(np.arange(len(drawn)), [len(one) for one in drawn]).astype(str)
        resampled.append(measure(replace(outcomes.take(np.concatenate(drawn)), query=query)).value)

    assert clustered(measure(outcomes).influence, code).error == pytest.approx(np.std(resampled), rel=0.12)


@RANKED
def test_a_query_without_a_relevant_item_counts_nothing_and_one_item_ranks_itself(name, given, make, reference):
    measure = METRICS[name].configured(given).measure
    alone = Outcomes(np.array([1.0, 0.0, 0.0]), np.array([0.1, 0.9, 0.2]), query=np.array(["a", "b", "b"]))

    assert measure(alone).value == 0.5


@pytest.mark.parametrize(
    ("label", "score", "words"),
    [([1.0, -1.0], [0.1, 0.2], "below 0"), ([1.0, 0.0], [0.1, np.nan], "not finite"), ([], [], "no rows")],
)
def test_what_cannot_be_ranked_is_not_measured(label, score, words):
    outcomes = Outcomes(np.array(label), np.array(score), query=np.array(["a"] * len(label)))

    with pytest.raises(NotMeasurable, match=words):
        METRICS["ndcg"].measure(outcomes)


def test_rows_without_queries_and_answers_without_words_are_not_measured():
    rng = np.random.default_rng(1)

    with pytest.raises(NotMeasurable, match="no queries"):
        METRICS["mrr"].measure(replace(ranking(rng), query=None))
    with pytest.raises(NotMeasurable, match="no answers in words"):
        METRICS["token_f1"].measure(replace(answers(rng), prediction=np.zeros(500)))


def test_every_metric_of_the_table_is_held_against_a_reference():
    of_rows = {name for name, metric in METRICS.items() if metric.of_rows}

    assert {name for name, *_ in CASES} == of_rows


@EVERY
def test_no_rows_have_no_value(name, given, make, reference):
    nothing = make(np.random.default_rng(1), 50).take(np.array([], dtype=int))

    with pytest.raises(NotMeasurable):
        METRICS[name].configured(given).measure(nothing)


@pytest.mark.parametrize("name", ["roc_auc", "recall", "precision", "f1", "balanced_accuracy", "specificity"])
def test_a_single_class_is_said_and_not_scored(name):
    ones = np.ones(10, dtype=int)

    with pytest.raises(NotMeasurable, match="single class"):
        METRICS[name].measure(Outcomes(ones, ones, ones * 0.5))


@pytest.mark.parametrize("name", ["roc_auc", "brier", "log_loss", "calibration_slope", "average_precision"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1.7, -3.0])
def test_a_score_that_is_no_probability_is_refused(name, bad):
    outcomes = binary(np.random.default_rng(0), 50)
    outcomes.score[3] = bad

    with pytest.raises(NotMeasurable):
        METRICS[name].measure(outcomes)


def test_a_slope_is_the_best_one_though_rounding_hides_the_last_steps_towards_it():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        odds = rng.normal(-1, 1.5, 3000)
        score = 1 / (1 + np.exp(-odds))
        label = (rng.random(3000) < score).astype(int)
        found = METRICS["calibration_slope"].measure(Outcomes(label, label, score, rng.lognormal(0, 0.8, 3000)))

        assert abs(found.influence.mean()) < 1e-12  # where the likelihood is level


def test_scores_that_separate_the_classes_have_no_best_slope():
    label = np.repeat([0, 1], 50)

    with pytest.raises(NotMeasurable, match="separate"):
        METRICS["calibration_slope"].measure(Outcomes(label, label, np.where(label == 1, 0.9, 0.1) + 0.001))


def test_small_groups_make_no_gap():
    outcomes = binary(np.random.default_rng(0), 60)
    alone = Outcomes(outcomes.label, outcomes.prediction, outcomes.score, columns={"sex": np.arange(60) // 20})

    with pytest.raises(NotMeasurable, match="fewer than two groups of sex have 30 rows"):
        METRICS["demographic_parity_gap"].configured({"column": "sex"}).measure(alone)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"betta": 2}, "did you mean 'beta'"),
        ({"beta": -1}, "accepted: a number above 0"),
        ({}, "metric 'f_beta' needs beta"),
        ({"beta": 2, "average": 0.5}, "macro | micro | weighted"),
    ],
)
def test_a_parameter_that_a_metric_does_not_take_is_refused(given, words):
    with pytest.raises(ValueError, match="f_beta") as refused:
        METRICS["f_beta"].configured(given)

    assert words in str(refused.value)


def test_the_nearest_name_is_suggested():
    assert nearest_metric("acuracy") == "accuracy"
