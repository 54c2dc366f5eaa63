"""Clocks of a machine with moods, which models move by answering, through the product's own interleaving."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from scipy.signal import lfilter

from baseline_pipeline.timing import SITTINGS, WARM_UP, PairedTimes, in_sittings, interleaved

TYPICAL = 0.010
"""Seconds of a request."""
UNEQUAL = 0.35
"""Standard deviation of the logarithm of what requests weigh."""
DRIFT, MEMORY = 0.03, 0.9975
"""The machine's speed from answer to answer: standard deviation of its logarithm, and its autocorrelation."""
STALLS, STALLED, LASTS = 0.0005, 1.5, 4
"""Chance that a stall begins with an answer, how many times as long answers then take, and how many of them."""
JITTER, TAILS = 0.15, 0.01
"""Standard deviation of an answer's own logarithm, and the share of answers with a Pareto tail of exponent 1.5."""
LAYOUT = 0.0035
"""Standard deviation of the logarithm of a process's speed for as long as it lives: two are half a per cent apart."""
LATER = 0.015
"""Standard deviation of the logarithm of how fast a machine is in another run."""


class Machine:
    """A clock that models move by answering; what is slow is slow for whoever answers then.

    Args:
        answers: How many there will be at most.
        rng: Of its moods.
    """

    def __init__(self, answers: int, rng: np.random.Generator) -> None:
        steps = rng.standard_normal(answers) * DRIFT * np.sqrt(1 - MEMORY**2)
        steps[0] = rng.standard_normal() * DRIFT
        mood = lfilter([1], [1, -MEMORY], steps)
        factor = np.exp(mood + JITTER * rng.standard_normal(answers))
        long = rng.random(answers) < TAILS
        factor[long] *= 1 + rng.pareto(1.5, int(long.sum()))
        for start in np.flatnonzero(rng.random(answers) < STALLS):
            factor[start : start + 1 + rng.poisson(LASTS - 1)] *= STALLED
        self._factors = iter(factor.tolist())
        self.now = 0.0

    def clock(self) -> float:
        """Seconds since it began."""
        return self.now

    def answering(self, slower: float) -> Callable[[float], float]:
        """A model that takes `slower` times what a request weighs, and tells the seconds."""

        def answer(weight: float) -> float:
            seconds = TYPICAL * weight * slower * next(self._factors)
            self.now += seconds
            return seconds

        return answer


def in_one_process(slower: float, rng: np.random.Generator, requests: int) -> PairedTimes:
    """Times of a model and one that takes `slower` times as long, side by side: two pairs a request (A B B A)."""
    machine = Machine(4 * requests + 4 * WARM_UP, rng)
    weights = _weights(requests, rng)
    models = [machine.answering(one) for one in (1.0, slower)]
    return interleaved(*models, weights, seconds=1e9, clock=machine.clock)


def in_processes_of_their_own(slower: float, rng: np.random.Generator, requests: int) -> PairedTimes:
    """The same, in sittings of two new processes each, no two of which are quite as fast."""
    machine = Machine(4 * requests + 4 * WARM_UP * SITTINGS, rng)
    weights = _weights(requests, rng)

    @contextmanager
    def opened(_number: int) -> Iterator[tuple[Callable[[float], float], Callable[[float], float]]]:
        one, two = np.exp(LAYOUT * rng.standard_normal(2)).tolist()
        yield machine.answering(one), machine.answering(slower * two)

    return in_sittings(opened, weights, seconds=1e9)


def one_after_the_other(slower: float, rng: np.random.Generator, requests: int) -> PairedTimes:
    """The old model's run, then the new one's, on a machine in another mood: what rules that do not interleave get."""
    weights = _weights(requests, rng)
    runs = []
    for factor in (1.0, slower):
        machine = Machine(requests, rng)
        answer = machine.answering(factor * float(np.exp(LATER * rng.standard_normal())))
        runs.append(np.array([answer(weight) for weight in weights]))
    return PairedTimes(*runs)


def _weights(requests: int, rng: np.random.Generator) -> list[float]:
    return [float(one) for one in np.exp(UNEQUAL * rng.standard_normal(requests))]
