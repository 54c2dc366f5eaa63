"""How much memory a model needs: processes of their own load it and score the rows, both models in turn."""

from __future__ import annotations

import numpy as np

from baseline_pipeline.metrics.outcomes import ALL_TASKS, Array, Estimate, Metric, NotMeasurable, Outcomes, OverTimes


def _of_rows(outcomes: Outcomes) -> Estimate:
    message = f"no peaks of memory of {len(outcomes)} rows: two models are run in turn, in processes of their own"
    raise NotMeasurable(message)


def _mean(peaks: Array) -> float:
    return float(np.exp(np.log(peaks).mean()))


def _log_ratio(baseline: Array, candidate: Array) -> Array:
    return np.asarray(np.log(candidate / baseline).mean(axis=-1))


PEAK_MEMORY = Metric(
    name="peak_memory",
    title="Peak memory of scoring all rows (geometric mean of runs)",
    better="lower",
    unit="MB",
    tasks=ALL_TASKS,
    measure=_of_rows,
    family="resources",
    over_times=OverTimes(_mean, _log_ratio, 1, of="memory"),
)
