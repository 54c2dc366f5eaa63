"""The asset that replays the baseline's model under the old lockfile and the new one, where they differ."""

from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.following import following
from baseline_pipeline.records import Digest, digest_of
from baseline_pipeline.workbench.replays.dependency_replay import Replay
from baseline_pipeline.workbench.replays.lockfile_moved import replay_moved
from baseline_pipeline.workbench.reporting import write_decision_report
from baseline_pipeline.workbench.workbench import Workbench


def dependency_replay_asset(contract: Contract, project: Path, common: dict[str, Any]) -> dg.AssetsDefinition:
    """`<model>/dependency_replay`, materialized where the lockfile is not the baseline's.

    A lockfile that says too little, or cannot be installed, is missing evidence in words: the decision stands either
    way.
    """

    def look(here: Workbench, decision: Decision, digest: Digest) -> dg.MaterializeResult[Any] | None:
        found = None if decision.baseline_revision is None else replay_moved(here, contract, digest)
        if found is None:
            return None
        report = write_decision_report(here, contract, decision)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(found.body())),
            metadata={"decision": digest, **_metadata(found), "report": dg.MetadataValue.path(str(report))},
        )

    return following(
        "dependency_replay",
        look,
        _missing,
        contract,
        project,
        common,
        description="The baseline's model under its lockfile and under the new one: accept, noted change or reject.",
        kind="uv",
    )


def _missing(failure: BaselineError) -> dict[str, Any]:
    return {"outcome": "evidence_missing", "tier": "", "why": failure.message, "next": failure.next_step or ""}


def _metadata(found: Replay) -> dict[str, Any]:
    artifact = found.trials[0]
    changed = {} if artifact.difference is None else {"rows_changed": artifact.difference.rows_changed}
    return {
        "outcome": found.ending,
        "tier": found.tier or "",
        "why": found.why,
        "old": found.old.lock,
        "new": found.new.lock,
        "moved": "\n".join(found.moved),
        "trials": "\n".join(f"{one.how}: {one.ending}: {one.why}" for one in found.trials),
        **changed,
    }
