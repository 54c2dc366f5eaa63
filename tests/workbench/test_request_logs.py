"""What a recorder writes, read as it was meant: samples, classes, and features called like its own columns."""

import datetime as dt
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.recorder import Recorder
from baseline_pipeline.workbench.over_time.requests import logged_rows
from tests.workbench.recorded_service import FIRST, LOGGED, healthy, looked, write_contract

JSON = LOGGED.replace("parquet: requests/*.parquet", "jsonl: requests/*.jsonl")


def service(project, frame, weight):
    """The requests from FIRST on, each standing for as many as `weight` says."""
    project.write(frame)
    asked = frame[pd.to_datetime(frame["at"]) >= FIRST]
    lines = [
        {"id": int(row.id), "at": row.at, "x": row.x, "score": float(1 / (1 + np.exp(-row.x)))}
        | {"sampling_weight": float(one)}
        for row, one in zip(asked.itertuples(), weight(asked), strict=True)
        if one
    ]
    folder = project.root / "requests"
    folder.mkdir(exist_ok=True)
    (folder / "a.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    write_contract(project, JSON)


def streams(found):
    return {stream for one in found.incidents for stream in one.streams}


def test_a_sample_is_no_loss_of_volume(project):
    service(project, healthy(), lambda asked: np.where(np.arange(len(asked)) % 5 == 0, 5.0, 0.0))
    found = looked(project, "2026-02-28")

    assert "rows" not in streams(found)
    assert next(one for one in found.watched.latest if one.stream == "rows").value == pytest.approx(150, rel=0.1)


def test_a_reservoir_that_is_as_full_as_ever_hides_no_loss_of_volume(project):
    frame = healthy()

    def kept(asked):
        """Thirty of a day's requests, whatever there are; from the 26th on a sixth of them came."""
        few = pd.to_datetime(asked["at"]) >= pd.Timestamp("2026-02-26")
        return np.where(np.arange(len(asked)) % 5 == 0, np.where(few, 1.0, 5.0), 0.0)

    service(project, frame, kept)

    assert "rows" in streams(looked(project, "2026-02-28"))


def test_what_rows_stand_for_counts_in_every_value(project):
    """Of group a a tenth was kept, of group b all."""
    frame = healthy()
    picked = np.random.default_rng(1).random(len(frame)) < 0.1

    def share(asked):
        return np.where(asked["group"] == "a", np.where(picked[: len(asked)], 10.0, 0.0), 1.0)

    service(project, frame, share)
    bench = project.bench()
    contract = bench.contract("small")
    rows = logged_rows(bench, contract, None, ())
    whole = frame[pd.to_datetime(frame["at"]) >= FIRST]

    assert rows.stands_for.sum() == pytest.approx(len(whole), rel=0.03)
    assert rows.outcomes.weight.tolist() == rows.stands_for.tolist()


def test_a_weight_that_is_none_is_refused(project):
    service(project, healthy(), lambda asked: np.full(len(asked), -1.0))
    with pytest.raises(DataUnreadable, match="'sampling_weight' of the request log holds -1; accepted: positive"):
        looked(project, "2026-02-28")


def test_a_feature_that_is_called_like_a_column_of_the_recorder_is_read_as_the_feature(project):
    """The contract's features are score and version; the service's answer is called score, too."""
    text = LOGGED.replace("{name: x}, {name: z}", "{name: score}, {name: version}").replace(
        "    - {by: [group], min_rows: 50}", "    - {by: [version], min_rows: 5}"
    )
    write_contract(project, text)
    with Recorder(project.root / "requests", model="small") as recorder:
        for number in range(20):
            features = {"score": 600.0 + number, "version": "abc"[number % 3]}
            recorder.record(number, features=features, score=0.25, version="7")
    bench = project.bench()
    rows = logged_rows(bench, bench.contract("small"), None, ())

    assert rows.features.column("score").to_pylist() == [600.0 + number for number in range(20)]
    assert set(rows.columns.column("version").to_pylist()) == {"a", "b", "c"}
    assert set(rows.outcomes.score) == {0.25}


def test_an_answer_is_not_taken_for_a_feature_of_its_name(project):
    write_contract(project, LOGGED.replace("{name: x}, {name: z}", "{name: score}, {name: z}"))
    with Recorder(project.root / "requests", model="small") as recorder:
        recorder.record(1, features={"z": 0.5}, score=0.25)
    bench = project.bench()
    rows = logged_rows(bench, bench.contract("small"), None, ())

    assert rows.features.column("score").to_pylist() == [None]


def test_requests_that_come_again_count_once_and_are_told(project):
    service(project, healthy(), lambda asked: np.ones(len(asked)))
    file = project.root / "requests" / "a.jsonl"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines + lines[:40]))
    found = looked(project, "2026-02-28")

    assert found.watched.notes == ("40 of 1540 requests came again under the same id; the last of each counts",)


def test_a_day_without_a_request_is_severe_and_looked_at_in_words(project):
    """The log goes on after it; once the day passed for calm, and what looked at its rows ended in a fault."""
    service(project, healthy(), lambda asked: pd.to_datetime(asked["at"]).dt.date != dt.date(2026, 2, 26))
    found = looked(project, "2026-02-28")
    (one,) = [each for each in found.incidents if "rows" in each.streams]

    assert (one.tier, one.since[:10]) == ("severe", "2026-02-26")
    assert "no request of it was answered" in " ".join(moment.words for moment in one.timeline)


def outcomes(project, table, text=LOGGED, classes=("0", "1")):
    """The outcomes that a log gives."""
    from baseline_pipeline.workbench.over_time.requests import _outcomes

    write_contract(project, text)
    contract = project.bench().contract("small")
    return _outcomes(contract, contract.monitoring.requests, pa.table(table), classes)


def test_a_logged_decision_stands_before_the_score_and_a_failed_request_has_none(logged):
    found, known = outcomes(
        logged, {"score": [0.9, 0.9, None, 0.2], "prediction": [0, None, None, 1], "y": [1, 1, 1, 1]}
    )

    assert found.prediction.tolist() == [0, 1, 0, 1]
    assert known.tolist() == [True, True, False, True]


def test_classes_keep_their_numbers_whichever_of_them_a_log_holds(logged):
    several = (
        LOGGED.replace("binary_classification", "multiclass_classification")
        .replace(", positive_class: 1", "")
        .replace("brier, margin", "accuracy, margin")
        .replace("    - {metric: error_rate, role: guardrail, margin: {absolute: 0.05}}\n", "")
    )
    table = {"prediction": ["cat", "dog", "emu", None], "y": ["cat", "dog", "cat", "dog"]}
    found, known = outcomes(logged, table, several, ("ant", "cat", "dog"))

    assert found.label.tolist() == [1, 2, 1, 2]
    assert found.prediction.tolist()[:2] == [1, 2]
    assert known.tolist() == [True, True, False, False]
