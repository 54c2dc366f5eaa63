"""How long a request takes: two models answer the same requests in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np

from baseline_pipeline.metrics.outcomes import ALL_TASKS, Array, Estimate, Metric, NotMeasurable, Outcomes, OverTimes
from baseline_pipeline.metrics.parameters import number, whole

TRIMMED = 0.1


def _of_rows(outcomes: Outcomes) -> Estimate:
    message = f"no times of {len(outcomes)} rows: two models are timed against each other on the same requests"
    raise NotMeasurable(message)


def _mean_ratio(baseline: Array, candidate: Array) -> Array:
    """Trimmed mean of log(candidate / baseline) over the pairs of every block."""
    return _trimmed(np.log(candidate / baseline))


def _trimmed(values: Array) -> Array:
    cut = int(TRIMMED * values.shape[-1])
    return np.asarray(np.sort(values, axis=-1)[..., cut : values.shape[-1] - cut].mean(axis=-1))


def _mean(times: Array) -> float:
    return float(1000 * np.exp(_trimmed(np.log(times))))


def _quantile_ratio(level: float, baseline: Array, candidate: Array) -> Array:
    return np.asarray(np.log(np.quantile(candidate, level, axis=1)) - np.log(np.quantile(baseline, level, axis=1)))


def _quantile(level: float, times: Array) -> float:
    return float(1000 * np.quantile(times, level))


def _throughput_ratio(baseline: Array, candidate: Array) -> Array:
    return -_mean_ratio(baseline, candidate)


def _throughput(times: Array) -> float:
    return 1000 / _mean(times)


def _of_rows_at(outcomes: Outcomes, *, hourly_rate: float, rows: int = 1) -> Estimate:  # noqa: ARG001  # told to times
    return _of_rows(outcomes)


def _cost(times: Array, *, hourly_rate: float, rows: int = 1) -> float:
    """Cost of 1,000 predictions where a machine is busy for as long as a request takes."""
    return _mean(times) / 3_600_000 * hourly_rate * 1000 / rows


def _metric(
    name: str,
    title: str,
    value: Callable[..., float],
    log_ratio: Callable[[Array, Array], Array],
    *,
    pairs: int,
    better: Literal["higher", "lower"] = "lower",
    unit: str = "ms",
) -> Metric:
    return Metric(
        name=name,
        title=title,
        better=better,
        unit=unit,
        tasks=ALL_TASKS,
        measure=_of_rows,
        family="resources",
        over_times=OverTimes(value, log_ratio, pairs),
    )


LATENCY_MEAN = _metric("latency_mean", "Mean latency (trimmed, geometric)", _mean, _mean_ratio, pairs=10)
LATENCY_P50 = _metric("latency_p50", "Median latency", partial(_quantile, 0.5), partial(_quantile_ratio, 0.5), pairs=40)
LATENCY_P95 = _metric(
    "latency_p95", "95th percentile of latency", partial(_quantile, 0.95), partial(_quantile_ratio, 0.95), pairs=100
)
LATENCY_P99 = _metric(
    "latency_p99", "99th percentile of latency", partial(_quantile, 0.99), partial(_quantile_ratio, 0.99), pairs=400
)
THROUGHPUT = _metric(
    "throughput",
    "Requests answered a second",
    _throughput,
    _throughput_ratio,
    pairs=10,
    better="higher",
    unit="requests/s",
)
COST_PER_1K_PREDICTIONS = replace(
    _metric(
        "cost_per_1k_predictions",
        "Cost of 1,000 predictions",
        _cost,
        _mean_ratio,
        pairs=10,
        unit="currency of the rate",
    ),
    measure=_of_rows_at,
    parameters={"hourly_rate": number(above=0), "rows": whole(1)},
)
