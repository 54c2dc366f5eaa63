"""How often the gate cries wolf where nothing changed: seeded nulls, counted.

Balanced churn: 3 % of the decisions flip, wrong to right as likely as right to wrong, so quality is
the same in truth. Printed for rows that are independent and for rows that move together by day. Then other rows
than the baseline's, of the same kind and scored by the same model: fewer, more, and with few positives.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import pyarrow as pa

from baseline_pipeline.contract import Contract
from baseline_pipeline.effects import Pairing
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from benchmarks.two_scorings import HALF, contrasted, decided, scores_of

NOMINAL, BOUND = 0.01, 0.015
Draw = Callable[[np.random.Generator], tuple[Scores, Scores]]


def policy() -> Contract:
    return Contract.model_validate(
        {
            "name": "nulls",
            "task": "binary_classification",
            "data": {
                "source": {"csv": "-"},
                "row_id": ["id"],
                "label": "y",
                "features": [{"name": "x"}],
                "cluster": "d",
            },
            "model": {"function": "a:b", "positive_class": 1},
            "slices": [{"by": ["group"], "min_rows": 50}],
            "metrics": [
                {"metric": "error_rate", "margin": {"absolute": 0.01}},
                {"metric": "brier", "margin": {"absolute": 0.005}},
            ],
            "error_rates": {"false_alarm": NOMINAL},
        }
    )


def null(rng: np.random.Generator, rows: int, days: int, *, clustered: bool) -> tuple[Scores, Scores]:
    """Two scorings of the same rows that differ without being better or worse."""
    day = rng.integers(0, days, rows)
    logit = rng.normal(-0.5, 1.2, rows) + (rng.normal(0, 0.5, days)[day] if clustered else 0)
    score = 1 / (1 + np.exp(-logit))
    called = (score >= HALF).astype(int)
    label = np.where(rng.random(rows) < 0.5, called, 1 - called)  # a fair coin
    churned = score.copy()
    flips = rng.permutation(rows)[: int(0.03 * rows)]
    churned[flips] = 1 - churned[flips]
    groups = pa.table({"group": pa.array(rng.choice(list("abcde"), rows))})
    cluster = day if clustered else None
    old, new = (scores_of(decided(label, one), cluster=cluster, columns=groups) for one in (score, churned))
    return old, new


def others(rng: np.random.Generator, sizes: tuple[int, int], log_odds: float) -> tuple[Scores, Scores]:
    """Two sets of other rows, scored by one honest model."""

    def drawn(rows: int, first: int) -> Scores:
        score = 1 / (1 + np.exp(-rng.normal(log_odds, 1.2, rows)))
        label = (rng.random(rows) < score).astype(int)
        groups = pa.table({"group": pa.array(rng.choice(list("abcde"), rows))})
        return scores_of(decided(label, score), columns=groups, first=first)

    return drawn(sizes[0], 0), drawn(sizes[1], sizes[0])


def kinds_of(rows: int, days: int) -> dict[str, tuple[Pairing, Draw]]:
    """How each kind of null is drawn."""
    return {
        "independent rows": ("paired", partial(null, rows=rows, days=days, clustered=False)),
        "rows in days": ("paired", partial(null, rows=rows, days=days, clustered=True)),
        "fewer other rows": ("unpaired", partial(others, sizes=(5 * rows, rows), log_odds=-0.5)),
        "more other rows": ("unpaired", partial(others, sizes=(rows, 5 * rows), log_odds=-0.5)),
        "other rows, 2 %": ("unpaired", partial(others, sizes=(5 * rows, rows), log_odds=-4.5)),
    }


def count(runs: int, pairing: Pairing, draw: Draw, rng: np.random.Generator) -> dict[str, float]:
    """Runs in which any cell was called degraded, and in which any alarm was raised."""
    contract, degraded, alarmed = policy(), 0, 0
    for number in range(runs):
        before, after = draw(rng)
        found = contrasted(
            contract, before, after, pairing=pairing, moved="model" if pairing == "paired" else "population"
        )
        degraded += any(cell.verdict == "degraded" for cell in found.cells)
        alarmed += any(cell.tier is not None for cell in found.cells)
        if (number + 1) % 1000 == 0:
            print(f"  {number + 1} of {runs}", file=sys.stderr)
    return {
        "runs": runs,
        "degraded": degraded,
        "degraded_upper_95": clopper_pearson_upper(degraded, runs),
        "alarmed": alarmed,
        "alarmed_upper_95": clopper_pearson_upper(alarmed, runs),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=5000, help="nulls of each kind")
    options.add_argument("--rows", type=int, default=2000)
    options.add_argument("--days", type=int, default=60, help="clusters")
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    started = time.monotonic()
    kinds = {
        name: count(given.runs, pairing, draw, np.random.default_rng([given.seed, place]))
        for place, (name, (pairing, draw)) in enumerate(kinds_of(given.rows, given.days).items())
    }
    if given.json:
        print(json.dumps({"seed": given.seed, "rows": given.rows, "nominal": NOMINAL, "kinds": kinds}, indent=2))
    else:
        seconds = time.monotonic() - started
        print(f"python {platform.python_version()}, {platform.machine()}, {seconds:.0f} s, seed {given.seed}")
        for name, one in kinds.items():
            print(
                f"{name:18} {one['runs']} nulls of {given.rows} rows: degraded {one['degraded']} "
                f"(upper 95 % bound {one['degraded_upper_95']:.2%}), any alarm {one['alarmed']} "
                f"(upper 95 % bound {one['alarmed_upper_95']:.2%}); nominal {NOMINAL:.0%}"
            )
    sys.exit(any(one["alarmed_upper_95"] > BOUND for one in kinds.values()))


if __name__ == "__main__":
    main()
