"""The replay that follows a decision by itself: the baseline's model under its own lockfile and the present one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.workbench.iteration.elsewhere import as_evaluated
from baseline_pipeline.workbench.iteration.environment import observe
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, version_of
from baseline_pipeline.workbench.promotions.approving import find_decision
from baseline_pipeline.workbench.replays.dependency_replay import Replay, replay
from baseline_pipeline.workbench.replays.locked import Locked
from baseline_pipeline.workbench.replays.replaying import Replaying

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import EnvironmentState, Evaluation
    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.workbench.workbench import Workbench


def replay_moved(bench: Workbench, contract: Contract, decision: Digest) -> Replay | None:
    """What `baseline replay` says of the two lockfiles that a decision lies between; found again once it is known.

    Args:
        bench: The project.
        contract: The model's contract.
        decision: Digest of the decision.

    Returns:
        `None` where there was no baseline, or the lockfile is the baseline's.

    Raises:
        EvidenceUnavailable: when a lockfile does not say all there is to install, or model or rows are gone.
        NotBuilt: when a lockfile cannot be installed.
    """
    event = find_decision(bench, decision)
    revisions = {one.revision: one for one in bench.baselines(contract.name)}
    stood = revisions.get(event.content["baseline_revision"])
    if stood is None:
        return None
    approved = load_evaluation(bench, contract.name, stood.evaluation)
    states = (approved.environment, _present(bench, contract, event))
    if states[0].lockfile_digest == states[1].lockfile_digest:
        return None
    found = replay_of(bench, event)
    if found is not None:
        return found
    bench.progress("the lockfile moved: replaying the baseline's model under both")
    old, new = (_locked(bench, contract, state) for state in states)
    found = replay(_replaying(bench, contract, approved), old, new)
    bench.store.save("replay_of", contract.name, _key(event), found)
    return found


def replay_of(bench: Workbench, event: Event) -> Replay | None:
    """The replay that followed a decision, where there is one."""
    body = bench.store.load("replay_of", event.model, _key(event))
    return None if body is None else Replay.stored(body)


def _key(event: Event) -> Digest:
    """Two lockfiles that fail alike give equal decisions, and their replays stay apart."""
    return digest_of([event.content["decision"], event.content["watched"]["dependencies"]])


def _present(bench: Workbench, contract: Contract, event: Event) -> EnvironmentState:
    """The environment that a decision judged; where no model could be scored in it, the lockfile at hand if it is that.

    Raises:
        EvidenceUnavailable: when that lockfile is not at hand any more.
    """
    candidate = event.content["candidate"]
    if candidate is not None:
        return load_evaluation(bench, contract.name, str(candidate)).environment
    here = as_evaluated(bench, observe(contract, bench.settings.project))
    if here.dependencies != event.content["watched"]["dependencies"]:
        message = f"the lockfile that decision {short(event.content['decision'])} was made under has moved on"
        raise EvidenceUnavailable(message, next_step=_by_hand(contract))
    return here.state


def _locked(bench: Workbench, contract: Contract, state: EnvironmentState) -> Locked:
    found = Locked.stored(bench, contract.name, state)
    if found is None or not found.wanted.whole:
        name = state.lockfile or "no lockfile"
        needed = "hashes on every line, or uv's, poetry's or conda-lock's format"
        message = f"{name} as it was kept does not say all there is to install ({needed})"
        raise EvidenceUnavailable(message, next_step=_by_hand(contract))
    return found


def _replaying(bench: Workbench, contract: Contract, approved: Evaluation) -> Replaying:
    version = version_of(approved)
    artifact = bench.catalogue(contract).artifact(version)
    return Replaying(bench, contract, version, artifact, snapshot=approved.snapshot)


def _by_hand(contract: Contract) -> str:
    return f"`baseline replay {contract.name} --lock OLD --lock NEW`"
