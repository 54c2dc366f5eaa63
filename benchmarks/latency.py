"""How often the whole gate sees a candidate that is 1 % slower, and how often it cries wolf where nothing changed.

Simulated clocks for the many: both models "answer" through the product's own interleaving, on a machine whose speed
drifts slowly, stalls now and then for a few answers in a row, and is jittery with heavy tails; then the gate judges
times, scores and ten slices at once. Real workers for a few: two processes, one of which waits busily for 1 % of what
its answer took. Batches that are done are kept in `build/latency`; with another seed everything is drawn anew. Exits 1
where a bound is broken.

    python -m benchmarks.latency --slower 1000 --nothing 2000 --real 8 --seed 11
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import threadpoolctl

from baseline_pipeline.adapters.environments.built import here
from baseline_pipeline.adapters.environments.cores import on_the_same_cores
from baseline_pipeline.adapters.environments.job_files import write_rows
from baseline_pipeline.adapters.environments.knobs import Knobs
from baseline_pipeline.adapters.environments.serving import serving
from baseline_pipeline.significance.clopper_pearson import clopper_pearson, clopper_pearson_upper
from baseline_pipeline.timing import SITTINGS, Answer, PairedTimes, in_sittings
from benchmarks.zoo.cases import Case, draw
from benchmarks.zoo.gates import ours, policy
from benchmarks.zoo.machine import in_one_process
from benchmarks.zoo.population import Population, population

REQUESTS = 5000
BATCH = 50
WORLD = 7
BUILD = Path("build/latency")
ZOO = Path("build/zoo")
SLICED = 1
"""Slicing columns, of ten levels each; more cost time here and change nothing in the share of latency."""
POWER, NULL = 0.65, 0.015


def judged(people: Population, times: PairedTimes, rows: int, run: int, rng: np.random.Generator) -> dict[str, bool]:
    """What the gate says of times beside scores that are no worse: whether anything alarms, and latency does."""
    drawn = draw(Case("nothing", "nothing"), people, rows, rng)
    contract = policy()
    contract = contract.model_copy(update={"slices": contract.slices[:SLICED]})
    found = ours(contract, people, replace(drawn, times=times), seed=run)
    alarms = [cell.metric for cell in found.cells if cell.role != "report_only" and cell.tier is not None]
    return {"any": bool(alarms), "latency": "latency_mean" in alarms}


def batch(slower: float, seed: int, number: int, requests: int) -> dict[str, object]:
    """Some runs: how many alarmed at all, and how many for latency."""
    threadpoolctl.threadpool_limits(1)
    people = population(WORLD, ZOO)
    said = []
    for run in range(number * BATCH, (number + 1) * BATCH):
        rng = np.random.default_rng([seed, int(1e6 * slower), run])
        said.append(judged(people, in_one_process(slower, rng, requests), REQUESTS, run, rng))
    counts = {name: sum(one[name] for one in said) for name in ("any", "latency")}
    return {"slower": slower, "number": number, "requests": requests, "runs": BATCH, **counts}


MODELS = """\
import time
import numpy as np

RIGHT = np.random.default_rng(1).normal(size=(160, 160))

def plain(rows):
    held = rows["x"].to_numpy()[:1, None] * RIGHT
    for _ in range(4):
        held = np.tanh(held @ RIGHT / 160)
    return np.repeat(held.mean(), len(rows))

def slower(rows):
    started = time.perf_counter()
    found = plain(rows)
    until = started + 1.01 * (time.perf_counter() - started)
    while time.perf_counter() < until:
        pass
    return found
"""


def real(seed: int, number: int, requests: int, name: str) -> PairedTimes:
    """Times of two workers, the plain model and `name`, started anew for every sitting; taken once, then read."""
    kept_at = BUILD / f"{name}-{seed}-{requests}-{number}.npy"
    if kept_at.exists():
        return PairedTimes(*np.load(kept_at, allow_pickle=False), sittings=SITTINGS)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "waiting_models.py").write_text(MODELS, encoding="utf-8")
        values = np.random.default_rng([seed, number]).normal(size=requests)
        write_rows(pa.Table.from_pandas(pd.DataFrame({"x": values})), place / "rows")
        told = {"rows": str(place / "rows"), "columns": ["x"], "wants": "scores", "project": folder}
        jobs = [
            {**told, "artifact": {"loader": "function", "function": f"waiting_models:{one}"}} for one in ("plain", name)
        ]
        knobs, built = Knobs(), here()

        @contextmanager
        def opened(_number: int) -> Iterator[tuple[Answer, Answer]]:
            with (
                serving(built, jobs[0], knobs, place) as one,
                serving(built, jobs[1], knobs, place) as two,
                on_the_same_cores(one.pid, two.pid),
            ):
                yield (lambda start: one.seconds(start, 1), lambda start: two.seconds(start, 1))

        times = in_sittings(opened, range(requests), seconds=1e9)
    np.save(kept_at, np.stack([times.baseline, times.candidate]))
    return times


def told(seed: int, number: int, requests: int, name: str) -> dict[str, object]:
    """What the gate says of a run with workers, and what the run was like."""
    times = real(seed, number, requests, name)
    ratios = np.log(times.candidate / times.baseline)
    low, middle, high = np.quantile(ratios, (0.16, 0.5, 0.84))
    rng = np.random.default_rng([seed, 77, number])
    return {
        "model": name,
        "number": number,
        **judged(population(WORLD, ZOO), times, REQUESTS, number, rng),
        "median_ms": round(1000 * float(np.median(times.baseline)), 3),
        "median_ratio": round(float(np.exp(middle)), 4),
        "spread_of_log_ratio": round(float(high - low) / 2, 4),
        "beyond_4_spreads": round(float((abs(ratios - middle) > 2 * (high - low)).mean()), 4),
    }


def rate(count: int, runs: int) -> dict[str, float | int]:
    """A share with its two-sided 95 % bounds (Clopper and Pearson 1934)."""
    low, high = clopper_pearson(count, runs)
    return {
        "runs": runs,
        "count": count,
        "rate": round(count / runs, 4),
        "lower_95": round(low, 4),
        "upper_95": round(high, 4),
        "one_sided_upper_95": round(clopper_pearson_upper(count, runs), 4),
    }


def kept(path: Path) -> list[dict[str, object]]:
    """Batches that are done; a line that a kill cut off is not."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def many(given: argparse.Namespace, path: Path) -> dict[str, object]:
    """Batches that are not done yet, and the rates over all."""
    population(WORLD, ZOO)
    wanted = [(1.0, number) for number in range(-(-given.nothing // BATCH))]
    wanted += [(1.01, number) for number in range(-(-given.slower // BATCH))]
    done = {(one["slower"], one["number"]): one for one in kept(path)}
    left = [one for one in wanted if one not in done]
    with ProcessPoolExecutor(given.workers) as pool, path.open("a", encoding="utf-8") as file:
        for future in as_completed(
            [pool.submit(batch, slower, given.seed, number, given.requests) for slower, number in left]
        ):
            one = future.result()
            file.write(json.dumps(one) + "\n")
            file.flush()
            done[one["slower"], one["number"]] = one
            print(f"  {len(done)} of {len(wanted)} batches", file=sys.stderr, flush=True)
    found = {}
    for slower, name in ((1.01, "plus_1_percent"), (1.0, "nothing")):
        mine = [done[one] for one in wanted if one[0] == slower]
        runs = sum(one["runs"] for one in mine)
        if runs:
            found[name] = {kind: rate(sum(one[kind] for one in mine), runs) for kind in ("any", "latency")}
    return found


def few(given: argparse.Namespace) -> dict[str, object]:
    """The same with real workers."""
    runs: dict[str, list[dict[str, object]]] = {"slower": [], "plain": []}
    for number in range(given.real):
        for name, mine in runs.items():
            mine.append(told(given.seed, number, given.requests, name))
            print(f"  workers: {mine[-1]}", file=sys.stderr, flush=True)
    return {
        name: {"runs": len(mine), "seen": sum(bool(one["latency"]) for one in mine), "each": mine}
        for name, mine in (("plus_1_percent", runs["slower"]), ("nothing", runs["plain"]))
    }


def main() -> None:
    """Do what is not done yet, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slower", type=int, default=1000, help="simulated runs with a candidate 1 %% slower")
    parser.add_argument("--nothing", type=int, default=2000, help="simulated runs with nothing changed")
    parser.add_argument("--real", type=int, default=8, help="runs of each with real workers")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes for the simulated ones")
    parser.add_argument("--out", type=Path, default=BUILD / "results.json")
    given = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    found = {
        "seed": given.seed,
        "requests": given.requests,
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "simulated": many(given, BUILD / f"simulated-{given.seed}-{given.requests}.jsonl"),
        "workers": few(given),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    simulated_ones = found["simulated"]
    slow, still = simulated_ones.get("plus_1_percent"), simulated_ones.get("nothing")
    weak = slow is not None and slow["latency"]["rate"] < POWER
    loud = still is not None and still["any"]["one_sided_upper_95"] > NULL
    sys.exit(weak or loud)


if __name__ == "__main__":
    main()
