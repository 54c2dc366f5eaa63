"""The same report for machines: one dictionary with stable keys."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.report.criticality import most_critical_first
from baseline_pipeline.report.lineage import commands, environment_findings, lineage
from baseline_pipeline.report.outcome import headline, next_step
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.report.visible import without_credentials

if TYPE_CHECKING:
    from baseline_pipeline.comparison import Contrast
    from baseline_pipeline.decision import Decision
    from baseline_pipeline.report.story import DecisionStory, ModelStory
    from baseline_pipeline.snapshot import DriftReport

DECISION_REPORT = "baseline_pipeline.decision_report.v1"
MODEL_REPORT = "baseline_pipeline.model_report.v1"
SCAN_REPORT = "baseline_pipeline.scan_report.v1"


def decision_json(story: DecisionStory) -> dict[str, Any]:
    """Everything in a decision's report, JSON-ready; `records.canonical_json` gives its one spelling.

    The story's own values stand under their own names; beside them the words the other reports
    use: `headline`, `next_step`, `exit_code`, `verdict_lines` (most critical first), `lineage`.
    """
    lines = [
        {"contrast": number, "line": verdict_line(cell, contrast.pairing)}
        for number, contrast in enumerate(story.comparison.contrasts)
        for cell in most_critical_first(contrast.cells)
    ]
    return {
        "report": DECISION_REPORT,
        **{each.name: _plain(getattr(story, each.name)) for each in fields(story) if each.name != "tried"},
        "links": [{"label": link.label, "value": without_credentials(link.value)} for link in story.links],
        "decision_digest": digest_of(story.decision.body()),
        "exit_code": story.decision.exit_code,
        "headline": headline(story.decision.outcome, story.decision.hold),
        "next_step": next_step(story.decision, tried=story.tried),
        "verdict_lines": lines,
        "environment_findings": list(environment_findings(story)),
        "lineage": _plain(lineage(story)),
        "commands": list(commands(story)),
    }


def model_json(story: ModelStory) -> dict[str, Any]:
    """Everything in a model's report, JSON-ready."""
    return {"report": MODEL_REPORT, **{each.name: _plain(getattr(story, each.name)) for each in fields(story)}}


def scan_json(decision: Decision, contrast: Contrast, drift: DriftReport) -> dict[str, Any]:
    """Everything that two data sets say of each other, JSON-ready."""
    lines = [verdict_line(cell, contrast.pairing) for cell in most_critical_first(contrast.cells)]
    return {
        "report": SCAN_REPORT,
        "decision": decision.body(),
        "exit_code": decision.exit_code,
        "contrast": contrast.body(),
        "drift": drift.body(),
        "verdict_lines": lines,
    }


def _plain(value: object) -> object:
    if isinstance(value, Record):
        return value.body()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
