"""Simulated histories, judged as a backtest judges: false alarms against what was asked, and what is found.

    python -m benchmarks.histories [--runs 20] [--seed 0]

A model's days, as real ones are: a day's effect is shared by all performance and partly there on the next day, days
of the week differ, losses are skewed, errors are rare, features wander. From 40 or 100 calm days it is learned what
calm is, at four false alarms a month; 200 days follow. They are calm; or two days in the middle are bad by four
standard deviations of brier, error rate and label; or brier alone is worse by one from the middle on; or the season
turns, and features, scores and volume move by two, one after the other over two months. Prints days a month on which
an alarm opens, those of them by detector, the share of bad days that open an alarm of their own and that of those over
a sudden limit, whether or not an alarm is open already, the share of losses found (within thirty days), and how many
slow alarms tell of the season.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from baseline_pipeline.contract import Contract
from baseline_pipeline.monitoring.alarms import Alarm, alarms
from baseline_pipeline.monitoring.detection import Exceedances, exceedances, learn
from baseline_pipeline.monitoring.streams import Readings, Stream
from baseline_pipeline.monitoring.windows import Windowing

DAY = Windowing(86400, 86400)
ASKED, AFTER, MIDDLE, SOON, ROWS = 4.0, 200, 100, 30, 400
CARRIED, BAD, WORSE, TURNED = 0.4, 4.0, 1.0, 2.0
SLICES, FEATURES = 12, 8
LOSSES = ("brier", "error_rate", "mean label")
STREAMS = (
    *(Stream(name, "all", "performance", "up") for name in LOSSES),
    Stream("roc_auc", "all", "performance", "down"),
    *(Stream("brier", f"g={number}", "performance", "up") for number in range(SLICES)),
    Stream("mean score", "all", "outputs"),
    *(Stream(f"drift(x{number})", "all", "inputs", "up") for number in range(FEATURES)),
    *(Stream(f"missing(x{number})", "all", "inputs", "up", share=True) for number in range(FEATURES)),
    Stream("rows", "all", "traffic"),
)
CONTRACT = Contract.model_validate(
    {
        "name": "simulated",
        "task": "binary_classification",
        "data": {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "y", "features": [{"name": "x0"}]},
        "model": {"function": "a:b", "positive_class": 1},
        "metrics": [{"metric": "brier", "margin": {"absolute": 0.01}}],
    }
)
Array = np.ndarray[Any, Any]


def main() -> None:
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--runs", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    print(f"false alarms a month, {ASKED:g} asked for; shares found; alarms that tell of a season")
    print(f"{'calm':>5} {'false':>6} {'sudden':>7} {'slow':>6} {'bad days':>9} {'over':>5} {'losses':>7} {'season':>7}")
    for calm in (40, 100):
        found = np.mean([history(calm, np.random.default_rng([given.seed, calm, run])) for run in range(given.runs)], 0)
        false, sudden, slow, bad, over, worse, season = found
        print(
            f"{calm:5d} {false:6.2f} {sudden:7.2f} {slow:6.2f} {bad:9.2f} {over:5.2f} {worse:7.2f} {season:7.2f}",
            flush=True,
        )


def history(calm: int, rng: np.random.Generator) -> tuple[float, ...]:
    """One history's figures, as the table's columns."""
    values = simulated(calm + AFTER, rng)
    spread = values[:calm].std(axis=0)
    watch = learn(_readings(values).windows(np.arange(calm)), DAY, per_month=ASKED)
    middle = calm + MIDDLE

    def held(moved: Array) -> Exceedances:
        return exceedances(watch, _readings(moved).windows(np.arange(calm, calm + AFTER)))

    def said(moved: Array) -> list[Alarm]:
        return alarms(CONTRACT, watch, held(moved), DAY, overlap=lambda one, two: one == two)

    plain = said(values)
    months = AFTER / DAY.per_month
    bad, worse, season = (values.copy() for _ in range(3))
    bad[middle : middle + 2, : len(LOSSES)] += BAD * spread[: len(LOSSES)]
    worse[middle:, 0] += WORSE * spread[0]
    turning = [number for number, one in enumerate(STREAMS) if one.family != "performance" and not one.share]
    for later, number in enumerate(turning):
        season[middle + 6 * later :, number] += TURNED * spread[number]
    return (
        len({one.opened for one in plain}) / months,
        len({one.opened for one in plain if one.detector == "sudden"}) / months,
        len({one.opened for one in plain if one.detector == "slow"}) / months,
        float(_opened(said(bad), plain, middle, middle + 2)),
        float(held(bad).sudden[MIDDLE : MIDDLE + 2, : len(LOSSES)].max() > 1),
        float(_opened(said(worse), plain, middle, middle + SOON)),
        float(sum(one.detector == "slow" and one.opened >= _day(middle) for one in said(season))),
    )


def _opened(found: list[Alarm], plain: list[Alarm], first: int, end: int) -> bool:
    """Whether performance opens an alarm in these windows that the calm history does not."""
    known = {(one.opened, one.detector) for one in plain if one.family == "performance"}
    return any(
        one.family == "performance"
        and _day(first) <= one.opened < _day(end)
        and (one.opened, one.detector) not in known
        for one in found
    )


def _day(window: int) -> str:
    return str((np.datetime64("2026-01-05", "m") + np.timedelta64(window, "D")).astype("datetime64[m]"))


def simulated(days: int, rng: np.random.Generator) -> Array:
    """(days, streams) readings in which nothing is wrong."""

    def carried(streams: int, share: float = CARRIED) -> Array:
        own = rng.normal(size=(days, streams)) * (1 - share**2) ** 0.5
        for day in range(1, days):
            own[day] += share * own[day - 1]
        return own

    week = rng.normal(size=7)[np.arange(days) % 7][:, None]
    shared = carried(1) + 0.7 * week
    losses = np.exp(0.4 * (shared + 0.3 * carried(len(LOSSES))))
    sliced = losses[:, :1] + 0.3 * np.exp(0.5 * carried(SLICES))
    missing = rng.poisson(0.4, (days, FEATURES)) / ROWS
    return np.concatenate(
        [
            losses,
            carried(1, 0.0),
            sliced,
            carried(1) + 0.5 * week,
            np.exp(0.6 * carried(FEATURES)),
            missing,
            carried(1, 0.6) + week,
        ],
        axis=1,
    )


def _readings(values: Array) -> Readings:
    starts = np.datetime64("2026-01-05", "s") + np.arange(len(values)) * np.timedelta64(1, "D")
    return Readings(starts, STREAMS, values, np.full(values.shape, 1e-3), np.full(values.shape, ROWS))


if __name__ == "__main__":
    main()
