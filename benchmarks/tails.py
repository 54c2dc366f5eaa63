"""What degrees of freedom that follow the tails do to 95 % intervals of a paired gain, where few rows are positive.

The product's interval, and the same one with the normal quantile, on losses that go up and down alike and on harm that
falls on few rows. The truth is the mean of six million rows.

    python -m benchmarks.tails
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable

import numpy as np
from scipy.special import ndtri, stdtrit

from baseline_pipeline.significance.clustered import clustered
from benchmarks.coverage import SPREAD, middle

Array = np.ndarray
Change = Callable[[np.random.Generator, Array, float], Array]
SIDE = 0.025
CHANGES: dict[str, Change] = {
    "noise, up and down alike": lambda rng, odds, _: odds + 0.4 * rng.normal(size=len(odds)),
    "log odds a fifth nearer to their middle": lambda _, odds, at: 0.8 * odds + 0.2 * at,
    "a tenth of the rows lose 3 log odds": lambda rng, odds, _: odds - 3 * (rng.random(len(odds)) < 0.1),
    "three tenths of the surest rows lose 3 log odds": lambda rng, odds, at: (
        odds - 3 * ((rng.random(len(odds)) < 0.3) & (odds > at + 2))
    ),
}


def harms(change: Change, rng: np.random.Generator, rows: int, rate: float) -> dict[str, Array]:
    """(n,) by metric, what each row of a calibrated model loses."""
    at = middle(rate, clustered=False)
    odds = at + rng.normal(0, SPREAD, rows)
    label = rng.random(rows) < 1 / (1 + np.exp(-odds))
    old, new = (1 / (1 + np.exp(-one)) for one in (odds, change(rng, odds, at)))
    called = [np.where(label, one, 1 - one) for one in (old, new)]
    return {"Brier score": (new - label) ** 2 - (old - label) ** 2, "log loss": np.log(called[0] / called[1])}


def held(change: Change, rows: int, rate: float, runs: int, seed: int) -> dict[str, Array]:
    """By metric, the shares of runs whose interval holds the truth: the product's, and the normal one."""
    many = [harms(change, np.random.default_rng([seed, 1, part]), 2_000_000, rate) for part in range(3)]
    true = {name: float(np.mean([one[name].mean() for one in many])) for name in many[0]}
    found: dict[str, Array] = defaultdict(lambda: np.zeros(2))
    for run in range(runs):
        for name, harm in harms(change, np.random.default_rng([seed, 2, run]), rows, rate).items():
            error = clustered(harm - harm.mean(), None)
            reach = np.array([-stdtrit(error.degrees, SIDE), -ndtri(SIDE)]) * error.error
            found[name] += np.abs(harm.mean() - true[name]) <= reach
    return {name: hits / runs for name, hits in found.items()}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.tails", description=__doc__)
    options.add_argument("--rows", type=int, default=5_000)
    options.add_argument("--rate", type=float, default=0.005)
    options.add_argument("--runs", type=int, default=2_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    print(f"{chosen.rows} rows, {chosen.rate:.1%} positive, {chosen.runs} runs, seed {chosen.seed}")
    for words, change in CHANGES.items():
        for name, (ours, normal) in held(change, chosen.rows, chosen.rate, chosen.runs, chosen.seed).items():
            print(f"{words:50} {name:12} {ours:6.1%} held, {normal:6.1%} with the normal quantile", flush=True)


if __name__ == "__main__":
    main()
