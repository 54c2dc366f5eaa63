"""Which hyper-parameters a retrained model favours: variants held against the entry's own and the present model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import stdtrit

from baseline_pipeline.figures import bracketed, fixed, places
from baseline_pipeline.metrics.outcomes import Metric, Outcomes
from baseline_pipeline.records import Record
from baseline_pipeline.significance.clustered import clustered, supported

Array = np.ndarray[Any, Any]
ERROR_RATE = 0.05
"""Chance that any variant is advised although none is better, shared by all of them."""
Argument = bool | int | float | str


class Gain(Record):
    """How much better one model is than another on the same rows; positive is better."""

    gain: float
    interval: tuple[float, float]


class Variant(Record):
    """One set of arguments, trained and judged."""

    arguments: dict[str, Argument]
    failure: str
    """Why it could not be trained or scored; empty where it could."""
    value: float | None
    over_default: Gain | None
    """Against the model trained on the same rows with the entry's own arguments."""
    over_champion: Gain | None
    """Against the present model; `None` where that cannot be scored."""

    @property
    def better(self) -> bool:
        """Whether it is shown to be better than all that it was held against."""
        held = [one for one in (self.over_default, self.over_champion) if one is not None]
        return bool(held) and all(one.interval[0] > 0 for one in held)

    @property
    def name(self) -> str:
        """Its arguments."""
        return ", ".join(f"{name} {value}" for name, value in self.arguments.items())


class Variants(Record):
    """All variants of a contract, trained on the same rows and judged on the same others."""

    metric: str
    where: str
    """The environment's name."""
    trained: int
    judged: int
    default: float | None
    champion: float | None
    variants: tuple[Variant, ...]

    @property
    def best(self) -> Variant | None:
        """The one that is best of those that are shown to be better."""
        found = [one for one in self.variants if one.better and one.over_default is not None]
        return max(found, key=lambda one: one.over_default.gain if one.over_default else 0.0, default=None)

    def advice(self) -> str:
        """What follows from them."""
        best = self.best
        if best is None or best.over_default is None:
            return f"no variant is shown to be better by {self.metric} than what is there"
        text = f"adjust: {best.name} is better by {_figures(best.over_default)} {self.metric} than the entry's own"
        if best.over_champion is not None:
            text += f", and by {_figures(best.over_champion)} than the present model"
        return f"{text} ({len(self.variants)} variants tried); hand it in as a candidate"

    def lines(self) -> list[str]:
        """A table for a terminal."""
        shown = [one for one in (self.default, self.champion) if one is not None]
        decimals = places(max([abs(one) for one in shown], default=0.0) or None, 4)
        known = [("as the entry has it", self.default), ("the present model", self.champion)]
        lines = [
            f"Variants trained with {self.where} on {self.trained} rows, judged on {self.judged} more ({self.metric})",
            *(f"    {name}: {'not scored' if value is None else fixed(value, decimals)}" for name, value in known),
        ]
        for one in self.variants:
            if one.value is None or one.over_default is None:
                lines.append(f"    {one.name}: {one.failure}")
                continue
            text = f"  {'*' if one.better else ' '} {one.name}: {fixed(one.value, decimals)}"
            text += f"  gain {_figures(one.over_default)}"
            if one.over_champion is not None:
                text += f", over the present model {_figures(one.over_champion)}"
            lines.append(text)
        return lines


def _figures(one: Gain) -> str:
    decimals = places(abs(one.gain) or None, 2)
    return f"{fixed(one.gain, decimals, signed=True)} {bracketed(one.interval, decimals, signed=True)}"


def held_against(
    metric: Metric,
    where: str,
    trained: int,
    default: Outcomes,
    champion: Outcomes | None,
    variants: Sequence[tuple[Mapping[str, Argument], Outcomes | str]],
    cluster: Array | None = None,
) -> Variants:
    """Every variant against the entry's own arguments and the present model, row by row.

    Intervals share one error rate among the variants (Bonferroni). A variant has to beat both of the others, which asks
    for no further correction (intersection-union test: Berger 1982).

    Args:
        metric: What is measured.
        where: The environment's name.
        trained: Rows they learned from.
        default: What the entry's own arguments say of the n judged rows.
        champion: What the present model says of them.
        variants: Arguments, and what they say of them, or why nothing.
        cluster: (n,) numbers of clusters; `None` where rows are independent.

    Raises:
        NotMeasurable: when the metric has no value on those rows.
    """
    level = 1 - ERROR_RATE / max(len(variants), 1)
    found = []
    for arguments, said in variants:
        if isinstance(said, str):
            one = Variant(arguments=dict(arguments), failure=said, value=None, over_default=None, over_champion=None)
        else:
            one = Variant(
                arguments=dict(arguments),
                failure="",
                value=metric.measure(said).value,
                over_default=paired_gain(metric, default, said, cluster, level),
                over_champion=None if champion is None else paired_gain(metric, champion, said, cluster, level),
            )
        found.append(one)
    return Variants(
        metric=metric.name,
        where=where,
        trained=trained,
        judged=len(default),
        default=metric.measure(default).value,
        champion=None if champion is None else metric.measure(champion).value,
        variants=tuple(found),
    )


def paired_gain(metric: Metric, before: Outcomes, after: Outcomes, cluster: Array | None, confidence: float) -> Gain:
    """How much better the second model is on the same rows, with an interval.

    Args:
        metric: What is measured.
        before: One model's outcomes of n rows.
        after: Another's, of the same rows.
        cluster: (n,) numbers of clusters; `None` where rows are independent.
        confidence: Of the two-sided interval.

    Source: Hampel (1974) for influences.

    Example:
        >>> from baseline_pipeline.metrics import METRICS
        >>> label = np.array([0, 1] * 50)
        >>> worse = Outcomes(label, np.zeros(100, dtype=int), None)
        >>> paired_gain(METRICS["accuracy"], worse, Outcomes(label, label, None), None, 0.95).gain
        0.5
    """
    one, two = (metric.measure(replace(each, cluster=cluster)) for each in (before, after))
    sign = -1.0 if metric.better == "lower" else 1.0
    value, moved = sign * (two.value - one.value), sign * (two.influence - one.influence)
    if metric.target is not None:
        away = [1.0 if each.value >= metric.target else -1.0 for each in (one, two)]
        value = abs(one.value - metric.target) - abs(two.value - metric.target)
        moved = away[0] * one.influence - away[1] * two.influence
    support = None if one.support is None or two.support is None else min(one.support, two.support)
    error = supported(clustered(moved, cluster), support)
    width = float(stdtrit(error.degrees, 0.5 + confidence / 2)) * error.error if error.error else 0.0
    return Gain(gain=value, interval=(value - width, value + width))
