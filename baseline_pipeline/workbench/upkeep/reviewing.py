"""`baseline review`: which of a baseline's assumptions are old, why that matters, and who signed that off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.governance.events import Event
from baseline_pipeline.governance.reviews import Review, Signed, due, due_after, last_signed, moment_of
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.review import TO_FILL_IN
from baseline_pipeline.workbench.people import Voice, made_elsewhere, statement, to_sign
from baseline_pipeline.workbench.stages import Policy
from baseline_pipeline.workbench.upkeep.assumptions import MAX_AGE, Assumptions
from baseline_pipeline.workbench.upkeep.model_risk import known_facts
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.governance.statements import Statement
    from baseline_pipeline.workbench.workbench import Workbench


def review(bench: Workbench, contract: Contract, *, max_age: int = MAX_AGE, now: str | None = None) -> Review:
    """Look at every assumption of the present baseline.

    Args:
        bench: The project.
        contract: The model's contract.
        max_age: Days after which a baseline is old.
        now: ISO 8601, UTC; the present by default.

    Raises:
        EvidenceUnavailable: when there is no baseline, or evidence about it is gone from the store.
    """
    baseline = bench.baseline(contract.name)
    if baseline is None:
        message = f"{contract.name} has no baseline to review"
        raise EvidenceUnavailable(
            message,
            next_step=f"`baseline run {contract.name}`, then "
            f"`baseline establish {contract.name} --by NAME --reason TEXT`",
        )
    at = now or utc_now()
    looking = Assumptions(bench, contract, baseline, moment_of(at), max_age)
    findings = tuple(looking.findings())
    return Review(
        model=contract.name,
        at=at,
        impact="high" if contract.promotion.critical else "moderate",
        baseline=baseline,
        findings=findings,
        due=due(
            looking.events,
            contract.name,
            schedule=contract.schedules.review,
            now=moment_of(at),
            changes=looking.changes(),
        ),
        signed=last_signed(looking.events, contract.name),
        known=known_facts(looking),
        policy=contract.policy_digest(),
    )


def with_form(found: Review, file: Path) -> Review:
    """The review with its risk assessment, as people filled it in.

    Raises:
        UsageError: when the file cannot be read, or questions in it are not answered yet.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"--form {file}: {getattr(error, 'strerror', None) or 'this is no text in UTF-8'}"
        raise UsageError(message, next_step=f"write one: `baseline review {found.model} --output FILE`") from error
    left = [number for number, line in enumerate(text.splitlines(), 1) if TO_FILL_IN in line]
    if left or not text.strip():
        lines = ", ".join(map(str, left)) or "all of it"
        message = f"--form {file}: not filled in yet: line {lines}"
        raise UsageError(message, next_step=f"answer in place of {TO_FILL_IN}; 'not known' is an answer")
    return found.model_copy(update={"form": text})


def signed_form(bench: Workbench, found: Review) -> str:
    """The risk assessment of the last review that was signed off; empty where it had none."""
    body = bench.store.load("reviews", found.model, found.signed.review) if found.signed else None
    return "" if body is None else Review.stored(body).form


def written_to_sign(bench: Workbench, contract: Contract, found: Review, voice: Voice) -> Statement:
    """Keep a review, and make the statement of it that is to be signed elsewhere and brought back to `sign_off`.

    Raises:
        UsageError: when person or reason is missing.
    """
    said = to_sign(bench, contract, "review", found.digest, found.baseline.revision, voice)
    bench.store.save("reviews", contract.name, found.digest, found)
    return said


def _signed_elsewhere(bench: Workbench, found: Review, voice: Voice) -> Review:
    """The review that a statement speaks of, where it found the same of contract and baseline; days count on."""
    if voice.signature is None:
        return found
    subject = made_elsewhere(voice.signature)[0].subject
    body = bench.store.load("reviews", found.model, subject)
    earlier = found if body is None else Review.stored(body)
    facts = [
        (one.policy, one.baseline.revision, [(each.topic, each.state) for each in one.findings])
        for one in (earlier, found)
    ]
    return earlier if facts[0] == facts[1] else found


def sign_off(bench: Workbench, contract: Contract, found: Review, voice: Voice) -> Signed:
    """Keep a review and who signed it off; signed with a key where there is a roster.

    A signature that was made elsewhere is over a review that was written to be signed; it counts while a review finds
    the same.

    Raises:
        Refused, SignatureRefused: when the person may not, or the signature does not prove it.
        UsageError: when person or reason is missing.
    """
    found = _signed_elsewhere(bench, found, voice)
    proof = statement(bench, contract, "review", found.digest, found.baseline.revision, voice)
    policy = contract.policy_digest()
    bench.store.save("reviews", contract.name, found.digest, found)
    bench.store.save("contracts", contract.name, policy, Policy(contract=contract.declared()))
    before = found.signed.seq if found.signed else 0
    (written,) = bench.ledger.append(
        Event(
            kind="review",
            model=contract.name,
            actor=proof["statement"]["person"],
            reason=proof["statement"]["reason"],
            key=digest_of(["review", contract.name, before, found.digest]),
            content={
                "review": found.digest,
                "findings": len(found.old),
                "due": due_after(moment_of(found.at), contract.schedules.review).isoformat(),
                "revision": found.baseline.revision,
                "policy": policy,
                "proof": proof,
            },
        )
    )
    signed = last_signed([written], contract.name)
    assert signed is not None  # noqa: S101  # it was written just now
    return signed
