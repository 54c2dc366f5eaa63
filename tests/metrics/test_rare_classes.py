"""A class of few rows beside common ones: what an average over classes rests on."""

import numpy as np
import pytest

from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.significance.clustered import clustered, supported


def world(seed=3, rows=600, rare=0.01):
    rng = np.random.default_rng(seed)
    label = rng.choice(3, rows, p=[0.8, 0.2 - rare, rare])
    score = 0.1 + rng.uniform(0, 0.5, (rows, 3))
    score[np.arange(rows), label] += 0.2
    score /= score.sum(axis=1, keepdims=True)
    names = ("none", "light", "hard")
    return Outcomes(label, score.argmax(axis=1), score, rng.gamma(3, 1, rows), classes=3, class_names=names)


def measured(name, average, outcomes):
    return METRICS[name].configured({"average": average}).measure(outcomes)


def test_recall_that_is_weighted_by_class_rests_on_what_accuracy_does():
    """It is the accuracy; a class of six rows took all but five degrees of freedom."""
    outcomes = world()
    found, accuracy = measured("recall", "weighted", outcomes), METRICS["accuracy"].measure(outcomes)

    assert found.value == pytest.approx(accuracy.value, abs=1e-12)
    np.testing.assert_allclose(found.influence, accuracy.influence, atol=1e-9)
    assert found.support > 550


@pytest.mark.parametrize("average", ["weighted", "micro"])
@pytest.mark.parametrize("name", ["recall", "precision", "specificity", "f1", "roc_auc", "average_precision"])
def test_intervals_of_averages_that_count_rows_are_as_wide_as_luck(name, average):
    found = [measured(name, average, world(seed)) for seed in range(120)]
    sure = [supported(clustered(one.influence, None), one.support) for one in found]

    assert np.median([one.error for one in sure]) == pytest.approx(np.std([one.value for one in found]), rel=0.2)
    assert np.median([one.degrees for one in sure]) > 20


def test_a_class_that_weighs_nearly_all_still_rests_on_the_few_it_is_told_from():
    label = np.array([0] * 990 + [1] * 10)
    score = np.where(label[:, None] == [0, 1], 0.7, 0.3)
    found = measured("roc_auc", "weighted", Outcomes(label, label, score, classes=2, class_names=("a", "b")))

    assert found.support <= 10


def test_weights_leave_no_correlation_of_rounding_where_one_class_alone_is_called():
    for seed in range(20):
        one = world(seed)
        with pytest.raises(NotMeasurable, match="single class"):
            METRICS["matthews_correlation"].measure(
                Outcomes(one.label, np.zeros_like(one.label), None, one.weight, classes=3)
            )
