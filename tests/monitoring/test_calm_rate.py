"""Sudden limits learned from few calm windows hold the rate that was asked for."""

import numpy as np
import pytest
from scipy.special import ndtri

from baseline_pipeline.monitoring import detection
from baseline_pipeline.monitoring.calm import calm_of, from_the_others
from baseline_pipeline.monitoring.detection import exceedances, learn
from baseline_pipeline.monitoring.limits import Slow, _high, _largest, _scales, normal_scores, slow_limit, sudden_limit
from tests.monitoring.test_watching import DAY, SEASONLESS, made


def test_calm_windows_are_held_against_the_others_as_new_ones_will_be():
    """Of normal windows they follow Student's t, as new ones do; held against all, none could lie far away."""
    rng = np.random.default_rng(1)
    found = made(rng.normal(0, 1, (20, 4000)), error=0.0)
    calm = calm_of(found, SEASONLESS)
    others = np.abs(from_the_others(calm, found)).ravel()
    new = np.abs(calm.standardised(made(rng.normal(0, 1, (20, 4000)), error=0.0))).ravel()

    for share in (0.5, 0.9, 0.99, 0.999):
        assert np.quantile(others, share) == pytest.approx(np.quantile(new, share), rel=0.06)


def test_a_window_held_against_the_others_is_what_it_is_without_it():
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, (30, 1))
    whole = from_the_others(calm_of(made(values, error=0.0), SEASONLESS), made(values, error=0.0))[:, 0]
    slow = []
    for number in range(30):
        others = np.delete(values[:, 0], number)
        slow.append((values[number, 0] - others.mean()) / (others.std(ddof=1) * np.sqrt(1 + 1 / 29)))

    assert whole == pytest.approx(np.array(slow), abs=0.15)  # the level is a mean of values drawn in at the ends


def test_one_day_of_an_unknown_event_does_not_blind_what_is_watched_beside_it():
    values = np.random.default_rng(3).normal(0, 1, (40, 5))
    values[7, 0] = 1e6
    found = made(values, error=0.0)

    assert np.abs(from_the_others(calm_of(found, SEASONLESS), found)).max() < 1.6 * np.sqrt(40)


def test_a_stream_that_all_but_stands_still_does_not_drift_by_a_tenth_of_its_error():
    """A flag that follows the weekday strays by a hundredth of what its rows give; ranks alone would call that a drift."""
    rng = np.random.default_rng(6)
    values = rng.normal(0, 0.01, (160, 1))
    watch = learn(made(values[:60], error=1.0), DAY, per_month=1.0)

    assert np.nanmax(exceedances(watch, made(values[60:] + 0.1, error=1.0)).slow) < 1
    assert np.nanmax(exceedances(watch, made(values[60:] + 1.0, error=1.0)).slow) > 1


def test_a_fitted_tail_is_exceeded_by_exponential_values_as_often_as_asked():
    rng = np.random.default_rng(4)
    for count in (20, 40):
        limits = np.array([sudden_limit(rng.exponential(1, count), 0.01) for _ in range(4000)])

        assert np.exp(-limits).mean() == pytest.approx(0.01, rel=0.15)


@pytest.mark.parametrize("noise", ["normal", "t", "chi-square"])
def test_few_calm_windows_alarm_no_more_often_than_asked(monkeypatch, noise):
    """Learned from twenty windows, ten streams together; slow limits are left out for the time they take."""
    monkeypatch.setattr(
        detection, "slow_limit", lambda calm, sign, *_, **__: Slow(sign, calm, np.ones((2, calm.shape[1])), 1e9)
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


def test_what_one_window_in_a_hundred_exceeds_is_that_window_of_the_order():
    runs = np.random.default_rng(4).normal(0, 1, (2, 50, 30, 3))
    ordered = np.sort(runs.reshape(2, -1, 3), axis=1)

    assert (_high(runs) == ordered[:, 1485]).all()


@pytest.mark.parametrize("noise", ["lognormal", "rare errors", "carried over"])
def test_slow_limits_alarm_no_more_often_than_asked_whatever_the_noise(noise):
    """Learned from fifty windows, five streams together; the rate is one of entering."""
    rate, entered = 4.0, 0
    for run in range(12):
        values = calm_noise(noise, np.random.default_rng([run, 11]), (250, 5))
        found = made(values, error=0.0)
        watch = learn(found.windows(np.arange(50)), DAY, per_month=rate, seed=run)
        high = np.nan_to_num(exceedances(watch, found.windows(np.arange(50, 250))).slow).max(axis=1) > 1
        entered += int(high[0]) + int((high[1:] & ~high[:-1]).sum())

    assert entered / (12 * 200) * DAY.per_month < 1.3 * rate * (1 - detection.SUDDEN)


def calm_noise(noise, rng, shape):
    if noise == "lognormal":
        return rng.lognormal(0, 1, shape)
    if noise == "rare errors":
        return rng.poisson(0.5, shape) / 400
    values = rng.normal(size=shape)
    for window in range(1, len(values)):
        values[window] = 0.5 * values[window - 1] + 0.75**0.5 * values[window]
    return values


def test_ranks_among_calm_windows_are_normal_whatever_the_values_were():
    rng = np.random.default_rng(5)
    calm = np.sort(rng.lognormal(0, 2, (200, 1)), axis=0)
    scores = normal_scores(calm, rng.lognormal(0, 2, (4000, 1)))

    assert scores.mean() == pytest.approx(0, abs=0.2)
    assert scores.std() == pytest.approx(1, abs=0.1)


def test_tied_calm_windows_share_their_scores():
    calm = np.sort(np.array([[0.0]] * 7 + [[1.0]] * 3), axis=0)
    zero, one, missing = normal_scores(calm, np.array([[0.0], [1.0], [np.nan]]))[:, 0]
    slow = ndtri((np.arange(11) + 0.5) / 11)

    assert zero == pytest.approx(slow[:8].mean())
    assert one == pytest.approx(slow[7:].mean())
    assert np.isnan(missing)


def test_streams_that_move_together_need_no_limit_of_many():
    rng = np.random.default_rng(6)
    apart = rng.normal(size=(100, 8))
    together = np.repeat(apart[:, :1], 8, axis=1)
    sign = np.ones(8)

    assert slow_limit(together, sign, 0.01).limit < slow_limit(apart, sign, 0.01).limit - 0.1


def test_limits_of_many_streams_hold_in_windows_that_their_scales_were_not_taken_from():
    """Of 20 streams whose stretches lie high or low as a whole; scales over the runs they came from gave 18 % for 5 %."""
    over = []
    for run in range(10):
        rng = np.random.default_rng([run, 3])
        runs, fresh = (
            rng.normal(size=(1, 1, count, 20)) + 0.3 * rng.normal(size=(2, 40, count, 20)) for count in (60, 300)
        )
        limit = np.quantile(_largest(runs), 0.95)
        over.append(((fresh / _scales(runs)[:, None, None, :]).max(axis=(0, 3)) > limit).mean())

    assert 0.01 < np.mean(over) < 0.07
