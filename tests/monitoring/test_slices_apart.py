"""A slice that breaks moves all rows, which the others are read against: one cause, and its name."""

import numpy as np
import pytest

from baseline_pipeline.monitoring.alarms import alarms
from baseline_pipeline.monitoring.detection import exceedances, learn
from baseline_pipeline.monitoring.streams import Readings, Stream
from tests.monitoring.test_watching import DAY, days
from tests.monitoring.test_weighting import REGRESSION

CALM, ALL = 60, 70
SHARES = {"city=a": 0.5, "city=b": 0.3, "city=c": 0.2}


def said(moves, seed=1, noise=None):
    """Alarms about slices, where the ones named are moved by so much from the 65th day on."""
    draw = np.random.default_rng(seed)
    spread = noise or {}
    parts = {
        name: draw.normal(0, spread.get(name, 0.2), ALL) + moves.get(name, 0.0) * (np.arange(ALL) >= 65)
        for name in SHARES
    }
    whole = sum(share * parts[name] for name, share in SHARES.items())
    streams = tuple(Stream("bias", name, "performance") for name in ("all", *SHARES))
    rows = np.broadcast_to([1000, *(round(1000 * share) for share in SHARES.values())], (ALL, 4))
    values = np.c_[whole, *parts.values()]
    found = Readings(days(ALL), streams, values, np.zeros(values.shape), rows)
    watch = learn(found.windows(np.arange(CALM)), DAY, per_month=0.5)
    over = exceedances(watch, found)
    opened = alarms(REGRESSION, watch, over, DAY, overlap=lambda one, two: one == two)
    return [one for one in opened if one.lead.slice != "all" and one.detector == "sudden"]


@pytest.mark.parametrize(("move", "lead"), [({"city=c": 8.0}, "city=c"), ({"city=b": -6.0}, "city=b")])
def test_slices_that_stray_since_another_one_moved_all_rows_are_of_its_alarm(move, lead):
    (one,) = said(move)

    assert one.lead.slice == lead
    assert len(one.signs) == 3


@pytest.mark.parametrize("seed", range(4))
def test_a_slice_that_stands_still_by_itself_never_leads_beside_the_one_that_moved_all_rows(seed):
    (one,) = said({"city=a": 30.0}, seed, {"city=a": 2.0, "city=c": 0.02})

    assert one.lead.slice == "city=a"
    assert [(sign.slice, sign.still) for sign in one.signs if sign.still == (sign.slice == "city=a")] == []


def test_an_alarm_of_slices_that_stood_still_says_so():
    (one,) = said({"city=a": 30.0}, 0, {"city=a": 2.0})
    alone = one.model_copy(update={"signs": tuple(sign for sign in one.signs if sign.still)})

    assert "; by itself as in calm windows, the others moved" in alone.words()
    assert "by itself" not in one.words()


def test_slices_that_break_by_themselves_stay_causes_of_their_own():
    apart = said({"city=a": 4.0, "city=b": -9.0})

    assert [{sign.slice for sign in one.signs} >= {"city=a", "city=b"} for one in apart].count(True) == 0
