"""How often harm of exactly the margin passes: what `few_positives` and `few_of_a_class` count alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from baseline_pipeline.contract import Contract
from baseline_pipeline.effects import part
from baseline_pipeline.estimating import effects
from baseline_pipeline.judging import upper_beside_margin
from baseline_pipeline.metrics.outcomes import Outcomes
from benchmarks.two_scorings import scores_of

Array = np.ndarray
Harm = Callable[..., Array]
Pair = Callable[[Harm | None, np.random.Generator, int], tuple[Outcomes, Outcomes, Array | None]]
"""Of a harm (none: two equally noisy models), dice and a number of rows: both scorings, and the rows' days."""
LEVEL = 0.05
NOTHING = 1e-9
"""Harm that is none: ranks do not move where all rows lose the same, and fewer calls of a rare class can be a gain."""


def bounds(contract: Contract, one: Outcomes, two: Outcomes, day: Array | None) -> dict[str, tuple[float, float]]:
    """By metric, the upper bound from the labels as they are, and the product's."""
    everything = np.arange(len(one))
    sides = [part(scores_of(side, cluster=day), everything, 1) for side in (one, two)]
    return {
        effect.rule.metric: (
            upper_beside_margin(replace(effect, drawn=None), LEVEL),
            upper_beside_margin(effect, LEVEL),
        )
        for effect in effects(contract, *sides, pairing="paired")
        if effect.uncertainty is not None and not effect.problem
    }


def true_harm(contract: Contract, pair: Pair, harm: Harm, seed: int, rows: int) -> dict[str, float]:
    """By metric, the mean harm of three times as many rows."""
    found: dict[str, list[float]] = {}
    for number in range(3):
        one, two, _ = pair(harm, np.random.default_rng([seed, 1, number]), rows)
        for rule in contract.metrics:
            sign = 1 if rule.measured.better == "lower" else -1
            apart = rule.measured.measure(two).value - rule.measured.measure(one).value
            found.setdefault(rule.metric, []).append(sign * apart)
    return {name: float(np.mean(harms)) for name, harms in found.items()}


def print_passes(contract: Contract, harms: Mapping[str, Harm], pair: Pair, many: int, given: Any) -> None:
    """A line for each harm and metric; then what the wider bound costs where two models are equally good.

    Args:
        contract: With the metrics to count, margins aside.
        harms: By their words.
        pair: What makes both scorings.
        many: Rows, of which three times as many are the truth.
        given: The options `rows`, `runs` and `seed`.
    """
    for words, harm in {**harms, "equally good": None}.items():
        found: dict[str, list[tuple[float, float]]] = {rule.metric: [] for rule in contract.metrics}
        for run in range(given.runs):
            drawn = pair(harm, np.random.default_rng([given.seed, 2, run]), given.rows)
            for name, both in bounds(contract, *drawn).items():
                found[name].append(both)
        true = true_harm(contract, pair, harm, given.seed, many) if harm else {}
        for name, both in found.items():
            if not both or (harm and true[name] < NOTHING):
                continue
            plain, ours = np.array(both).T
            told = (
                f"{(plain < true[name]).mean():6.1%} -> {(ours < true[name]).mean():6.1%}"
                if harm
                else f"margin {np.quantile(ours, 0.8) / np.quantile(plain, 0.8) - 1:+.1%}"
            )
            print(f"{words:36} {name:18} {told} of {len(both)}", flush=True)
