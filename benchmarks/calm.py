"""How often calm windows alarm, against the rate that was asked for: tame, skewed and heavy-tailed streams.

    python -m benchmarks.calm [--runs 60] [--seed 0]

Streams of independent windows, normal, chi-square with nine degrees and Student's t with four, learned from 20, 30,
40, 60, 100 and 160 calm windows; then 200 more. Prints alarms a month of daily windows by detector, beside its share of
the rate, and how often a window is found at once in which one stream moved by six standard deviations.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from baseline_pipeline.monitoring.detection import SUDDEN, exceedances, learn
from baseline_pipeline.monitoring.streams import Readings, Stream
from baseline_pipeline.monitoring.windows import Windowing

DAY = Windowing(86400, 86400)
PER_MONTH, AFTER = 0.25, 200
MOVED = 6
SPREAD = {"normal": 1.0, "chi-square": 18**0.5, "t": 2**0.5}
Array = np.ndarray[Any, Any]


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=60)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    print(f"alarms a month; asked for: sudden {PER_MONTH * SUDDEN:.2f}, slow {PER_MONTH * (1 - SUDDEN):.2f}")
    print(f"{'noise':12} {'calm':>5} {'streams':>8} {'sudden':>7} {'slow':>6} {'found':>6}")
    for noise in ("normal", "chi-square", "t"):
        for calm in (20, 30, 40, 60, 100, 160):
            for streams in (2, 20):
                sudden, slow, found = rates(noise, calm, streams, given.runs, given.seed)
                print(f"{noise:12} {calm:5d} {streams:8d} {sudden:7.2f} {slow:6.2f} {found:6.2f}")


def rates(noise: str, calm: int, streams: int, runs: int, seed: int) -> tuple[float, float, float]:
    """Alarms a month of either detector, one that stays counted once; share of moved windows that are found."""
    sudden = slow = 0
    seen = 0.0
    for run in range(runs):
        values = _values(np.random.default_rng([seed, run, calm, streams]), noise, (calm + AFTER, streams))
        found = _found(values)
        watch = learn(found.windows(np.arange(calm)), DAY, per_month=PER_MONTH, seed=run)
        over = exceedances(watch, found.windows(np.arange(calm, calm + AFTER)))
        sudden += _entered(over.sudden)
        slow += _entered(over.slow)
        values[calm:, 0] += MOVED * SPREAD[noise]
        moved = exceedances(watch, _found(values).windows(np.arange(calm, calm + AFTER)))
        seen += float((moved.sudden[:, 0] > 1).mean())
    return sudden / (runs * AFTER) * DAY.per_month, slow / (runs * AFTER) * DAY.per_month, seen / runs


def _entered(ratio: Array) -> int:
    high = np.nan_to_num(ratio).max(axis=1) > 1
    return int(high[0]) + int((high[1:] & ~high[:-1]).sum())


def _values(rng: np.random.Generator, noise: str, shape: tuple[int, int]) -> Array:
    if noise == "normal":
        return rng.normal(size=shape)
    return rng.chisquare(9, shape) if noise == "chi-square" else rng.standard_t(4, shape)


def _found(values: Array) -> Readings:
    starts = np.datetime64("2026-01-05", "s") + np.arange(len(values)) * np.timedelta64(1, "D")
    streams = tuple(Stream(f"drift(m{number})", "all", "inputs", "up") for number in range(values.shape[1]))
    return Readings(starts, streams, values, np.zeros(values.shape), np.full(values.shape, 400))


if __name__ == "__main__":
    main()
