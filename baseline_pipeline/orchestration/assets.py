"""The versioned assets of a monitored model; each body is one call."""

import re
from pathlib import Path
from typing import Any

import dagster as dg

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.orchestration.attribution import attribution_asset
from baseline_pipeline.orchestration.checks import (
    expectation_checks,
    expectation_results,
    guardrail_checks,
    guardrail_results,
)
from baseline_pipeline.orchestration.dependency_replay import dependency_replay_asset
from baseline_pipeline.orchestration.listening import also_to
from baseline_pipeline.orchestration.liveness import RESOURCE
from baseline_pipeline.orchestration.metadata import (
    comparison_metadata,
    decision_metadata,
    evaluation_metadata,
    snapshot_metadata,
)
from baseline_pipeline.orchestration.mlflow_runs import attach
from baseline_pipeline.orchestration.names import MODEL_TAG, WATCHED
from baseline_pipeline.orchestration.triggers import report_watched
from baseline_pipeline.records import digest_of
from baseline_pipeline.settings import load_settings
from baseline_pipeline.workbench.iteration.comparing import compare_present
from baseline_pipeline.workbench.iteration.deciding import decide_present
from baseline_pipeline.workbench.iteration.evaluating import evaluate_present
from baseline_pipeline.workbench.iteration.snapshotting import quality_of, take_snapshot
from baseline_pipeline.workbench.promotions.promoting import resume
from baseline_pipeline.workbench.stages import Compared, Evaluated, SnapshotTaken
from baseline_pipeline.workbench.workbench import Workbench

TYPES = {kind: dg.PythonObjectDagsterType(kind) for kind in (SnapshotTaken, Evaluated, Compared, Decision)}
"""One Dagster type per stage value, shared by the stage that gives it and the stage that takes it."""


_OWNER = re.compile(r"team:[A-Za-z0-9_-]+|[^@\s]+@[^@\s]+\.[^@\s]+")
"""What Dagster takes as an owner; other names stand in the report only."""


class EvaluationConfig(dg.Config):
    """What a run of the evaluation can be told."""

    force: bool = False
    """Score again even what was scored before."""


def watched_specs(contract: Contract) -> list[dg.AssetSpec]:
    """The inputs watched from outside, as assets without a body."""
    words = {
        "data": f"Rows of {contract.data.source.kind} {contract.data.source.place}",
        "dependencies": f"Lockfile {contract.environment.lockfile or '(none declared)'}",
        "infrastructure": f"Manifest {contract.environment.infrastructure or '(none declared)'}",
        "registry": f"Model {contract.model.registered or contract.model.uri or contract.model.function}",
        "code": "The code that scores, and the contract's policy",
    }
    return [
        dg.AssetSpec(
            dg.AssetKey([contract.name, name]), group_name=_group(contract), description=words[facet], kinds={facet}
        )
        for facet, name in WATCHED.items()
    ]


def _group(contract: Contract) -> str:
    from baseline_pipeline.orchestration.names import identifier

    return identifier(contract.name)


def stage_assets(contract: Contract, project: Path) -> list[dg.AssetsDefinition]:
    """Snapshot, evaluation, comparison and decision of one model, in a row, and what follows a decision by itself."""
    prefix = contract.name
    common: dict[str, Any] = {
        "group_name": _group(contract),
        "io_manager_key": "stage_values",
        "required_resource_keys": {RESOURCE},
        "code_version": digest_of([contract.policy_digest(), contract.definition()])[:16],
        "tags": {MODEL_TAG: contract.name},
        "owners": [owner for owner in (contract.owners.model,) if owner and _OWNER.fullmatch(owner)],
    }

    def bench(context: dg.AssetExecutionContext) -> Workbench:
        settings = load_settings(project)
        return Workbench(settings, progress=also_to(context.log.info), open_run=attach(context, settings))

    def key(name: str) -> dg.AssetKey:
        return dg.AssetKey([prefix, name])

    @dg.asset(
        key=key("data_snapshot"),
        dagster_type=TYPES[SnapshotTaken],
        deps=[key(WATCHED["data"])],
        check_specs=expectation_checks(contract, project, key("data_snapshot")),
        description="Immutable rows, named by the digest of their content.",
        kinds={"parquet"},
        **common,
    )
    def data_snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        here = bench(context)
        report_watched(context.instance, here, contract)
        resume(here, contract)
        taken = take_snapshot(here, contract)
        return dg.MaterializeResult(
            value=taken,
            data_version=dg.DataVersion(taken.snapshot),
            metadata=snapshot_metadata(here, taken),
            check_results=expectation_results(contract, project, quality_of(here, taken)),
        )

    @dg.asset(
        key=key("evaluation_run"),
        dagster_type=TYPES[Evaluated],
        ins={"taken": dg.AssetIn(key("data_snapshot"), dagster_type=TYPES[SnapshotTaken])},
        deps=[key(name) for facet, name in WATCHED.items() if facet != "data"],
        description="Model versions scored on the snapshot, in the environment at hand.",
        kinds={"mlflow"},
        **common,
    )
    def evaluation_run(
        context: dg.AssetExecutionContext, config: EvaluationConfig, taken: SnapshotTaken
    ) -> dg.MaterializeResult:
        here = bench(context)
        evaluated = evaluate_present(here, contract, taken, force=config.force)
        return dg.MaterializeResult(
            value=evaluated,
            data_version=dg.DataVersion(digest_of(sorted(evaluated.scored.items()))),
            metadata=evaluation_metadata(here, evaluated),
        )

    @dg.asset(
        key=key("baseline_comparison"),
        dagster_type=TYPES[Compared],
        ins={"evaluated": dg.AssetIn(key("evaluation_run"), dagster_type=TYPES[Evaluated])},
        check_specs=guardrail_checks(contract, key("baseline_comparison")),
        description="Candidate against baseline, per metric and slice, with error rates.",
        kinds={"scipy", "evidently"},
        **common,
    )
    def baseline_comparison(context: dg.AssetExecutionContext, evaluated: Evaluated) -> dg.MaterializeResult:
        here = bench(context)
        compared = compare_present(here, contract, evaluated)
        return dg.MaterializeResult(
            value=compared,
            data_version=dg.DataVersion(compared.comparison),
            metadata=comparison_metadata(here, compared),
            check_results=guardrail_results(here, contract, compared),
        )

    @dg.asset(
        key=key("promotion_decision"),
        dagster_type=TYPES[Decision],
        ins={"compared": dg.AssetIn(key("baseline_comparison"), dagster_type=TYPES[Compared])},
        description="Outcome and reasons; a promotion makes the next baseline revision.",
        **common,
    )
    def promotion_decision(context: dg.AssetExecutionContext, compared: Compared) -> dg.MaterializeResult:
        here = bench(context)
        decision: Decision = decide_present(here, contract, compared)
        return dg.MaterializeResult(
            value=decision,
            data_version=dg.DataVersion(digest_of(decision.body())),
            metadata=decision_metadata(here, contract, decision),
        )

    followed = [make(contract, project, common) for make in (dependency_replay_asset, attribution_asset)]
    return [data_snapshot, evaluation_run, baseline_comparison, promotion_decision, *followed]
