"""People and what they sign: approvals, rejections, overrides, rollbacks, and what an auditor sees of it."""

import datetime as dt
import json
import subprocess
import sys

import pytest

from baseline_pipeline.adapters.signatures.ssh_keygen import sign
from baseline_pipeline.adapters.signatures.sshsig import SignatureRefused
from baseline_pipeline.errors import ContractError, EvidenceUnavailable, ModelFailed, UsageError
from baseline_pipeline.governance.roster import Refused
from baseline_pipeline.governance.statements import NAMESPACE, stated
from baseline_pipeline.workbench.approving import speak
from baseline_pipeline.workbench.evidence import export_evidence, reproduced
from baseline_pipeline.workbench.gating import Asked, gate
from baseline_pipeline.workbench.people import Voice, refuse_author, roster_of
from baseline_pipeline.workbench.rolling_back import roll_back

OTHER = """\
import numpy as np


def predict(features):
    return (1 / (1 + np.exp(-1.02 * features["x"]))).to_numpy()


def worse(features):
    return (1 / (1 + np.exp(features["x"]))).to_numpy()
"""
CRITICAL = "  promotion: {critical: true}\n"


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ada", "bob", "cy", "eve"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    return folder


@pytest.fixture
def gated(project):
    """An established baseline, and a decision about a candidate that waits."""
    (project.root / "othermodel.py").write_text(OTHER)
    project.run()
    project.establish()
    yield project
    sys.modules.pop("othermodel", None)


def waiting(project, candidate="othermodel:predict"):
    bench = project.bench()
    return gate(bench, bench.contract("small"), Asked(candidate))


def roster(project, keys, *lines):
    text = ""
    for name, rest in lines:
        options, _, said = rest.rpartition(" | ")
        public = " ".join((keys / f"{name}.pub").read_text().split()[:2])
        text += f"{name}@example.com,{name} {options} {public} {said}\n"
    (project.root / "allowed_signers").write_text(text)


def test_one_person_on_one_machine_speaks_unsigned_and_every_record_says_so(gated):
    found = waiting(gated)
    assert (found.decision.hold, found.exit.code) == ("needs_approval", 5)

    said = speak(gated.bench(), "approve", found.digest[:12], Voice("Ada", "slices looked at"))

    assert (said.promoted, said.signed) == (2, False)
    (event,) = gated.events("approval")
    assert event.content["signature"] is None
    assert gated.bench().baseline("small").version == found.candidate.version
    with pytest.raises(Refused, match="revision 2 stands now"):
        speak(gated.bench(), "approve", found.digest, Voice("Bob", "me too"))


@pytest.mark.parametrize(
    ("by", "reason", "words"), [("", "agreed", "nobody is named"), ("Ada", " ", "a reason is needed")]
)
def test_nobody_and_no_reason_are_refused(gated, by, reason, words):
    found = waiting(gated)

    with pytest.raises(UsageError, match=words):
        speak(gated.bench(), "approve", found.digest, Voice(by, reason))
    assert gated.events("approval") == []


def test_two_people_approve_what_is_critical_and_each_counts_once(gated, keys):
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text() + CRITICAL)
    roster(gated, keys, ("ada", "roles=approve"), ("bob", "roles=approve"))
    found = waiting(gated)

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
    roster(gated, keys, ("ada", "roles=approve"), ("bob", "roles=approve"), ("cy", "roles=approve"))
    found = waiting(gated)

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
    roster(gated, keys, ("ada", line))
    found = waiting(gated)

    with pytest.raises(Refused, match=words):
        speak(gated.bench(), "approve", found.digest, Voice("", "looked", keys / name))
    assert gated.events("approval") == []


def test_a_statement_signed_elsewhere_counts_for_what_it_says_and_nothing_else(gated, keys, tmp_path):
    roster(gated, keys, ("ada", "roles=approve"), ("bob", "roles=approve"))
    found = waiting(gated)
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
    roster(gated, keys, ("ada", "roles=approve"))
    known = roster_of(gated.bench())

    for name in ("ada", "ADA@example.com"):
        with pytest.raises(Refused, match="nobody approves their own"):
            refuse_author(known, "ada@example.com", name)
    refuse_author(known, "ada@example.com", "bob")
    refuse_author(known, "ada@example.com", None)
    refuse_author(None, "ada", "ada")


def test_where_there_was_a_roster_nobody_works_unsigned(gated, keys):
    roster(gated, keys, ("ada", "roles=approve"))
    found = waiting(gated)
    roster_of(gated.bench())
    (gated.root / "allowed_signers").unlink()

    with pytest.raises(ContractError, match="allowed_signers is gone"):
        speak(gated.bench(), "approve", found.digest, Voice("Ada", "looked"))


def test_an_override_is_loud_and_takes_autonomy_away(gated, keys):
    roster(gated, keys, ("ada", "roles=approve"), ("bob", "roles=override"))
    found = waiting(gated, "othermodel:worse")
    assert found.exit.code == 1

    with pytest.raises(Refused, match="does not wait for approval"):
        speak(gated.bench(), "approve", found.digest, Voice("", "looked", keys / "ada"))
    with pytest.raises(Refused, match="may approve, not override"):
        speak(gated.bench(), "override", found.digest, Voice("", "looked", keys / "ada"))
    said = speak(gated.bench(), "override", found.digest, Voice("", "outage", keys / "bob"))

    assert said.promoted == 2
    again = waiting(gated, "othermodel:predict")
    assert "bob@example.com overrode decision" in again.stray
    assert any("since the override" in reason for reason in again.decision.reasons)


def test_a_rollback_tests_the_old_model_first_and_moves_model_and_baseline_together(gated):
    first = gated.bench().baseline("small")
    found = waiting(gated)
    speak(gated.bench(), "approve", found.digest, Voice("Ada", "looked"))
    contract = gated.bench().contract("small")

    with pytest.raises(UsageError, match="no baseline revision 7; there are 1, 2"):
        roll_back(gated.bench(), contract, 7, Voice("Ada", "wrong"))
    with pytest.raises(UsageError, match="revision 2 is what stands"):
        roll_back(gated.bench(), contract, 2, Voice("Ada", "wrong"))
    back = roll_back(gated.bench(), contract, 1, Voice("Ada", "wrong refunds"))

    stands = gated.bench().baseline("small")
    assert (back.revision, back.restores, back.largest_difference) == (3, 1, 0.0)
    assert (stands.evaluation, stands.restores, stands.reason) == (first.evaluation, 1, "wrong refunds")
    assert [event.content["restores"] for event in gated.events("rollback")] == [1]

    (gated.root / "othermodel.py").write_text(OTHER.replace("1.02", "1.5"))
    sys.modules.pop("othermodel", None)
    with pytest.raises(ModelFailed, match="no longer version"):
        roll_back(gated.bench(), contract, 2, Voice("Ada", "back again"))
    assert gated.bench().baseline("small").revision == 3


def test_a_decision_is_reproduced_from_its_evidence_alone(gated, tmp_path):
    found = waiting(gated)
    folder = tmp_path / "evidence"

    words = export_evidence(gated.bench(), found.digest[:12], folder)

    assert found.digest[:12] in words
    again = reproduced(str(folder))
    assert again.same, again.differing
    assert again.outcome == "hold"
    done = subprocess.run(
        [sys.executable, "-I", "-S", folder / "verify_ledger.py", folder / "ledger.jsonl"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "are as they were written" in done.stdout) == (0, True), done.stderr
    file = next((folder / "store" / "small" / "comparisons").glob("*.json"))
    file.write_text(file.read_text().replace('"unchanged"', '"improved"', 1))
    with pytest.raises(Exception, match="is damaged"):
        reproduced(str(folder))


def test_the_stand_alone_verifier_finds_what_ours_finds(gated, tmp_path):
    from baseline_pipeline.governance.chain import LedgerTampered
    from baseline_pipeline.workbench.auditing import export, read_checkpoint, take_checkpoint

    bench = gated.bench()
    early = tmp_path / "early.checkpoint"
    take_checkpoint(bench, early, None, sign=False)
    waiting(gated)
    full = tmp_path / "full.checkpoint"
    size = take_checkpoint(bench, full, None, sign=False).size
    export(bench, tmp_path / "ledger.jsonl")
    lines = (tmp_path / "ledger.jsonl").read_text().splitlines()

    def verified(changed, *checkpoints):
        (tmp_path / "ledger.jsonl").write_text("\n".join(changed) + "\n")
        command = [sys.executable, "-I", "-S", tmp_path / "verify_ledger.py", tmp_path / "ledger.jsonl", *checkpoints]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    assert verified(lines, early, full)[0] == 0
    assert verified(lines[:-1], early)[0] == 0
    assert verified(lines[:-1], full) == (
        1,
        f"the tail was cut: {size - 1} records are there, a checkpoint knows of {size}\n",
    )
    assert "record 2" in verified([*lines[:2], lines[2].replace("Ada", "Eve").replace("small", "smile"), *lines[3:]])[1]
    assert "is missing" in verified([lines[0], *lines[2:]])[1]
    body = json.loads(lines[1])
    body["model"] = "other"
    assert "columns" in verified([lines[0], json.dumps(body), *lines[2:]])[1]
    assert bench.ledger.verify([read_checkpoint(early), read_checkpoint(full)]).size == size
    (tmp_path / "cut").write_text(full.read_text().replace(f"\n{size}\n", f"\n{size + 3}\n"))
    with pytest.raises(LedgerTampered, match="the tail was cut"):
        bench.ledger.verify([read_checkpoint(tmp_path / "cut")])


def test_a_signed_checkpoint_names_who_signed_it(gated, keys, tmp_path):
    from baseline_pipeline.workbench.auditing import check_checkpoint_signature, take_checkpoint

    roster(gated, keys, ("ada", "roles=approve"))
    file = tmp_path / "ledger.checkpoint"
    take_checkpoint(gated.bench(), file, keys / "ada", sign=True)

    assert check_checkpoint_signature(gated.bench(), file) == "ada@example.com"
    file.write_text(file.read_text().replace("\n3\n", "\n2\n").replace("baseline", "Baseline"))
    with pytest.raises(SignatureRefused):
        check_checkpoint_signature(gated.bench(), file)


def test_a_contract_that_changes_is_an_event_with_its_differences(gated):
    contract = gated.root / "assets" / "small" / "defs.yaml"
    contract.write_text(contract.read_text().replace("margin: {absolute: 0.05}", "margin: {absolute: 0.04}"))
    gated.run()

    first, second = gated.events("contract_changed")
    assert first.content["changed"] == []
    assert second.content["changed"] == ["metrics.1.margin.absolute: 0.05 -> 0.04"]


RULES = """\
def cautious(comparison, decision):
    gained = any(cell.verdict == "improved" for one in comparison.contrasts for cell in one.cells)
    if decision.outcome == "promote" and not gained:
        return "hold", "needs_approval", "nothing gained"
    return decision.outcome, decision.hold, "as the default says"


def broken(comparison, decision):
    return "promote"


def failing(comparison, decision):
    raise RuntimeError("no bandit today")
"""


def ruled_by(project, name):
    contract = project.root / "assets" / "small" / "defs.yaml"
    text = contract.read_text().partition("  promotion:")[0]
    contract.write_text(text + f"  promotion: {{approvals_until: 0, rule: 'myrules:{name}'}}\n")
    (project.root / "myrules.py").write_text(RULES)
    sys.modules.pop("myrules", None)


def test_a_rule_of_the_users_own_stands_in_for_the_default_and_is_recorded(gated):
    ruled_by(gated, "cautious")

    found = waiting(gated)

    assert (found.decision.outcome, found.decision.hold, found.exit.code) == ("hold", "needs_approval", 5)
    assert found.decision.reasons[0].startswith("myrules:cautious (source ")
    assert found.decision.reasons[0].endswith(": nothing gained")
    assert found.decision.approvals_required == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("broken", "answered 'promote'"), ("failing", "no bandit today"), ("absent", "no such function")],
)
def test_a_rule_that_gives_no_outcome_decides_nothing(gated, name, words):
    ruled_by(gated, name)

    with pytest.raises(EvidenceUnavailable, match=words):
        waiting(gated)
    assert gated.bench().baseline("small").revision == 1


def test_a_retired_baseline_is_compared_with_nothing_and_its_number_is_not_given_again(gated):
    from baseline_pipeline.workbench.deciding import retire

    contract = gated.bench().contract("small")
    assert retire(gated.bench(), contract, Voice("Ada", "labels mean something else now")) == 1
    assert gated.bench().baseline("small") is None
    with pytest.raises(UsageError, match="no baseline to retire"):
        retire(gated.bench(), contract, Voice("Ada", "once more"))

    assert gated.run().hold == "needs_approval"
    gated.establish()
    assert gated.bench().baseline("small").revision == 2


def test_everything_that_is_known_can_be_shown(gated):
    from baseline_pipeline.workbench.showing import known_of

    found = waiting(gated)
    bench = gated.bench()

    body, text = known_of(bench, found.digest[:10])
    assert body["decision"]["outcome"] == "hold"
    assert "decision" in text
    assert "gated comparisons" in text
    body, text = known_of(bench, found.decision.candidate[:12])
    assert body["evaluation"]["subject"]["version"] == found.candidate.version
    assert "MLflow run" in text
    assert "brier" in text
    body, text = known_of(bench, "small@1")
    assert body["baseline"]["actor"] == "Ada"
    assert "measured as agreed" in text
    for what, words in (
        ("ffff0000", "nothing is known"),
        ("small@9", "no baseline revision '9'"),
        ("what?", "is no model"),
    ):
        with pytest.raises(UsageError, match=words):
            known_of(bench, what)
