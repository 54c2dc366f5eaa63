"""Ticks on a request log: what the service recorded, what has come of it, who is told."""

import dataclasses
import datetime as dt
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.errors import DataUnreadable, ModelFailed, UsageError
from baseline_pipeline.governance.events import last_decision
from baseline_pipeline.recorder import Recorder
from baseline_pipeline.report.monitoring import incident_lines, tick_lines
from baseline_pipeline.response.delivery import Silence
from baseline_pipeline.response.incidents import incidents, turns
from baseline_pipeline.workbench.iteration.deciding import establish
from baseline_pipeline.workbench.over_time.drilling import drill
from baseline_pipeline.workbench.over_time.incidents import (
    add_test,
    close,
    experiment_words,
    remedy,
    review,
    tick,
    triage,
)
from baseline_pipeline.workbench.over_time.notifying import message_of, outbox_of, silence, silences_of, tell
from baseline_pipeline.workbench.over_time.responding import monitor, respond
from baseline_pipeline.workbench.people import Voice
from baseline_pipeline.workbench.promotions.approving import speak
from baseline_pipeline.workbench.workbench import Workbench
from tests.backtest.test_scoring import alarm
from tests.conftest import SMALL
from tests.workbench.test_backtesting import past

LOGGED = (
    SMALL.replace("    cluster: day\n", "    time: at\n    label_delay: 1d\n").replace(
        "    expectations: expectations.yaml\n", ""
    )
    + "  monitoring: {false_alarms_per_month: 0.2, reference: [2026-01-01, 2026-02-09], requests: {parquet: requests/*.parquet}}\n"
    + "  response: {severe: [page, freeze]}\n"
    + "  owners: {on_call: ada}\n"
)
FIRST = pd.Timestamp("2026-02-20")


def write_contract(project, text):
    (project.root / "assets" / "small" / "defs.yaml").write_text(text)


@pytest.fixture
def logged(project):
    """Fifty days of data; from the fiftieth on the service has recorded its requests itself."""
    write_contract(project, LOGGED)
    return project


def service(project, frame, *, broken_from=None, labels_until=None):
    """The data as far as they are known, and the requests that a service recorded; its feature may break."""
    at = pd.to_datetime(frame["at"])
    data = frame.copy()
    if labels_until is not None:
        data["y"] = data["y"].where(at < pd.Timestamp(labels_until)).astype("Int64")
    project.write(data)
    asked = frame[at >= FIRST].copy()
    if broken_from is not None:
        broken = pd.to_datetime(asked["at"]) >= pd.Timestamp(broken_from)
        asked.loc[broken, "x"] = -asked.loc[broken, "x"]
    folder = project.root / "requests"
    with Recorder(folder, model="small") as recorder:
        recorder.record_batch(
            {
                "request_id": asked["id"].to_numpy(),
                "x": asked["x"].to_numpy(),
                "z": asked["z"].to_numpy(),
                "score": 1 / (1 + np.exp(-asked["x"].to_numpy())),
                "latency_seconds": np.full(len(asked), 0.004),
            }
        )
    assert recorder.facts().written == len(asked)
    for path in folder.glob("*.parquet"):  # as if it had been recorded then
        table = pq.read_table(path)
        times = pa.array(pd.to_datetime(asked["at"]).dt.tz_localize("UTC"), pa.timestamp("us", "UTC"))
        pq.write_table(table.set_column(table.column_names.index("time"), "time", times), path)


def looked(project, now, **more):
    bench = project.bench()
    return monitor(bench, bench.contract("small"), now=now, **more)


def healthy(days=60):
    frame = past(days=days, rows=150)
    wrong = pd.to_datetime(frame["at"]).dt.normalize() == pd.Timestamp("2026-03-02")
    frame.loc[wrong, "y"] = 1 - frame.loc[wrong, "y"]
    return frame


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


@pytest.fixture
def receiver():
    """A real receiver on loopback."""
    arrived, answers = [], [204]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", arrived, answers
    server.shutdown()
    server.server_close()


def test_people_are_told_once_of_a_change_and_again_when_it_ends(logged, receiver):
    url, arrived, answers = receiver
    write_contract(logged, LOGGED + f"  notify: [{{webhook: '{url}', secret: s3cret, from: moderate}}]\n")
    service(logged, healthy(), broken_from="2026-02-25")
    answers[0] = 500
    down = looked(logged, "2026-02-28")
    assert (down.delivered.sent, down.delivered.failed) == (0, 1)
    answers[0] = 204
    bench = logged.bench()
    contract = bench.contract("small")
    sent = outbox_of(bench).deliver(contract.notify, now=dt.datetime.now(dt.UTC).timestamp() + 60)
    later = looked(logged, "2026-02-28")

    assert sent.sent == 1
    assert (later.delivered.sent, later.delivered.failed) == (0, 0)
    text = json.dumps(arrived[-1])
    for word in (
        "small",
        "experiment: a feature breaks on its way to the service: x in ",
        "owner: ada",
        "playbook",
        "baseline incident show",
        "promotions of this model are frozen",
    ):
        assert word in text
    assert b"s3cret" not in (bench.settings.home / "outbox.sqlite").read_bytes()


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


def test_two_hundred_models_at_once_are_one_notification_for_their_owner(logged, receiver):
    url, arrived, _ = receiver
    write_contract(logged, LOGGED + f"  notify: [{{webhook: '{url}'}}]\n")
    bench = logged.bench()
    plain = bench.contract("small")
    contracts = [plain.model_copy(update={"name": f"small{number}"}) for number in range(200)]
    crowd = [alarm("2026-03-10", name=f"metric{number}", tier="severe") for number in range(50)]
    began = time.process_time()  # a machine may be busy with other work
    for contract in contracts:
        bench.ledger.append(
            *_planned(contract, [one.model_copy(update={"key": f"{contract.name} {one.key}"}) for one in crowd])
        )
    messages = []
    events = bench.events()
    for contract in contracts:
        present = {one.id: one for one in incidents(events, contract.name)}
        messages += [
            message_of(bench, plain, present[turn.event.content["incident"]], turn)
            for turn in turns(events, contract.name)
        ]
    outbox_of(bench).add(messages, plain.notify, silences_of(bench))
    told = outbox_of(bench).deliver(plain.notify)
    took = time.process_time() - began

    assert len(messages) == 200
    assert (told.sent, told.pending) == (1, 0)
    assert len(arrived) == 1
    assert took < 120


def _planned(contract, crowd):
    from baseline_pipeline.response.incidents import planned

    return planned(
        [], crowd, model=contract.name, owner="ada", freezes=frozenset({"severe"}), overlap=lambda _one, _two: True
    )


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


def test_responding_twice_writes_once(logged):
    bench = logged.bench()
    contract = bench.contract("small")
    seen = [alarm("2026-03-10", tier="severe")]
    first = respond(bench, contract, seen, overlap=lambda _one, _two: True)

    assert [event.content["change"] for event in first] == ["opened"]
    assert respond(bench, contract, seen, overlap=lambda _one, _two: True) == []


def test_a_silence_that_ends_before_it_begins_is_refused(project):
    given = Silence(since="2098-10-25T02:30+01:00", until="2098-10-25T03:00+02:00", reason="clocks", actor="ada")
    with pytest.raises(UsageError, match=r"not after 2098-10-25T02:30\+01:00"):
        silence(project.bench(), given)


def test_a_silence_for_a_model_that_is_not_there_names_those_that_are(project):
    given = Silence(model="smal", until="2099-01-05T00:00", reason="mistyped", actor="ada")
    with pytest.raises(UsageError, match="no model is called so") as found:
        silence(project.bench(), given)

    assert "models here: small" in found.value.next_step
    silence(project.bench(), given.model_copy(update={"model": "sm*"}))


def test_what_a_silence_hid_is_told_when_it_is_over_while_its_incident_is_open(logged, receiver, monkeypatch):
    url, arrived, _ = receiver
    write_contract(logged, LOGGED + f"  notify: [{{webhook: '{url}', from: severe}}]\n")
    bench = logged.bench()
    contract = bench.contract("small")
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat()
    silence(bench, Silence(until=until, reason="the feed moves", actor="ada"))
    opened = [alarm("2026-03-10", tier="severe"), alarm("2026-03-28", tier="severe", closed="2026-03-30")]
    respond(bench, contract, opened, overlap=lambda _one, _two: True)
    tell(bench, contract)
    hidden = outbox_of(bench).deliver(contract.notify)
    later = time.time() + 3_700
    monkeypatch.setattr(time, "time", lambda: later)
    tell(bench, contract)
    told = outbox_of(bench).deliver(contract.notify)
    tell(bench, contract)

    assert (hidden.sent, told.sent, outbox_of(bench).deliver(contract.notify).sent) == (0, 1, 0)
    assert [one["kind"] for one in arrived[0]["messages"]] == ["opened"]


def test_a_drill_goes_from_damage_to_review_and_leaves_the_home_alone(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    bench = project.bench()
    before = bench.ledger.head()[0]
    found = drill(bench, bench.contract("small"), scenario="unit_error", actor="ada")

    assert found.detected
    assert found.told == 1
    assert found.delay_days <= 3
    assert [one.what for one in found.steps][:4] == ["damage", "detection", "people told", "experiment"]
    assert not [one for one in found.steps if "FAILED" in one.words]
    assert "# Review of I-" in found.report
    assert not incidents(bench.events("small"))
    assert bench.ledger.head()[0] == before + 1


def test_a_drill_works_where_the_ledger_is_elsewhere_and_leaves_one_record_there(project, tmp_path):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    (tmp_path / "elsewhere").mkdir()
    there = project.settings.home.joinpath("ledger.db").rename(tmp_path / "elsewhere" / "ours.db")
    bench = Workbench(dataclasses.replace(project.settings, ledger_url=f"sqlite:///{there}"))
    before = bench.ledger.head()[0]
    found = drill(bench, bench.contract("small"), scenario="unit_error", actor="ada")

    assert found.detected
    assert not [one for one in found.steps if "FAILED" in one.words]
    assert [one.kind for one in bench.events()[before:]] == ["review"]
    assert not (project.settings.home / "ledger.db").exists()


def test_a_drill_beside_an_open_incident_tells_its_own_story(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    bench = project.bench()
    contract = bench.contract("small")
    (opened,) = respond(bench, contract, [alarm("2026-02-26", tier="severe")], overlap=lambda _one, _two: True)
    found = drill(bench, contract, scenario="unit_error", actor="ada")
    (real,) = incidents(bench.events("small"))

    assert found.detected
    assert real.id == opened.content["incident"]
    assert real.id not in found.report
    assert " has other values in " in found.steps[0].words
    assert "was read out, not done" in found.report


def test_a_drill_on_days_that_are_not_calm_names_the_open_alarms(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    frame = healthy()
    broken = pd.to_datetime(frame["at"]) >= pd.Timestamp("2026-02-22")
    frame.loc[broken, "x"] *= 1000
    project.write(frame)
    bench = project.bench()
    contract = bench.contract("small")
    opened = monitor(bench, contract, now="2026-03-03").incidents
    found = drill(bench, contract, scenario="unit_error", actor="ada")
    words = found.steps[1].words

    assert not found.detected
    assert "these days were not calm before" in words
    assert "since 2026-02-22" in words
    assert any(f"baseline incident show {one.id}" in words for one in opened)
    assert "not calm before" in found.report


def test_damage_that_the_model_does_not_stand_ends_the_drill_in_words(project):
    write_contract(project, LOGGED.replace(", requests: {parquet: requests/*.parquet}", ""))
    project.write(healthy())
    model = (project.root / "smallmodel.py").read_text()
    refusing = '    if features["x"].isna().any():\n        raise ValueError("x is missing")\n    return (1'
    (project.root / "smallmodel.py").write_text(model.replace("    return (1", refusing))
    bench = project.bench()
    with pytest.raises(ModelFailed, match="in production such requests would fail") as found:
        drill(bench, bench.contract("small"), scenario="missing_values", actor="ada")

    assert "x is missing" in found.value.message
    assert "unit_error" in found.value.next_step
