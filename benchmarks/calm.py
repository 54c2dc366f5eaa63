"""How often calm windows alarm, against the rate that was asked for: tame, skewed, heavy-tailed, carried over.

    python -m benchmarks.calm [--runs 20] [--seed 0] [--noise lognormal --noise "rare errors"]

Streams are learned from 20, 30, 40, 60, 100 and 160 calm windows; then 200 more come. Prints alarms a month of daily
windows by detector, beside its share of the rate; how often a window is found at once in which one stream moved by six
standard deviations; and how often one that moved by one and stays is found by slow detectors within thirty windows.
Windows are independent, but for `carried over` (half of a day's effect is there on the next one) and `weekly` (days of
the week differ by a standard deviation).
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.detection import SUDDEN, exceedances, learn
from baseline_pipeline.monitoring.streams import Readings, Stream
from baseline_pipeline.monitoring.windows import Windowing

if TYPE_CHECKING:
    from collections.abc import Callable

Array = np.ndarray[Any, Any]
DAY = Windowing(86400, 86400)
PER_MONTH, AFTER = 0.25, 200
MOVED, DRIFTED, SOON = 6, 1, 30
ROWS = 400
CALM = (20, 30, 40, 60, 100, 160)
CARRIED = 0.5
RARE, NEAR_NOTHING = 0.5, 0.01


def _carried(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    own = rng.normal(size=shape) * (1 - CARRIED**2) ** 0.5
    found = np.empty(shape)
    found[0] = rng.normal(size=shape[1])
    for window in range(1, len(own)):
        found[window] = CARRIED * found[window - 1] + own[window]
    return found


def _weekly(rng: np.random.Generator, shape: tuple[int, int]) -> Array:
    return rng.normal(size=shape) + rng.normal(size=(7, shape[1]))[np.arange(shape[0]) % 7]


NOISE: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Array], float]] = {
    "normal": (lambda rng, shape: rng.normal(size=shape), 1.0),
    "chi-square": (lambda rng, shape: rng.chisquare(9, shape), 18**0.5),
    "t": (lambda rng, shape: rng.standard_t(4, shape), 2**0.5),
    "gamma": (lambda rng, shape: rng.gamma(1.0, size=shape), 1.0),
    "lognormal": (lambda rng, shape: rng.lognormal(0.0, 0.8, shape), (np.exp(0.64) * (np.exp(0.64) - 1)) ** 0.5),
    "rare errors": (lambda rng, shape: rng.poisson(RARE, shape) / ROWS, RARE**0.5 / ROWS),
    "rates near 0": (
        lambda rng, shape: rng.beta(1.0, 1 / NEAR_NOTHING - 1, shape),
        NEAR_NOTHING * ((1 - NEAR_NOTHING) / (1 + NEAR_NOTHING)) ** 0.5,
    ),
    "carried over": (_carried, 1.0),
    "weekly": (_weekly, 1.0),
}
"""What windows are drawn from, and the standard deviation of it."""


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    asked.add_argument("--noise", choices=sorted(NOISE), action="append", help="may be given more than once")
    asked.add_argument("--calm", type=int, action="append", help="calm windows; may be given more than once")
    given = asked.parse_args()
    print(f"alarms a month; asked for: sudden {PER_MONTH * SUDDEN:.2f}, slow {PER_MONTH * (1 - SUDDEN):.2f}")
    print(f"{'noise':12} {'calm':>5} {'streams':>8} {'sudden':>7} {'slow':>6} {'found':>6} {'drift':>6}")
    for noise in given.noise or NOISE:
        for calm in given.calm or CALM:
            for streams in (2, 20):
                sudden, slow, found, drift = rates(noise, calm, streams, given.runs, given.seed)
                print(
                    f"{noise:12} {calm:5d} {streams:8d} {sudden:7.2f} {slow:6.2f} {found:6.2f} {drift:6.2f}", flush=True
                )


def rates(noise: str, calm: int, streams: int, runs: int, seed: int) -> tuple[float, float, float, float]:
    """Alarms a month of either detector, one that stays counted once; shares of moved windows and drifts found."""
    sudden = slow = drift = 0
    seen = 0.0
    draw, spread = NOISE[noise]
    for run in range(runs):
        values = draw(np.random.default_rng([seed, run, calm, streams]), (calm + AFTER, streams))
        found = _found(values)
        watch = learn(found.windows(np.arange(calm)), DAY, per_month=PER_MONTH, seed=run)
        over = exceedances(watch, found.windows(np.arange(calm, calm + AFTER)))
        sudden += _entered(over.sudden)
        slow += _entered(over.slow)
        values[calm:, 0] += MOVED * spread
        moved = exceedances(watch, _found(values).windows(np.arange(calm, calm + AFTER)))
        seen += float((moved.sudden[:, 0] > 1).mean())
        values[calm:, 0] -= (MOVED - DRIFTED) * spread
        drifted = exceedances(watch, _found(values).windows(np.arange(calm, calm + SOON)))
        drift += bool((drifted.slow[:, 0] > 1).any())
    months = runs * AFTER / DAY.per_month
    return sudden / months, slow / months, seen / runs, drift / runs


def _entered(ratio: Array) -> int:
    high = np.nan_to_num(ratio).max(axis=1) > 1
    return int(high[0]) + int((high[1:] & ~high[:-1]).sum())


def _found(values: Array) -> Readings:
    starts = np.datetime64("2026-01-05", "s") + np.arange(len(values)) * np.timedelta64(1, "D")
    streams = tuple(Stream(f"drift(m{number})", "all", "inputs", "up") for number in range(values.shape[1]))
    return Readings(starts, streams, values, np.zeros(values.shape), np.full(values.shape, ROWS))


if __name__ == "__main__":
    main()
