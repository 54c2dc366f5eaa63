"""Data that nobody can look at: people are told once, and again when they can be looked at."""

import pandas as pd
import pytest

from baseline_pipeline.errors import DataNotThereYet, DataUnreadable, TrackingUnavailable
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.reporting import model_story
from tests.workbench.recorded_service import LOGGED, healthy, looked, write_contract
from tests.workbench.test_backtesting import past

WITHOUT_LOG = LOGGED.replace(", requests: {parquet: requests/*.parquet}", "")


def of(project):
    return incidents(project.bench().events("small"), "small")


def fanned_out(frame, day):
    """A join that gave the rows of a day twice."""
    return pd.concat([frame, frame[pd.to_datetime(frame["at"]).dt.normalize() == day]])


def test_people_are_told_once_that_nothing_can_be_looked_at_and_when_it_can(project, receiver):
    url, arrived, _ = receiver
    write_contract(project, WITHOUT_LOG + f"  notify: [{{webhook: '{url}', from: moderate}}]\n")
    frame = healthy(days=55)
    project.write(fanned_out(frame, "2026-02-20"))
    for now in ("2026-02-21T06:00", "2026-02-21T07:00", "2026-02-22T06:00"):
        with pytest.raises(DataUnreadable, match="repeat the row id"):
            looked(project, now)
    (broken,) = of(project)
    project.write(frame)
    looked(project, "2026-02-23T06:00")
    mended = next(one for one in of(project) if one.id == broken.id)

    assert (broken.tier, broken.status, broken.since[:10]) == ("moderate", "open", "2026-02-21")
    assert "150 of 8400 rows repeat the row id" in broken.lead
    assert "; they are of 2026-02-20" in broken.lead
    assert "; next: remove the duplicates" in broken.lead
    assert (mended.status, [moment.change for moment in mended.timeline]) == ("quiet", ["opened", "ended"])
    told = [text for text in map(str, arrived) if broken.id in text]
    assert ["nothing can be looked at" in text for text in told] == [True, False]


def test_what_breaks_again_opens_it_again_and_leaves_other_alarms_as_they_are(project):
    write_contract(project, WITHOUT_LOG)
    frame = past(days=62)
    project.write(frame)
    looked(project, "2026-03-04T00:00")
    before = {one.id: one.open_alarms for one in of(project)}
    for rows in (fanned_out(frame, "2026-03-03"), frame, fanned_out(frame, "2026-03-03")):
        project.write(rows)
        try:
            looked(project, "2026-03-04T06:00")
        except DataUnreadable:
            continue
    after = {one.id: one for one in of(project)}
    (new,) = after.keys() - before.keys()

    assert any(before.values())
    assert {name: after[name].open_alarms for name in before} == before
    assert [moment.change for moment in after[new].timeline] == ["opened", "ended", "reopened"]


def test_data_that_are_not_there_yet_are_waited_for(project):
    write_contract(project, WITHOUT_LOG)
    for file in project.data.glob("*.csv"):
        file.unlink()
    with pytest.raises(DataNotThereYet):
        looked(project, "2026-02-21T06:00")

    assert of(project) == []


@pytest.mark.parametrize("gone", ["source", "server"])
def test_a_source_or_server_that_stays_away_is_told_once_rows_are_overdue(project, monkeypatch, gone):
    write_contract(project, WITHOUT_LOG)
    frame = healthy(days=55)
    project.write(frame)
    looked(project, "2026-02-25T06:00")
    before = {one.id for one in of(project)}
    if gone == "source":
        (project.data / "rows.csv").rename(project.root / "rows.csv")
    else:
        monkeypatch.setattr("baseline_pipeline.workbench.over_time.responding.watch_windows", down)
    for now in ("2026-02-25T07:00", "2026-03-02T06:00", "2026-03-02T07:00"):
        with pytest.raises(DataNotThereYet if gone == "source" else TrackingUnavailable):
            looked(project, now)
        if now == "2026-02-25T07:00":
            assert {one.id for one in of(project)} == before
    (away,) = [one for one in of(project) if one.id not in before]

    assert (away.tier, away.status, away.since[:10]) == ("moderate", "open", "2026-03-02")
    assert away.lead.startswith("nothing can be looked at: ")
    facts = model_story(project.bench(), project.bench().contract("small")).ledger
    assert f"incident {away.id} opened" in [one.what for one in facts]


def down(*_):
    message = "MLflow at http://127.0.0.1:9 does not answer"
    raise TrackingUnavailable(message)
