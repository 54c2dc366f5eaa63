"""Fifty looks at growing data in which nothing changes: how often does any of them alarm?

Once with the rate planned over all looks (`error_rates.looks`), once with an open horizon, and once as if every
look were the only one. Exits 1 where a planned rate is significantly above its nominal 1 %.
"""

from __future__ import annotations

import argparse
import platform
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import threadpoolctl
from scipy.stats import binomtest

from baseline_pipeline.contract import Contract
from benchmarks.two_scorings import contrasted, decided, scores_of

NOMINAL = 0.01


def policy(looks: int | str) -> Contract:
    return Contract.model_validate(
        {
            "name": "looks",
            "task": "binary_classification",
            "data": {"source": {"csv": "-"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", "positive_class": 1},
            "metrics": [
                {"metric": "error_rate", "margin": {"absolute": 0.01}},
                {"metric": "brier", "margin": {"absolute": 0.005}},
            ],
            "error_rates": {"looks": looks},
        }
    )


def alarmed(run: int, *, seed: int, horizon: int, rows: int, planned: int | str) -> bool:
    """Whether any look at a run without damage raised an alarm."""
    threadpoolctl.threadpool_limits(1)
    rng = np.random.default_rng([seed, run])
    odds = rng.normal(-0.5, 1.5, rows)
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    noisy = odds + 0.2 * rng.normal(size=rows)
    swapped = rng.random(rows) < 0.5  # which of the two is called old
    pair = [1 / (1 + np.exp(-np.where(swapped, *two))) for two in ((odds, noisy), (noisy, odds))]
    contract = policy(planned)
    for look in range(1, horizon + 1):
        seen = rows * look // horizon
        before, after = (scores_of(decided(label[:seen], score[:seen])) for score in pair)
        found = contrasted(contract, before, after, name=f"{run:06x}{look:04x}", look=look)
        if any(cell.tier is not None for cell in found.cells):
            return True
    return False


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=1000)
    options.add_argument("--looks", type=int, default=50)
    options.add_argument("--rows", type=int, default=5000, help="rows at the last look")
    options.add_argument("--seed", type=int, default=2026)
    given = options.parse_args()
    print(f"python {platform.python_version()}, {platform.machine()}, seed {given.seed}, {given.rows} rows at the end")
    loud = False
    with ProcessPoolExecutor() as pool:
        for name, planned in (("planned", given.looks), ("open", "open"), ("every look alone", 1)):
            one = partial(alarmed, seed=given.seed, horizon=given.looks, rows=given.rows, planned=planned)
            alarms = sum(pool.map(one, range(given.runs), chunksize=10))
            print(f"{name:18} {alarms} of {given.runs} runs of {given.looks} looks alarm ({alarms / given.runs:.1%})")
            tested = binomtest(alarms, given.runs, NOMINAL, alternative="greater").pvalue
            loud |= planned != 1 and tested < 0.01
    sys.exit(loud)


if __name__ == "__main__":
    main()
