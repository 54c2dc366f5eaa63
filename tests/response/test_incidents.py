"""Incidents as a fold: one per cause, whatever is repeated, in whatever order people speak."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baseline_pipeline.errors import ContractError
from baseline_pipeline.report.monitoring import incident_lines, open_lines
from baseline_pipeline.response.from_alarms import UNREADABLE, planned
from baseline_pipeline.response.incidents import frozen_by, incidents, spoken, turns
from baseline_pipeline.response.playbooks import chosen, read_playbook
from tests.backtest.test_scoring import alarm

FREEZES = frozenset({"severe"})


def everywhere(_one, _two):
    return True


def same(one, two):
    return one == two or "all" in (one, two)


def written(events, start=1):
    """As the ledger gives them back."""
    return [
        one.model_copy(update={"seq": number, "at": f"2026-03-01T00:{number % 60:02}:00Z"})
        for number, one in enumerate(events, start)
    ]


def after(alarms, known=(), overlap=same):
    """The ledger after a tick that sees these alarms."""
    events = planned(incidents(known), alarms, model="small", owner="ada", freezes=FREEZES, overlap=overlap)
    return [*known, *written(events, len(known) + 1)]


def test_alarms_of_one_cause_are_one_incident_that_escalates():
    ledger = after([alarm("2026-03-10", tier="minor"), alarm("2026-03-11", name="recall", tier="severe")])
    (one,) = incidents(ledger)

    assert [event.content["change"] for event in ledger] == ["opened", "escalated"]
    assert (one.tier, one.status, one.frozen, one.owner) == ("severe", "open", True, "ada")
    assert len(one.alarms) == 2
    assert frozen_by(ledger, "small") == one
    assert frozen_by(ledger, "other") is None


def test_slices_that_share_no_rows_and_distant_days_are_other_causes():
    ledger = after(
        [
            alarm("2026-03-10", slice_="g=a"),
            alarm("2026-03-10", slice_="g=b"),
            alarm("2026-03-30", slice_="g=a"),
        ]
    )

    assert [one.slices for one in incidents(ledger)] == [("g=a",), ("g=b",), ("g=a",)]


@pytest.mark.parametrize(("closed", "count"), [(None, 1), ("2026-03-14", 1), ("2026-03-12", 2)])
def test_what_else_shows_while_an_alarm_is_open_is_of_one_cause(closed, count):
    """A feature drifts on the tenth; what it does to performance is known three days later."""
    early = alarm("2026-03-10", name="drift(x)", closed=closed).model_copy(update={"family": "inputs"})
    ledger = after([early, alarm("2026-03-13")])

    assert len(incidents(ledger)) == count
    assert after([early, alarm("2026-03-13")], ledger) == ledger


def test_no_other_alarm_is_of_data_that_could_not_be_read():
    """A file of another schema on the tenth; harm that is seen once it was put right."""
    broken = alarm("2026-03-10", name=UNREADABLE)
    ledger = after([broken])
    ledger = after([broken.model_copy(update={"closed": "2026-03-11"}), alarm("2026-03-11")], ledger)

    assert [(set(one.leads.values()), one.status) for one in incidents(ledger)] == [
        ({UNREADABLE}, "quiet"),
        ({"brier"}, "open"),
    ]


def test_what_is_seen_again_is_not_written_again():
    seen = [alarm("2026-03-10"), alarm("2026-03-11", name="recall")]
    ledger = after(seen)

    assert after(seen, ledger) == ledger
    ended = [alarm("2026-03-10", closed="2026-03-14"), seen[1]]
    again = after(ended, ledger)
    assert [event.content["change"] for event in again[len(ledger) :]] == ["ended"]
    assert incidents(again)[0].status == "open"
    quiet = after([ended[0], alarm("2026-03-11", name="recall", closed="2026-03-15")], again)
    assert incidents(quiet)[0].status == "quiet"


def test_an_alarm_that_grows_worse_escalates_and_one_that_comes_back_reopens():
    ledger = after([alarm("2026-03-10", tier="minor")])
    ledger = after([alarm("2026-03-10", tier="severe")], ledger)
    (one,) = incidents(ledger)
    assert [event.content["change"] for event in ledger] == ["opened", "escalated"]
    assert (one.tier, one.frozen, len(one.alarms)) == ("severe", True, 1)
    ledger = after([alarm("2026-03-10", tier="severe", closed="2026-03-14")], ledger)
    assert incidents(ledger)[0].status == "quiet"
    ledger = after([alarm("2026-03-10", tier="severe")], ledger)
    assert incidents(ledger)[0].status == "open"
    assert after([alarm("2026-03-10", tier="severe")], ledger) == ledger


def test_what_is_no_alarm_any_more_ends_and_what_is_old_opens_nothing():
    ledger = after([alarm("2026-03-10")])
    ledger = after([], ledger)
    assert incidents(ledger)[0].status == "quiet"
    assert (
        planned([], [alarm("2026-03-10")], model="m", owner="", freezes=FREEZES, overlap=same, news=lambda _one: False)
        == []
    )


def test_people_are_told_of_changes_of_state_alone():
    ledger = after([alarm("2026-03-10", tier="moderate"), alarm("2026-03-11", name="recall", tier="minor")])
    ledger = after(
        [alarm("2026-03-10", tier="moderate", closed="2026-03-13"), alarm("2026-03-11", name="recall")], ledger
    )
    assert [(one.kind, one.tier) for one in turns(ledger)] == [("opened", "moderate")]
    ended = [
        alarm("2026-03-10", tier="moderate", closed="2026-03-13"),
        alarm("2026-03-11", name="recall", tier="minor", closed="2026-03-14"),
    ]
    ledger = after(ended, ledger)
    assert [one.kind for one in turns(ledger)] == ["opened", "ended"]
    ledger = after([*ended, alarm("2026-03-15", name="brier", tier="minor")], ledger)

    assert ledger[-1].content["change"] == "joined"
    assert [(one.kind, one.tier) for one in turns(ledger)][2:] == [("reopened", "moderate")]


@pytest.mark.parametrize(("day", "kinds"), [("2026-03-11", ["opened"]), ("2026-03-15", ["opened", "joined"])])
def test_harm_that_joins_a_drift_days_later_is_told_once(day, kinds):
    drift = alarm("2026-03-10", name="drift(x)").model_copy(update={"family": "inputs"})
    ledger = after([drift, alarm(day), alarm("2026-03-16", name="recall")], after([drift]))

    assert len(incidents(ledger)) == 1
    assert [one.kind for one in turns(ledger)] == kinds


def test_an_incident_whose_alarms_are_over_says_what_it_waits_for():
    ledger = after([alarm("2026-03-10", tier="severe")])
    assert len(open_lines(incidents(ledger)[0])) == 1

    (one,) = incidents(after([alarm("2026-03-10", tier="severe", closed="2026-03-14")], ledger))

    waits = (
        "  its alarms are over, a person closes it; promotions stay frozen until then: "
        f'baseline incident close {one.id} --cause "TEXT"'
    )
    assert open_lines(one)[1:] == [waits]
    assert waits in incident_lines(one, None)


def test_people_close_an_incident_and_that_ends_the_freeze():
    ledger = after([alarm("2026-03-10", tier="severe")])
    (one,) = incidents(ledger)
    said = spoken(one, "triaged", actor="ada", reason="real", signal=True, category="data source")
    ledger += written([said], 2)
    (one,) = incidents(ledger)
    ledger += written([spoken(one, "closed", actor="ada", reason="the feed was late", cause="the feed was late")], 3)
    (one,) = incidents(ledger)

    assert (one.signal, one.category, one.cause) == (True, "data source", "the feed was late")
    assert (one.status, one.frozen) == ("closed", False)
    assert [moment.change for moment in one.timeline] == ["opened", "triaged", "closed"]
    assert len(incidents(after([alarm("2026-03-12", tier="severe")], ledger))) == 2  # closed ones take nothing in


def test_what_was_closed_while_its_alarm_was_open_opens_again_when_it_grows_worse_and_only_then():
    ledger = after([alarm("2026-03-10", tier="minor"), alarm("2026-03-11", name="recall", tier="minor")])
    (one,) = incidents(ledger)
    ledger += written([spoken(one, "closed", actor="ada", reason="it is the season", cause="it is the season")], 3)
    same = [alarm("2026-03-10", tier="minor"), alarm("2026-03-11", name="recall", tier="minor")]
    assert after(same, ledger) == ledger
    worse = [alarm("2026-03-10", tier="minor"), alarm("2026-03-11", name="recall", tier="severe")]
    ledger = after(worse, ledger)

    assert [(one.tier, one.status, len(one.alarms)) for one in incidents(ledger)] == [
        ("minor", "closed", 2),
        ("severe", "open", 1),
    ]
    assert len({event.key for event in ledger}) == len(ledger)
    assert after(worse, ledger) == ledger


DAYS = st.integers(1, 28)
ALARMS = st.lists(
    st.builds(
        lambda day, name, part, tier: alarm(f"2026-03-{day:02}", name=name, slice_=part, tier=tier),
        DAYS,
        st.sampled_from(["brier", "recall"]),
        st.sampled_from(["all", "g=a", "g=b"]),
        st.sampled_from(["minor", "moderate", "severe"]),
    ),
    max_size=12,
    unique_by=lambda one: one.key,
)


@settings(max_examples=60, deadline=None)
@given(seen=ALARMS, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_ticks_in_any_rhythm_hold_every_alarm_once_and_never_repeat_themselves(seen, cuts):
    ordered = sorted(seen, key=lambda one: (one.known, one.key))
    ledger = []
    for end in [*sorted(cuts), len(ordered)]:
        ledger = after(ordered[:end], ledger)
        assert after(ordered[:end], ledger) == ledger
    held = [key for one in incidents(ledger) for key in one.alarms]

    assert sorted(held) == sorted(one.key for one in ordered)
    assert len({event.key for event in ledger}) == len(ledger)
    for one in incidents(ledger):
        assert one.frozen == (one.tier == "severe")


def test_ten_thousand_alarms_of_one_tick_are_one_incident_soon():
    crowd = [alarm("2026-03-10", name=f"metric{number}") for number in range(300)]
    ledger = after(crowd, overlap=everywhere)

    assert len(incidents(ledger)) == 1
    assert len(incidents(ledger)[0].alarms) == 300


def test_a_playbook_is_chosen_by_tier_and_rather_by_kind():
    general = read_playbook("severe.md", "# Act\n1. Look.\n2. Go back.\n")
    special = read_playbook(
        "feed.md", "---\ntier: [minor, severe]\nkinds: inputs\nowner: data\n---\n# Feed\n1. Wait.\n"
    )

    assert general.steps == ("Look.", "Go back.")
    assert chosen([general, special], "severe", ["performance"]) == general
    assert chosen([general, special], "severe", ["inputs"]) == special
    assert chosen([general], "minor", []) is None


def test_what_a_person_found_stands_before_what_alarms_speak_of():
    clean = read_playbook("clean.md", "---\nkinds: [data source]\n---\n1. Look.")
    revalidate = read_playbook("revalidate.md", "---\nkinds: [performance]\n---\n1. Look.")

    assert chosen([revalidate, clean], "severe", ["data source"], ["performance", "inputs"]) == clean
    assert chosen([clean, revalidate], "severe", [], ["performance", "inputs"]) == revalidate
    for bad in ("---\ntier: awful\n---\n# x", "---\nwhat: x\n---\n# x"):
        with pytest.raises(ContractError, match=r"feed\.md:1"):
            read_playbook("feed.md", bad)
