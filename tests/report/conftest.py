"""A flight-delay model's decision and history, as reports are told them; figures are made up, shapes are real."""

from dataclasses import replace

import pytest

from baseline_pipeline.governance.events import Baseline
from baseline_pipeline.records import digest_of
from baseline_pipeline.report.story import (
    DecisionLine,
    DecisionStory,
    Link,
    ModelCard,
    ModelStory,
    WorstRows,
)
from tests.report.compared import NEW, OLD, cell_, comparison_, decision_, fingerprint
from tests.report.kept import LEDGER, calibration_, drift_, quality_, snapshot_, trajectories_

CARD = ModelCard(
    name="flight_delays",
    task="binary_classification",
    description="Will a flight be cancelled, diverted or more than 15 minutes late?",
    owners={"model": "team:flights", "data": "team:operations", "on_call": "team:flights"},
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
        changed_drift=drift_(),
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
