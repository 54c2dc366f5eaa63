"""What a report is told: everything about one decision, or about one model, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from baseline_pipeline.decision import Hold, Outcome
from baseline_pipeline.metrics.outcomes import Better
from baseline_pipeline.records import Digest, Record
from baseline_pipeline.report.reliability import CalibrationPoint
from baseline_pipeline.verdicts import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.comparison import Comparison
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.decision import Decision
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.events import Baseline
    from baseline_pipeline.quality import QualityReport
    from baseline_pipeline.snapshot import DriftReport, Snapshot


class ModelCard(Record):
    """Which model the report is about, and whom it concerns."""

    name: str
    task: str
    description: str | None = None
    owners: dict[str, str] = Field(default_factory=dict)
    """Person or team by concern: model, data, evaluation, on_call."""


class CalibrationCurve(Record):
    """The reliability of one side of a contrast."""

    side: Literal["baseline", "candidate"]
    points: tuple[CalibrationPoint, ...]


class TrajectoryPoint(Record):
    """A primary metric as one evaluation measured it; `value` is `None` where it could not be."""

    at: str
    """UTC, ISO 8601."""
    evaluation: Digest
    value: float | None
    low: float | None = None
    high: float | None = None
    revision: int | None = None
    """The baseline revision this evaluation became, if it did."""


class Trajectory(Record):
    """A metric over the evaluations of a model, oldest first."""

    metric: str
    unit: str
    better: Better
    points: tuple[TrajectoryPoint, ...]


class LedgerFact(Record):
    """Who did what, when and why."""

    at: str
    actor: str
    what: str
    reason: str


class Link(Record):
    """Where something can be looked up: an MLflow run id, a tracking URI, a Dagster run id."""

    label: str
    value: str


class WorstRows(Record):
    """The rows that lost most, as text."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class DecisionLine(Record):
    """One decision in a model's history."""

    at: str
    decision: Digest
    outcome: Outcome
    hold: Hold | None
    tier: Tier | None
    reason: str
    """The first of its reasons."""
    baseline_revision: int | None
    """The revision that stood when it was made."""
    actor: str


@dataclass(frozen=True)
class DecisionStory:
    """All that the report of one decision says; only the first three are needed.

    Attributes:
        card: the model and its owners.
        decision: the outcome.
        comparison: what it rests on.
        evaluations: evaluations named by the comparison, by key.
        snapshots: snapshots named by those, by digest.
        drift: how far the new rows drifted from the baseline's, where any is new.
        changed_drift: how far the values of the same rows drifted, where any changed.
        quality: the candidate snapshot's expectations, where there are any.
        calibration: reliability of each side, for binary classification.
        trajectories: the primaries over all evaluations so far.
        ledger: who established, approved, promoted; oldest first.
        links: where runs can be browsed.
        worst_rows: rows that lost most, where asked for.
        followed: what replays said after the decision, a sentence each.
        commands: what repeats the decision from the same evidence, one command a line.
        tried: whether it was only tried, and no ledger knows it.
    """

    card: ModelCard
    decision: Decision
    comparison: Comparison
    evaluations: Mapping[Digest, Evaluation] = field(default_factory=dict)
    snapshots: Mapping[Digest, Snapshot] = field(default_factory=dict)
    drift: DriftReport | None = None
    changed_drift: DriftReport | None = None
    quality: QualityReport | None = None
    calibration: tuple[CalibrationCurve, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    ledger: tuple[LedgerFact, ...] = ()
    links: tuple[Link, ...] = ()
    worst_rows: tuple[WorstRows, ...] = ()
    followed: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    tried: bool = False


@dataclass(frozen=True)
class ModelStory:
    """All that the report of one model says.

    Attributes:
        card: the model and its owners.
        baselines: all revisions, oldest first; the last one stands.
        trajectories: the primaries over all evaluations.
        decisions: oldest first.
        ledger: who did what and why; oldest first.
    """

    card: ModelCard
    baselines: tuple[Baseline, ...] = ()
    trajectories: tuple[Trajectory, ...] = ()
    decisions: tuple[DecisionLine, ...] = ()
    ledger: tuple[LedgerFact, ...] = ()


def model_card(contract: Contract) -> ModelCard:
    """The part of a contract that a report's reader is shown."""
    owners = {concern: name for concern, name in contract.owners.model_dump().items() if name}
    return ModelCard(name=contract.name, task=contract.task, description=contract.description, owners=owners)
