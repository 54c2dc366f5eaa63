"""Reviews: what is old, who signed that off, and when the next one is due."""

import json

import pytest
from typer.testing import CliRunner

from baseline_pipeline.adapters.signatures.ssh_keygen import sign
from baseline_pipeline.adapters.signatures.sshsig import SignatureRefused, verify
from baseline_pipeline.cli.app import app
from baseline_pipeline.contract.metrics import ErrorRates
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.governance.roster import Refused
from baseline_pipeline.governance.statements import NAMESPACE, Statement
from baseline_pipeline.planning import Prospect
from baseline_pipeline.report.review import TO_FILL_IN, review_lines, review_markdown
from baseline_pipeline.significance.power import minimum_detectable_effect, normal_quantile
from baseline_pipeline.workbench.people import Voice
from baseline_pipeline.workbench.upkeep.assumptions import power_at_margin
from baseline_pipeline.workbench.upkeep.reviewing import review, sign_off, signed_form, with_form, written_to_sign


def looked(project, **options):
    bench = project.bench()
    return review(bench, bench.contract("small"), **options)


def states(found):
    return {one.topic: one.state for one in found.findings}


def narrowed(project):
    contract = project.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("{absolute: 0.05}", "{absolute: 0.04}"))


def test_without_a_baseline_there_is_nothing_to_review(project):
    with pytest.raises(EvidenceUnavailable, match="has no baseline to review"):
        looked(project)


def test_what_is_old_is_told_from_what_holds_and_from_what_nobody_can_say(gated):
    found = states(looked(gated))

    assert [topic for topic, state in found.items() if state == "old"] == ["owners"]
    unknown = ["new rows", "expectations", "guardrails that never fired", "guardrails that always fire", "limits"]
    assert [topic for topic, state in found.items() if state == "unknown"] == unknown
    later = states(looked(gated, now="2099-01-01T00:00:00Z"))
    assert (later["age"], later["new rows"]) == ("old", "old")


def test_a_snapshot_that_is_gone_is_found(gated):
    bench = gated.bench()
    snapshot = bench.store.load("snapshots", "small", bench.baseline("small").snapshot)
    bench.store.file(snapshot["file"]).unlink()

    (data,) = [one for one in looked(gated).findings if one.topic == "data"]

    assert data.state == "old"
    assert data.what.endswith("is not there")


def test_a_margin_that_the_rows_cannot_guard_is_named_with_its_power(gated):
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("margin: {absolute: 0.01}", "margin: {absolute: 0.00001}"))

    (power,) = [one for one in looked(gated).findings if one.topic == "detection power"]

    assert power.state == "old"
    assert power.what.startswith("4 of ")
    assert {f"brier[{name}] 0%" for name in ("group=a", "group=b", "group=c", "all")} <= set(
        power.what.partition("): ")[2].split("; ")
    )


def test_power_at_the_margin_is_that_of_a_one_sided_test():
    """With an error of 0.01 and a critical value of 2, a harm of 0.03 is found with P(Z > 2 - 3) = 0.8413."""
    rates = ErrorRates()
    both = normal_quantile(1 - rates.non_inferiority) + normal_quantile(rates.power)
    prospect = Prospect(
        metric="brier",
        slice="all",
        role="primary",
        unit="",
        rows=100,
        value=0.2,
        margin=0.03,
        detectable=minimum_detectable_effect(0.01, 2.0, rates.power),
        realistic_margin=both * 0.01,
        rows_needed=None,
        note="",
    )

    assert power_at_margin(prospect, rates) == pytest.approx(0.8413, abs=1e-4)
    assert power_at_margin(prospect.model_copy(update={"margin": None}), rates) is None


def test_a_review_that_is_signed_off_is_not_due_until_the_contract_changes(gated):
    bench = gated.bench()
    contract = bench.contract("small")
    late = "2099-01-01T00:00:00Z"
    assert looked(gated, now=late).due.because[0].startswith("due since")

    signed = sign_off(bench, contract, looked(gated), Voice("Ada", "looked at every point"))

    assert (signed.actor, signed.findings) == ("Ada", 1)
    assert looked(gated).due.because == ()
    (event,) = gated.events("review")
    assert event.content["proof"]["signature"] is None
    narrowed(gated)
    changed = looked(gated)
    assert changed.due.because == ("the contract changed in 1 place since",)
    (contracted,) = [one for one in changed.findings if one.topic == "contract"]
    assert "metrics.1.margin.absolute: 0.05 -> 0.04" in contracted.what
    again = gated.bench()
    sign_off(again, again.contract("small"), changed, Voice("Ada", "agreed to 0.04"))
    gated.run()  # sees the contract after it was reviewed
    assert len(gated.events("contract_changed")) == 2
    assert looked(gated).due.because == ()


def test_where_there_is_a_roster_a_review_is_signed_by_somebody_who_establishes(gated, keys):
    gated.roster(keys, ("ada", "roles=establish"), ("bob", "roles=approve"))
    bench = gated.bench()
    contract, found = bench.contract("small"), looked(gated)

    with pytest.raises(Refused, match="may approve, not establish"):
        sign_off(bench, contract, found, Voice("", "looked", keys / "bob"))
    sign_off(bench, contract, found, Voice("", "looked", keys / "ada"))

    (event,) = gated.events("review")
    proof = event.content["proof"]
    text = Statement.stored(proof["statement"]).text()
    verify(proof["signature"], text, NAMESPACE)
    assert (event.actor, proof["statement"]["subject"]) == ("ada@example.com", found.digest)
    with pytest.raises(SignatureRefused):
        verify(proof["signature"], text.replace(b"looked", b"hooked"), NAMESPACE)


def test_a_review_that_was_signed_elsewhere_counts_while_it_finds_the_same(gated, keys, tmp_path):
    gated.roster(keys, ("ada", "roles=establish"))
    bench = gated.bench()
    contract = bench.contract("small")
    file = tmp_path / "review.json"

    def written(now):
        found = looked(gated, now=now)
        said = written_to_sign(bench, contract, found, Voice("ada@example.com", "looked at every point"))
        file.write_bytes(said.text())
        file.with_name("review.json.sig").write_text(sign(said.text(), NAMESPACE, keys / "ada"))
        return Voice("", "", None, file)

    with pytest.raises(Refused, match="not on the roster"):
        written_to_sign(bench, contract, looked(gated), Voice("eve", "looked at every point"))
    voice = written("2099-01-01T00:00:00Z")
    with pytest.raises(Refused, match="the signature is for review of small"):
        sign_off(bench, contract, looked(gated), voice)  # the baseline was old in that review
    voice = written("2026-12-31T00:00:00Z")
    later = looked(gated, now="2027-01-02T00:00:00Z")
    signed = sign_off(bench, contract, later, voice)
    (event,) = gated.events("review")

    assert signed.actor == "ada@example.com"
    assert event.content["review"] != later.digest
    assert event.content["proof"]["statement"]["reason"] == "looked at every point"


def test_a_signature_made_elsewhere_does_not_count_for_a_contract_that_changed_since(gated, keys, tmp_path):
    gated.roster(keys, ("ada", "roles=establish"))
    file, contract = tmp_path / "review.json", gated.root / "assets" / "small" / "defs.yaml"
    rates = "  error_rates: {false_alarm: 0.02, non_inferiority: 0.06, power: 0.7}\n"
    rules = "  promotion: {approvals_until: 2, expires: 5d, anchor_margin: 1.5}\n"
    contract.write_text(contract.read_text() + rates + rules)
    found = looked(gated)
    said = written_to_sign(gated.bench(), gated.bench().contract("small"), found, Voice("ada@example.com", "agreed"))
    file.write_bytes(said.text())
    file.with_name("review.json.sig").write_text(sign(said.text(), NAMESPACE, keys / "ada"))
    contract.write_text(contract.read_text().replace("margin: 1.5", "margin: 9.0"))
    bench, later = gated.bench(), looked(gated)

    assert [one.what for one in later.findings] == [one.what for one in found.findings]  # one of those not named
    with pytest.raises(Refused, match="the signature is for review of small"):
        sign_off(bench, bench.contract("small"), later, Voice("", "", None, file))


def test_the_form_asks_more_where_more_is_at_stake(gated):
    moderate = review_markdown(looked(gated))
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + "  promotion: {critical: true}\n")
    high = looked(gated)

    assert "* *What kind of model is it?* binary classification, version" in moderate
    assert moderate.count(TO_FILL_IN) == 9
    assert high.impact == "high"
    assert review_markdown(high).count(TO_FILL_IN) == 14
    assert any(line.startswith("OLD   owners: nobody is named") for line in review_lines(high))


def test_the_form_that_people_filled_in_is_what_they_sign(gated, tmp_path):
    bench, found = gated.bench(), looked(gated)
    file = tmp_path / "form.md"
    file.write_text(review_markdown(found))
    with pytest.raises(UsageError, match=r"not filled in yet: line \d+, "):
        with_form(found, file)
    file.write_text(review_markdown(found).replace(TO_FILL_IN, "a wrong answer costs a call"))
    filled = with_form(found, file)
    sign_off(bench, bench.contract("small"), filled, Voice("Ada", "looked at every point"))
    later = looked(gated)

    assert later.signed.review == filled.digest != found.digest
    assert signed_form(bench, later) == file.read_text()
    text = review_markdown(later, signed_form(bench, later))
    assert "signed off by Ada on " in text
    assert text.count("a wrong answer costs a call") == 9


def test_the_verb_ends_with_five_where_a_review_is_due(gated, monkeypatch, tmp_path):
    monkeypatch.chdir(gated.root)

    def said(*words):
        return CliRunner().invoke(app, ["review", "small", "--quiet", *words])

    fine = said("--check", "--json")
    assert (fine.exit_code, json.loads(fine.stdout)["due"]["because"]) == (0, [])
    narrowed(gated)
    assert said("--check").exit_code == 5
    assert said().exit_code == 0
    done = said("--sign", "--by", "Ada", "--reason", "agreed to 0.04", "--output", str(tmp_path / "r.md"), "--check")
    assert (done.exit_code, (tmp_path / "r.md").read_text()[:18]) == (0, "# Review of small\n")
    assert said("--check").exit_code == 0
