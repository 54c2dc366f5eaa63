"""A flight-delay model's decision and history, as reports are told them; figures are made up, shapes are real."""

from dataclasses import replace

import numpy as np
import pytest

from baseline_pipeline.comparison import Cell, Comparison, Contrast, FacetChange, RowChanges, Side
from baseline_pipeline.decision import Decision
from baseline_pipeline.evaluation import (
    EnvironmentState,
    Evaluation,
    MetricValue,
    PackageDifference,
    Subject,
    Timing,
)
from baseline_pipeline.fingerprint import Fingerprint
from baseline_pipeline.governance.events import Baseline
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.reliability import calibration_points
from baseline_pipeline.report.story import (
    CalibrationCurve,
    DecisionLine,
    DecisionStory,
    LedgerFact,
    Link,
    ModelCard,
    ModelStory,
    Trajectory,
    TrajectoryPoint,
    WorstRows,
)
from baseline_pipeline.snapshot import (
    Column,
    ColumnDrift,
    DriftReport,
    ExpectationResult,
    Provenance,
    QualityReport,
    Snapshot,
)

CARD = ModelCard(
    name="flight_delays",
    task="binary_classification",
    description="Will a flight be cancelled, diverted or more than 15 minutes late?",
    owners={"model": "team:flights", "data": "team:operations", "on_call": "team:flights"},
)
CELL = Cell(
    metric="recall",
    slice="carrier=EV",
    role="guardrail",
    unit="share",
    better="higher",
    rows=2914,
    clusters=31,
    changed_rows=240,
    baseline=0.871,
    candidate=0.826,
    gain=-0.045,
    interval=(-0.061, -0.029),
    harm_bounds=(0.024, 0.059),
    p_value=0.00004,
    p_adjusted=0.002,
    margin=0.03,
    severe=0.06,
    minimum_detectable_effect=0.022,
    rows_required=None,
    verdict="degraded",
    tier="moderate",
    note="",
)
CARRIERS = ("UA", "B6", "DL", "AA", "MQ", "US", "9E", "WN", "VX", "FL", "AS", "F9", "YV", "HA", "OO")


def cell_(**changes):
    return CELL.model_copy(update=changes)


def whole(metric, baseline, gain, half, margin, **changes):
    shape = {"slice": "all", "role": "primary", "rows": 29425, "tier": None, "verdict": "unchanged", "p_adjusted": 0.8}
    interval, severe = (gain - half, gain + half), 2 * margin
    values = {"baseline": baseline, "candidate": baseline + gain, "gain": gain, "interval": interval, "margin": margin}
    return cell_(
        metric=metric, **{**shape, **values, "severe": severe, "minimum_detectable_effect": 1.3 * half, **changes}
    )


def cells():
    found = [
        whole("roc_auc", 0.7241, -0.0011, 0.0014, 0.005),
        whole("recall", 0.4123, -0.0046, 0.0042, 0.01, p_adjusted=0.07),
        whole("calibration_slope", 0.982, 0.004, 0.031, 0.1, unit="slope"),
        CELL,
    ]
    spread = np.random.default_rng(7)
    for number, carrier in enumerate(CARRIERS):
        rows = max(int(9000 * 0.7**number), 90)
        gain, half = float(spread.normal(-0.003, 0.004)), 1.1 / np.sqrt(rows)
        shape = {"slice": f"carrier={carrier}", "role": "guardrail", "rows": rows, "p_adjusted": 1.0}
        few = rows < 200
        verdict = {"verdict": "inconclusive" if few else "unchanged", "note": "fewer than 200 rows" if few else ""}
        found.append(whole("recall", 0.41, gain, float(half), 0.03, **{**shape, **verdict}))
    found.append(
        whole("recall", 0.38, 0.024, 0.017, 0.03, slice="storm", role="guardrail", rows=4120, verdict="improved")
    )
    missing = dict.fromkeys(
        (
            *("baseline", "candidate", "gain", "interval", "harm_bounds", "p_value", "p_adjusted", "margin"),
            *("severe", "minimum_detectable_effect"),
        )
    )
    found.append(
        cell_(
            slice="carrier=ZZ",
            rows=0,
            clusters=0,
            changed_rows=0,
            verdict="not_evaluated",
            tier=None,
            note="no rows in this slice",
            **missing,
        )
    )
    return tuple(found)


def fingerprint(**changes):
    parts = {name: digest_of(name) for name in ("data", "dependencies", "infrastructure", "code", "model")}
    return Fingerprint(**{**parts, **changes})


def evaluation_(name, **changes):
    return Evaluation(
        **{
            "key": digest_of(name),
            "model": "flight_delays",
            "subject": Subject(
                name="flight_delays",
                version="7",
                uri="models:/flight_delays/7",
                digest=digest_of("model"),
                training_window=("2013-01-01", "2013-04-30"),
            ),
            "snapshot": digest_of("snapshot"),
            "fingerprint": fingerprint(),
            "definition": {"task": "binary_classification", "label": "disrupted"},
            "environment": EnvironmentState(
                lockfile="requirements.lock",
                lockfile_digest=digest_of("lock"),
                manifest="infrastructure.yaml",
                manifest_digest=digest_of("manifest"),
                facts={"cpu_model": "EPYC 7B13", "cores": 2, "memory_gb": 7.8, "python": "3.11.9", "gpu": None},
            ),
            "timing": Timing(
                load=0.41,
                preprocess=0.12,
                predict=0.93,
                postprocess=0.02,
                batches=58,
                batch_rows=512,
                latency_ms={"mean": 0.032, "p50": 0.031, "p95": 0.044, "p99": 0.061},
                peak_memory_mb=412.0,
            ),
            "rows": 29425,
            "classes": ("0", "1"),
            "metrics": (
                MetricValue(metric="roc_auc", slice="all", rows=29425, clusters=31, value=0.723, low=0.716, high=0.73),
                MetricValue(metric="recall", slice="all", rows=29425, clusters=31, value=0.408, low=0.39, high=0.425),
                MetricValue(
                    metric="recall",
                    slice="carrier=ZZ",
                    rows=0,
                    clusters=0,
                    value=None,
                    low=None,
                    high=None,
                    note="no rows",
                ),
            ),
            "scores_file": digest_of(f"{name} scores"),
            "engine": "0.1.0",
            **changes,
        }
    )


def side(evaluation):
    return Side(
        evaluation=evaluation.key,
        scores_file=evaluation.scores_file,
        version=evaluation.subject.version,
        snapshot=evaluation.snapshot,
    )


OLD = evaluation_("old")
NEW = evaluation_(
    "new",
    fingerprint=fingerprint(dependencies=digest_of("new lock")),
    environment=OLD.environment.model_copy(
        update={
            "lockfile_digest": digest_of("new lock"),
            "differences": (PackageDifference(package="threadpoolctl", locked="3.6.0", installed="3.5.0"),),
            "contradictions": ("declared 4 cores, observed 2",),
        }
    ),
)


def comparison_(contrasts=None, **changes):
    contrast = Contrast(
        moved="dependencies",
        pairing="paired",
        question="Does the same model give as good answers on the baseline's own rows with the new lockfile?",
        baseline=side(OLD),
        candidate=side(NEW),
        rows=29425,
        rows_left_out=112,
        left_out_because="inside the training window of version 7",
        changes=RowChanges(
            rows=29425,
            changed_scores=4127,
            largest_difference=0.0831,
            decisions_changed=331,
            labels_changed=0,
            right_to_wrong=203,
            wrong_to_right=128,
            disagreement_upper=0.0125,
        ),
        cells=cells(),
        not_comparable=None,
        seed=20130401,
    )
    return Comparison(
        **{
            "model": "flight_delays",
            "baseline_revision": 3,
            "candidate": NEW.key,
            "changed": (
                FacetChange(
                    facet="dependencies",
                    before=digest_of("dependencies"),
                    after=digest_of("new lock"),
                    details=("scikit-learn 1.6.1 -> 1.7.2", "numpy 1.26.4 -> 2.2.6", "+ narwhals 1.20.0"),
                ),
            ),
            "contrasts": (contrast,) if contrasts is None else contrasts,
            "drift": digest_of("drift"),
            "evidence_missing": (),
            "policy": digest_of("policy"),
            **changes,
        }
    )


def decision_(comparison, **changes):
    return Decision(
        **{
            "model": "flight_delays",
            "comparison": digest_of(comparison.body()),
            "candidate": comparison.candidate,
            "outcome": "reject",
            "hold": None,
            "tier": "moderate",
            "reasons": (
                (
                    "recall[carrier=EV] degraded (dependencies, paired): 0.8710 -> 0.8260, gain -0.0450 "
                    "[-0.0610, -0.0290], margin 0.03"
                ),
            ),
            "actions": ("experiment",),
            "approvals_required": 0,
            "baseline_revision": comparison.baseline_revision,
            **changes,
        }
    )


def snapshot_():
    return Snapshot(
        model="flight_delays",
        digest=digest_of("snapshot"),
        file=digest_of("parquet"),
        rows=29425,
        columns=(Column(name="temp", type="double"),),
        row_id=("flight_id",),
        time_range=("2013-05-01T00:00:00Z", "2013-05-31T23:59:00Z"),
        provenance=Provenance(
            source="parquet",
            origin={"path": "data/flights/*.parquet", "files": 3},
            source_digest=digest_of("source"),
            taken_at="2026-02-03T06:00:11Z",
            engine="pyarrow 21.0.0",
        ),
    )


def drift_():
    figures = (("precip", 0.31), ("wind_gust", 0.142), ("visib", 0.09), ("score", 0.04), ("disrupted", 0.02))
    kinds = {"score": "prediction", "disrupted": "target"}
    columns = [
        ColumnDrift(
            column=name,
            kind=kinds.get(name, "feature"),
            method="Jensen-Shannon distance",
            score=score,
            threshold=0.1,
            drifted=score > 0.1,
        )
        for name, score in figures
    ]
    columns.append(
        columns[0].model_copy(update={"column": "tailnum", "score": None, "drifted": False, "note": "empty"})
    )
    return DriftReport(
        reference=digest_of("snapshot"),
        current=digest_of("snapshot 2"),
        reference_rows=29425,
        current_rows=28120,
        columns=tuple(columns),
        html=None,
    )


def quality_():
    return QualityReport(
        suite=digest_of("suite"),
        success=False,
        results=(
            ExpectationResult(
                column="temp",
                rule="expect_column_values_to_be_between(min_value=-30, max_value=120)",
                success=False,
                observed="0.02 % of rows outside",
                unexpected_rows=6,
                row_ids=("2013-05-08|EV|4090|EWR|600", "2013-05-08|B6|12|JFK|610"),
            ),
            ExpectationResult(
                column=None,
                rule="expect_table_row_count_to_be_between(min_value=20000)",
                success=True,
                observed="29425",
                unexpected_rows=None,
                row_ids=(),
            ),
        ),
    )


def calibration_():
    random = np.random.default_rng(3)
    score = random.beta(1.3, 3.2, 6000)
    label = random.random(6000) < score
    sharper = np.clip(score * 1.25 - 0.03, 0, 1)
    return (
        CalibrationCurve(side="baseline", points=calibration_points(score, label)),
        CalibrationCurve(side="candidate", points=calibration_points(sharper, label)),
    )


def trajectories_():
    random = np.random.default_rng(11)
    found = []
    for metric, level, half in (("roc_auc", 0.724, 0.006), ("recall", 0.41, 0.017)):
        points = []
        for number in range(14):
            value = float(level + random.normal(0, half / 3))
            known = number != 8
            points.append(
                TrajectoryPoint(
                    at=f"2026-{1 + number // 7:02d}-{1 + 4 * (number % 7):02d}T06:00:00Z",
                    evaluation=digest_of([metric, number]),
                    value=value if known else None,
                    low=value - half if known else None,
                    high=value + half if known else None,
                    revision={0: 1, 5: 2, 10: 3}.get(number),
                )
            )
        found.append(Trajectory(metric=metric, unit="share", better="higher", points=tuple(points)))
    return tuple(found)


LEDGER = (
    LedgerFact(
        at="2026-01-02T09:12:44Z", actor="ana", what="established baseline 1", reason="agreed in the January review"
    ),
    LedgerFact(
        at="2026-02-12T06:02:10Z", actor="gate", what="promoted to baseline 3", reason="no harm found in 60 comparisons"
    ),
)


def decision_story_(**changes):
    comparison = comparison_()
    story = DecisionStory(
        card=CARD,
        decision=decision_(comparison),
        comparison=comparison,
        evaluations={OLD.key: OLD, NEW.key: NEW},
        snapshots={digest_of("snapshot"): snapshot_()},
        drift=drift_(),
        quality=quality_(),
        calibration=calibration_(),
        trajectories=trajectories_(),
        ledger=LEDGER,
        links=(
            Link(label="MLflow tracking", value="postgresql://ana:secret@tracking.example/mlflow"),
            Link(label="MLflow run (candidate)", value="4f1c6f0a2f5e4a7e9b0d"),
            Link(label="Dagster run", value="b3b0c7d2-7d0f-4b5b-a1c2-0d3f5e7a9b11"),
        ),
        followed=("dependency replay: ACCEPT, noted numeric change: 12 of 6000 rows differ, by up to 2.2e-16",),
        worst_rows=(
            WorstRows(
                title="recall: late flights no longer found",
                columns=("row id", "carrier", "label", "score before", "score now"),
                rows=(
                    ("2013-05-08|EV|4090|EWR|600", "EV", "1", "0.61", "0.38"),
                    ("2013-05-09|EV|4117|EWR|1815", "EV", "1", "0.55", "0.41"),
                ),
            ),
        ),
        commands=("baseline run flight_delays",),
    )
    return replace(story, **changes)


def model_story_():
    baselines = tuple(
        Baseline(
            model="flight_delays",
            revision=number,
            evaluation=digest_of(["evaluation", number]),
            scores_file=digest_of(["scores", number]),
            snapshot=digest_of("snapshot"),
            fingerprint=fingerprint(),
            version=str(4 + number),
            decision=None if number == 1 else digest_of(["decision", number]),
            actor="ana" if number == 1 else "gate",
            reason="agreed in the January review" if number == 1 else "no harm found in 60 gated comparisons",
            at=f"2026-0{number}-02T09:12:44Z",
        )
        for number in (1, 2, 3)
    )
    outcomes = (
        ("establish", None, None, None, "agreed in the January review"),
        ("promote", None, None, 1, "no harm found in 60 gated comparisons on 29425 rows"),
        ("hold", "needs_approval", None, 2, "promotion 2 of 3 that a person approves"),
        ("hold", "inconclusive", None, 2, "recall inconclusive (population, unpaired): about 64000 rows needed"),
        ("reject", None, "moderate", 3, "recall[carrier=EV] degraded (dependencies, paired): 0.8710 -> 0.8260"),
    )
    decisions = tuple(
        DecisionLine(
            at=f"2026-02-0{number}T06:02:10Z",
            decision=digest_of(["decision", number]),
            outcome=outcome,
            hold=hold,
            tier=tier,
            reason=reason,
            baseline_revision=revision,
            actor="gate",
        )
        for number, (outcome, hold, tier, revision, reason) in enumerate(outcomes, 1)
    )
    return ModelStory(card=CARD, baselines=baselines, trajectories=trajectories_(), decisions=decisions, ledger=LEDGER)


@pytest.fixture
def decision_story():
    return decision_story_()


@pytest.fixture
def model_story():
    return model_story_()


@pytest.fixture
def cell():
    """Make a cell that differs from the EV slice's by what is named."""
    return cell_


@pytest.fixture
def retold():
    """Make the decision's story with other contrasts, and what else is named."""

    def tell(contrasts=None, *, decided=None, compared=None, **changes):
        comparison = comparison_(contrasts, **(compared or {}))
        return decision_story_(comparison=comparison, decision=decision_(comparison, **(decided or {})), **changes)

    return tell
