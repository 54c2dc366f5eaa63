"""What may happen to a model: damages of known size, and changes that damage nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from baseline_pipeline.timing import PairedTimes
from benchmarks.zoo.machine import in_one_process, in_processes_of_their_own, one_after_the_other
from benchmarks.zoo.population import Population, log_odds, probability

Array = np.ndarray[Any, Any]
HIT = 6
"""Level of the first slicing column that slice damage strikes: 5 % of the rows."""


@dataclass(frozen=True)
class Case:
    """One thing that may happen.

    Attributes:
        name: For tables.
        kind: What happens.
        size: How much of it: points of accuracy, a factor, or per cent of latency.
        pair: Which two models: `tweak` (3 % of decisions differ) or `library` (0.3 %).
        apart: Whether the models answer in processes of their own, sixteen times anew.
    """

    name: str
    kind: str
    size: float = 0.0
    pair: str = "tweak"
    apart: bool = False

    @property
    def null(self) -> bool:
        """Whether nothing is damaged."""
        return self.kind in NULLS


NULLS = ("nothing", "churn", "days", "label noise", "season", "rare")

CASES = (
    *(Case(f"-{size:g} pt overall, tweak", "overall", size) for size in (0.25, 0.5, 1, 2)),
    *(Case(f"-{size:g} pt overall, library", "overall", size, "library") for size in (0.1, 0.25, 0.5)),
    *(Case(f"-{size} pt in a 5 % slice", "slice", size) for size in (3, 5, 10)),
    *(Case(f"scores {size:g} times as extreme", "calibration", size) for size in (1.1, 1.25, 1.5)),
    *(Case(f"+{size} % latency", "latency", size) for size in (1, 2, 3, 5)),
)
"""The seventeen that the mean power is taken over."""

NULL_CASES = (
    Case("nothing, tweak", "nothing"),
    Case("nothing, library", "nothing", pair="library"),
    Case("balanced churn of 3 %", "churn", 3),
    Case("rows in days", "days"),
    Case("label noise of 10 %", "label noise", 10),
    Case("another season's rows", "season"),
    Case("5 % positives", "rare", 5),
    Case("nothing, processes of their own", "nothing", apart=True),
)

APART = tuple(Case(f"+{size} % latency, processes of their own", "latency", size, apart=True) for size in (1, 2))
"""Damages beyond the seventeen."""


@dataclass(frozen=True)
class Drawn:
    """One run of a case.

    Attributes:
        rows: (n,) positions in the population.
        label: (n,) labels.
        old: (n,) scores of the baseline.
        new: (n,) scores of the candidate.
        cluster: (n,) days, where rows move together.
        times: interleaved.
        in_turn: the same models' times when one runs after the other, which is what peers are given.
    """

    rows: Array
    label: Array
    old: Array
    new: Array
    cluster: Array | None
    times: PairedTimes
    in_turn: PairedTimes


def draw(case: Case, people: Population, rows: int, rng: np.random.Generator) -> Drawn:
    """One run: which of the pair is called old is drawn for every row (or day), so that nothing but damage differs."""
    chosen = _chosen(case, people, rows, rng)
    label = people.label[chosen]
    days = rng.integers(0, 60, rows) if case.kind == "days" else None
    swapped = rng.random(60)[days] < 0.5 if days is not None else rng.random(rows) < 0.5
    first, first_broken = people.old[chosen], people.old_broken[chosen]
    if case.pair == "tweak":
        second, second_broken = people.new[chosen], people.new_broken[chosen]
    else:
        jitter = people.jitter[chosen]
        second, second_broken = (probability(log_odds(one) + jitter) for one in (first, first_broken))
    old = np.where(swapped, second, first)
    new = np.where(swapped, first, second)
    if case.kind == "overall":
        struck = rng.random(rows) < case.size / 100 / people.accuracy_lost()
        new = np.where(struck, np.where(swapped, first_broken, second_broken), new)
    elif case.kind == "slice":
        struck = people.levels[chosen, 0] == HIT
        new = np.where(
            struck, probability(log_odds(new) + slice_noise(people, case.size) * rng.standard_normal(rows)), new
        )
    elif case.kind == "calibration":
        new = probability(log_odds(new) * case.size)
    elif case.kind == "churn":
        flipped = rng.permutation(rows)[: int(case.size / 100 * rows)]
        new = old.copy()
        new[flipped] = 1 - new[flipped]
        label = label.copy()
        label[flipped] = rng.integers(0, 2, len(flipped))
    elif case.kind == "label noise":
        label = np.where(rng.random(rows) < case.size / 100, 1 - label, label)
    slower = 1 + case.size / 100 if case.kind == "latency" else 1.0
    taken = in_processes_of_their_own if case.apart else in_one_process
    return Drawn(
        rows=chosen,
        label=label,
        old=old,
        new=new,
        cluster=days,
        times=taken(slower, rng, rows),
        in_turn=one_after_the_other(slower, rng, rows),
    )


def _chosen(case: Case, people: Population, rows: int, rng: np.random.Generator) -> Array:
    if case.kind == "season":  # rows that scored high come up twice as often
        weight = 1 + people.old
        return rng.choice(len(people.label), rows, p=weight / weight.sum())
    if case.kind == "rare":
        weight = np.where(people.label == 1, case.size / 100, 1 - case.size / 100)
        return rng.choice(len(people.label), rows, p=weight / weight.sum())
    return rng.integers(0, len(people.label), rows)


_NOISE: dict[tuple[int, float], float] = {}


def slice_noise(people: Population, points: float) -> float:
    """Noise in log odds that costs the struck slice so many points of accuracy, by bisection on the population."""
    key = (id(people), points)
    if key not in _NOISE:
        struck = people.levels[:, 0] == HIT
        odds, label = log_odds(people.new[struck]), people.label[struck]
        drawn = np.random.default_rng(0).standard_normal((20, len(odds)))
        whole = ((odds >= 0) == (label == 1)).mean()
        low, high = 0.0, 20.0
        for _ in range(30):
            middle = (low + high) / 2
            lost = 100 * (whole - ((odds + middle * drawn >= 0) == (label == 1)).mean())
            low, high = (middle, high) if lost < points else (low, middle)
        _NOISE[key] = (low + high) / 2
    return _NOISE[key]
