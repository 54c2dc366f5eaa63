"""A staged rollout replayed on known traffic: where a sequential test would have stopped it, and whom it had harmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from baseline_pipeline.records import Record
from baseline_pipeline.significance.spending import levels

Array = np.ndarray[Any, Any]
STEPS = (0.01, 0.05, 0.25, 0.5, 1.0)
"""Share of the requests that the new model answers, step by step; each step sees as many requests."""
LOOKS = 20
REPLAYS = 200


@dataclass(frozen=True)
class Traffic:
    """Requests in the order they came, answered by both models.

    Attributes:
        losses: (k, n, 2) k losses of every request: by the old model, by the new one.
        harmed: (n,) whether the new model's answer is wrong where the old one's was right (or further off).
    """

    losses: Array
    harmed: Array


class Stop(Record):
    """What became of many random assignments of the same traffic."""

    share: float
    """Of the step."""
    stopped: float
    """Share of the replays that stopped at this step."""


class Rollout(Record):
    """A rollout, replayed many times."""

    requests: int
    replays: int
    steps: tuple[Stop, ...]
    stopped: float
    """Share of the replays that stopped at all."""
    requests_until: int | None
    """Requests until it stopped, in the middle of the replays that did."""
    served: int | None
    """Of these, what the new model answered."""
    harmed: int | None
    """Of those, answers that were worse than the old model's."""
    harmed_in_full: int
    """Worse answers, had it gone through unlooked at."""


def roll_out(
    traffic: Traffic,
    alpha: float,
    seed: int,
    steps: Sequence[float] = STEPS,
    *,
    looks: int = LOOKS,
    replays: int = REPLAYS,
) -> Rollout:
    """Assign requests at random, look twenty times, and stop where harm is shown.

    Requests of one step are compared with those of the same step only, so that traffic that changes with time is no
    difference between the models; steps are added up by the information they hold. Looks are evenly spaced in
    information and share one error rate (O'Brien-Fleming spending), which the losses share evenly. The last step has
    nothing left to compare with.

    Args:
        traffic: Requests and losses.
        alpha: Chance that a harmless rollout is stopped.
        seed: Of the assignments.
        steps: Shares.
        looks: How often is looked.
        replays: How many assignments.

    A difference is no surer than if all answers of a step were alike: of a new model's first two, both wrong, the
    spread says nothing.

    Source: Lan and DeMets (1983); stratified difference of means: Cochran (1954); error under the null hypothesis,
    where it is the larger one: Rao (1948).

    Example:
        >>> wrong = np.arange(2000) % 5 == 0
        >>> losses = np.stack([np.zeros(2000), wrong], axis=1)[None]
        >>> found = roll_out(Traffic(losses, wrong), 0.01, seed=1, replays=20)
        >>> found.stopped, found.harmed_in_full, found.harmed < 60
        (1.0, 400, True)
    """
    count = traffic.losses.shape[1]
    step = np.minimum(np.arange(count) * len(steps) // count, len(steps) - 1)
    share = np.asarray(steps)[step]
    information = np.cumsum(share * (1 - share))
    places = np.searchsorted(information, information[-1] * np.arange(1, looks + 1) / looks - 1e-9)
    critical = -ndtri(np.array(levels(alpha / len(traffic.losses), looks)))
    rng = np.random.default_rng(seed)
    ends, served, harmed = [], [], []
    for _ in range(replays):
        new = rng.random(count) < share
        end = _stopped(traffic.losses, new, step, len(steps), places, critical)
        ends.append(end)
        answered = new[: count if end is None else end]
        served.append(int(answered.sum()))
        harmed.append(int((answered & traffic.harmed[: len(answered)]).sum()))
    at = [None if end is None else int(step[end - 1]) for end in ends]
    cut = [number for number, end in enumerate(ends) if end is not None]
    middle = sorted(cut, key=lambda number: ends[number] or 0)[len(cut) // 2] if cut else None
    return Rollout(
        requests=count,
        replays=replays,
        steps=tuple(
            Stop(share=float(one), stopped=sum(where == number for where in at) / replays)
            for number, one in enumerate(steps)
        ),
        stopped=len(cut) / replays,
        requests_until=None if middle is None else ends[middle],
        served=None if middle is None else served[middle],
        harmed=None if middle is None else harmed[middle],
        harmed_in_full=int(traffic.harmed.sum()),
    )


def _stopped(losses: Array, new: Array, step: Array, steps: int, places: Array, critical: Array) -> int | None:
    """Requests after which harm is shown; `None` where it never is."""
    for look, place in enumerate(places):
        seen = slice(0, place + 1)
        arm, stratum = new[seen], step[seen]
        fresh = np.bincount(stratum[arm], minlength=steps).astype(float)
        old = np.bincount(stratum[~arm], minlength=steps).astype(float)
        both = (fresh > 1) & (old > 1)
        if not both.any():
            continue
        weight = np.where(both, fresh * old / np.maximum(fresh + old, 1), 0.0)
        for loss in losses:
            (mean, noise), (before, noise_before) = (
                _mean(loss[seen, side][chosen], stratum[chosen], steps) for side, chosen in ((1, arm), (0, ~arm))
            )
            gap = mean - before
            alike = _mean(np.where(arm, loss[seen, 1], loss[seen, 0]), stratum, steps)[1]
            noise = np.maximum(noise + noise_before, alike * (fresh + old) ** 2 / np.maximum(fresh * old, 1))
            error = float(np.sqrt((weight**2 * noise).sum()))
            if error > 0 and float((weight * gap).sum()) / error > critical[look]:
                return int(place) + 1
    return None


def _mean(values: Array, stratum: Array, steps: int) -> tuple[Array, Array]:
    """(s,) mean of the values in each step, and its squared error; 0 where there are none."""
    number = np.maximum(np.bincount(stratum, minlength=steps), 1)
    mean, square = (np.bincount(stratum, one, minlength=steps) / number for one in (values, values**2))
    return mean, np.maximum(square - mean**2, 0) / np.maximum(number - 1, 1)
