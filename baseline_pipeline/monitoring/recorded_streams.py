"""What a service records beside scores, over time: stage timings, shares of importance, drift of representations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.monitoring.streams import Reading, Stream

if TYPE_CHECKING:
    from baseline_pipeline.monitoring.recorded import Recorded, Representation

Array = np.ndarray[Any, Any]
LEAST_ROWS = 10
"""Rows of a window below which it gives no reading."""
LEAST_CALM = 200
"""Calm rows below which a representation's drift is not read."""
MOST_CALM, MOST_ROWS = 5_000, 2_000
"""Rows, evenly spread, that a representation's calm distribution and a window's are taken from."""
FREQUENCIES = 128
NEAR = 500
"""Calm rows that the width of the kernel is taken from."""
MOST_FEATURES = 50
"""Features whose share of importance is watched, those of the largest share in calm times."""
MEDIAN_ERROR, TAIL_ERROR = 1.2533, 2.1
"""Standard errors of a median and a 95th percentile over that of a mean, for normal values."""


@dataclass(frozen=True)
class _Kernel:
    """Random Fourier features of a Gaussian kernel, and their mean over calm rows."""

    shift: Array
    scale: Array
    frequency: Array
    calm: Array
    rows: int
    spread: float
    """Root of twice the sum of the features' squared covariances."""

    def features(self, projected: Array) -> Array:
        """(n, 256) whose products approach the kernel; every row has length one."""
        angle = (projected - self.shift) / self.scale @ self.frequency
        return np.asarray(np.concatenate([np.cos(angle), np.sin(angle)], axis=1) / np.sqrt(FREQUENCIES))

    def distance(self, projected: Array) -> Reading:
        """Squared maximum mean discrepancy to the calm rows, without bias: zero in the mean where nothing moved."""
        count = len(projected)
        now = self.features(projected).mean(axis=0)
        own = [(1 - float(mean @ mean)) / (rows - 1) for mean, rows in ((now, count), (self.calm, self.rows))]
        value = float(((now - self.calm) ** 2).sum()) - sum(own)
        return Reading(value, self.spread * (1 / count + 1 / self.rows), count)


class RecordedReader:
    """Reads windows of what was recorded.

    Args:
        recorded: Of all rows, ascending in time.
        calm: (n,) rows of calm windows.
    """

    def __init__(self, recorded: Recorded, calm: Array) -> None:
        self.recorded = recorded
        calm = calm & recorded.logged
        self.kernels = {name: _kernel(one, calm) for name, one in recorded.representations.items()}
        size = {name: np.nan_to_num(np.abs(values[calm])).sum() for name, values in recorded.importances.items()}
        self.features = sorted(sorted(size), key=lambda name: -size[name])[:MOST_FEATURES]

    def window(self, where: slice) -> dict[Stream, Reading]:
        """All streams of one window."""
        logged = self.recorded.logged[where]
        rows = np.arange(where.start, where.stop)[logged]
        if len(rows) < LEAST_ROWS:
            return {}
        return self._stages(rows) | self._importances(rows) | self._representations(rows) | self._confidence(rows)

    def _stages(self, rows: Array) -> dict[Stream, Reading]:
        found = {}
        for name, values in self.recorded.stages.items():
            taken = values[rows]
            logs = np.log(taken[taken > 0])
            if len(logs) >= LEAST_ROWS:
                error = float(logs.std(ddof=1) / np.sqrt(len(logs)))
                for word, share, wider in (("p50", 0.5, MEDIAN_ERROR), ("p95", 0.95, TAIL_ERROR)):
                    stream = Stream(f"log stage {name} {word}", "all", "traffic", "up")
                    found[stream] = Reading(float(np.quantile(logs, share)), wider * error, len(logs))
        return found

    def _importances(self, rows: Array) -> dict[Stream, Reading]:
        """Each feature's mean size over the sum of all, as a ratio of means; and how often it was not given."""
        sizes = {name: np.abs(values[rows]) for name, values in self.recorded.importances.items()}
        given = {name: np.isfinite(one) for name, one in sizes.items()}
        means = {name: float(one[given[name]].mean()) for name, one in sizes.items() if given[name].sum() >= LEAST_ROWS}
        total = sum(means.values())
        found = {}
        for name in self.features:
            missing = Stream(f"importance missing({name})", "all", "inputs", "up", share=True)
            found[missing] = Reading(float(1 - given[name].mean()), 0.0, len(rows))
            if name in means and total > 0:
                own = sizes[name][given[name]]
                share = means[name] / total
                error = float(own.std(ddof=1) / np.sqrt(len(own)) / total) * (1 - share)
                found[Stream(f"importance({name})", "all", "inputs")] = Reading(share, error, len(own))
        return found

    def _representations(self, rows: Array) -> dict[Stream, Reading]:
        found = {}
        for name, one in self.recorded.representations.items():
            usable = rows[np.isfinite(one.norm[rows])]
            missing = Stream(f"missing({name})", "all", "inputs", "up", share=True)
            found[missing] = Reading(1 - len(usable) / len(rows), 0.0, len(rows))
            kernel = self.kernels[name]
            if len(usable) < LEAST_ROWS or kernel is None:
                continue
            norm = one.norm[usable]
            error = float(norm.std(ddof=1) / np.sqrt(len(norm)))
            found[Stream(f"norm({name})", "all", "inputs")] = Reading(float(norm.mean()), error, len(norm))
            found[Stream(f"drift({name})", "all", "inputs", "up")] = kernel.distance(
                one.projected[_spread_out(usable, MOST_ROWS)]
            )
        return found

    def _confidence(self, rows: Array) -> dict[Stream, Reading]:
        if self.recorded.confidence is None:
            return {}
        values = self.recorded.confidence[rows]
        values = values[np.isfinite(values)]
        if len(values) < LEAST_ROWS:
            return {}
        error = float(values.std(ddof=1) / np.sqrt(len(values)))
        return {Stream("mean confidence", "all", "outputs"): Reading(float(values.mean()), error, len(values))}


def _spread_out(rows: Array, most: int) -> Array:
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _kernel(one: Representation, calm: Array) -> _Kernel | None:
    """The calm rows' distribution; `None` where there are too few.

    Source: Gretton et al. (2012), A kernel two-sample test, J. Mach. Learn. Res. 13:723; Rahimi and Recht (2007),
    Random features for large-scale kernel machines, NIPS; the kernel's width is the median distance of calm rows.
    """
    usable = np.flatnonzero(calm & np.isfinite(one.norm))
    if len(usable) < LEAST_CALM:
        return None
    values = one.projected[_spread_out(usable, MOST_CALM)].astype(float)
    shift, scale = values.mean(axis=0), values.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    near = (values[_spread_out(np.arange(len(values)), NEAR)] - shift) / scale
    away = np.sqrt(np.maximum(((near[:, None] - near[None]) ** 2).sum(axis=2), 0.0))
    width = float(np.median(away[np.triu_indices(len(near), 1)])) or 1.0
    rng = np.random.Generator(np.random.Philox(values.shape[1]))
    frequency = rng.standard_normal((values.shape[1], FREQUENCIES)) / width
    blank = _Kernel(shift, scale, frequency, np.zeros(2 * FREQUENCIES), len(values), 0.0)
    features = blank.features(values)
    mean = features.mean(axis=0)
    covariance = np.cov(features, rowvar=False)
    return _Kernel(shift, scale, frequency, mean, len(values), float(np.sqrt(2 * (covariance**2).sum())))
