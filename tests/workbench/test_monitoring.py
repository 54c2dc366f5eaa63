"""Ticks on a request log: what the service recorded, what has come of it."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.report.monitoring import incident_lines, tick_lines
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.over_time.incidents import experiment_words
from tests.workbench.recorded_service import LOGGED, healthy, looked, service, write_contract
from tests.workbench.test_backtesting import past


def test_a_service_that_does_as_its_model_opens_no_incident(logged):
    service(logged, healthy())
    found = looked(logged, "2026-02-28")

    assert not [one for one in found.incidents if one.tier != "minor"]
    assert found.watched.paired.worse == found.watched.paired.better == 0
    assert {"log latency", "brier"} <= {one.stream for one in found.watched.latest}
    assert found.exit_code == 0


def test_a_feature_that_breaks_on_its_way_is_found_and_named(logged):
    service(logged, healthy(), broken_from="2026-02-25")
    found = looked(logged, "2026-02-28")
    bench = logged.bench()
    (one,) = [each for each in found.incidents if each.tier == "severe"]
    words = "\n".join(experiment_words(bench, one))
    (said,) = [moment.words for moment in one.timeline if moment.change == "experiment"]

    assert found.exit_code == 1
    assert one.since.startswith("2026-02-25")
    assert said.startswith("a feature breaks on its way to the service: x in ")
    assert "come from wrong values (x: " in said
    assert "the service answers as version" in words
    assert "neither lockfile nor model version moved" in words
    assert any(f"experiment: {said[:80]}" in line for line in incident_lines(one, None, experiment_words(bench, one)))
    assert "x in 300 of 300 rows" in words.replace("450 of 450", "300 of 300")
    assert found.watched.paired.alarmed_at.startswith(("2026-02-25", "2026-02-26"))
    assert "worse than its baseline" in "\n".join(tick_lines(found))
    again = looked(logged, "2026-02-28")
    assert again.changed == ()
    assert len(incidents(bench.events("small"))) == len(found.incidents)


def test_performance_is_shown_of_the_last_day_whose_labels_have_all_come(logged):
    service(logged, healthy())
    seen = [looked(logged, now).watched for now in ("2026-02-27", "2026-02-27T14:00", "2026-02-28")]
    shown = [{one.stream: one.value for one in watched.latest} for watched in seen]

    assert shown[0]["brier"] == shown[1]["brier"] != shown[2]["brier"]


def test_labels_count_from_when_they_came(logged):
    service(logged, healthy(), broken_from="2026-02-25")
    before = looked(logged, "2026-02-26")  # the window has ended, its labels have not come
    after = looked(logged, "2026-02-27")

    assert not [one for one in before.incidents if "performance" in one.families]
    assert {one.window for one in before.watched.estimates} == {"2026-02-25T00:00"}
    assert "ESTIMATED for 2026-02-25" in "\n".join(tick_lines(before))
    assert [one for one in after.incidents if "performance" in one.families]


def test_labels_that_do_not_come_and_requests_that_stop_are_alarms(logged):
    service(logged, healthy(days=58), labels_until="2026-02-15")
    late = looked(logged, "2026-02-28")
    silent = looked(logged, "2026-03-20")

    assert "labels overdue (share)" in {stream for one in late.incidents for stream in one.streams}
    assert "requests overdue (days)" in {stream for one in silent.incidents for stream in one.streams}
    assert silent.exit_code == 1


def test_labels_that_arrive_in_pieces_are_dated_and_said_to_be_of_some_rows(logged):
    frame = healthy(days=58)
    service(logged, frame)
    waiting = (pd.to_datetime(frame["at"]) >= "2026-02-14") & (np.random.default_rng(3).random(len(frame)) < 0.7)
    logged.write(frame.assign(y=frame["y"].astype("Int64").mask(waiting)))
    found = looked(logged, "2026-02-27")
    overdue = next(one for one in found.watched.alarms if one.lead.stream == "labels overdue (share)")

    assert overdue.opened[:10] == "2026-02-14"
    assert [note for note in found.watched.notes if "windows since 2026-02-14 (100% in calm ones)" in note]


def test_a_log_that_cannot_be_read_says_why(logged):
    logged.write(healthy())
    folder = logged.root / "requests"
    folder.mkdir()
    (folder / "a.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataUnreadable, match=r"a\.parquet"):
        looked(logged, "2026-02-28")
    (folder / "a.parquet").unlink()
    with pytest.raises(DataUnreadable, match=r"requests/\*\.parquet"):
        looked(logged, "2026-02-28")
    pq.write_table(pa.table({"request_id": [1], "x": [0.1]}), folder / "b.parquet")
    with pytest.raises(DataUnreadable, match="no time"):
        looked(logged, "2026-02-28")


def test_what_a_service_records_beside_scores_is_watched_or_said_not_to_be(logged):
    """Of JSON lines whose objects are spread over columns; lists were refused once."""
    write_contract(logged, LOGGED.replace("parquet: requests/*.parquet", "jsonl: requests/*.jsonl"))
    frame = past(days=60, rows=60)
    logged.write(frame)
    rng = np.random.default_rng(6)
    broken = (pd.to_datetime(frame["at"]) >= pd.Timestamp("2026-02-20")).to_numpy()
    lines = [
        {
            "id": int(one.id),
            "at": one.at,
            "x": one.x,
            "z": one.z,
            "score": 1 / (1 + np.exp(-one.x)),
            "stage": {"predict": 0.001 * float(rng.lognormal(0, 0.2)) * (1 + 2 * bad)},
            "extra": {"hidden": (rng.normal(3 * bad, 1, 3 + (number == 7))).tolist(), "word": "a"},
        }
        for number, (one, bad) in enumerate(zip(frame.itertuples(), broken, strict=True))
    ]
    for line in lines[:3000]:
        line["importance"] = {"z": 1.0}  # only in the beginning
    (logged.root / "requests").mkdir()
    (logged.root / "requests" / "a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    found = looked(logged, "2026-02-22")
    streams = {stream for one in found.incidents for stream in one.streams}

    assert {"drift(extra.hidden)", "log stage predict p50"} <= streams
    assert "importance missing(z)" in streams
    assert found.watched.notes == (
        "extra.hidden: 1 of 3600 rows have another length than 3, or no number",
        "extra.word holds string; accepted: numbers, lists of numbers",
    )
    assert "note: extra.word holds string" in "\n".join(tick_lines(found))
