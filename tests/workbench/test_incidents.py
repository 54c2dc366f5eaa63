"""An incident from alarm to review, and what it holds up meanwhile."""

import pandas as pd
import pytest

from baseline_pipeline.errors import UsageError
from baseline_pipeline.governance.events import last_decision
from baseline_pipeline.workbench.iteration.deciding import establish
from baseline_pipeline.workbench.over_time.experimenting import told_of
from baseline_pipeline.workbench.over_time.incidents import (
    add_test,
    close,
    experiment_words,
    remedy,
    review,
    tick,
    triage,
)
from baseline_pipeline.workbench.over_time.responding import respond
from baseline_pipeline.workbench.people import Voice
from baseline_pipeline.workbench.promotions.approving import speak
from tests.backtest.test_scoring import alarm
from tests.workbench.recorded_service import LOGGED, healthy, looked, service, write_contract


def test_an_incident_from_triage_to_review(logged):
    service(logged, healthy(), broken_from="2026-02-25")
    found = looked(logged, "2026-02-28")
    bench = logged.bench()
    name = next(one.id for one in found.incidents if one.tier == "severe")
    with pytest.raises(UsageError, match="noise or signal"):
        close(bench, name, cause="the sign was lost", category=None, actor="ada")
    with pytest.raises(UsageError, match="accepted: data source"):
        triage(bench, name, signal=True, category="gremlins", actor="ada", reason="odd")
    triage(bench, name, signal=True, category="feature engineering", actor="ada", reason="the join says so")
    with pytest.raises(UsageError, match="the playbook of"):
        tick(bench, name, 99, actor="ada", reason="")
    assert tick(bench, name[:6], 1, actor="ada", reason="").steps == {"data_cleaning/1": "ada"}
    remedy(bench, name, "add a test", outcome="rows kept", actor="ada")
    file = add_test(bench, name, actor="ada")
    closed, diff = close(bench, name, cause="the feature lost its sign", category=None, actor="ada")
    place = review(bench, name, None, actor="ada")
    text = place.read_text()

    assert file.with_suffix(".parquet").exists()
    assert closed.status == "closed"
    assert "+- start: 2026-02-25" in diff
    assert 'kind: "feature engineering"' in diff
    assert "the feature lost its sign" in text
    assert "- [x]" in text or "1. [x]" in text
    assert "TO FILL IN" in text
    with pytest.raises(UsageError, match="is closed"):
        triage(bench, name, signal=False, category=None, actor="ada", reason="again")


def test_no_baseline_rests_on_days_of_an_open_incident(logged):
    service(logged, healthy(), broken_from="2026-02-25")
    logged.run()
    looked(logged, "2026-02-28")
    bench = logged.bench()
    with pytest.raises(UsageError, match=r"incident I-\w+ \(severe\) is open"):
        establish(bench, bench.contract("small"), actor="ada", reason="looks fine to me")
    waiting = last_decision(bench.events("small"), "small").content["decision"]
    with pytest.raises(UsageError, match=r"\(severe\) is open"):
        speak(bench, "approve", waiting, Voice("ada", "looks fine to me"))


@pytest.mark.parametrize(("closed", "refused"), [(None, True), ("2026-02-05", False)])
def test_an_incident_that_goes_on_concerns_every_day_from_its_first_on(project, closed, refused):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    frame = healthy()
    project.write(frame[pd.to_datetime(frame["at"]) >= pd.Timestamp("2026-02-10")])
    project.run()
    bench = project.bench()
    contract = bench.contract("small")
    before = alarm("2026-02-01", tier="minor", closed=closed).model_copy(update={"last": "2026-02-03T00:00"})
    respond(bench, contract, [before], overlap=lambda _one, _two: True)
    if refused:
        with pytest.raises(UsageError, match=r"\(minor\) is open and concerns 2026-02-01 to now"):
            establish(bench, contract, actor="ada", reason="looks fine to me")
        return

    assert establish(bench, contract, actor="ada", reason="looks fine to me").revision == 1


def test_a_cause_that_joins_an_incident_later_gets_an_experiment_of_its_own_and_one_only(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    frame = healthy()
    at = pd.to_datetime(frame["at"])
    frame.loc[at >= pd.Timestamp("2026-02-22"), "x"] *= 1000
    frame.loc[at >= pd.Timestamp("2026-02-25"), "z"] *= 1000
    project.write(frame)
    first, second, third = (looked(project, now).incidents for now in ("2026-02-25", "2026-02-28", "2026-02-28"))
    (one,) = second
    said = [moment.words for moment in one.timeline if moment.change == "experiment"]

    assert [moment.change for each in first for moment in each.timeline].count("experiment") == 1
    assert len(said) == 2
    assert said[1].startswith("z joined: ")
    assert second == third
    assert experiment_words(project.bench(), one)[0] == said[1]


@pytest.mark.parametrize(
    ("causes", "slices", "told"),
    [
        ((), ["all", "plan=a"], "words"),
        (("z",), ["all"], "z joined: words"),
        ((), ["plan=a"], "in plan=a: words"),
        (("performance",), ["a", "b", "c", "d", "e"], "performance joined, in a, b, c and 2 more: words"),
    ],
)
def test_the_sentence_begins_with_what_joined_and_the_slices_that_it_is_about(causes, slices, told):
    assert told_of(causes, slices, ("words", "more")) == (told, "more")


def test_responding_twice_writes_once(logged):
    bench = logged.bench()
    contract = bench.contract("small")
    seen = [alarm("2026-03-10", tier="severe")]
    first = respond(bench, contract, seen, overlap=lambda _one, _two: True)

    assert [event.content["change"] for event in first] == ["opened"]
    assert respond(bench, contract, seen, overlap=lambda _one, _two: True) == []
