"""Causes that join an incident later: each is named once, and only after the incident was looked at."""

from baseline_pipeline.governance.events import Event
from baseline_pipeline.response.joined import MOST, alarms_of, joined_causes


def change(what, **content):
    return Event(
        kind="incident",
        model="small",
        actor="baseline-pipeline",
        reason="words",
        key=f"{what}{content}",
        content={"incident": "I-1", "change": what, **content},
    )


def alarmed(what, key, family, *streams, since=""):
    return change(what, alarms=[key], families=[family], streams=list(streams), since=since)


OPENED = alarmed("opened", "a", "inputs", "outside(charge)")
LOOKED = change("experiment", experiment="e")


def test_another_feature_joins_and_the_same_one_in_a_slice_does_not():
    later = [
        alarmed("joined", "b", "inputs", "drift(charge)[plan=pro]"),
        alarmed("joined", "c", "inputs", "missing(calls)"),
        alarmed("escalated", "d", "performance", "brier"),
        alarmed("joined", "e", "performance", "recall[plan=pro]"),
    ]

    assert joined_causes([OPENED, LOOKED, *later], "I-1") == {"calls": ("c",), "performance": ("d", "e")}
    assert alarms_of([OPENED, LOOKED, *later], "I-1", ["charge"]) == {"charge": ("a", "b")}


def test_nothing_joins_before_the_first_experiment_or_in_another_incident():
    assert joined_causes([OPENED, alarmed("joined", "b", "performance", "brier")], "I-1") == {}
    assert joined_causes([OPENED, LOOKED, alarmed("joined", "b", "performance", "brier")], "I-2") == {}


def test_a_cause_counts_once_and_an_incident_is_looked_at_so_often_and_no_more():
    events = [OPENED, LOOKED]
    looks = 1
    for number in range(3 * MOST):
        events.append(alarmed("joined", f"k{number}", "inputs", f"outside(f{number})", f"drift(f{number})"))
        events.append(alarmed("joined", f"again{number}", "inputs", "outside(f0)"))
        if joined_causes(events, "I-1"):
            events.append(LOOKED)
            looks += 1

    assert looks == MOST


def test_what_comes_again_after_all_of_its_alarms_were_over_is_looked_at_again():
    slow = alarmed("joined", "s", "performance", "bias", since="2026-10-19T00:00")
    events = [alarmed("opened", "a", "performance", "brier", since="2026-10-19T00:00"), slow, LOOKED]
    one_over = change("ended", alarms=["a"], last="2026-10-19T00:00")
    all_over = change("ended", alarms=["s"], last="2026-10-24T00:00")
    later = alarmed("joined", "n", "performance", "roc_auc[line=north]", since="2026-11-03T00:00")
    same = alarmed("joined", "b", "performance", "brier", since="2026-10-24T00:00")

    assert joined_causes([*events, one_over, later], "I-1") == {}
    assert joined_causes([*events, one_over, all_over, same], "I-1") == {}
    assert joined_causes([*events, one_over, all_over, later], "I-1") == {"performance": ("n",)}
    assert joined_causes([*events, one_over, all_over, later, LOOKED, slow], "I-1") == {}
    assert alarms_of([*events, one_over, all_over, later], "I-1", ["performance"]) == {"performance": ("n",)}
