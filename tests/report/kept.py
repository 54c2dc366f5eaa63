"""What a store keeps beside a decision: snapshot, drift, quality, calibration, history."""

import numpy as np

from baseline_pipeline.quality import ExpectationResult, QualityReport
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.reliability import calibration_points
from baseline_pipeline.report.story import (
    CalibrationCurve,
    LedgerFact,
    Trajectory,
    TrajectoryPoint,
)
from baseline_pipeline.snapshot import Column, ColumnDrift, DriftReport, Provenance, Snapshot


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
