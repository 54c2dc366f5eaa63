"""How often the 95 % interval of a gain holds the true gain, by estimator, rows, rate and clusters.

Two scorings of the same rows differ in a known way; the true gain is that of two million rows. Exits 1 where a
coverage lies more than a point, and more than luck, below 95 %.

Where a handful of rows decides, coverage must lie above 95 %; "at least" says by how much, and follows from counting.
Let b of the deciding rows be worse off and c better off by the same amount, both Poisson with the same mean. A bound
that holds 97.5 % on its side, whatever the mean, and rises with b and falls with c, excludes the truth on outcomes
(b, c) beyond a staircase c >= t(b), whose probability must stay below 2.5 % for every mean. `least_coverage` tries all
staircases and takes the one that excludes most: with 2.5 rows to expect, what is left is 97.8 %. No interval that is
not drawn by lot, and whose ends are both bounds that verdicts are given by, covers less. Of losses the positives
decide, of recall those of them that are decided otherwise.
"""

from __future__ import annotations

import argparse
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache, partial

import numpy as np
import threadpoolctl
from scipy.optimize import brentq
from scipy.stats import binomtest, poisson

from baseline_pipeline.comparison import Cell
from baseline_pipeline.contract import Contract
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from benchmarks.two_scorings import contrasted, decided, scores_of

ESTIMATORS = ("error_rate", "brier", "log_loss", "roc_auc", "recall", "calibration_slope")
NOMINAL, POINT = 0.95, 0.01
DAYS = 100
SPREAD, SHARED = 1.5, 0.5
"""Standard deviations of log odds, between rows and between days."""


FEW = 10.0
"""Rows that decide, up to which the least coverage is enumerated; with ten it is 95.0 %."""


def least_coverage(rows: float) -> float:
    """The least that a 95 % interval covers whose ends both hold 97.5 %, where so many rows are expected to decide.

    Args:
        rows: Expected number of rows that are worse or better off, each as likely.

    Example:
        >>> [round(least_coverage(rows), 3) for rows in (0.25, 1.0, 2.5, 5.0, 10.0)]
        [1.0, 0.998, 0.978, 0.954, 0.95]
    """
    side = (1 - NOMINAL) / 2
    means = np.concatenate([np.linspace(0.05, 6, 240), np.linspace(6, 30, 50), [rows / 2]])[:, None]
    counts = np.arange(40)
    exactly, beyond = poisson.pmf(counts, means), poisson.sf(counts - 1, means)
    most = 0.0

    def climb(b: int, low: int, spent: np.ndarray) -> None:
        """Every staircase from b worse rows on, whose steps lie at `low` better ones or above."""
        nonlocal most
        most = max(most, float(spent[-1]))
        for step in range(low, len(counts)):
            after = spent + exactly[:, b] * beyond[:, step]
            if (after > side).any():
                continue
            if after[-1] + exactly[-1, b + 1 :].sum() * beyond[-1, step] <= most + 1e-6:
                return
            climb(b + 1, step, after)

    climb(0, 1, np.zeros(len(means)))
    return 1 - 2 * most


def policy() -> Contract:
    rules = [{"metric": name, "role": "guardrail", "margin": {"absolute": 0.01}} for name in ESTIMATORS]
    return Contract.model_validate(
        {
            "name": "coverage",
            "task": "binary_classification",
            "data": {"source": {"csv": "-"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", "positive_class": 1},
            "metrics": rules,
        }
    )


@lru_cache
def middle(rate: float, *, clustered: bool) -> float:
    """Mean of the rows' log odds, where so many of them are positive.

    Example:
        >>> middle(0.5, clustered=True), round(middle(0.005, clustered=False), 2)
        (0.0, -6.38)
    """
    points, weights = np.polynomial.hermite_e.hermegauss(61)
    odds = np.hypot(SPREAD, SHARED if clustered else 0.0) * points
    share = partial(_share, odds=odds, weights=weights / weights.sum())
    return 0.0 if rate == 0.5 else float(brentq(lambda at: share(at) - rate, -15, 15))


def _share(at: float, odds: np.ndarray, weights: np.ndarray) -> float:
    return float(weights @ (1 / (1 + np.exp(-at - odds))))


def pair(
    rng: np.random.Generator, rows: int, rate: float, *, days: int | None
) -> tuple[Outcomes, Outcomes, np.ndarray | None]:
    """A calibrated scoring of rows with so many positives, a noisier one that errs a little more, and their days."""
    day = None if days is None else rng.integers(0, days, rows)
    shared = 0.0 if day is None or days is None else rng.normal(0, SHARED, days)[day]
    odds = middle(rate, clustered=days is not None) + rng.normal(0, SPREAD, rows) + shared
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    old = 1 / (1 + np.exp(-odds))
    new = 1 / (1 + np.exp(-odds - 0.4 * rng.normal(size=rows)))
    return decided(label, old, rate), decided(label, new, rate), day


def truth(rate: float, *, clustered: bool) -> tuple[dict[str, float], dict[str, float]]:
    """By estimator: the gain of two million rows in as many days as it takes, and the share of rows that decide."""
    days = 100_000 if clustered else None
    old, new, _ = pair(np.random.default_rng([7, clustered]), 2_000_000, rate, days=days)
    positive = old.label == 1
    changed = positive & (old.prediction != new.prediction)
    gain = {name: METRICS[name].measure(new).value - METRICS[name].measure(old).value for name in ESTIMATORS}
    return gain, {"brier": positive.mean(), "log_loss": positive.mean(), "recall": changed.mean()}


def held(
    run: int, *, seed: int, rows: int, rate: float, clustered: bool, true: dict[str, float]
) -> dict[str, bool | None]:
    """By estimator, whether this run's interval holds the truth; `None` where it gave none."""
    threadpoolctl.threadpool_limits(1)
    rng = np.random.default_rng([seed, run, rows, int(rate * 1000), clustered])
    old, new, day = pair(rng, rows, rate, days=DAYS if clustered else None)
    before, after = (scores_of(one, cluster=day) for one in (old, new))
    found = contrasted(policy(), before, after, name=f"{run:012x}")
    return dict.fromkeys(ESTIMATORS) | {cell.metric: holds(cell, true[cell.metric]) for cell in found.cells}


def holds(cell: Cell, true: float) -> bool | None:
    """Whether a cell's interval holds the true change of the metric."""
    if cell.interval is None or cell.gain is None or cell.baseline is None or cell.candidate is None:
        return None
    sign = 1.0 if cell.gain * (cell.candidate - cell.baseline) >= 0 else -1.0  # a gain may be a fall
    low, high = sorted(sign * end for end in cell.interval)
    return bool(low <= true <= high)


def _rate(answers: list[dict[str, bool | None]], name: str) -> tuple[str, bool]:
    """The coverage in words, and whether it lies too low for luck."""
    there = [answer[name] for answer in answers if answer[name] is not None]
    if not there:
        return "-", False
    inside = sum(map(bool, there))
    low = binomtest(inside, len(there), NOMINAL - POINT, alternative="less").pvalue < 0.01
    return f"{inside / len(there):8.1%} of {len(there):5}", low


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=1000)
    options.add_argument("--rows", type=int, nargs="+", default=[500, 5000, 20_000])
    options.add_argument("--rates", type=float, nargs="+", default=[0.005, 0.05, 0.5], help="shares of positives")
    options.add_argument("--seed", type=int, default=2026)
    given = options.parse_args()
    print(f"python {platform.python_version()}, {platform.machine()}, seed {given.seed}, {given.runs} runs each")
    print(f"{'rows':>6} {'rate':>6} {'rows in days':>12}  " + " ".join(f"{name:>17}" for name in ESTIMATORS))
    short = False
    with ProcessPoolExecutor() as pool:
        for clustered in (False, True):
            for rate in given.rates:
                true, deciding = truth(rate, clustered=clustered)
                for rows in given.rows:
                    one = partial(held, seed=given.seed, rows=rows, rate=rate, clustered=clustered, true=true)
                    answers = list(pool.map(one, range(given.runs), chunksize=20))
                    words = [word for word, _ in (_rate(answers, name) for name in ESTIMATORS)]
                    short |= any(low for _, low in (_rate(answers, name) for name in ESTIMATORS))
                    begin = f"{rows:6} {rate:6.3f} {'yes' if clustered else 'no':>12}  "
                    print(begin + " ".join(f"{word:>17}" for word in words), flush=True)
                    few = {name: share * rows for name, share in deciding.items() if share * rows < FEW}
                    if few:
                        least = [
                            f"{least_coverage(few[name]):8.1%}         " if name in few else "" for name in ESTIMATORS
                        ]
                        print(f"{'at least':>26}  " + " ".join(f"{word:>17}" for word in least), flush=True)
    sys.exit(short)


if __name__ == "__main__":
    main()
