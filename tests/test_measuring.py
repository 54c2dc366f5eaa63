"""Values of one evaluation with their intervals."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.evaluation import Scores
from baseline_pipeline.measuring import measure
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from tests.scan.conftest import contract

NAMES = [
    one.name
    for one in METRICS.values()
    if one.of_rows and "binary_classification" in one.tasks and set(one.parameters) <= set(one.defaults)
]


def measured(label, prediction, score, cluster=None):
    rows = len(label)
    policy = contract([{"metric": name, "role": "report_only"} for name in NAMES]).model_copy(update={"slices": []})
    scores = Scores(
        pa.array(map(str, range(rows))),
        Outcomes(label, prediction, score),
        cluster,
        None,
        pa.table({}),
        np.zeros(rows, dtype=np.uint64),
    )
    return {one.metric: one for one in measure(policy, scores)}


def nearly_right(wrong):
    label = (np.arange(500) < 60).astype(int)
    score = np.clip(0.15 + 0.7 * label + np.random.default_rng(0).normal(0, 0.05, 500), 0, 1)
    score[:wrong] = 0.4
    return label, (score >= 0.5).astype(int), score


@pytest.mark.parametrize("wrong", [0, 1])
def test_no_interval_reaches_beyond_what_can_be(wrong):
    for name, one in measured(*nearly_right(wrong)).items():
        if one.value is None:
            continue
        least, most = METRICS[name].bounds

        assert least <= one.low <= one.high <= most, name
        assert one.low - 1e-12 <= one.value <= one.high + 1e-12, name


def test_where_no_row_is_wrong_the_interval_says_how_few_were_looked_at():
    """Of 60 positives all found, and of 440 negatives none taken for one: Clopper and Pearson (1934)."""
    found = measured(*nearly_right(0))

    assert found["recall"].low == pytest.approx(0.025 ** (1 / 60))
    assert found["specificity"].low == pytest.approx(0.025 ** (1 / 440))
    assert found["error_rate"].high == pytest.approx(1 - 0.025 ** (1 / 500))
    assert found["matthews_correlation"].low < 0.999


def test_positives_that_lie_in_few_of_many_clusters_say_no_more_than_they_are():
    """Sixty rows, all found, in 500 clusters are sixty: the bound was that of 500."""
    found = measured(*nearly_right(0), cluster=np.arange(500).astype(str))

    assert found["recall"].low == pytest.approx(0.025 ** (1 / 60))
    assert found["error_rate"].high == pytest.approx(1 - 0.025 ** (1 / 500))


def test_one_row_has_no_interval_of_a_metric_without_bounds():
    policy = contract([{"metric": "mean_absolute_error", "role": "report_only"}], task="regression")
    scores = Scores(
        pa.array(["1"]),
        Outcomes(np.array([1.0]), np.array([1.5]), None),
        None,
        None,
        pa.table({}),
        np.zeros(1, np.uint64),
    )
    (found,) = measure(policy.model_copy(update={"slices": []}), scores)

    assert (found.value, found.low, found.high) == (0.5, None, None)
    assert found.note == "one row or cluster has no spread"
