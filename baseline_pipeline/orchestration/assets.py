"""The versioned assets of a monitored model; each body is one call."""

import re
from dataclasses import dataclass
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
from baseline_pipeline.orchestration.names import MODEL_TAG, WATCHED, identifier
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
            dg.AssetKey([contract.name, name]),
            group_name=identifier(contract.name),
            description=words[facet],
            kinds={facet},
        )
        for facet, name in WATCHED.items()
    ]


@dataclass(frozen=True)
class _Row:
    """The stages of one model: where they are, and what their assets have in common."""

    contract: Contract
    project: Path
    common: dict[str, Any]

    def key(self, name: str) -> dg.AssetKey:
        return dg.AssetKey([self.contract.name, name])

    def bench(self, context: dg.AssetExecutionContext) -> Workbench:
        settings = load_settings(self.project)
        return Workbench(settings, progress=also_to(context.log.info), open_run=attach(context, settings))


def stage_assets(contract: Contract, project: Path) -> list[dg.AssetsDefinition]:
    """Snapshot, evaluation, comparison and decision of one model, in a row, and what follows a decision by itself."""
    common: dict[str, Any] = {
        "group_name": identifier(contract.name),
        "io_manager_key": "stage_values",
        "required_resource_keys": {RESOURCE},
        "code_version": digest_of([contract.policy_digest(), contract.definition()])[:16],
        "tags": {MODEL_TAG: contract.name},
        "owners": [owner for owner in (contract.owners.model,) if owner and _OWNER.fullmatch(owner)],
    }
    row = _Row(contract, project, common)
    stages = [make(row) for make in (_data_snapshot, _evaluation_run, _baseline_comparison, _promotion_decision)]
    followed = [make(contract, project, common) for make in (dependency_replay_asset, attribution_asset)]
    return [*stages, *followed]


def _data_snapshot(row: _Row) -> dg.AssetsDefinition:
    contract, key = row.contract, row.key("data_snapshot")

    @dg.asset(
        key=key,
        dagster_type=TYPES[SnapshotTaken],
        deps=[row.key(WATCHED["data"])],
        check_specs=expectation_checks(contract, row.project, key),
        description="Immutable rows, named by the digest of their content.",
        kinds={"parquet"},
        **row.common,
    )
    def data_snapshot(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        here = row.bench(context)
        report_watched(context.instance, here, contract)
        resume(here, contract)
        taken = take_snapshot(here, contract)
        return dg.MaterializeResult(
            value=taken,
            data_version=dg.DataVersion(taken.snapshot),
            metadata=snapshot_metadata(here, taken),
            check_results=expectation_results(contract, row.project, quality_of(here, taken)),
        )

    return data_snapshot


def _evaluation_run(row: _Row) -> dg.AssetsDefinition:
    @dg.asset(
        key=row.key("evaluation_run"),
        dagster_type=TYPES[Evaluated],
        ins={"taken": dg.AssetIn(row.key("data_snapshot"), dagster_type=TYPES[SnapshotTaken])},
        deps=[row.key(name) for facet, name in WATCHED.items() if facet != "data"],
        description="Model versions scored on the snapshot, in the environment at hand.",
        kinds={"mlflow"},
        **row.common,
    )
    def evaluation_run(
        context: dg.AssetExecutionContext, config: EvaluationConfig, taken: SnapshotTaken
    ) -> dg.MaterializeResult:
        here = row.bench(context)
        evaluated = evaluate_present(here, row.contract, taken, force=config.force)
        return dg.MaterializeResult(
            value=evaluated,
            data_version=dg.DataVersion(digest_of(sorted(evaluated.scored.items()))),
            metadata=evaluation_metadata(here, evaluated),
        )

    return evaluation_run


def _baseline_comparison(row: _Row) -> dg.AssetsDefinition:
    contract, key = row.contract, row.key("baseline_comparison")

    @dg.asset(
        key=key,
        dagster_type=TYPES[Compared],
        ins={"evaluated": dg.AssetIn(row.key("evaluation_run"), dagster_type=TYPES[Evaluated])},
        check_specs=guardrail_checks(contract, key),
        description="Candidate against baseline, per metric and slice, with error rates.",
        kinds={"scipy", "evidently"},
        **row.common,
    )
    def baseline_comparison(context: dg.AssetExecutionContext, evaluated: Evaluated) -> dg.MaterializeResult:
        here = row.bench(context)
        compared = compare_present(here, contract, evaluated)
        return dg.MaterializeResult(
            value=compared,
            data_version=dg.DataVersion(compared.comparison),
            metadata=comparison_metadata(here, compared),
            check_results=guardrail_results(here, contract, compared),
        )

    return baseline_comparison


def _promotion_decision(row: _Row) -> dg.AssetsDefinition:
    @dg.asset(
        key=row.key("promotion_decision"),
        dagster_type=TYPES[Decision],
        ins={"compared": dg.AssetIn(row.key("baseline_comparison"), dagster_type=TYPES[Compared])},
        description="Outcome and reasons; a promotion makes the next baseline revision.",
        **row.common,
    )
    def promotion_decision(context: dg.AssetExecutionContext, compared: Compared) -> dg.MaterializeResult:
        here = row.bench(context)
        decision: Decision = decide_present(here, row.contract, compared)
        return dg.MaterializeResult(
            value=decision,
            data_version=dg.DataVersion(digest_of(decision.body())),
            metadata=decision_metadata(here, row.contract, decision),
        )

    return promotion_decision
