"""Runs the zoo: every gate on every case, counted; resumable, and the same for the same seed.

`python -m benchmarks.zoo` keeps every finished batch in `build/zoo`; run it again to go on. At the end it
writes a table of results as JSON, and exits 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import threadpoolctl

from benchmarks.zoo.cases import APART, CASES, NULL_CASES, Case, draw
from benchmarks.zoo.gates import ours, peers, policy
from benchmarks.zoo.population import population
from benchmarks.zoo.results import summary, table

BATCH = 25
BUILD = Path("build/zoo")
OURS = "Baseline Pipeline"


def batch(world: int, seed: int, rows: int, case: Case, number: int) -> dict[str, object]:
    """Some runs of one case: per gate the scores and alarms, and for ours what it said."""
    threadpoolctl.threadpool_limits(1)  # batches share the cores
    people = population(world, BUILD)
    contract = policy()
    found: dict[str, list[tuple[float, bool]]] = {}
    said: list[dict[str, object]] = []
    started = time.perf_counter()
    for run in range(number * BATCH, (number + 1) * BATCH):
        rng = np.random.default_rng([seed, rows, _number(case), run])
        drawn, fresh = draw(case, people, rows, rng), draw(case, people, rows, rng)
        before = time.perf_counter()
        result = ours(contract, people, drawn, seed=run)
        seconds = time.perf_counter() - before
        gating = [cell for cell in result.cells if cell.role != "report_only"]
        alarms = [cell for cell in gating if cell.tier is not None]
        found.setdefault(OURS, []).append((-min(cell.p_adjusted or 1.0 for cell in gating), bool(alarms)))
        said.append(
            {
                "tiers": sorted({str(cell.tier) for cell in alarms}),
                "cells": sorted({f"{cell.metric}[{cell.slice}]" for cell in alarms}),
                "seconds": round(seconds, 3),
            }
        )
        for name, reading in peers(people, drawn, fresh, rng).items():
            found.setdefault(name, []).append((reading.score, reading.alarm))
    return {
        "case": case.name,
        "rows": rows,
        "number": number,
        "found": found,
        "said": said,
        "seconds": round(time.perf_counter() - started, 2),
    }


def _number(case: Case) -> int:
    return [*CASES, *NULL_CASES, *APART].index(case)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, nargs="+", default=[5000, 20000], help="rows of a run")
    options.add_argument("--runs", type=int, default=400, help="runs of every damage")
    options.add_argument("--nulls", type=int, default=5000, help="runs of every kind of null")
    options.add_argument("--seed", type=int, default=2026, help="of the runs")
    options.add_argument("--world", type=int, default=7, help="seed of data and models")
    options.add_argument("--workers", type=int, default=os.cpu_count(), help="processes")
    options.add_argument("--only", nargs="+", default=[""], help="cases whose name holds one of these")
    options.add_argument("--so-far", action="store_true", help="count the runs that are done, and do none")
    options.add_argument("--out", type=Path, help="write the results here as JSON")
    options.add_argument("--power", type=float, nargs="*", default=[], help="exit 1 below this mean power, by rows")
    given = options.parse_args()
    population(given.world, BUILD)
    wanted = [
        (rows, case, number)
        for rows in given.rows
        for case in (*NULL_CASES, *CASES, *APART)
        if any(one in case.name for one in given.only)
        for number in range(-(-(given.nulls if case.null else given.runs) // BATCH))
    ]
    kept = BUILD / f"runs-{given.world}-{given.seed}.jsonl"
    done = _kept(kept)
    left = [one for one in wanted if (one[0], one[1].name, one[2]) not in done]
    if given.so_far:
        wanted, left = [one for one in wanted if one not in left], []
    print(f"{len(wanted)} batches of {BATCH} runs, {len(wanted) - len(left)} found in {kept}", file=sys.stderr)
    with ProcessPoolExecutor(given.workers) as pool, kept.open("a", encoding="utf-8") as file:
        waiting = [pool.submit(batch, given.world, given.seed, *one) for one in left]
        for count, future in enumerate(as_completed(waiting), start=1):
            result = future.result()
            file.write(json.dumps(result) + "\n")
            file.flush()
            if count % 20 == 0 or count == len(waiting):
                print(f"  {count} of {len(waiting)}", file=sys.stderr)
    results = summary(_kept(kept), wanted, seed=given.seed, world=given.world)
    print(table(results))
    if given.out:
        given.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    floors = dict(zip(given.rows, given.power, strict=False))
    broken = [one for one in results["rows"] if one["ours"]["mean_power"] < floors.get(one["rows"], 0.0)]
    sys.exit(1 if broken or any(one["ours"]["loud"] for one in results["rows"]) else 0)


def _kept(path: Path) -> dict[tuple[int, str, int], dict[str, object]]:
    found = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                one = json.loads(line)
            except json.JSONDecodeError:  # a line cut off by a kill: that batch is run again
                continue
            found[one["rows"], one["case"], one["number"]] = one
    return found


if __name__ == "__main__":
    main()
