"""How often a candidate passes whose harm is exactly the margin, where positives are few and the harm lies on few rows.

By metric: the pass rate of bounds from the labels as they are, and of the product's, which are no lower than labels
that are drawn anew allow (at most 5 % is asked). Then what that costs where two models are equally good: by how much
the margin must be wider for 80 % to pass. The truth is the mean of six million rows. Runs in which fewer than ten
decisions changed give metrics of decisions no verdict and are left out of theirs.

    python -m benchmarks.few_positives [--rows 5000] [--rate 0.005] [--runs 400]
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from baseline_pipeline.contract import Contract
from baseline_pipeline.metrics.outcomes import Outcomes
from benchmarks.coverage import SHARED, SPREAD, middle
from benchmarks.pass_bounds import Array, Harm, print_passes
from benchmarks.two_scorings import decided

DAYS = 100
CALLED = 8.0
"""Scores this many times the rate of positives are called positive, up to a half."""
HARMS: dict[str, Harm] = {
    "a tenth of the rows lose 3 log odds": lambda rng, odds, _: odds - 3 * (rng.random(len(odds)) < 0.1),
    "three tenths of the surest rows do": lambda rng, odds, at: (
        odds - 3 * ((rng.random(len(odds)) < 0.3) & (odds > at + 2))
    ),
    "a hundredth of the rows do": lambda rng, odds, _: odds - 3 * (rng.random(len(odds)) < 0.01),
    "all rows lose half a log odd": lambda _, odds, __: odds - 0.5,
}
METRICS = ("brier", "log_loss", "roc_auc", "average_precision", "f1", "balanced_accuracy", "expected_cost")


def policy() -> Contract:
    costs = {"expected_cost": {"false_positive": 1.0, "false_negative": 50.0}}
    rules = [
        {"metric": name, "parameters": costs.get(name, {}), "role": "primary", "margin": {"absolute": 1.0}}
        for name in METRICS
    ]
    return Contract.model_validate(
        {
            "name": "few-positives",
            "task": "binary_classification",
            "data": {"source": {"csv": "-"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", "positive_class": 1},
            "metrics": rules,
        }
    )


def pair(
    harm: Harm | None, rng: np.random.Generator, rows: int, rate: float, *, clustered: bool, weighted: bool
) -> tuple[Outcomes, Outcomes, Array | None]:
    """A calibrated scoring and a harmed one, or two that are equally noisy; and the rows' days."""
    at = middle(rate, clustered=clustered)
    day = rng.integers(0, max(DAYS, rows // 50), rows) if clustered else None
    shared = 0.0 if day is None else rng.normal(0, SHARED, int(day.max()) + 1)[day]
    odds = at + rng.normal(0, SPREAD, rows) + shared
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    noisy = [odds + 0.3 * rng.normal(size=rows) for _ in range(2)]
    old, new = noisy if harm is None else (odds, harm(rng, odds, at))
    weight = rng.lognormal(0, 1, rows) if weighted else None
    sides = (decided(label, 1 / (1 + np.exp(-one)), min(CALLED * rate, 0.5)) for one in (old, new))
    one, two = (replace(side, weight=weight) for side in sides)
    return one, two, day


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.few_positives",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--rows", type=int, default=5_000)
    options.add_argument("--rate", type=float, default=0.005)
    options.add_argument("--runs", type=int, default=400)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--clustered", action="store_true", help="rows share days")
    options.add_argument("--weighted", action="store_true", help="rows have lognormal weights")
    given = options.parse_args()
    how = {"clustered": given.clustered, "weighted": given.weighted}
    words = ", ".join(word for word, there in how.items() if there) or "plain"
    print(f"{given.rows} rows ({words}), {given.rate:.1%} positive, {given.runs} runs, seed {given.seed}")

    def drawn(harm: Harm | None, rng: np.random.Generator, rows: int) -> tuple[Outcomes, Outcomes, Array | None]:
        return pair(harm, rng, rows, given.rate, **how)

    print_passes(policy(), HARMS, drawn, 2_000_000, given)


if __name__ == "__main__":
    main()
