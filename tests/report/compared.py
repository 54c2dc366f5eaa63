"""A decision about flight delays and what it was compared from; figures are made up, shapes are real."""

import numpy as np

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
from baseline_pipeline.records import digest_of

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
