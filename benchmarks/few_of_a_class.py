"""How often a candidate of three classes passes whose harm is exactly the margin and lies on few rows of a rare class.

As `benchmarks.few_positives`, with two common classes beside the rare one. Bounds from the labels as they are, then the
product's (at most 5 % is asked); then by how much the margin must be wider for 80 % of equally good models to pass. The
truth is the mean of three million rows.

    python -m benchmarks.few_of_a_class [--rows 5000] [--odds -5.7] [--runs 300]
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import softmax

from baseline_pipeline.contract import Contract
from baseline_pipeline.metrics.outcomes import Outcomes
from benchmarks.pass_bounds import Array, Harm, print_passes

NAMES = ("one", "two", "rare")
CALLED = np.log([1.0, 1.0, 8.0])
"""The rare class is called at eight times its odds."""
HARMS: dict[str, Harm] = {
    "a tenth of the rows lose 3 log odds": lambda rng, odds: 3 * (rng.random(len(odds)) < 0.1),
    "three tenths of the surest rows do": lambda rng, odds: (
        3 * ((rng.random(len(odds)) < 0.3) & (odds > odds.mean() + 3))
    ),
    "a hundredth of the rows do": lambda rng, odds: 3 * (rng.random(len(odds)) < 0.01),
    "all rows lose half a log odd": lambda _, odds: np.full(len(odds), 0.5),
}
METRICS = ("f1", "recall", "roc_auc", "balanced_accuracy", "log_loss", "brier")


def policy() -> Contract:
    parameters = {"f1": {"average": "macro"}, "recall": {"average": "rare"}}
    rules = [
        {"metric": name, "parameters": parameters.get(name, {}), "role": "primary", "margin": {"absolute": 1.0}}
        for name in METRICS
    ]
    return Contract.model_validate(
        {
            "name": "few-of-a-class",
            "task": "multiclass_classification",
            "data": {"source": {"csv": "-"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b"},
            "metrics": rules,
        }
    )


def scored(label: Array, odds: Array) -> Outcomes:
    called = (odds + CALLED).argmax(axis=1)
    return Outcomes(label, called, softmax(odds, axis=1), classes=len(NAMES), class_names=NAMES)


def pair(harm: Harm | None, rng: np.random.Generator, rows: int, at: float) -> tuple[Outcomes, Outcomes]:
    """A calibrated scoring and a harmed one, or two that are equally noisy."""
    odds = np.column_stack([rng.normal(0, 1.5, (rows, 2)), rng.normal(at, 1.8, rows)])
    label = (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)
    if harm is None:
        one, two = (scored(label, odds + 0.3 * rng.normal(size=odds.shape)) for _ in range(2))
        return one, two
    lost = np.column_stack([np.zeros((rows, 2)), harm(rng, odds[:, 2])])
    return scored(label, odds), scored(label, odds - lost)


def main() -> None:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.few_of_a_class",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--rows", type=int, default=5_000)
    options.add_argument(
        "--odds", type=float, default=-5.7, help="mean log odds of the rare class: 0.85 %% of the rows"
    )
    options.add_argument("--runs", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()

    def drawn(harm: Harm | None, rng: np.random.Generator, rows: int) -> tuple[Outcomes, Outcomes, None]:
        return *pair(harm, rng, rows, given.odds), None

    print_passes(policy(), HARMS, drawn, 1_000_000, given)


if __name__ == "__main__":
    main()
