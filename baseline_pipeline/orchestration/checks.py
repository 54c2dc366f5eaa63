"""Asset checks: expectations block what follows; guardrails are shown and never stop a decision."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from baseline_pipeline.comparison import ALL_ROWS, Cell
from baseline_pipeline.contract import Contract
from baseline_pipeline.contract.yaml_lines import read_yaml
from baseline_pipeline.decision import gating
from baseline_pipeline.errors import ContractError
from baseline_pipeline.orchestration.names import identifier
from baseline_pipeline.quality import ExpectationResult, QualityReport
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.stages import Compared
from baseline_pipeline.workbench.workbench import Workbench


def expectation_names(contract: Contract, project: Path) -> list[str]:
    """One name per expectation of the suite, in its order; the suite's own reader refuses bad ones."""
    if contract.data.expectations is None:
        return []
    path = project / "assets" / contract.name / contract.data.expectations
    if not path.is_file():
        message = f"assets/{contract.name}/{contract.data.expectations}: there is no such expectation suite"
        raise ContractError(message, next_step="write it beside the contract, or take the word out")
    items = read_yaml(f"{contract.name}/{path.name}", path.read_text(encoding="utf-8")).value or []
    names = []
    for number, item in enumerate(items, start=1):
        rule, arguments = next(iter(item.items())) if isinstance(item, dict) and item else ("unreadable", {})
        column = arguments.get("column") if isinstance(arguments, dict) else None
        words = identifier(f"{str(rule).removeprefix('expect_')}{f'_{column}' if column else ''}")
        names.append(f"q{number:02d}_{words}"[:80])
    return names


def expectation_checks(contract: Contract, project: Path, asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """One blocking check per expectation: a snapshot that breaks one is not evaluated."""
    return [dg.AssetCheckSpec(name, asset=asset, blocking=True) for name in expectation_names(contract, project)]


def expectation_results(contract: Contract, project: Path, report: QualityReport | None) -> list[dg.AssetCheckResult]:
    """What each expectation came to."""
    if report is None:
        return []
    names = expectation_names(contract, project)
    return [_expectation(name, result) for name, result in zip(names, report.results, strict=True)]


def _expectation(name: str, result: ExpectationResult) -> dg.AssetCheckResult:
    metadata: dict[str, str | int] = {"rule": result.rule, "observed": result.observed}
    if result.column:
        metadata["column"] = result.column
    if result.unexpected_rows is not None:
        metadata["unexpected_rows"] = result.unexpected_rows
    if result.row_ids:
        metadata["row_ids"] = ", ".join(result.row_ids)
    return dg.AssetCheckResult(
        check_name=name,
        passed=result.success,
        description=f"{result.column or 'table'}: {result.rule}: {result.observed}",
        metadata=metadata,
    )


def guardrail_checks(contract: Contract, asset: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """One check per gated metric; not blocking, since a rejection is a decision to be recorded."""
    return [
        dg.AssetCheckSpec(identifier(rule.measured.name), asset=asset)
        for rule in contract.metrics
        if rule.role != "report_only"
    ]


def guardrail_results(bench: Workbench, contract: Contract, compared: Compared) -> list[dg.AssetCheckResult]:
    """The worst verdict of each gated metric over contrasts and slices."""
    comparison = load_comparison(bench, contract.name, compared.comparison)
    cells = [cell for contrast in gating(comparison) for cell in contrast.cells]
    return [
        _guardrail(rule.measured.name, [cell for cell in cells if cell.metric == rule.measured.name])
        for rule in contract.metrics
        if rule.role != "report_only"
    ]


def _guardrail(metric: str, cells: list[Cell]) -> dg.AssetCheckResult:
    degraded = [cell for cell in cells if cell.verdict == "degraded"]
    overall = [cell for cell in cells if cell.slice == ALL_ROWS]
    open_questions = [cell for cell in overall if cell.verdict in {"inconclusive", "not_evaluated"}]
    severity = dg.AssetCheckSeverity.ERROR if degraded else dg.AssetCheckSeverity.WARN
    places = ", ".join(f"{cell.slice} ({cell.tier})" for cell in degraded[:10])
    words = f"degraded: {places}" if degraded else ", ".join(f"{c.slice}: {c.verdict}" for c in overall)
    metadata = {f"gain_{number}": cell.gain for number, cell in enumerate(overall) if cell.gain is not None}
    return dg.AssetCheckResult(
        check_name=identifier(metric),
        passed=not degraded and not open_questions,
        severity=severity,
        description=words or "nothing was compared",
        metadata=metadata,
    )
