"""A gate of 480 cells on 20,000 rows: eight metrics on all rows and 59 slices, one comparison, one process.

Exits 1 where the median takes 5 s or more.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import time

import numpy as np
import pyarrow as pa

from baseline_pipeline.contract import Contract
from baseline_pipeline.evaluation import Scores
from benchmarks.two_scorings import contrasted, decided, scores_of

LIMIT = 5.0
METRICS = ("error_rate", "brier", "log_loss", "roc_auc", "recall", "precision", "f1", "balanced_accuracy")
LEVELS = {"region": 20, "segment": 19, "device": 20}


def policy() -> Contract:
    return Contract.model_validate(
        {
            "name": "gate",
            "task": "binary_classification",
            "data": {"source": {"csv": "-"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", "positive_class": 1},
            "slices": [{"by": [column], "min_rows": 200} for column in LEVELS],
            "metrics": [{"metric": metric, "margin": {"absolute": 0.01}} for metric in METRICS],
        }
    )


def pair(rows: int, rng: np.random.Generator) -> tuple[Scores, Scores]:
    """Two scorings of the same rows, every score a little different."""
    odds = rng.normal(-0.5, 1.5, rows)
    label = (rng.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    columns = pa.table({name: pa.array(rng.integers(0, count, rows)) for name, count in LEVELS.items()})

    def side(noise: float) -> Scores:
        score = 1 / (1 + np.exp(-odds - noise * rng.normal(size=rows)))
        return scores_of(decided(label, score), columns=columns)

    return side(0.0), side(0.1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=20_000)
    options.add_argument("--repeats", type=int, default=5)
    options.add_argument("--seed", type=int, default=2026)
    given = options.parse_args()
    contract, seconds, cells = policy(), [], 0
    for repeat in range(given.repeats + 1):
        before, after = pair(given.rows, np.random.default_rng([given.seed, repeat]))
        started = time.perf_counter()
        found = contrasted(contract, before, after)
        seconds.append(time.perf_counter() - started)
        cells = len(found.cells)
    median = statistics.median(seconds[1:])  # the first one imports
    print(f"python {platform.python_version()}, {platform.machine()}, seed {given.seed}")
    spread = f"{min(seconds[1:]):.2f} to {max(seconds[1:]):.2f}"
    print(
        f"{given.rows} rows, {cells} cells: median {median:.2f} s ({spread}); the first with imports {seconds[0]:.2f} s"
    )
    sys.exit(median >= LIMIT)


if __name__ == "__main__":
    main()
