"""What Dagster's pages show of a stage: flat, stable labels, so that figures plot over time."""

from __future__ import annotations

from typing import Any

import dagster as dg

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision
from baseline_pipeline.orchestration.names import identifier
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.reporting import write_decision_report
from baseline_pipeline.workbench.stages import Compared, Evaluated, SnapshotTaken
from baseline_pipeline.workbench.workbench import Workbench

Metadata = dict[str, Any]


def snapshot_metadata(bench: Workbench, taken: SnapshotTaken) -> Metadata:
    """Digest, size, time range and origin."""
    snapshot = load_snapshot(bench, taken.model, taken.snapshot)
    first, last = snapshot.time_range or ("", "")
    return {
        "dagster/row_count": snapshot.rows,
        "snapshot": snapshot.digest,
        "source_digest": taken.source_digest,
        "first": first,
        "last": last,
        "origin": dg.MetadataValue.json(snapshot.provenance.origin),
        "dagster/column_schema": dg.TableSchema(
            columns=[dg.TableColumn(column.name, column.type) for column in snapshot.columns]
        ),
    }


def evaluation_metadata(bench: Workbench, evaluated: Evaluated) -> Metadata:
    """The metrics of every model scored, and where its evidence is."""
    found: Metadata = {"failures": "; ".join(evaluated.failures)} if evaluated.failures else {}
    for role, key in evaluated.scored.items():
        evaluation = load_evaluation(bench, evaluated.model, key)
        found[f"{role}_evaluation"] = key
        found[f"{role}_version"] = evaluation.subject.version
        found[f"{role}_predict_seconds"] = evaluation.timing.predict
        for value in evaluation.metrics:
            if value.slice == ALL_ROWS and value.value is not None:
                found[f"{role}_{identifier(value.metric)}"] = value.value
    return found


def comparison_metadata(bench: Workbench, compared: Compared) -> Metadata:
    """Gains over all rows, and every verdict line that is not a plain pass."""
    comparison = load_comparison(bench, compared.model, compared.comparison)
    found: Metadata = {"comparison": compared.comparison, "contrasts": len(comparison.contrasts)}
    lines = []
    for contrast, cell in [(one, cell) for one in comparison.contrasts for cell in one.cells]:
        if cell.slice == ALL_ROWS or cell.verdict == "degraded":
            lines.append(verdict_line(cell, contrast.pairing))
        if cell.slice == ALL_ROWS and cell.gain is not None:
            found[f"{contrast.moved}_{identifier(cell.metric)}_gain"] = cell.gain
    if lines:
        found["verdicts"] = dg.MetadataValue.md("```\n" + "\n".join(line.replace("`", "'") for line in lines) + "\n```")
    return found


def decision_metadata(bench: Workbench, contract: Contract, decision: Decision) -> Metadata:
    """Outcome, reasons, and the report."""
    path = write_decision_report(bench, contract, decision)
    return {
        "outcome": decision.outcome,
        "hold": decision.hold or "",
        "tier": decision.tier or "",
        "reasons": dg.MetadataValue.json(list(decision.reasons)),
        "exit_code": decision.exit_code,
        "report": dg.MetadataValue.path(str(path)),
    }
