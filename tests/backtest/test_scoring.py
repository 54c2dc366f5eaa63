import datetime as dt

import numpy as np

from baseline_pipeline.backtest.incidents import Incident
from baseline_pipeline.backtest.scoring import Watched, detected, false_alarms, guardrails, point, recommended
from baseline_pipeline.monitoring.alarms import Alarm, Sign
from baseline_pipeline.monitoring.windows import Windowing

DAY = 86400
STARTS = np.datetime64("2026-01-01", "s") + np.arange(120) * np.timedelta64(1, "D")


def alarm(opened, *, closed=None, name="brier", slice_="all", tier="moderate", delay=1):
    known = np.datetime64(opened) + np.timedelta64(1 + delay, "D")
    sign = Sign(
        stream=name if slice_ == "all" else f"{name}[{slice_}]",
        name=name,
        slice=slice_,
        window=f"{opened}T00:00",
        value=0.3,
        expected=0.1,
        distance=5.0,
        ratio=1.5,
        rows=400,
        weight=1.0,
        tier=tier,
    )
    return Alarm(
        key=f"{name}-{slice_}-{opened}",
        family="performance",
        detector="sudden",
        opened=f"{opened}T00:00",
        known=f"{known}T00:00",
        last=f"{opened}T00:00",
        closed=None if closed is None else f"{closed}T00:00",
        windows=1,
        tier=tier,
        signs=(sign,),
    )


def watched(*incidents, grace=1):
    return Watched(STARTS, STARTS[30] <= STARTS, incidents, Windowing(DAY, DAY, DAY), grace, (STARTS[0], STARTS[29]))


def event(first, last=None, **more):
    return Incident(first=dt.date.fromisoformat(first), last=dt.date.fromisoformat(last or first), what="x", **more)


def test_an_event_is_found_by_an_alarm_that_opens_within_it_and_only_so():
    before, inside = alarm("2026-03-01", closed="2026-03-20"), alarm("2026-03-11", name="recall", tier="severe")
    found = detected([before, inside], watched(event("2026-03-10", "2026-03-12")))[0]
    missed = detected([before], watched(event("2026-03-10", "2026-03-12")))[0]

    assert (found.found, found.day, found.delay_days, found.tier) == (True, 2, 3.0, "severe")
    assert (found.by, found.already, found.soon) == (("recall",), ("brier",), True)
    assert (missed.found, missed.already, missed.delay_days) == (False, ("brier",), None)


def test_a_slice_that_an_event_names_must_be_among_the_signs():
    one = event("2026-03-10", slices=("carrier=AA",))

    assert detected([alarm("2026-03-10")], watched(one))[0].slices_named is False
    assert detected([alarm("2026-03-10", slice_="carrier=AA")], watched(one))[0].slices_named is True


def test_false_alarms_are_counted_by_window_outside_of_events_and_of_the_reference():
    said = [
        alarm("2026-01-05"),  # calm was learned there
        alarm("2026-03-10"),  # an event
        alarm("2026-03-12"),  # within the grace after it
        alarm("2026-03-20"),
        alarm("2026-03-20", name="recall"),  # the same window
    ]
    wrong, rate = false_alarms(said, watched(event("2026-03-10", "2026-03-11")))

    assert [one.opened for one in wrong] == ["2026-03-20T00:00", "2026-03-20T00:00"]
    assert rate.count == 1
    assert np.isclose(rate.months, (90 - 3) / 30.44)
    assert rate.low < rate.per_month < rate.high


def test_a_window_that_begins_before_an_event_and_holds_it_counts():
    week = 7 * DAY
    starts = np.datetime64("2026-01-05", "s") + np.arange(16) * np.timedelta64(7, "D")
    seen = Watched(starts, np.ones(16, bool), (event("2026-03-11"),), Windowing(week, week), 0, (starts[0], starts[1]))
    said = [alarm("2026-03-09")]  # a Monday

    assert detected(said, seen)[0].day == 1
    assert false_alarms(said, seen)[1].count == 0


def test_guardrails_are_told_apart_by_what_they_found():
    all_ = [alarm("2026-03-10"), alarm("2026-03-10", name="recall"), alarm("2026-03-20", name="recall")]
    seen = watched(event("2026-03-10"))
    hits = detected(all_, seen)
    wrong, rate = false_alarms(all_, seen)
    rows = {one.name: one for one in guardrails(all_, hits, wrong, rate.months)}

    assert (rows["brier"].found, rows["brier"].false_alarms.count) == (1, 0)
    assert (rows["recall"].found, rows["recall"].false_alarms.count) == (1, 1)


def test_the_recommendation_finds_most_within_the_accepted_rate():
    seen = watched(event("2026-03-10"), event("2026-04-10"))
    noisy = [alarm(day) for day in ("2026-03-10", "2026-04-10", *(f"2026-02-{n:02}" for n in range(2, 28, 4)))]
    curve = (point(0.5, noisy, seen), point(1.0, noisy[:2], seen), point(1.5, noisy[:2], seen), point(2.0, [], seen))

    assert curve[0].found == 2
    assert curve[0].false_alarms.count == 7
    assert recommended(curve, 1.0) == curve[2]  # the widest that finds as much
    assert recommended(curve[:1], 1.0) is None


def test_where_nothing_is_found_nothing_speaks_for_wider_limits():
    seen = watched()
    noisy = [alarm(f"2026-02-{n:02}") for n in range(2, 28, 4)]
    curve = tuple(point(factor, noisy if factor < 1 else [], seen) for factor in (0.5, 1.0, 1.5, 3.0))

    assert recommended(curve, 1.0) == curve[1]
    assert recommended((curve[0], *curve[2:]), 1.0) == curve[2]  # the nearest one that keeps the rate
