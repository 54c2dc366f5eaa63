"""What paired times and peaks of memory say of a metric: values, harm, and how sure it is."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.figures import counted
from baseline_pipeline.significance.clustered import clustered
from baseline_pipeline.significance.settled import LEVEL, LOOKS, settled
from baseline_pipeline.timing import ANSWERS

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import Margin
    from baseline_pipeline.effects import Effect
    from baseline_pipeline.metrics.outcomes import Metric, OverTimes
    from baseline_pipeline.timing import PairedTimes

Array = np.ndarray[Any, Any]

MIN_BLOCKS = 10


def timed(contract: Contract, effect: Effect, over: OverTimes, times: PairedTimes | None) -> Effect:
    """Fill in what paired times say; blocks of neighbouring pairs, or sittings, are the independent units.

    Args:
        contract: Says how many requests were asked for.
        effect: Of a metric over times, on all rows.
        over: How the metric is read from times.
        times: Of both models on the same requests, where they were taken.
    """
    memory = over.of == "memory"
    times = times.peaks if memory and times is not None else times
    effect.rows = 0 if times is None else len(times) // (1 if memory else ANSWERS)
    if times is None:
        effect.problem = "no times: both models must run in this process to be timed against each other"
        if memory:
            effect.problem = "no peaks of memory: both models must run to their end in processes of their own"
        return effect
    baseline, candidate = times.blocks(over.pairs)
    sign = 1.0 if effect.metric.better == "lower" else -1.0
    ratios = over.log_ratio(baseline, candidate)
    early = settled_early(effect.metric, effect.margin, times)
    effect.least = least(over, times.sittings)
    effect.ended = "" if memory or early else _ended(contract, times)
    if (len(baseline) < MIN_BLOCKS or effect.rows < effect.least) and not early:
        effect.problem = "; ".join(part for part in (_shortage(effect, times), effect.ended) if part)
        return effect
    mean = float(ratios.mean())
    effect.baseline = over.value(times.baseline)
    effect.candidate = effect.baseline * float(np.exp(mean))
    effect.harm = sign * (effect.candidate - effect.baseline)
    influence = sign * effect.candidate * (ratios - mean)
    effect.uncertainty = clustered(influence, None).symmetric()
    effect.changed = effect.rows
    if early:
        seen = f"{len(times)} runs of each model" if memory else f"{times.sittings} sittings"
        effect.proven = f"{seen} settle it: below half the margin, at {1 - LEVEL:.1%}"
        return effect
    effect.total = effect.harm + influence
    effect.size = np.ones(len(ratios))
    effect.apart = True
    if times.sittings > 1:
        effect.fixed = _of_processes(ratios, over, times) * effect.candidate
    return effect


def least(over: OverTimes, sittings: int = 1) -> int:
    """Requests, or runs, without which a metric over times is not judged.

    Ten blocks; of sittings each a quarter of a block, so that an answer of each lies beyond the percentile: the largest
    of fewer is none.

    Args:
        over: How the metric is read from times.
        sittings: Pairs of processes that answered.

    Example:
        >>> from baseline_pipeline.metrics import METRICS
        >>> names = ("latency_mean", "latency_p95", "latency_p99", "peak_memory")
        >>> [[least(METRICS[name].over_times, sittings) for name in names] for sittings in (1, 16)]
        [[50, 500, 2000, 10], [24, 200, 800, 10]]
    """
    if over.of == "memory":
        return MIN_BLOCKS
    return (MIN_BLOCKS * over.pairs if sittings == 1 else sittings * ceil(over.pairs / 4)) // ANSWERS


def settled_early(metric: Metric, margin: Margin | None, times: PairedTimes) -> bool:
    """Whether runs, or sittings, of both models can end here: they need as much, as far as half the margin goes.

    Args:
        metric: What is read from them.
        margin: What is tolerated; nothing is settled without one.
        times: Of the runs, or sittings, so far; neighbouring answers of one pair of processes settle nothing.
    """
    over = metric.over_times
    if over is None or margin is None:
        return False
    of_processes = over.of == "memory" or times.sittings > 1
    baseline, candidate = times.blocks(over.pairs)
    if not of_processes or len(baseline) not in LOOKS:
        return False
    if over.of == "seconds" and len(times) // ANSWERS < least(over, times.sittings):
        return False
    level, sign = over.value(times.baseline), 1.0 if metric.better == "lower" else -1.0
    return settled(sign * over.log_ratio(baseline, candidate), float(np.log1p(margin.size(level) / level)))


def _of_processes(ratios: Array, over: OverTimes, times: PairedTimes) -> float:
    """Standard error of the mean log ratio that more requests do not take away: what pairs of processes differ by.

    Halves of a sitting differ by what answers differ by; what sittings differ by beyond that is their processes' doing.
    """
    halves = [np.array_split(side, 2, axis=1) for side in times.blocks(over.pairs)]
    first, second = (over.log_ratio(one, two) for one, two in zip(*halves, strict=True))
    answers = float(((first - second) ** 2).mean()) / 4
    return float(np.sqrt(max(float(ratios.var(ddof=1)) - answers, 0.0) / len(ratios)))


def _shortage(effect: Effect, times: PairedTimes) -> str:
    """Why there are not enough times to test by."""
    if effect.counts == "runs":
        return f"{len(times)} pairs of runs; {effect.least} are needed"
    if effect.rows >= effect.least:
        return f"{counted(times.sittings, 'sitting')}; {MIN_BLOCKS} are needed"
    return f"{counted(effect.rows, 'request')}; {effect.least} are needed"


def _ended(contract: Contract, times: PairedTimes) -> str:
    """That not all requests were sent, since time was up; empty where they were (each sitting's share is whole)."""
    wanted, there = contract.latency.requests, len(times) // ANSWERS
    if there + times.sittings > wanted:
        return ""
    return f"`latency.seconds` ({contract.latency.seconds:g}) ended after {there} of {wanted} requests"
