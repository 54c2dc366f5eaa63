"""The paired error of an AUC against DeLong's, written the slow way."""

import numpy as np
import pytest

from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.metrics.roc_auc import ROC_AUC
from baseline_pipeline.significance.clustered import clustered


def components(score, label):
    """DeLong's structural components: every positive against every negative, ties counting half."""
    positive, negative = score[label == 1], score[label == 0]
    wins = (positive[:, None] > negative[None, :]) + 0.5 * (positive[:, None] == negative[None, :])
    return wins.mean(axis=1), wins.mean(axis=0)


def delong_error(first, second, label):
    (v10, v01), (w10, w01) = components(first, label), components(second, label)
    return np.sqrt(np.var(v10 - w10, ddof=1) / len(v10) + np.var(v01 - w01, ddof=1) / len(v01))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("digits", [1, 8])
def test_influences_of_two_aucs_give_delongs_paired_error(seed, digits):
    rng = np.random.default_rng(seed)
    label = (rng.random(1500) < 0.3).astype(int)
    signal = rng.normal(size=1500) + label
    first, second = (np.round(1 / (1 + np.exp(-(signal + rng.normal(0, noise, 1500)))), digits) for noise in (0.3, 0.6))
    one, two = (ROC_AUC.measure(Outcomes(label, label, score)) for score in (first, second))
    found = clustered(two.influence - one.influence, None)

    assert two.value == pytest.approx(components(second, label)[0].mean(), abs=1e-12)
    assert found.error == pytest.approx(delong_error(first, second, label), rel=2e-3)
