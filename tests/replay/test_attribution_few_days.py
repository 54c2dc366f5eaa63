"""Shares of a change whose rows come in days: few new days are as unsure as few days are, and one says nothing."""

import numpy as np
import pytest

from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import NotMeasurable, Outcomes
from baseline_pipeline.replay.attribution import Replayed, share_out
from baseline_pipeline.significance.clustered import clustered, independent_sum, of_samples

OLD_DAYS = 30
NOTHING, NEW = frozenset(), frozenset(["population"])


def days(new, seed, *, beside=False):
    """Rows of old days, and of new ones that are like them; nothing happened."""
    rng = np.random.default_rng(seed)
    size = rng.integers(30, 60, OLD_DAYS + new)
    day = np.repeat(np.arange(len(size)), size)
    error = 1 + rng.normal(0, 0.3, len(size))[day] + rng.normal(0, 0.5, len(day))
    rows = np.arange(len(day))
    old = day < OLD_DAYS
    now = np.ones(len(day), bool) if beside else ~old
    cells = {
        cell: Replayed(Outcomes(np.zeros(some.sum()), error[some]), rows[some])
        for cell, some in ((NOTHING, old), (NEW, now))
    }
    return share_out(METRICS["mean_absolute_error"], ["population"], cells, day).contributions[0]


@pytest.mark.parametrize(("new", "most"), [(2, 1.0), (3, 1.0), (5, 0.98)])
def test_intervals_of_few_new_days_beside_many_old_ones_cover(new, most):
    found = [days(new, seed) for seed in range(300)]
    covered = np.mean([one.interval[0] <= 0 <= one.interval[1] for one in found])

    assert 0.92 <= covered <= most
    assert np.mean([one.found for one in found]) <= 0.01


def test_one_new_day_alone_says_nothing_of_how_far_days_differ():
    with pytest.raises(NotMeasurable, match="1 cluster in one of the cells says nothing"):
        days(1, 0)

    assert not days(1, 0, beside=True).found


def test_samples_of_the_same_rows_have_the_error_of_clusters_and_apart_that_of_two_samples():
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(20), 15)
    influence = rng.normal(size=300)
    influence -= influence.mean()
    share = np.bincount(cluster) / 300

    def sums(values):
        return np.bincount(cluster, values) / 300

    once, both = clustered(influence, cluster), of_samples([(sums(2 * influence), share), (sums(-influence), share)])
    few = np.repeat(np.arange(4), 15)
    other = rng.normal(size=60)
    other -= other.mean()
    apart = of_samples(
        [
            (np.r_[sums(influence), np.zeros(4)], np.r_[share, np.zeros(4)]),
            (np.r_[np.zeros(20), np.bincount(few, other) / 60], np.r_[np.zeros(20), np.full(4, 0.25)]),
        ]
    )
    welch = independent_sum(once, clustered(other, few))

    assert both.error == pytest.approx(once.error)
    assert both.degrees == pytest.approx(once.degrees)
    assert apart.error == pytest.approx(welch.error)
    assert apart.degrees == pytest.approx(welch.degrees, abs=1.5)
