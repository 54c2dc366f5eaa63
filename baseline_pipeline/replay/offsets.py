"""Calibration between environments: the same frozen rows scored in two of them, and what may be corrected.

One environment's facts travel as a file. Two files are compared where the baseline's stored scores are: numbers
exactly, latency as a ratio with its interval.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.records import Record
from baseline_pipeline.replay.environment_facts import EnvironmentFacts, Latency, t_quantile
from baseline_pipeline.replay.numeric_difference import NumericDifference, numeric_difference

if TYPE_CHECKING:
    from collections.abc import Mapping

Array = np.ndarray[Any, Any]
Ending = Literal["identical", "corrected", "refused"]
WIDEST = 0.10
"""Half-width of the latency ratio's interval, as a share of the ratio, above which nothing is corrected by it."""


class MetricOffset(Record):
    """What has to be added to a value of the first environment to get that of the second, on the same rows."""

    metric: str
    against: float | None
    here: float | None
    offset: float | None
    interval: tuple[float, float] | None
    """95 %, over other rows of the kind; exactly zero where no score differs."""


class LatencyOffset(Record):
    """By what a latency of the first environment has to be multiplied to get that of the second."""

    quantile: str
    ratio: float | None
    interval: tuple[float, float] | None
    """95 % Welch interval over repeats, on the logarithm."""
    ending: Ending
    why: str


class Offsets(Record):
    """Two environments against each other."""

    model: str
    against: str
    """Name of the environment that is corrected for..."""
    here: str
    """...and of the one that values are taken in."""
    ending: Ending
    """Of all that is computed from scores."""
    refused: tuple[str, ...]
    """Why comparisons across the two are refused as a whole."""
    difference: NumericDifference | None
    """Between the two environments' scores; `None` where they are of different things."""
    decisions_changed: int | None
    metrics: tuple[MetricOffset, ...]
    latency: tuple[LatencyOffset, ...]
    memory_ratio: float | None
    """Of the peaks; it has no interval, and nothing is corrected by it."""
    drifted: tuple[str, ...] | None = None
    """What moved since an earlier file of the same environment; `None` where none was given."""

    @property
    def exit_code(self) -> int:
        """3 where comparisons are refused as a whole."""
        return 3 if self.refused else 0


def ratio_of(against: Latency, here: Latency) -> tuple[float, tuple[float, float]]:
    """The ratio of two latencies with its 95 % interval.

    Source: Welch (1947), The generalization of Student's problem, Biometrika 34:28; on logarithms, so that the
    difference is a ratio.

    Example:
        >>> from baseline_pipeline.replay.environment_facts import latency_of
        >>> one = latency_of([np.array([1.0]), np.array([2.0]), np.array([4.0])])["p50"]
        >>> two = latency_of([np.array([3.0]), np.array([6.0]), np.array([12.0])])["p50"]
        >>> ratio, (low, high) = ratio_of(one, two)
        >>> round(ratio, 6), round(low * high, 6)
        (3.0, 9.0)
    """
    old, new = np.log(against.repeats), np.log(here.repeats)
    parts = [float(one.var(ddof=1)) / len(one) for one in (old, new)]
    gap, error = float(new.mean() - old.mean()), math.sqrt(sum(parts))
    shares = sum(part**2 / (len(one) - 1) for part, one in zip(parts, (old, new), strict=True))
    half = t_quantile(sum(parts) ** 2 / shares) * error if error else 0.0
    return math.exp(gap), (math.exp(gap - half), math.exp(gap + half))


def offsets(
    against: EnvironmentFacts,
    here: EnvironmentFacts,
    *,
    scores: tuple[Array, Array],
    decisions: tuple[Array, Array],
    metrics: Mapping[str, tuple[float, float] | None],
    earlier: EnvironmentFacts | None = None,
) -> Offsets:
    """What lies between two environments, and whether comparisons across them may be corrected by it.

    Refused as a whole where they scored different models or rows, or decide otherwise; refused for a latency whose
    ratio is known no better than to a tenth.

    Args:
        against: The environment that is corrected for.
        here: The environment that values are taken in.
        scores: (n,) or (n, k) scores of both; where they scored different things they are not looked at.
        decisions: (n,) decisions of both; of a regression none decide, and both are the same.
        metrics: 95 % intervals of every metric's offset, over other rows of the kind; `None` where there is none.
        earlier: An earlier file of the same environment as `here`.

    Raises:
        ValueError: when the earlier file is of another environment or model.
    """
    refused = list(_different(against, here))
    if refused:
        return Offsets(
            model=here.model,
            against=against.name,
            here=here.name,
            ending="refused",
            refused=tuple(refused),
            difference=None,
            decisions_changed=None,
            metrics=(),
            latency=(),
            memory_ratio=None,
            drifted=_drifted(earlier, here),
        )
    difference = numeric_difference(*scores)
    changed = int((decisions[0] != decisions[1]).sum())
    if changed:
        refused.append(f"{changed} of {here.rows} decisions differ: these are two models")
    return Offsets(
        model=here.model,
        against=against.name,
        here=here.name,
        ending="refused" if changed else "identical" if difference.identical else "corrected",
        refused=tuple(refused),
        difference=difference,
        decisions_changed=changed,
        metrics=tuple(_metric(name, against, here, metrics, difference) for name in here.metrics),
        latency=tuple(_latency(name, against, here) for name in here.latency),
        memory_ratio=here.peak_memory_mb / against.peak_memory_mb if against.peak_memory_mb else None,
        drifted=_drifted(earlier, here),
    )


def _different(against: EnvironmentFacts, here: EnvironmentFacts) -> list[str]:
    return [
        f"{what} differ: {getattr(against, name)[:12]} in {against.name}, {getattr(here, name)[:12]} in {here.name}"
        for name, what in (
            ("model", "monitored models"),
            ("subject", "the models' digests"),
            ("snapshot", "the snapshots"),
            ("definition", "the meanings of a measurement"),
        )
        if getattr(against, name) != getattr(here, name)
    ]


def _metric(
    name: str,
    against: EnvironmentFacts,
    here: EnvironmentFacts,
    intervals: Mapping[str, tuple[float, float] | None],
    difference: NumericDifference,
) -> MetricOffset:
    old, new = against.metrics.get(name), here.metrics[name]
    offset = None if old is None or new is None else new - old
    interval = intervals.get(name)
    if difference.identical and offset is not None:
        offset, interval = 0.0, (0.0, 0.0)
    return MetricOffset(metric=name, against=old, here=new, offset=offset, interval=interval)


def _latency(name: str, against: EnvironmentFacts, here: EnvironmentFacts) -> LatencyOffset:
    old, new = against.latency.get(name), here.latency[name]
    if old is None or against.batch_rows != here.batch_rows:
        why = "timed on other batches"
        return LatencyOffset(quantile=name, ratio=None, interval=None, ending="refused", why=why)
    ratio, interval = ratio_of(old, new)
    width = interval[1] / ratio - 1
    fit = width <= WIDEST
    why = (
        f"known to ±{width:.1%}"
        if fit
        else f"known only to ±{width:.0%}, {WIDEST:.0%} is accepted: take more repeats on a quiet machine"
    )
    return LatencyOffset(
        quantile=name, ratio=ratio, interval=interval, ending="corrected" if fit else "refused", why=why
    )


def _drifted(earlier: EnvironmentFacts | None, now: EnvironmentFacts) -> tuple[str, ...] | None:
    """What moved within one environment: scores that are others, latencies whose intervals lie apart."""
    if earlier is None:
        return None
    if (earlier.name, earlier.model) != (now.name, now.model):
        message = f"the earlier file is of {earlier.name} and {earlier.model}, not of {now.name} and {now.model}"
        raise ValueError(message)
    words = [
        f"{what} moved since {earlier.taken_at[:10]}"
        for name, what in (("subject", "the model"), ("snapshot", "the rows"), ("scores_digest", "scores"))
        if getattr(earlier, name) != getattr(now, name)
    ]
    for name, new in now.latency.items():
        old = earlier.latency.get(name)
        if old is not None and earlier.batch_rows == now.batch_rows and (new.low > old.high or new.high < old.low):
            words.append(
                f"latency {name}: {old.mean:.3g} [{old.low:.3g}, {old.high:.3g}] -> {new.mean:.3g} "
                f"[{new.low:.3g}, {new.high:.3g}] ms per row"
            )
    return tuple(words)
