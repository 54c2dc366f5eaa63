"""A promotion over ledger and registry: one transaction in effect, finished or given up after a crash anywhere.

The ledger is the truth and the registry's alias its projection. A revision of the baseline and the intent to move the
alias are written together; then the alias is moved, read back, and the completion written. Whoever comes next finishes
what was not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.governance.events import Baseline, Event
from baseline_pipeline.records import Digest, digest_of, short

if TYPE_CHECKING:
    from typing import Any

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.events import EventKind
    from baseline_pipeline.workbench.workbench import Workbench

PIPELINE = "baseline-pipeline"
"""The actor of what no person did."""


class AliasMoved(EvidenceUnavailable):
    """Somebody moved the champion's alias behind the ledger's back."""


def revised(last: int, evaluation: Evaluation, decision: Digest | None, restores: int | None) -> Baseline:
    """The revision after the last one; numbers are never given twice, retired ones included."""
    return Baseline(
        model=evaluation.model,
        revision=last + 1,
        evaluation=evaluation.key,
        scores_file=evaluation.scores_file,
        snapshot=evaluation.snapshot,
        fingerprint=evaluation.fingerprint,
        version=evaluation.subject.version,
        decision=decision,
        restores=restores,
    )


def promotion_events(
    bench: Workbench,
    contract: Contract,
    evaluation: Evaluation,
    *,
    kind: EventKind,
    actor: str,
    reason: str,
    decision: Digest | None,
    proof: dict[str, Any] | None = None,
    restores: int | None = None,
) -> list[Event]:
    """The revision and the intent, to be written in one transaction; nothing where it is the baseline already.

    The revision's key is its number: of two promoters at once, one finds the place taken.

    Args:
        bench: The project.
        contract: The model's contract.
        evaluation: What becomes the baseline.
        kind: Whether a person established, the gate revised, or somebody rolled back.
        actor: Who.
        reason: Why.
        decision: What it rests on.
        proof: A person's statement.
        restores: The revision that is brought back.
    """
    old = bench.baseline(contract.name)
    if old is not None and old.evaluation == evaluation.key and restores is None:
        return []
    new = revised(bench.last_revision(contract.name), evaluation, decision, restores)
    body = new.model_dump(mode="json", exclude={"actor", "reason", "at"})
    revision: EventKind = "baseline_established" if kind == "baseline_established" else "baseline_revised"
    events = [
        Event(
            kind=revision,
            model=contract.name,
            actor=actor,
            reason=reason,
            key=digest_of(["revision", contract.name, new.revision]),
            content={**body, "proof": proof},
        )
    ]
    if contract.model.registered is not None:
        events.append(_intent(bench, contract, evaluation, old, new, actor, reason))
    return events


def _intent(
    bench: Workbench,
    contract: Contract,
    evaluation: Evaluation,
    old: Baseline | None,
    new: Baseline,
    actor: str,
    reason: str,
) -> Event:
    from baseline_pipeline.adapters.registries.mlflow import champion_version

    return Event(
        kind="promotion_intended",
        model=contract.name,
        actor=actor,
        reason=reason,
        key=digest_of(["intended", contract.name, new.revision]),
        content={
            "revision": new.revision,
            "version": evaluation.subject.version,
            "uri": evaluation.subject.uri,
            "decision": new.decision or evaluation.key,
            "found": champion_version(contract, bench.settings.tracking_uri),
            "moved_model": old is not None and old.fingerprint.model != new.fingerprint.model,
            "restores": new.restores,
        },
    )


def resume(bench: Workbench, contract: Contract) -> bool:
    """Finish the last promotion that was intended and not finished; safe at any time, by anyone.

    Returns:
        Whether there was one.

    Raises:
        AliasMoved: when somebody else moved the alias meanwhile; it stays where they put it, and the ledger says so.
        TrackingUnavailable: when the registry cannot be had; the promotion stays intended.
    """
    if contract.model.registered is None or pending(bench, contract) is None:
        return False
    with bench.ledger.exclusive(f"promotion of {contract.name}"):
        intent = pending(bench, contract)
        if intent is None:
            return False
        _apply(bench, contract, intent)
    return True


def pending(bench: Workbench, contract: Contract) -> Event | None:
    """The last intent, where neither its completion nor its failure is recorded."""
    events = bench.events(contract.name)
    intents = [event for event in events if event.kind == "promotion_intended"]
    if not intents:
        return None
    ended = {event.content["revision"] for event in events if event.kind in {"promotion_done", "promotion_failed"}}
    return None if intents[-1].content["revision"] in ended else intents[-1]


def _apply(bench: Workbench, contract: Contract, intent: Event) -> None:
    from baseline_pipeline.adapters.registries.mlflow import champion_version, point_champion, registered_version

    uri, said = bench.settings.tracking_uri, intent.content
    bench.progress(f"promotion intended: version {said['version']}")
    version = registered_version(contract, uri, said["uri"], said["decision"])
    bench.progress(f"version registered: {version}")
    present = champion_version(contract, uri)
    if present not in {version, said["found"]}:
        _give_up(bench, contract, intent, version, present)
    bench.progress(f"alias read: {present}")
    if present != version:
        point_champion(contract, uri, version)
        bench.progress(f"alias moved: {version}")
    back = champion_version(contract, uri)
    if back != version:
        _give_up(bench, contract, intent, version, back)
    bench.progress(f"alias read back: {back}")
    bench.ledger.append(_ended("promotion_done", contract, intent, version, {"moved": present != version}))
    bench.progress(f"promotion done: {contract.model.champion} is version {version}")


def _give_up(bench: Workbench, contract: Contract, intent: Event, version: str, present: str | None) -> None:
    """Write down that somebody else moved the alias, and leave it where it is."""
    bench.ledger.append(_ended("promotion_failed", contract, intent, version, {"present": present}))
    where = f"version {present}" if present else "no version"
    message = (
        f"the alias {contract.model.champion!r} of {contract.model.registered!r} points at {where}: somebody moved it "
        f"while revision {intent.content['revision']} was promoted; it was not overwritten"
    )
    raise AliasMoved(message, next_step=f"ask who did; then {way_back(contract, intent.content['revision'])}")


def _ended(kind: EventKind, contract: Contract, intent: Event, version: str, more: dict[str, Any]) -> Event:
    return Event(
        kind=kind,
        model=contract.name,
        actor=PIPELINE,
        reason=f"{contract.model.champion} follows baseline revision {intent.content['revision']}",
        key=digest_of([kind, contract.name, intent.content["revision"]]),
        content={
            "revision": intent.content["revision"],
            "version": version,
            "intended": intent.seq,
            "moved_model": intent.content["moved_model"],
            "restores": intent.content["restores"],
            **more,
        },
    )


def way_back(contract: Contract, revision: int) -> str:
    """What to type where the alias points at another version than the baseline's."""
    back = f"`baseline rollback {contract.name} --to {revision} --reason TEXT`"
    return f"move it back with {back}, or judge what it points at: `baseline run {contract.name}`"


def stray_alias(bench: Workbench, contract: Contract) -> str:
    """What is wrong with the alias, where it is not the baseline's version and no promotion is pending; or nothing.

    Raises:
        TrackingUnavailable: when the registry cannot be had.
    """
    baseline = bench.baseline(contract.name)
    if baseline is None or contract.model.registered is None or pending(bench, contract) is not None:
        return ""
    from baseline_pipeline.adapters.registries.mlflow import champion_version

    ended = [event for event in bench.events(contract.name) if event.kind in {"promotion_done", "promotion_failed"}]
    version = ended[-1].content["version"] if ended else baseline.version
    present = champion_version(contract, bench.settings.tracking_uri)
    if present == version:
        return ""
    return (
        f"{contract.model.champion} points at {f'version {present}' if present else 'nothing'}, and baseline revision "
        f"{baseline.revision} is version {version} (evaluation {short(baseline.evaluation)}): somebody moved the alias"
    )
