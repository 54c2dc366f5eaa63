"""What one environment makes of frozen rows, as a file that travels."""

from __future__ import annotations

import base64
import hashlib
import math
import zlib
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from baseline_pipeline.evaluation import PackageDifference
from baseline_pipeline.figures import counted
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.replay.numeric_difference import NumericDifference

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
LEVEL = 0.95
LEAST_REPEATS = 2
QUANTILES = (50, 95, 99)


class Packed(Record):
    """An array of numbers as text: little-endian bytes, deflated, base64."""

    dtype: Literal["<f8", "<i8"]
    shape: tuple[int, ...]
    data: str

    @classmethod
    def of(cls, values: Array) -> Packed:
        """The array, to the last bit.

        Example:
            >>> Packed.of(np.array([0.1, np.nextafter(0.1, 1)])).array().tolist()
            [0.1, 0.10000000000000002]
        """
        kind: Literal["<f8", "<i8"] = "<i8" if values.dtype.kind in "iub" else "<f8"
        raw = np.ascontiguousarray(values.astype(kind))
        return cls(dtype=kind, shape=raw.shape, data=base64.b64encode(zlib.compress(raw.tobytes())).decode())

    def array(self) -> Array:
        """The array.

        Raises:
            ValueError: when the text is damaged.
        """
        try:
            raw = zlib.decompress(base64.b64decode(self.data, validate=True))
        except zlib.error as error:
            message = f"packed numbers are damaged: {error}"
            raise ValueError(message) from error
        return np.frombuffer(raw, dtype=self.dtype).reshape(self.shape)


class Latency(Record):
    """Milliseconds per row at one quantile over batches, one value for every repeat."""

    repeats: tuple[float, ...]
    mean: float
    """Geometric."""
    low: float
    """95 % t interval over repeats, on the logarithm."""
    high: float


class EnvironmentFacts(Record):
    """What one environment made of the baseline's model on the baseline's rows."""

    v: Literal[1] = 1
    name: str
    model: str
    taken_at: str
    """UTC, ISO 8601."""
    engine: str
    """Version of this package."""
    subject: Digest
    """Digest of the model."""
    version: str
    snapshot: Digest
    definition: Digest
    """Digest of what a measurement means."""
    evaluation: Digest
    """The baseline's evaluation, whose scores were compared with."""
    rows: int
    scores_digest: Digest
    decisions_digest: Digest
    against_baseline: NumericDifference
    """Scores (or predictions) here against those that are stored."""
    decisions_changed: int
    """Against those that are stored."""
    scores: Packed | None
    """As they came out; `None` where they are the stored ones to the last bit."""
    decisions: Packed | None
    """`None` where they are the stored ones."""
    metrics: dict[str, float | None]
    """On all rows."""
    batch_rows: int
    latency: dict[str, Latency]
    """By quantile over the batches of a repeat: p50, p95, p99."""
    peak_memory_mb: float
    facts: dict[str, str | int | float | None]
    """The machine."""
    lockfile_digest: Digest | None
    manifest_digest: Digest | None
    differences: tuple[PackageDifference, ...] = ()
    """Installed packages that are not the locked ones."""


def array_digest(values: Array) -> Digest:
    """SHA-256 of numbers or texts, whatever machine holds them."""
    if values.dtype == object:
        return digest_of([str(one) for one in values])
    kind = "<i8" if values.dtype.kind in "iub" else "<f8"
    head = f"{kind}{values.shape}".encode()
    return hashlib.sha256(head + np.ascontiguousarray(values.astype(kind)).tobytes()).hexdigest()


def latency_of(runs: Sequence[Array]) -> dict[str, Latency]:
    """Quantiles of milliseconds per row, with intervals over repeats.

    Batches of one repeat share the machine's mood, so that repeats are what is independent. What differs from one
    process to the next is in none of them: on a machine that is not quiet the interval is too narrow.

    Args:
        runs: For every repeat (b,) milliseconds per row of its batches.

    Raises:
        ValueError: with fewer than two repeats.

    Source: Kalibera and Jones (2013), Rigorous benchmarking in reasonable time, ISMM.

    Example:
        >>> found = latency_of([np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.array([4.0, 4.0])])["p50"]
        >>> round(found.mean, 6), round(found.low, 3), round(found.high, 2)
        (2.0, 0.357, 11.19)
    """
    if len(runs) < LEAST_REPEATS:
        message = f"{counted(len(runs), 'repeat')} give no interval; at least {LEAST_REPEATS} do"
        raise ValueError(message)
    found = {}
    for level in QUANTILES:
        values = [max(float(np.percentile(run, level)), 1e-12) for run in runs]
        logs = np.log(values)
        half = t_quantile(len(logs) - 1) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
        centre = float(logs.mean())
        found[f"p{level}"] = Latency(
            repeats=tuple(values), mean=math.exp(centre), low=math.exp(centre - half), high=math.exp(centre + half)
        )
    return found


def t_quantile(free: float) -> float:
    """Student's t at the upper end of a two-sided 95 % interval."""
    from scipy.special import stdtrit

    return float(stdtrit(free, 0.5 + LEVEL / 2))
