"""How often a candidate passes whose harm is exactly the margin: at most 5 % by the contract's non-inferiority level.

Exits 1 where the rate lies above 5 % by more than luck.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import threadpoolctl
from scipy.stats import binomtest

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.contract import Contract
from benchmarks.zoo.__main__ import BUILD
from benchmarks.zoo.cases import Case, draw
from benchmarks.zoo.gates import ours, policy
from benchmarks.zoo.population import Population, population

NOMINAL = 0.05


def margins(people: Population, case: Case) -> dict[str, float]:
    """What the case costs in each primary, on the whole population."""
    struck = case.size / 100 / people.accuracy_lost()
    pairs = ((people.old, people.old_broken), (people.new, people.new_broken))
    brier = np.mean([((b - people.label) ** 2).mean() - ((a - people.label) ** 2).mean() for a, b in pairs])
    return {"error_rate": case.size / 100, "brier": float(struck * brier)}


def at_the_margin(people: Population, case: Case) -> Contract:
    """The zoo's contract, its margins set to what the case costs."""
    known = margins(people, case)
    contract = policy()
    rules = [
        rule.model_copy(update={"margin": rule.margin.model_copy(update={"absolute": known[rule.metric]})})
        if rule.metric in known and rule.margin is not None
        else rule
        for rule in contract.metrics
    ]
    return contract.model_copy(update={"metrics": rules, "slices": []})


def passed(run: int, *, world: int, seed: int, rows: int, case: Case) -> dict[str, bool]:
    """By primary, whether it was shown no worse than the margin."""
    threadpoolctl.threadpool_limits(1)
    people = population(world, BUILD)
    drawn = draw(case, people, rows, np.random.default_rng([seed, rows, 99, run]))
    found = ours(at_the_margin(people, case), people, drawn, seed=run)
    return {
        cell.metric: cell.verdict in {"unchanged", "improved"}
        for cell in found.cells
        if cell.slice == ALL_ROWS and cell.role == "primary"
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[5000, 20_000])
    options.add_argument("--runs", type=int, default=2000)
    options.add_argument("--seed", type=int, default=2026)
    options.add_argument("--world", type=int, default=7)
    given = options.parse_args()
    population(given.world, BUILD)
    loud = False
    with ProcessPoolExecutor() as pool:
        for case in (Case("tweak", "overall", 1.0), Case("library", "overall", 0.5, "library")):
            for rows in given.rows:
                one = partial(passed, world=given.world, seed=given.seed, rows=rows, case=case)
                answers = list(pool.map(one, range(given.runs), chunksize=50))
                for metric in answers[0]:
                    count = sum(answer[metric] for answer in answers)
                    loud |= binomtest(count, given.runs, NOMINAL, alternative="greater").pvalue < 0.01
                    print(
                        f"{rows:6} rows, {case.name}, harm = margin: {metric:10} passes {count / given.runs:.2%} "
                        f"of {given.runs} runs",
                        flush=True,
                    )
    sys.exit(loud)


if __name__ == "__main__":
    main()
