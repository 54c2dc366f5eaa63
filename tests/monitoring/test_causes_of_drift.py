"""Streams that drift for one reason are one alarm, and others stay apart."""

import numpy as np
import pytest

from baseline_pipeline.monitoring.alarms import alarms
from baseline_pipeline.monitoring.detection import exceedances, learn
from baseline_pipeline.monitoring.grouping import Rules
from baseline_pipeline.monitoring.streams import Stream
from tests.monitoring.test_watching import DAY, made
from tests.monitoring.test_weighting import REGRESSION

CALM, ALL = 100, 220
COMING = (
    Stream("drift(a)", "all", "inputs", "up"),
    Stream("drift(b)", "all", "inputs", "up"),
    Stream("mean score", "all", "outputs"),
    Stream("rows", "all", "traffic"),
)
OTHER = (
    Stream("missing(c)", "all", "inputs", "up"),
    Stream("log latency", "all", "traffic", "up"),
    Stream("mean_absolute_error", "all", "performance", "up"),
)


def drifted(*streams, seed=1):
    """Alarms of slow changes, where the streams named begin to run two deviations higher, one after the other."""
    both = (*COMING, *OTHER)
    values = np.random.default_rng(seed).normal(0, 1, (ALL, len(both)))
    for later, name in enumerate(streams):
        values[CALM + 10 + 15 * later :, [one.name for one in both].index(name)] += 2
    found = made(values, both, error=0.0)
    watch = learn(found.windows(np.arange(CALM)), DAY, per_month=0.1)
    said = alarms(REGRESSION, watch, exceedances(watch, found), DAY, overlap=lambda *_: True, rules=Rules())
    return [one for one in said if one.detector == "slow" and one.opened >= "2026-04-15"]


def test_features_scores_and_volume_that_drift_one_after_the_other_are_one_alarm():
    (alarm,) = drifted("drift(b)", "drift(a)", "mean score", "rows")

    assert alarm.family == "inputs"
    assert {sign.stream for sign in alarm.signs} == {one.name for one in COMING}


@pytest.mark.parametrize("name", [one.name for one in OTHER])
def test_what_other_rows_do_not_explain_is_an_alarm_of_its_own(name):
    said = drifted("drift(a)", name)

    assert [{sign.stream for sign in one.signs} for one in said] == [{"drift(a)"}, {name}]


def test_missing_values_of_the_feature_that_drifts_are_the_same_alarm():
    streams = (Stream("drift(a)", "all", "inputs", "up"), Stream("missing(a)", "all", "inputs", "up"))
    values = np.random.default_rng(3).normal(0, 1, (ALL, 2))
    values[110:, 0] += 2
    values[125:, 1] += 2
    found = made(values, streams, error=0.0)
    watch = learn(found.windows(np.arange(CALM)), DAY, per_month=0.1)
    said = alarms(REGRESSION, watch, exceedances(watch, found), DAY, overlap=lambda *_: True)
    (alarm,) = [one for one in said if one.detector == "slow" and one.opened >= "2026-04-15"]

    assert {sign.stream for sign in alarm.signs} == {"drift(a)", "missing(a)"}
