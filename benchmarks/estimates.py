"""How near estimated performance comes to the truth while labels are missing.

    python -m benchmarks.estimates [--runs 20] [--seed 0]

4,000 labelled calm rows and a window of 1,000 rows. The model's score uses one of two features that labels depend on:
shifts of the used one, of the unused one, of both, and a concept shift, where inputs stay and labels follow other
rules. Prints mean values, and the mean distance from the truth of: the calm value taken on as it is, calibrated
scores (CBPE), and weighted calm rows.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.contract import Contract
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.estimated import calibrator, expected_outcomes
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.monitoring.weighting import weighted_performance

CALM, NOW = 4000, 1000
CASES: dict[str, tuple[float, float, bool]] = {
    "nothing moved": (0.0, 0.0, False),
    "the used feature, 0.5 sd": (0.5, 0.0, False),
    "the used feature, 1 sd": (1.0, 0.0, False),
    "the unused feature, 1 sd": (0.0, 1.0, False),
    "both, 1 sd": (1.0, 1.0, False),
    "the used feature, 3 sd": (3.0, 0.0, False),
    "concept": (0.0, 0.0, True),
    "concept and both, 1 sd": (1.0, 1.0, True),
}
METRICS = {
    "binary_classification": ("brier", "error_rate", "roc_auc"),
    "regression": ("mean_absolute_error", "root_mean_squared_error"),
}


def policy(task: str) -> Contract:
    """A contract with the task's metrics."""
    return Contract.model_validate(
        {
            "name": "estimates",
            "task": task,
            "data": {
                "source": {"csv": "-"},
                "row_id": ["id"],
                "label": "y",
                "features": [{"name": "used"}, {"name": "unused"}, {"name": "noise"}],
            },
            "model": {"function": "a:b"} | ({"positive_class": 1} if task == "binary_classification" else {}),
            "metrics": [{"metric": name, "margin": {"absolute": 0.01}} for name in METRICS[task]],
        }
    )


def drawn(rng: np.random.Generator, task: str, rows: int, case: tuple[float, float, bool]) -> tuple[pa.Table, Outcomes]:
    """Features and outcomes of rows under a shift."""
    used, unused, concept = case
    one, two = rng.normal(used, 1, rows), rng.normal(unused, 1, rows)
    turn = -1.0 if concept else 1.0
    table = pa.table({"used": one, "unused": two, "noise": rng.normal(size=rows)})
    if task == "regression":
        label = one + 0.5 * turn * two**2 + rng.normal(0, 0.5 + 0.5 * np.abs(one), rows)
        return table, Outcomes(label, one + 0.5)
    label = (rng.random(rows) < 1 / (1 + np.exp(-1.5 * turn * one - two - 0.5 * one * two))).astype(int)
    score = 1 / (1 + np.exp(-one))
    return table, Outcomes(label, (score >= 0.5).astype(int), score)


def together(one: tuple[pa.Table, Outcomes], two: tuple[pa.Table, Outcomes]) -> ScoredRows:
    """Labelled calm rows, then rows whose labels have not come."""
    features = pa.concat_tables([one[0], two[0]])
    first, second = one[1], two[1]
    score = None if first.score is None else np.concatenate([first.score, second.score])
    prediction = np.concatenate([first.prediction, second.prediction])
    outcomes = Outcomes(np.concatenate([first.label, np.zeros_like(second.label)]), prediction, score)
    count = len(outcomes)
    at = np.datetime64("2026-01-05", "s") + np.arange(count)
    names = pa.array([str(number) for number in range(count)])
    return ScoredRows(names, at, outcomes, np.arange(count) < len(first), None, features.select([]), features)


def guesses(task: str, case: tuple[float, float, bool], seed: list[int]) -> dict[str, dict[str, float]]:
    """By metric: the truth, the calm value, and both estimates."""
    rng = np.random.default_rng(seed)
    contract = policy(task)
    calm, now = drawn(rng, task, CALM, (0.0, 0.0, False)), drawn(rng, task, NOW, case)
    rows = together(calm, now)
    before, after = np.arange(CALM), np.arange(CALM, CALM + NOW)
    weighted = weighted_performance(contract, rows, before, after)
    curve = calibrator(contract, rows.outcomes, rows.labelled)
    expected = None if curve is None else expected_outcomes(curve, rows.outcomes.take(after))
    found = {}
    for rule in contract.metrics:
        metric = rule.measured
        reading = weighted.readings.get(metric.name)
        found[metric.name] = {
            "truth": metric.measure(now[1]).value,
            "calm": metric.measure(calm[1]).value,
            "calibrated": float("nan") if expected is None else metric.measure(expected).value,
            "weighted": float("nan") if reading is None else reading.value,
            "effective": weighted.effective_rows if reading else float("nan"),
        }
    return found


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    print(f"{'':50} {'truth':>7} {'effective':>9}   distance: {'calm':>7} {'CBPE':>7} {'weighted':>8} {'refused':>7}")
    for task in METRICS:
        for number, (name, case) in enumerate(CASES.items()):
            runs = [guesses(task, case, [given.seed, number, run]) for run in range(given.runs)]
            for metric in runs[0]:
                print(line(f"{metric:23} {name}", [run[metric] for run in runs]), flush=True)


def line(name: str, found: list[dict[str, Any]]) -> str:
    """One metric of one case."""
    values = {key: np.array([one[key] for one in found]) for key in found[0]}
    refused = int(np.isnan(values["weighted"]).sum())

    def away(key: str) -> str:
        known = np.abs(values[key] - values["truth"])
        return "-" if np.isnan(known).all() else f"{np.nanmean(known):.4f}"

    effective = "-" if refused == len(found) else f"{np.nanmean(values['effective']):.0f}"
    return (
        f"{name:50} {values['truth'].mean():7.4f} {effective:>9}             {away('calm'):>7}"
        f" {away('calibrated'):>7} {away('weighted'):>8} {refused:7d}"
    )


if __name__ == "__main__":
    main()
