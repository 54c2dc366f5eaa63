"""Values unlike all before."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline.trajectories import anomalies as module
from baseline_pipeline.trajectories.anomalies import AnomalyDetector, anomalies

NOTEWORTHY = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, np.nan, np.inf])


def weekly(seed, n):
    return np.sin(2 * np.pi * np.arange(n) / 7) + np.random.default_rng(seed).normal(0, 0.1, n)


@given(st.lists(NOTEWORTHY, max_size=80).map(np.array), st.integers(0, 80))
def test_nothing_is_decided_from_what_comes_later(values, cut):
    assert [row for row in anomalies(values) if row < cut] == anomalies(values[:cut])


@pytest.mark.parametrize("seed", range(5))
def test_a_spike_raises_one_alarm(seed):
    values = np.random.default_rng(seed).normal(size=200)
    values[150] = 10

    assert anomalies(values) == [150]


@pytest.mark.parametrize("seed", range(5))
def test_a_step_raises_one_alarm_and_becomes_usual(seed):
    values = np.random.default_rng(seed).normal(size=200)
    values[150:] += 6
    found = anomalies(values)

    assert len(found) == 1
    assert 150 <= found[0] <= 157


@pytest.mark.parametrize("seed", range(5))
def test_a_season_is_usual_and_its_end_is_not(seed):
    values = weekly(seed, 250)
    values[200:] -= np.sin(2 * np.pi * np.arange(200, 250) / 7)
    found = anomalies(values)

    assert found
    assert 200 <= found[0] <= 207


@pytest.mark.parametrize(("length", "runs", "at_most"), [(100, 60, 0.15), (400, 15, 0.6)])
def test_white_noise_hardly_ever_alarms(length, runs, at_most):
    counts = [len(anomalies(np.random.default_rng([9, run]).normal(size=length))) for run in range(runs)]

    assert np.mean(counts) <= at_most


@pytest.mark.parametrize("values", [[], [1.0], [np.nan] * 99, [0.3] * 200, [0.1 + 0.2, 0.3] * 100, list(range(200))])
def test_what_says_nothing_raises_no_alarm(values):
    assert anomalies(np.array(values, dtype=float)) == []


def test_the_first_other_value_of_a_constant_alarms():
    assert anomalies(np.array([0.3] * 50 + [0.31] + [0.3] * 5)) == [50]


def test_missing_values_leave_no_trace():
    values = weekly(1, 150)
    values[120] = 9
    gappy = np.insert(values, [40, 100], [np.nan, np.inf])

    assert anomalies(values) == [120]
    assert anomalies(gappy) == [122]


def test_the_score_says_how_far_beyond_the_usual():
    detector = AnomalyDetector()
    for value in weekly(1, 100):
        detector.update(value)
    usual = detector.score
    alarm = detector.update(30.0)

    assert usual < 1
    assert alarm
    assert detector.score > 10


def test_units_do_not_matter():
    values = weekly(2, 150)
    values[[90, 130]] = 4, -4

    assert anomalies(values) == anomalies(1e-6 * values) == anomalies(values * 4096 + 1024) == [90, 130]


def test_what_came_back_as_it_was_is_not_unlike_all_before():
    values = weekly(1, 200)
    values[[100, 150]] = 4

    assert anomalies(values) == [100]


def test_only_the_recent_past_is_remembered(monkeypatch):
    monkeypatch.setattr(module, "MEMORY", 60)
    values = np.tile([0.0, 1.0], 150)
    values[[50, 290]] = 5

    assert anomalies(values) == [50, 290]


def test_several_series_at_once_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n,\) is needed, not one of shape \(2, 3\)"):
        anomalies(np.zeros((2, 3)))
