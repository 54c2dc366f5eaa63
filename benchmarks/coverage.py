"""How often the 95 % interval of a gain holds the true gain, by estimator, rows, rate and clusters.

Two scorings of the same rows differ in a known way; the true gain is that of two million rows. Exits 1 where a
coverage lies more than a point, and more than luck, below 95 %.
"""

from __future__ import annotations

import argparse
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pyarrow as pa
import threadpoolctl
from scipy.stats import binomtest

from baseline_pipeline.comparison import Cell, Side
from baseline_pipeline.contract import Contract
from baseline_pipeline.contrasting import contrast
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes

ESTIMATORS = ("error_rate", "brier", "log_loss", "roc_auc", "recall", "calibration_slope")
NOMINAL, POINT = 0.95, 0.01
DAYS = 100


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


def pair(
    rng: np.random.Generator, rows: int, rate: float, *, days: int | None
) -> tuple[Outcomes, Outcomes, np.ndarray | None]:
    """A calibrated scoring of rows with so many positives, a noisier one that errs a little more, and their days."""
    day = None if days is None else rng.integers(0, days, rows)
    shared = 0.0 if day is None or days is None else rng.normal(0, 0.5, days)[day]
    odds = np.log(rate / (1 - rate)) + rng.normal(0, 1.5, rows) + shared
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    old = 1 / (1 + np.exp(-odds))
    new = 1 / (1 + np.exp(-odds - 0.4 * rng.normal(size=rows)))
    return (*(Outcomes(label, (score >= rate).astype(int), score) for score in (old, new)), day)


def truth(rate: float, *, clustered: bool) -> dict[str, float]:
    """The gain of two million rows in as many days as it takes."""
    days = 100_000 if clustered else None
    old, new, _ = pair(np.random.default_rng([7, clustered]), 2_000_000, rate, days=days)
    return {name: METRICS[name].measure(new).value - METRICS[name].measure(old).value for name in ESTIMATORS}


def held(
    run: int, *, seed: int, rows: int, rate: float, clustered: bool, true: dict[str, float]
) -> dict[str, bool | None]:
    """By estimator, whether this run's interval holds the truth; `None` where it gave none."""
    threadpoolctl.threadpool_limits(1)
    rng = np.random.default_rng([seed, run, rows, int(rate * 1000), clustered])
    old, new, day = pair(rng, rows, rate, days=DAYS if clustered else None)
    ids = pa.array([f"{number:08d}" for number in range(rows)])
    nothing = pa.table({"nothing": pa.array(np.zeros(rows))})
    sides = [
        Scores(ids, one, None if day is None else day.astype(str), None, nothing, np.zeros(rows, dtype=np.uint64))
        for one in (old, new)
    ]
    side = Side(evaluation="e", scores_file=f"{run:012x}", version="1", snapshot="s")
    found = contrast(
        policy(),
        moved="model",
        question="?",
        baseline=side,
        candidate=side,
        baseline_scores=sides[0],
        candidate_scores=sides[1],
        definitions=({}, {}),
        training_windows=[],
        pairing="paired",
    )
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
                true = truth(rate, clustered=clustered)
                for rows in given.rows:
                    one = partial(held, seed=given.seed, rows=rows, rate=rate, clustered=clustered, true=true)
                    answers = list(pool.map(one, range(given.runs), chunksize=20))
                    words = [word for word, _ in (_rate(answers, name) for name in ESTIMATORS)]
                    short |= any(low for _, low in (_rate(answers, name) for name in ESTIMATORS))
                    begin = f"{rows:6} {rate:6.3f} {'yes' if clustered else 'no':>12}  "
                    print(begin + " ".join(f"{word:>17}" for word in words), flush=True)
    sys.exit(short)


if __name__ == "__main__":
    main()
