"""People and what they sign: approvals, rejections, overrides."""

import datetime as dt

import pytest

from baseline_pipeline.adapters.signatures.ssh_keygen import sign
from baseline_pipeline.adapters.signatures.sshsig import SignatureRefused
from baseline_pipeline.errors import ContractError, UsageError
from baseline_pipeline.governance.roster import Refused
from baseline_pipeline.governance.statements import NAMESPACE, stated
from baseline_pipeline.workbench.iteration.deciding import establish, retire, to_establish, to_retire
from baseline_pipeline.workbench.people import Voice, refuse_author, roster_of
from baseline_pipeline.workbench.promotions.approving import speak, to_speak
from baseline_pipeline.workbench.promotions.rolling_back import roll_back, to_roll_back

CRITICAL = "  promotion: {critical: true}\n"


def test_one_person_on_one_machine_speaks_unsigned_and_every_record_says_so(gated):
    found = gated.waiting()
    assert (found.decision.hold, found.exit.code) == ("needs_approval", 5)

    said = speak(gated.bench(), "approve", found.digest[:12], Voice("Ada", "slices looked at"))

    assert (said.promoted, said.signed) == (2, False)
    (event,) = gated.events("approval")
    assert event.content["signature"] is None
    assert gated.bench().baseline("small").version == found.candidate.version
    with pytest.raises(Refused, match="was promoted already: revision 2 stands by it") as refused:
        speak(gated.bench(), "approve", found.digest, Voice("Bob", "me too"))
    assert refused.value.next_step == "nothing to do: see `baseline show small@2`"


@pytest.mark.parametrize(
    ("by", "reason", "words"),
    [("", "agreed", "nobody is named"), ("Ada", "ok", "'ok' is none; accepted: 3 characters or more")],
)
def test_nobody_and_no_reason_are_refused(gated, by, reason, words):
    found = gated.waiting()

    with pytest.raises(UsageError, match=words):
        speak(gated.bench(), "approve", found.digest, Voice(by, reason))
    assert gated.events("approval") == []


def test_two_people_approve_what_is_critical_and_each_counts_once(gated, keys):
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + CRITICAL)
    gated.roster(keys, ("ada", "roles=approve"), ("bob", "roles=approve"))
    found = gated.waiting()

    first = speak(gated.bench(), "approve", found.digest, Voice("", "looked", keys / "ada"))
    with pytest.raises(Refused, match="has spoken about decision"):
        speak(gated.bench(), "approve", found.digest, Voice("", "looked again", keys / "ada"))
    second = speak(gated.bench(), "approve", found.digest, Voice("", "looked too", keys / "bob"))

    assert (first.promoted, first.required, second.promoted) == (None, 2, 2)
    assert second.approvals.by == ("ada@example.com", "bob@example.com")
    assert [event.kind for event in gated.bench().events("*")] == ["roster_changed"]


def test_one_no_outweighs_every_yes(gated, keys):
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + CRITICAL)
    gated.roster(keys, ("ada", "roles=approve"), ("bob", "roles=approve"), ("cy", "roles=approve"))
    found = gated.waiting()

    speak(gated.bench(), "reject", found.digest, Voice("", "too thin", keys / "cy"))
    for name in ("ada", "bob"):
        last = speak(gated.bench(), "approve", found.digest, Voice("", "looked", keys / name))

    assert last.promoted is None
    assert last.approvals.rejected_by == "cy@example.com"


@pytest.mark.parametrize(
    ("name", "line", "words"),
    [
        ("eve", "roles=approve", "the key that would sign is in nobody's line"),
        ("ada", "roles=establish", "may establish, not approve"),
        ("ada", "roles=approve revoked=2026-01-01", "is revoked since 2026-01-01"),
        ("ada", 'valid-before="20260101" | roles=approve', "expired at 20260101"),
        ("ada", 'namespaces="git" | roles=approve', "is for git, not for statement@"),
        ("ada", "roles=approve models=other", "may do that to other, not to small"),
    ],
)
def test_each_refusal_has_its_own_words(gated, keys, name, line, words):
    gated.roster(keys, ("ada", line))
    found = gated.waiting()

    with pytest.raises(Refused, match=words):
        speak(gated.bench(), "approve", found.digest, Voice("", "looked", keys / name))
    assert gated.events("approval") == []


def test_a_statement_signed_elsewhere_counts_for_what_it_says_and_nothing_else(gated, keys, tmp_path):
    gated.roster(keys, ("ada", "roles=approve"), ("bob", "roles=approve"))
    found = gated.waiting()
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)

    def written(
        subject=found.digest, key="ada", person="ada@example.com", until=later, space=NAMESPACE, purpose="approve"
    ):
        said = stated(purpose, "small", subject, 1, person, "looked", until=until)
        file = tmp_path / "statement.json"
        file.write_bytes(said.text())
        file.with_name("statement.json.sig").write_text(sign(said.text(), space, keys / key))
        return Voice("", "", None, file)

    cases = [
        ({"subject": "f" * 64}, Refused, "the signature is for approve of small, decision ffffffffffff"),
        ({"purpose": "reject"}, Refused, "the signature is for reject"),
        ({"person": "bob@example.com"}, Refused, "names bob@example.com, and the key is ada@example.com's"),
        ({"until": later - dt.timedelta(days=2)}, Refused, "the statement expired"),
        ({"space": "git"}, SignatureRefused, "made for 'git'"),
    ]
    for options, kind, words in cases:
        with pytest.raises(kind, match=words):
            speak(gated.bench(), "approve", found.digest, written(**options))
    voice = written()
    text = (tmp_path / "statement.json").read_text()
    (tmp_path / "statement.json").write_text(text.replace("looked", "hooked"))
    with pytest.raises(SignatureRefused, match="not over this statement"):
        speak(gated.bench(), "approve", found.digest, voice)

    assert speak(gated.bench(), "approve", found.digest, written()).promoted == 2


def test_the_author_of_a_candidate_does_not_approve_it(gated, keys):
    gated.roster(keys, ("ada", "roles=approve"))
    known = roster_of(gated.bench())

    for name in ("ada", "ADA@example.com"):
        with pytest.raises(Refused, match="nobody approves their own"):
            refuse_author(known, "ada@example.com", name)
    refuse_author(known, "ada@example.com", "bob")
    refuse_author(known, "ada@example.com", None)
    refuse_author(None, "ada", "ada")


def test_without_a_roster_who_approves_their_own_candidate_is_told(gated, monkeypatch):
    found = gated.waiting()
    monkeypatch.setattr("baseline_pipeline.workbench.promotions.approving._author", lambda *_: "ada")
    said = speak(gated.bench(), "approve", found.digest, Voice("Ada", "looked at the slices"))

    assert (said.own, said.promoted) == (True, 2)
    assert "Ada made this candidate: a roster (allowed_signers) would have refused it" in said.words()


def test_where_there_was_a_roster_nobody_works_unsigned(gated, keys):
    gated.roster(keys, ("ada", "roles=approve"))
    found = gated.waiting()
    roster_of(gated.bench())
    (gated.root / "allowed_signers").unlink()

    with pytest.raises(ContractError, match="allowed_signers is gone"):
        speak(gated.bench(), "approve", found.digest, Voice("Ada", "looked"))


def test_an_override_is_loud_and_takes_autonomy_away(gated, keys):
    gated.roster(keys, ("ada", "roles=approve"), ("bob", "roles=override"))
    found = gated.waiting("othermodel:worse")
    assert found.exit.code == 1

    with pytest.raises(Refused, match="does not wait for approval"):
        speak(gated.bench(), "approve", found.digest, Voice("", "looked", keys / "ada"))
    with pytest.raises(Refused, match="may approve, not override"):
        speak(gated.bench(), "override", found.digest, Voice("", "looked", keys / "ada"))
    said = speak(gated.bench(), "override", found.digest, Voice("", "outage", keys / "bob"))

    assert said.promoted == 2
    again = gated.waiting("othermodel:predict")
    assert "bob@example.com overrode decision" in again.stray
    assert any("since the override" in reason for reason in again.decision.reasons)


def test_every_word_can_be_signed_on_another_machine(gated, keys, tmp_path):
    gated.roster(keys, ("ada", "roles=approve,establish,roll_back"))
    contract, ada = gated.bench().contract("small"), Voice("Ada", "looked at elsewhere")
    found = gated.waiting()

    def signed(said):
        file = tmp_path / f"{said.purpose}.json"
        file.write_bytes(said.text())
        file.with_name(f"{file.name}.sig").write_text(sign(said.text(), NAMESPACE, keys / "ada"))
        return Voice("", "", None, file)

    with pytest.raises(Refused, match="not on the roster"):
        to_speak(gated.bench(), "approve", found.digest, Voice("eve", "looked at elsewhere"))
    said = speak(gated.bench(), "approve", found.digest, signed(to_speak(gated.bench(), "approve", found.digest, ada)))
    assert (said.promoted, said.signed, said.person) == (2, True, "ada@example.com")
    back = roll_back(gated.bench(), contract, 1, signed(to_roll_back(gated.bench(), contract, 1, ada)))
    assert (back.revision, back.person) == (3, "ada@example.com")
    assert retire(gated.bench(), contract, signed(to_retire(gated.bench(), contract, ada))) == 3
    gated.run()
    voice = signed(to_establish(gated.bench(), contract, ada))
    anew = establish(gated.bench(), contract, actor="", reason="", signature=voice.signature)
    assert (anew.revision, anew.actor, anew.reason) == (4, "ada@example.com", "looked at elsewhere")


def test_of_several_that_were_gated_without_a_baseline_the_last_one_is_established(project):
    from tests.workbench.conftest import OTHER, Gated

    (project.root / "othermodel.py").write_text(OTHER)
    project.run()
    found = [Gated(project).waiting(f"othermodel:{name}") for name in ("worse", "predict")]
    bench = project.bench()
    stands = establish(bench, bench.contract("small"), actor="Ada", reason="the second one is better")

    assert [one.decision.hold for one in found] == ["needs_approval"] * 2
    assert stands.evaluation == found[1].decision.candidate
    assert stands.version == found[1].candidate.version != found[0].candidate.version
