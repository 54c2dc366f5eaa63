"""The programme's own figures, against sums done by hand; and when reviews are due."""

import datetime as dt

import pytest

from baseline_pipeline.contract.cron import next_day
from baseline_pipeline.governance.events import Event
from baseline_pipeline.governance.health import Creep, FalseAlarms, ModelFacts, health
from baseline_pipeline.governance.reviews import contract_changes, due
from baseline_pipeline.response.incidents import incidents

NOW = "2026-03-31T00:00:00Z"


def event(seq, at, kind, of="churn", /, **content):
    return Event(kind=kind, model=of, actor="ada", reason="because", key=f"{seq:064x}", content=content, seq=seq, at=at)


def established(seq, at, model="churn"):
    digest = "a" * 64
    fingerprint = {"data": digest, "dependencies": None, "infrastructure": None, "code": digest, "model": digest}
    return event(
        seq,
        at,
        "baseline_established",
        model,
        model=model,
        revision=1,
        evaluation=digest,
        scores_file=digest,
        snapshot=digest,
        fingerprint=fingerprint,
        version="1",
        decision=None,
    )


def opened(seq, name, since, known, at, tier="severe", *, frozen=False):
    content = {"alarms": ["k"], "streams": ["brier"], "slices": ["all"], "families": ["performance"]}
    return event(
        seq,
        at,
        "incident",
        incident=name,
        change="opened",
        since=since,
        known=known,
        tier=tier,
        frozen=frozen,
        **content,
    )


def facts(model, owner, slices=None, alarms=None, creep=()):
    return ModelFacts(model=model, owner=owner, gated_slices=slices, false_alarms=alarms, creep=creep)


LEDGER = [
    established(1, "2026-03-01T00:00:00Z"),
    opened(2, "I-1", "2026-03-10T00:00", "2026-03-11T00:00", "2026-03-11T06:00:00Z", frozen=True),
    opened(3, "I-2", "2026-03-12T00:00", "2026-03-13T00:00", "2026-03-13T12:00:00Z", "minor"),
    opened(4, "I-3", "2026-03-14T00:00", "2026-03-15T00:00", "2026-03-15T00:00:00Z", "minor"),
    event(5, "2026-03-15T00:00:00Z", "incident", incident="I-2", change="triaged", signal=False, category=None),
    event(6, "2026-03-16T00:00:00Z", "incident", incident="I-3", change="triaged", signal=True, category="dependency"),
    event(7, "2026-03-18T00:00:00Z", "incident", incident="I-3", change="closed", cause="a cause", category=None),
    event(8, "2025-12-01T00:00:00Z", "override"),
    event(9, "2026-03-20T00:00:00Z", "override"),
    event(10, "2026-03-21T00:00:00Z", "rollback"),
    event(11, "2026-03-22T00:00:00Z", "review", drill={"detected": True, "seconds": 12.5, "scenario": "unit_error"}),
]


def test_every_figure_is_what_a_person_would_sum_up():
    alarms = FalseAlarms(model="churn", count=3, months=6.0, per_month=0.5, low=0.1, high=1.5, accepted=1.0)
    creep = Creep(model="churn", metric="brier", revision=1, used=0.002, margin=0.01, at_most=0.004, share=0.2)
    declared = [facts("churn", "ana", 12, alarms, (creep,)), facts("fraud", "bo"), facts("limits", "bo")]

    found = health(declared, LEDGER, incidents(LEDGER), now=NOW, dead_receivers=("chat",))
    total = found.total

    assert (total.models, total.with_baseline, total.coverage) == (3, 1, 1 / 3)
    assert total.gated_slices == 12
    assert (total.age_median_days, total.age_oldest_days) == (30, 30)
    assert (total.detect.mean_hours, total.detect.median_hours, total.detect.count) == ((6 + 12 + 0) / 3, 6, 3)
    assert total.known.mean_hours == 24
    assert (total.resolve.mean_hours, total.resolve.count) == (72, 1)
    assert total.looked_back == 0
    assert (total.triaged, total.noise_share) == (2, 0.5)
    assert total.open_incidents == {"minor": 1, "moderate": 0, "severe": 1}
    assert (total.overrides, total.rollbacks) == (1, 1)
    assert total.frozen == ("churn",)
    assert [(one.at[:10], one.detected, one.seconds) for one in total.drills] == [("2026-03-22", True, 12.5)]
    assert total.false_alarms == (alarms,)
    assert alarms.words == "compatible with what is accepted"
    assert total.creep == (creep,)
    assert found.dead_receivers == ("chat",)


def test_an_override_counts_once_a_decision_and_not_where_somebody_said_no_to_it():
    def said(seq, kind, decision):
        return event(seq, "2026-03-20T00:00:00Z", kind, decision=decision)

    two_people = [said(2, "override", "a" * 64), said(3, "override", "a" * 64)]
    refused = [said(4, "override", "b" * 64), said(5, "rejection", "b" * 64)]
    after_a_no = [said(6, "rejection", "c" * 64), said(7, "override", "c" * 64)]
    events = [established(1, "2026-03-01T00:00:00Z"), *two_people, *refused, *after_a_no]

    assert health([facts("churn", "ana")], events, [], now=NOW).total.overrides == 2


def test_a_past_that_is_replayed_does_not_look_like_a_slow_programme():
    replayed = opened(2, "I-1", "2013-03-10T00:00", "2013-03-11T00:00", "2026-03-11T06:00:00Z")
    replayed = replayed.model_copy(update={"content": {**replayed.content, "looked": "2013-03-11T06:00"}})
    before = opened(3, "I-2", "2025-12-01T00:00", "2025-12-02T00:00", "2026-03-01T02:00:00Z")
    events = [established(1, "2026-03-01T00:00:00Z"), replayed, before]

    found = health([facts("churn", "ana")], events, incidents(events), now=NOW).total

    assert (found.detect.mean_hours, found.detect.count, found.looked_back) == ((6 + 2) / 2, 2, 2)


def test_owners_are_counted_apart_and_nothing_is_not_zero():
    found = health([facts("churn", "ana", 12), facts("fraud", "bo")], LEDGER, incidents(LEDGER), now=NOW)
    ana, bo = found.owners

    assert (ana.name, ana.coverage, ana.incidents, ana.overrides) == ("ana", 1.0, 3, 1)
    assert (bo.name, bo.coverage, bo.incidents) == ("bo", 0.0, 0)
    missing = (bo.gated_slices, bo.age_median_days, bo.detect, bo.resolve, bo.noise_share, bo.open_incidents)
    assert missing == (None,) * 6
    assert (bo.overrides, bo.rollbacks, bo.frozen) == (None, None, None)
    assert found.dead_receivers is None


def test_without_models_nothing_is_claimed():
    assert health([], [], [], now=NOW).total.coverage is None


@pytest.mark.parametrize(
    ("rate", "words"),
    [((1.2, 3.0), "more than accepted"), ((0.0, 0.9), "as accepted"), ((0.5, 2.0), "compatible with what is accepted")],
)
def test_false_alarms_are_judged_by_their_interval(rate, words):
    low, high = rate
    found = FalseAlarms(model="m", count=1, months=1, per_month=1, low=low, high=high, accepted=1.0)

    assert found.words == words


@pytest.mark.parametrize(
    ("expression", "day"),
    [
        ("0 6 1 * *", "2026-02-01"),
        ("30 9 15 1 *", "2026-01-15"),
        ("0 9 15 1 *", "2027-01-15"),
        ("0 0 * * 0", "2026-01-18"),
        ("0 0 * * 7", "2026-01-18"),
        ("0 0 1 * fri", "2026-01-16"),
        ("0 0 1 feb-mar/1 *", "2026-02-01"),
        ("*/20 9 * * *", "2026-01-15"),
        ("0 0 31 * *", "2026-01-31"),
        ("0 0 29 2 *", "2028-02-29"),
    ],
)
def test_a_schedule_names_the_next_day(expression, day):
    assert next_day(expression, dt.datetime(2026, 1, 15, 9, 0, tzinfo=dt.UTC)).isoformat() == day  # a Thursday


@pytest.mark.parametrize("expression", ["61 * * * *", "0 0 0 * *", "0 0 * * someday", "*/0 * * * *", "0 0 31 2 *"])
def test_a_schedule_that_says_nothing_is_refused(expression):
    with pytest.raises(ValueError, match="schedule"):
        next_day(expression, dt.datetime(2026, 1, 15, tzinfo=dt.UTC))


def test_a_review_is_due_by_the_calendar_or_once_the_contract_changed():
    def at(day):
        return dt.datetime.fromisoformat(f"{day}T12:00:00+00:00")

    events = [established(1, "2026-01-01T00:00:00Z")]
    assert due(events, "churn", schedule=None, now=at("2026-06-29"), changes=()).because == ()
    (never,) = due(events, "churn", schedule=None, now=at("2026-06-30"), changes=()).because
    assert never == "due since 2026-06-30: none was ever signed"

    events.append(
        event(2, "2026-06-30T00:00:00Z", "review", review="b" * 64, findings=2, due="2026-12-27", policy="c" * 64)
    )
    assert due(events, "churn", schedule=None, now=at("2026-12-26"), changes=()).because == ()
    assert due(events, "churn", schedule="0 0 1 8 *", now=at("2026-08-01"), changes=()).on == "2026-08-01"
    assert due(events, "churn", schedule=None, now=at("2026-07-01"), changes=["a: 1 -> 2"]).because == (
        "the contract changed in 1 place since",
    )


def test_a_contract_that_was_reviewed_before_any_run_saw_it_did_not_change():
    events = [
        event(1, NOW, "contract_changed", policy="b" * 64, changed=["a: 1 -> 2"]),
        event(2, NOW, "contract_changed", policy="c" * 64, changed=["a: 2 -> 3"]),
    ]

    assert contract_changes(events, "b" * 64) == ("a: 2 -> 3",)
