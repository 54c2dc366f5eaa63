"""Sudden limits learned from few calm windows hold the rate that was asked for."""

import numpy as np
import pytest

from baseline_pipeline.monitoring import detection
from baseline_pipeline.monitoring.calm import calm_of, from_the_others
from baseline_pipeline.monitoring.detection import exceedances, learn
from baseline_pipeline.monitoring.limits import Slow, sudden_limit
from tests.monitoring.test_watching import DAY, made


def test_calm_windows_are_held_against_the_others_as_new_ones_will_be():
    """Of normal windows they follow Student's t, as new ones do; held against all, none could lie far away."""
    rng = np.random.default_rng(1)
    found = made(rng.normal(0, 1, (20, 4000)), error=0.0)
    calm = calm_of(found)
    others = np.abs(from_the_others(calm, found)).ravel()
    new = np.abs(calm.standardised(made(rng.normal(0, 1, (20, 4000)), error=0.0))).ravel()

    for share in (0.5, 0.9, 0.99, 0.999):
        assert np.quantile(others, share) == pytest.approx(np.quantile(new, share), rel=0.06)


def test_a_window_held_against_the_others_is_what_it_is_without_it():
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (30, 1))
    whole = from_the_others(calm_of(made(values, error=0.0)), made(values, error=0.0))[:, 0]
    slow = []
    for number in range(30):
        others = np.delete(values[:, 0], number)
        slow.append((values[number, 0] - others.mean()) / (others.std(ddof=1) * np.sqrt(1 + 1 / 29)))

    assert whole == pytest.approx(np.array(slow), abs=0.15)  # the level is a mean of values drawn in at the ends


def test_one_day_of_an_unknown_event_does_not_blind_what_is_watched_beside_it():
    values = np.random.default_rng(3).normal(0, 1, (40, 5))
    values[7, 0] = 1e6
    found = made(values, error=0.0)

    assert np.abs(from_the_others(calm_of(found), found)).max() < 1.6 * np.sqrt(40)


def test_a_fitted_tail_is_exceeded_by_exponential_values_as_often_as_asked():
    rng = np.random.default_rng(4)
    for count in (20, 40):
        limits = np.array([sudden_limit(rng.exponential(1, count), 0.01) for _ in range(4000)])

        assert np.exp(-limits).mean() == pytest.approx(0.01, rel=0.15)


@pytest.mark.parametrize("noise", ["normal", "t", "chi-square"])
def test_few_calm_windows_alarm_no_more_often_than_asked(monkeypatch, noise):
    """Learned from twenty windows, ten streams together; slow limits are left out for the time they take."""
    monkeypatch.setattr(
        detection, "slow_limit", lambda calm, sign, *_, **__: Slow(sign, np.ones((2, calm.shape[1])), 1e9)
    )
    rate, alarms = 1.0, 0
    for run in range(250):
        rng = np.random.default_rng([run, 9])
        shape = (220, 10)
        values = {
            "normal": lambda rng=rng, shape=shape: rng.normal(size=shape),
            "t": lambda rng=rng, shape=shape: rng.standard_t(4, shape),
            "chi-square": lambda rng=rng, shape=shape: rng.chisquare(9, shape),
        }[noise]()
        found = made(values, error=0.0)
        watch = learn(found.windows(np.arange(20)), DAY, per_month=rate)
        over = exceedances(watch, found.windows(np.arange(20, 220)))
        alarms += int((np.nan_to_num(over.sudden).max(axis=1) > 1).sum())

    assert alarms / (250 * 200) * DAY.per_month < 1.3 * rate * detection.SUDDEN
