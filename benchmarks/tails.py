"""What degrees of freedom that follow the tails do to 95 % intervals of a paired gain, where few rows are positive.

Four intervals on losses that go up and down alike and on harm that falls on few rows: the product's; the same with its
degrees only on the side that the losses are skewed to, and the normal quantile on the other; the normal quantile on
both; and an oracle's, the least multiple of the error that leaves out the truth at neither end in more than 2.5 %. Ends
are bounds that verdicts are given by, and change places with the two models, so that both have one multiple. The truth
is the mean of six million rows. Shares of runs: the truth held, above the interval, below it.

    python -m benchmarks.tails
"""

from __future__ import annotations

import argparse
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


def reaches(change: Change, rows: int, rate: float, runs: int, seed: int) -> dict[str, Array]:
    """By metric, (runs, 3): how far the truth lies above the mean in its errors, degrees of freedom, skewness."""
    many = [harms(change, np.random.default_rng([seed, 1, part]), 2_000_000, rate) for part in range(3)]
    true = {name: float(np.mean([one[name].mean() for one in many])) for name in many[0]}
    found = {name: np.zeros((runs, 3)) for name in true}
    for run in range(runs):
        for name, harm in harms(change, np.random.default_rng([seed, 2, run]), rows, rate).items():
            influence = harm - harm.mean()
            error = clustered(influence, None)
            found[name][run] = (true[name] - harm.mean()) / error.error, error.degrees, (influence**3).sum()
    return found


def missed(found: Array) -> dict[str, tuple[float, float]]:
    """By interval, the shares of runs whose truth lies above it, and below it."""
    far, degrees, skewness = found.T
    cautious, usual = -stdtrit(degrees, SIDE), np.full(len(far), -ndtri(SIDE))
    oracle = np.full(len(far), max(np.quantile(far, 1 - SIDE), np.quantile(-far, 1 - SIDE)))
    ends = {
        "ours": (cautious, cautious),
        "one side": (np.where(skewness > 0, cautious, usual), np.where(skewness < 0, cautious, usual)),
        "normal": (usual, usual),
        f"oracle ({oracle[0]:.1f})": (oracle, oracle),
    }
    return {name: (float((far > up).mean()), float((-far > down).mean())) for name, (up, down) in ends.items()}


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m benchmarks.tails", description=__doc__)
    options.add_argument("--rows", type=int, default=5_000)
    options.add_argument("--rate", type=float, default=0.005)
    options.add_argument("--runs", type=int, default=2_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    print(f"{chosen.rows} rows, {chosen.rate:.1%} positive, {chosen.runs} runs, seed {chosen.seed}")
    for words, change in CHANGES.items():
        for name, found in reaches(change, chosen.rows, chosen.rate, chosen.runs, chosen.seed).items():
            shares = missed(found).items()
            told = [f"{way} {1 - up - down:.1%} ({up:.1%}, {down:.1%})" for way, (up, down) in shares]
            print(f"{words:48} {name:12} " + "  ".join(told), flush=True)


if __name__ == "__main__":
    main()
