"""Calm windows, limits, and what is over them."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.monitoring.alarms import Alarm, Sign
from baseline_pipeline.monitoring.calm import calm_of, tails
from baseline_pipeline.monitoring.detection import exceedances, learn
from baseline_pipeline.monitoring.inputs import feature_cells, feature_readings
from baseline_pipeline.monitoring.limits import accumulated, sudden_limit
from baseline_pipeline.monitoring.streams import Reading, Readings, Stream, readings
from baseline_pipeline.monitoring.windows import Windowing, seconds_of

DAY = Windowing(86400, 86400)
SEASONLESS = Windowing(2 * 86400, 2 * 86400)
START = np.datetime64("2026-01-05", "s")


def days(count):
    return START + np.arange(count) * np.timedelta64(1, "D")


def made(values, streams=None, error=0.01):
    values = np.asarray(values, float)
    streams = streams or tuple(Stream(f"m{number}", "all", "performance", "up") for number in range(values.shape[1]))
    return Readings(days(len(values)), tuple(streams), values, np.full(values.shape, error), np.full(values.shape, 400))


def test_the_level_of_calm_windows_and_their_own_spread_are_told_apart():
    rng = np.random.default_rng(1)
    calm = calm_of(made(0.2 + rng.normal(0, 0.05, (4000, 1)), error=0.03), SEASONLESS)

    assert calm.level[0] == pytest.approx(0.2, abs=0.01)
    assert calm.spread[0] == pytest.approx(0.04, abs=0.002)  # 0.05^2 = 0.04^2 + 0.03^2


def test_a_share_that_never_strayed_keeps_the_chance_error_of_its_rows():
    stream = Stream("missing(x)", "all", "inputs", "up", share=True)
    found = readings(days(30), [{stream: Reading(0.0, 0.0, 1000)} for _ in range(30)])
    calm = calm_of(found, SEASONLESS)
    once = readings(days(1), [{stream: Reading(0.02, 0.0, 1000)}])

    assert calm.standardised(found).max() == 0
    assert calm.standardised(once)[0, 0] > 20


def test_a_season_is_taken_out_only_where_it_shows():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1, (140, 2))
    noise[:, 1] += 4 * (np.arange(140) % 7 == 2)
    calm = calm_of(made(noise, error=0.0), DAY)

    assert np.abs(calm.season[:, 0]).max() == 0
    assert np.ptp(calm.season[:, 1]) == pytest.approx(4, abs=0.8)


def test_a_season_of_hours_follows_the_clocks_of_the_zone_over_their_change():
    """People who come at nine in the morning come an hour earlier in UTC from 29 March on."""
    starts = np.datetime64("2026-03-15", "s") + np.arange(28 * 24) * np.timedelta64(1, "h")
    local = (starts + np.where(starts < np.datetime64("2026-03-29T01:00"), 1, 2) * np.timedelta64(1, "h")).astype(
        "datetime64[h]"
    )
    morning = 5.0 * (local.astype(np.int64) % 24 // 4 == 2)
    values = (morning + np.random.default_rng(4).normal(0, 0.1, len(starts)))[:, None]
    found = replace(made(values, error=0.0), starts=starts)
    spring = starts >= np.datetime64("2026-03-29T01:00")

    def farthest(zone):
        calm = calm_of(found.windows(~spring), Windowing(3600, 3600, zone=zone))
        return np.abs(calm.standardised(found.windows(spring))).max()

    assert farthest("Europe/Berlin") < 6
    assert farthest("UTC") > 20


def test_windows_of_six_hours_keep_their_place_in_the_day_over_a_change_of_clocks():
    before, after = (
        np.datetime64(day, "s") + np.arange(4) * np.timedelta64(6, "h") for day in ("2026-03-01", "2026-03-15")
    )

    for zone in ("America/Denver", "America/St_Johns", "Asia/Kolkata", "Australia/Lord_Howe"):
        six = Windowing(21600, 21600, zone=zone)
        assert six.phase(before).tolist() == six.phase(after).tolist()


def test_streams_with_heavy_tails_are_measured_by_them():
    rng = np.random.default_rng(3)
    whole, without = tails(np.c_[rng.normal(0, 1, 200), rng.standard_t(2, 200)])

    assert whole[1] > 1.5 * whole[0]
    assert (without <= whole + 1e-12).all()


@pytest.mark.parametrize("streams", [1, 40])
@pytest.mark.parametrize("calm", [40, 200])
def test_calm_windows_alarm_at_the_rate_that_was_asked_for(streams, calm):
    rng = np.random.default_rng([streams, calm])
    rate, alarms, windows = 2.0, 0, 0
    for run in range(12):
        heavy = rng.standard_t(4, (calm + 120, streams))
        found = made(heavy, error=0.0)
        watch = learn(found.windows(np.arange(calm)), DAY, per_month=rate, seed=run)
        after = exceedances(watch, found.windows(np.arange(calm, calm + 120)))
        high = np.nan_to_num(after.sudden).max(axis=1) > 1
        slow = np.nan_to_num(after.slow).max(axis=1) > 1
        alarms += int(high.sum()) + int(slow[0]) + int((slow[1:] & ~slow[:-1]).sum())
        windows += 120

    per_month = alarms / windows * DAY.per_month
    assert per_month < 1.7 * rate


def test_a_sudden_and_a_slow_change_are_both_seen():
    rng = np.random.default_rng(5)
    values = rng.normal(0, 1, (160, 3))
    values[120, 0] += 9
    values[130:, 1] += 2
    found = made(values, error=0.0)
    watch = learn(found.windows(np.arange(100)), DAY, per_month=1.0)
    over = exceedances(watch, found)

    assert over.sudden[120, 0] > 1
    assert over.slow[136:, 1].max() > 1
    assert np.nan_to_num(over.slow[:130, 2]).max() < 1


def test_what_moves_all_rows_is_no_matter_of_a_slice():
    rng = np.random.default_rng(6)
    shared = rng.normal(0, 1, 150)
    part = shared + rng.normal(0, 0.1, 150)
    shared[120:122] += 12
    part[120:122] += 12
    part[140] += 3
    streams = (Stream("m", "all", "performance", "up"), Stream("m", "g=a", "performance", "up"))
    found = made(np.c_[shared, part], streams, error=0.0)
    over = exceedances(learn(found.windows(np.arange(100)), DAY, per_month=1.0), found)

    assert over.sudden[120, 0] > 1
    assert over.sudden[120, 1] < 1
    assert over.sudden[140, 1] > 1


def test_a_window_that_cannot_be_read_yet_closes_no_alarm():
    from baseline_pipeline.monitoring.grouping import Rules, fold

    values = np.r_[np.random.default_rng(11).normal(0, 1, 60), 12, 12, 12, np.nan, np.nan, np.nan][:, None]
    found = made(values, error=0.0)
    over = exceedances(learn(found.windows(np.arange(60)), DAY, per_month=1.0), found)
    ((one, closed),) = [
        each
        for each in fold("sudden", over.sudden, np.array([0]), over, lambda *_: True, Rules())
        if each[0].first >= 60
    ]

    assert closed is None
    assert one.windows == 3


def test_a_window_whose_rows_are_all_alike_says_nothing_of_calm_ones():
    """A model that stands still gives every row one score; calm windows strayed no further than their rows."""
    rng = np.random.default_rng(14)
    stream = (Stream("mean score", "plan=basic", "outputs"),)
    found = made(np.r_[0.2 + rng.normal(0, 0.004, 100), 0.3][:, None], stream, error=0.01)
    found.errors[100] = 0.0
    watch = learn(found.windows(np.arange(100)), DAY, per_month=1.0)
    over = exceedances(watch, found)

    assert watch.calm.spread[0] == 0
    assert over.sudden[100, 0] > 1
    assert 10 < over.distance[100, 0] < 30


def test_a_window_without_a_row_is_as_sure_as_the_calm_ones_were():
    """Its own error is that of a count of nothing, which once made a whole day without requests pass for calm."""
    rng = np.random.default_rng(15)
    count = np.r_[rng.poisson(320, 60), 0]
    volume = Stream("rows", "all", "traffic")
    latency = tuple(Stream(f"log stage {number}", "all", "traffic", "up") for number in range(6))
    values = [
        {volume: Reading(float(np.log1p(rows)), float(1 / np.sqrt(rows + 1)), int(rows))}
        | {one: Reading(float(rng.normal(0, 1)), 0.1, int(rows)) for one in latency if rows}
        for rows in count
    ]
    found = readings(days(61), values)
    over = exceedances(learn(found.windows(np.arange(60)), DAY, per_month=0.03), found)

    assert over.sudden[60, 0] > 1
    assert over.sudden[:60, 0].max() < 1


def test_estimates_never_alarm():
    stream = Stream("m", "all", "performance", "up", estimated=True)
    values = np.r_[np.random.default_rng(7).normal(0, 1, 60), 50.0][:, None]
    found = made(values, (stream,), error=0.0)
    over = exceedances(learn(found.windows(np.arange(60)), DAY, per_month=1.0), found)

    assert not np.isfinite(over.sudden).any()
    assert not np.isfinite(over.slow).any()


def test_too_few_calm_windows_are_said_to_be_too_few():
    with pytest.raises(EvidenceUnavailable, match="9 calm windows; 10 are needed"):
        learn(made(np.zeros((9, 1))), DAY, per_month=1.0)


def test_a_limit_beyond_the_calm_windows_lies_beyond_their_largest():
    calm = np.random.default_rng(8).exponential(1, 100)

    assert sudden_limit(calm, 0.001) > calm.max()
    assert sudden_limit(calm, 0.1) < calm.max()
    assert sudden_limit(np.array([]), 0.1) == np.inf


def test_a_window_without_a_value_leaves_the_slow_detectors_as_they_were():
    values = np.array([[1.0], [np.nan], [1.0]])
    mean, total = accumulated(values, np.array([1.0]))

    assert mean[1, 0] == mean[0, 0]
    assert total[1, 0] == total[0, 0]
    assert total[2, 0] == pytest.approx(1.0)


def test_features_tell_of_what_is_missing_new_and_shifted():
    rng = np.random.default_rng(9)
    calm = np.arange(2000) < 1000
    number = rng.normal(0, 1, 2000)
    number[1000:] += 1
    number[1500:1700] = np.nan
    number[1999] = 1e9
    word = np.where(rng.random(2000) < 0.5, "a", "b").astype(object)
    word[1900:] = "new"
    cells = feature_cells(pa.table({"x": number, "w": word}), ["x", "w"], calm, set())
    before = {one.name: reading.value for one, reading in feature_readings(cells, slice(0, 1000)).items()}
    after = {one.name: reading.value for one, reading in feature_readings(cells, slice(1000, 2000)).items()}

    assert after["missing(x)"] == pytest.approx(0.2)
    assert after["outside(x)"] == pytest.approx(0.001)
    assert after["outside(w)"] == pytest.approx(0.1)
    assert after["drift(x)"] > 20 * abs(before["drift(x)"])


def test_a_day_that_follows_the_calm_ones_is_no_category_that_was_never_seen():
    day = pa.array(20_000 + np.arange(2000) // 100, pa.int32()).cast(pa.date32())
    cells = feature_cells(pa.table({"day": day}), ["day"], np.arange(2000) < 1000, set())
    after = {one.name: reading.value for one, reading in feature_readings(cells, slice(1000, 1100)).items()}

    assert after["outside(day)"] == 0.0


def test_weeks_begin_on_mondays_and_a_bad_duration_is_said_to_be_one():
    week = Windowing(7 * 86400, 7 * 86400)
    starts = week.starts(np.datetime64("2026-01-07"), np.datetime64("2026-01-20"))

    assert starts.astype("datetime64[D]").astype(str).tolist() == ["2026-01-05", "2026-01-12", "2026-01-19"]
    for bad in ("", "d", "0d", "1y", "1.5d"):
        with pytest.raises(UsageError, match="accepted"):
            seconds_of(bad)


def test_what_is_overdue_counts_no_spreads():
    sign = {"stream": "labels overdue (share)", "name": "labels", "slice": "all", "window": "2026-01-02T00:00"}
    sign |= {"value": 0.9945, "expected": 0.0, "distance": None, "ratio": 1.99, "rows": 0, "weight": 1.0}
    alarm = {"key": "k", "family": "traffic", "detector": "sudden", "opened": "2026-01-02T00:00", "closed": None}
    alarm |= {"known": "2026-01-03T00:00", "last": "2026-01-02T00:00", "windows": 1, "tier": "moderate"}

    said = Alarm(**alarm, signs=(Sign(**sign, tier="moderate"),)).words()
    assert said == "labels overdue (share): 0.9945, since 2026-01-02"


def test_an_alarm_beyond_windows_that_are_all_alike_counts_no_spreads():
    sign = {"stream": "failed", "name": "failed", "slice": "all", "window": "2026-01-02T00:00:00Z", "value": 0.5}
    sign |= {"expected": 0.0, "rows": 100, "weight": 1.0, "tier": "severe"}
    alarm = {"key": "k", "family": "traffic", "detector": "sudden", "opened": "2026-01-02T00:00:00Z", "closed": None}
    alarm |= {"known": "2026-01-03T00:00:00Z", "last": "2026-01-02T00:00:00Z", "windows": 1, "tier": "severe"}
    beyond = Alarm(**alarm, signs=(Sign(**sign, distance=1e6, ratio=1e6),))
    far = Alarm(**alarm, signs=(Sign(**sign, distance=41.26, ratio=3.0),))

    over = beyond.model_copy(update={"closed": "2026-01-05T00:00:00Z"})

    assert beyond.words() == "failed is far above calm windows (0.5, expected 0); one window so far"
    assert over.words().endswith("; one window only")
    assert far.words().startswith("failed is 41.3 spreads above calm windows (0.5, expected 0; 3.00 of the limit)")
