"""Scored data sets of every task, and the same rows for the path that sees them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.contract import Contract
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.summaries.outcome import summarise_outcomes
from baseline_pipeline.summaries.planning_outcomes import plan_outcomes

SLICES = [
    {"by": ["group"], "min_rows": 100},
    {"by": ["group", "flag"], "min_rows": 100},
    {"by": ["age"], "quantiles": 3, "min_rows": 100},
    {"name": "old and odd", "where": "age > 1 and not group == 'b'", "min_rows": 100},
]
BINARY = [
    {"metric": name, "margin": {"absolute": 0.02}, **more}
    for name, more in {
        "accuracy": {},
        "recall": {},
        "f1": {},
        "brier": {},
        "log_loss": {},
        "roc_auc": {},
        "average_precision": {},
        "calibration_slope": {},
        "expected_calibration_error": {},
        "matthews_correlation": {},
        "equalized_odds_gap": {"parameters": {"column": "group"}},
    }.items()
]


def contract(metrics, task="binary_classification", **data):
    return Contract.model_validate(
        {
            "name": "m",
            "task": task,
            "data": {
                "source": {"csv": "x.csv"},
                "row_id": ["id"],
                "label": "y",
                "features": [{"name": "age"}],
                **data,
            },
            "model": {"function": "a:b"} | ({"positive_class": 1} if task.startswith("binary") else {}),
            "slices": SLICES,
            "metrics": metrics,
        }
    )


@dataclass(frozen=True)
class Rows:
    """A scored data set."""

    table: pa.Table
    outcomes: Outcomes

    def column(self, name):
        return self.table[name].to_numpy(zero_copy_only=False)


def binary(seed, rows=6000, shift=0.0):
    rng = np.random.default_rng(seed)
    table = _columns(rng, rows)
    odds = rng.normal(-0.5, 1.5, rows) + table["age"] / 3
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    score = 1 / (1 + np.exp(-(odds + rng.normal(0, 0.4, rows) + shift * (table["group"] == "c"))))
    weight = rng.integers(1, 4, rows).astype(float)
    columns = {**table, "y": label, "score": score, "w": weight, "day": rng.integers(0, 60, rows)}
    called = (score >= 0.5).astype(int)
    return Rows(pa.table(columns), Outcomes(label, called, score, columns={"group": table["group"]}))


def regression(seed, rows=6000, shift=0.0):
    rng = np.random.default_rng(seed)
    table = _columns(rng, rows)
    label = 10 + 3 * table["age"] + rng.normal(0, 2, rows)
    prediction = 10 + 3 * table["age"] + rng.normal(shift, 0.5, rows)
    return Rows(pa.table({**table, "y": label, "prediction": prediction}), Outcomes(label, prediction))


def multiclass(seed, rows=6000):
    rng = np.random.default_rng(seed)
    table = _columns(rng, rows)
    label = rng.integers(0, 3, rows)
    prediction = np.where(rng.random(rows) < 0.7, label, rng.integers(0, 3, rows))
    names = np.array(["ant", "bee", "cat"])
    columns = {**table, "y": names[label], "prediction": names[prediction]}
    return Rows(pa.table(columns), Outcomes(label, prediction, classes=3))


def probabilities(seed, rows=6000):
    """Several classes with a column of probabilities each, and no column of predictions."""
    rng = np.random.default_rng(seed)
    table = _columns(rng, rows)
    odds = rng.normal(0, 1, (rows, 3)) + np.outer(table["age"], [0.6, 0.0, -0.6])
    score = np.exp(odds) / np.exp(odds).sum(axis=1, keepdims=True)
    mood = rng.integers(0, 60, rows)
    label = (rng.random((rows, 1)) * 0.9 + 0.1 * (mood[:, None] % 2) > score.cumsum(axis=1)).sum(axis=1).clip(0, 2)
    names = np.array(["ant", "bee's", "cat"])
    columns = {**table, "y": names[label], "w": rng.gamma(1.0, 2.0, rows) + 0.1, "day": mood}
    columns |= {f"score.{name}": score[:, number] for number, name in enumerate(names)}
    return Rows(pa.table(columns), Outcomes(label, score.argmax(axis=1), score, classes=3))


def _columns(rng, rows):
    return {
        "id": np.arange(rows),
        "group": rng.choice(["a", "b", "c"], rows),
        "flag": rng.random(rows) < 0.4,
        "age": rng.normal(1, 1, rows),
    }


@pytest.fixture(scope="session")
def engine():
    return DuckDbEngine(2)


def summed(engine, policy, baseline, *others):
    """Summaries of all of them under the baseline's plan."""
    plan = plan_outcomes(policy, engine, baseline, score="score", prediction="prediction")
    found = []
    for rows in (baseline, *others):
        with engine.named(rows) as relation:
            found.append(summarise_outcomes(engine, rows, relation, plan))
    return found
