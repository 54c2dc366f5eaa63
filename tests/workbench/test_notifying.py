"""Who is told of what, once; and what a silence keeps back."""

import datetime as dt
import json
import time

import pytest

from baseline_pipeline.errors import UsageError
from baseline_pipeline.response.incidents import incidents, turns
from baseline_pipeline.response.silences import Silence
from baseline_pipeline.workbench.over_time.notifying import message_of, outbox_of, silence, silences_of, tell
from baseline_pipeline.workbench.over_time.responding import respond
from tests.backtest.test_scoring import alarm
from tests.workbench.recorded_service import LOGGED, healthy, looked, service, write_contract


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
    from baseline_pipeline.response.from_alarms import planned

    return planned(
        [], crowd, model=contract.name, owner="ada", freezes=frozenset({"severe"}), overlap=lambda _one, _two: True
    )


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
