"""The asset that replays the baseline's model under the old lockfile and the new one, where they differ."""

from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.orchestration.listening import also_to
from baseline_pipeline.orchestration.pipes import CLIENT, piped
from baseline_pipeline.records import digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.replays.dependency_replay import Replay
from baseline_pipeline.workbench.replays.lockfile_moved import replay_moved
from baseline_pipeline.workbench.reporting import write_decision_report
from baseline_pipeline.workbench.workbench import Workbench


def dependency_replay_asset(contract: Contract, project: Path, common: dict[str, Any]) -> dg.AssetsDefinition:
    """`<model>/dependency_replay`, materialized where the lockfile is not the baseline's.

    A lockfile that says too little, or cannot be installed, is missing evidence in words: the decision stands either
    way.
    """
    key = dg.AssetKey([contract.name, "dependency_replay"])
    decided = dg.AssetKey([contract.name, "promotion_decision"])

    @dg.asset(  # type: ignore[untyped-decorator]  # its keywords come from a dictionary
        key=key,
        ins={"decision": dg.AssetIn(decided)},
        description="The baseline's model under its lockfile and under the new one: accept, noted change or reject.",
        output_required=False,
        **{name: value for name, value in common.items() if name not in {"io_manager_key", "required_resource_keys"}},
        required_resource_keys={*common["required_resource_keys"], CLIENT},
        kinds={"uv"},
    )
    def dependency_replay(context: dg.AssetExecutionContext, decision: Decision):  # type: ignore[no-untyped-def]  # noqa: ANN202  # a generator of Dagster's
        if decision.baseline_revision is None:
            return
        here = Workbench(load_settings(project), progress=also_to(context.log.info), launch=piped(context))
        digest = digest_of(decision.body())
        try:
            found = replay_moved(here, contract, digest)
        except BaselineError as failure:
            words = {"outcome": "evidence_missing", "tier": "", "why": failure.message, "next": failure.next_step or ""}
            yield dg.MaterializeResult(metadata={"decision": digest, **words})
            return
        if found is None:
            return
        report = write_decision_report(here, contract, decision)
        yield dg.MaterializeResult(
            data_version=dg.DataVersion(digest_of(found.body())),
            metadata={"decision": digest, **_metadata(found), "report": dg.MetadataValue.path(str(report))},
        )

    return dependency_replay  # type: ignore[no-any-return]  # Dagster's decorator


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
