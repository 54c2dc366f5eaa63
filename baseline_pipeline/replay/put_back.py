"""Values of a feature that stray from calm times: put back where a rule undoes it, done to calm rows where none can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.figures import fixed, places

Array = np.ndarray[Any, Any]
TAIL = 0.001
"""Share of calm values beyond either end of what counts as calm."""
OUTSIDE = 0.01
"""Share of values beyond calm ones from which they are put back by themselves."""
APART = 0.1
"""Kolmogorov-Smirnov distance from which all values are put back."""
LOST = 0.02
"""Share of the cells, beyond calm times', from which missing or unseen values are named."""
STUCK, STUCK_TIMES, CONTINUOUS = 0.1, 5, 20
"""A value is stuck that has this share, so many times its calm one, in a column of more values than that."""
ALIKE = 0.2
"""Quartiles of a factor lie so close to its median where it is one factor."""


@dataclass(frozen=True)
class PutBack:
    """A column with strayed values put back to where their like lay in calm times.

    Attributes:
        feature: Its name.
        column: n values.
        rows: How many of them were put back.
        words: What had strayed, and how.
    """

    feature: str
    column: pa.Array
    rows: int
    words: str


@dataclass(frozen=True)
class Lost:
    """Cells that say nothing any more: they are empty, stand still, or hold what calm times never had.

    Attributes:
        feature: Its name.
        values: What stands there; drawn from where there are several.
        share: Of the cells, beyond calm times'.
        words: The same for people.
    """

    feature: str
    values: pa.Array
    share: float
    words: str

    def holds(self, column: pa.Array | pa.ChunkedArray) -> Array:
        """(n,) which cells hold it.

        Example:
            >>> gone = Lost("age", pa.nulls(1, pa.float64()), 0.5, "half of its cells are empty")
            >>> gone.holds(pa.array([1.0, None])).tolist()
            [False, True]
        """
        column = _whole(column)
        if self.values.null_count:
            return np.asarray(pc.is_null(column).to_numpy(zero_copy_only=False))
        return np.asarray(pc.is_in(column, value_set=self.values.cast(column.type)).to_numpy(zero_copy_only=False))


def lost(feature: str, calm: pa.Array, now: pa.Array) -> Lost | None:
    """Cells whose information is gone, where there are notably more of them than in calm times.

    Args:
        feature: Its name.
        calm: Values of calm rows.
        now: Values of present rows.

    Example:
        >>> found = lost("age", pa.array([1.0, 2.0, 3.0, 4.0]), pa.array([1.0, None, None, 4.0]))
        >>> found.share, found.words
        (0.5, '50 % of its cells are empty (0 % in calm times)')
    """
    calm, now = _whole(calm), _whole(now)
    if not len(calm) or not len(now):
        return None
    before, after = (column.null_count / len(column) for column in (calm, now))
    if after - before >= LOST:
        words = f"{after:.0%} of its cells are empty ({before:.0%} in calm times)"
        return Lost(feature, pa.nulls(1, now.type), (after - before) / (1 - before), _spaced(words))
    return _stuck(feature, calm, now) if _numeric(now) else _unseen(feature, calm, now)


def _stuck(feature: str, calm: pa.Array, now: pa.Array) -> Lost | None:
    known, seen = _numbers(calm), _numbers(now)
    values, counts = np.unique(seen[np.isfinite(seen)], return_counts=True)
    if not len(values) or len(np.unique(known[np.isfinite(known)])) <= CONTINUOUS:
        return None
    value = values[counts.argmax()]
    after, before = counts.max() / len(seen), float((known == value).mean())
    if after < STUCK or after < STUCK_TIMES * before:
        return None
    words = f"{after:.0%} of its values are {value:g} ({before:.0%} in calm times): it stands still, or means nothing"
    return Lost(feature, pa.array([value]).cast(now.type), (after - before) / (1 - before), _spaced(words))


def _unseen(feature: str, calm: pa.Array, now: pa.Array) -> Lost | None:
    if not (pa.types.is_string(now.type) or pa.types.is_large_string(now.type)):
        return None
    half = len(calm) // 2
    usual = float(np.mean(_new(calm[:half], calm[half:]))) if half else 0.0
    new = _new(calm, now)
    share = float(np.mean(new))
    if share - usual < LOST:
        return None
    values = now.filter(pa.array(new))
    some = pc.value_counts(values).to_pylist()
    most = max(some, key=lambda one: (one["counts"], str(one["values"])))["values"]
    words = f"{share:.0%} of its values were never seen in calm times, such as {str(most)[:40]!r}"
    return Lost(feature, values, share, _spaced(words))


def moved_shares(name: str, calm: pa.Array, now: pa.Array) -> tuple[float, str] | None:
    """How far a column's rows moved, from 0 to 1, and which did, in words; `None` for what is neither text nor number.

    Example:
        >>> moved_shares("plan", pa.array(["a", "a", "b", "b"]), pa.array(["a", "b", "b", "b"]))
        (0.25, 'plan=b 50 % -> 75 % of the rows')
        >>> moved_shares("age", pa.array([20, 30, 40]), pa.array([50, 60, 70]))
        (1.0, 'age: half of the rows above 60, 30 before')
    """
    calm, now = _whole(calm), _whole(now)
    if _numeric(calm) and _numeric(now):
        known, seen = (part[np.isfinite(part)] for part in (_numbers(calm), _numbers(now)))
        if not len(known) or not len(seen):
            return None
        words = f"{name}: half of the rows above {np.median(seen):.4g}, {np.median(known):.4g} before"
        return _distance(np.sort(known), seen), words
    if not pa.types.is_string(calm.type) or calm.type != now.type:
        return None
    counts = [
        {one["values"]: one["counts"] / len(part) for one in pc.value_counts(part).to_pylist()} for part in (calm, now)
    ]
    change = {value: counts[1].get(value, 0.0) - counts[0].get(value, 0.0) for value in {**counts[0], **counts[1]}}
    most = max(change, key=lambda value: (abs(change[value]), change[value]))
    before, after = (one.get(most, 0.0) for one in counts)
    return sum(map(abs, change.values())) / 2, _spaced(f"{name}={most} {before:.0%} -> {after:.0%} of the rows")


def _new(calm: pa.Array, now: pa.Array) -> Array:
    """(n,) which values are there and were not seen in calm times."""
    seen = pc.is_in(now, value_set=pc.unique(calm)).to_numpy(zero_copy_only=False)
    return np.asarray(~seen & pc.is_valid(now).to_numpy(zero_copy_only=False))


def with_lost(table: pa.Table, losses: list[Lost], rng: np.random.Generator) -> pa.Table:
    """Rows with a share of their cells replaced by what stands there now, at random.

    Args:
        table: Calm rows.
        losses: What happens to which column.
        rng: Draws the cells.

    Example:
        >>> gone = Lost("age", pa.nulls(1, pa.float64()), 1.0, "all of its cells are empty")
        >>> found = with_lost(pa.table({"age": [31.0, 44.0]}), [gone], np.random.default_rng(1))
        >>> found.column("age").null_count
        2
    """
    for one in losses:
        place = table.column_names.index(one.feature)
        hit = rng.random(table.num_rows) < one.share
        drawn = one.values.take(pa.array(rng.integers(0, len(one.values), table.num_rows)))
        column = _whole(table.column(place))
        changed = pc.if_else(pa.array(hit), drawn.cast(column.type), column)
        table = table.set_column(place, one.feature, changed)
    return table


def put_back(feature: str, calm: pa.Array, now: pa.Array, gone: Lost | None = None) -> list[PutBack]:
    """Strayed numbers put back to where values of their rank lay in calm times, in the ways that may undo it.

    Where a part of the values lies outside of calm ones, that part alone is ranked and spread over the calm
    distribution: a wrong unit in any share of the rows, at random, is undone exactly. Where the whole distribution
    moved, all values are. That rows of the same rank are alike is an assumption, which the outcomes must bear out: the
    caller keeps what makes the metric better.

    Source: Bolstad et al. (2003), A comparison of normalization methods, Bioinformatics 19:185, for quantiles.

    Args:
        feature: Its name.
        calm: Values of calm rows.
        now: Values of present rows.
        gone: Cells that stay as they are.

    Example:
        >>> calm = pa.array(np.arange(1.0, 1001.0))
        >>> now = pa.array(np.where(np.arange(1000) % 2, 1, 1000) * np.arange(1.0, 1001.0))
        >>> found, _ = put_back("km", calm, now)
        >>> found.rows, found.words
        (501, '50 % of its values lie outside of calm ones (1.999 to 999), about 1000 times as large')
    """
    calm, now = _whole(calm), _whole(now)
    if not _numeric(now) or not _numeric(calm):
        return []
    known, seen = _numbers(calm), _numbers(now)
    known = np.sort(known[np.isfinite(known)])
    kept = np.isfinite(seen)
    if gone is not None:
        kept &= ~np.isin(seen, _numbers(gone.values))
    if not len(known) or not kept.any():
        return []
    found = []
    low, high = np.quantile(known, [TAIL, 1 - TAIL])
    outside = kept & ((seen < low) | (seen > high))
    if outside.sum() >= OUTSIDE * len(seen):
        share = outside.sum() / len(seen)
        words = f"{share:.0%} of its values lie outside of calm ones ({low:.4g} to {high:.4g})"
        found.append(_restored(feature, now, seen, known, outside, words))
    if not np.array_equal(outside, kept) and _distance(known, seen[kept]) >= APART:
        words = "its values are distributed otherwise than in calm times"
        found.append(_restored(feature, now, seen, known, kept, words))
    return found


def _restored(feature: str, now: pa.Array, seen: Array, known: Array, rows: Array, words: str) -> PutBack:
    from scipy.stats import rankdata

    strayed = seen[rows]
    back = np.quantile(known, (rankdata(strayed) - 0.5) / len(strayed))
    values = seen.copy()
    values[rows] = back
    if pa.types.is_integer(now.type):
        values = np.round(values)
    column = pa.array(values, mask=~np.isfinite(seen)).cast(now.type)
    change = _change(strayed, back)
    return PutBack(feature, column, int(rows.sum()), _spaced(f"{words}, {change}" if change else words))


def _distance(known: Array, seen: Array) -> float:
    """Kolmogorov-Smirnov distance; the first are sorted."""
    places = np.concatenate([known, seen])
    shares = [np.searchsorted(one, places, side="right") / len(one) for one in (known, np.sort(seen))]
    return float(np.abs(shares[0] - shares[1]).max())


def _change(strayed: Array, back: Array) -> str:
    """The factor or the difference between values and where they lay, where it is one."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = strayed / back
    factor = factor[np.isfinite(factor)]
    if len(factor):
        low, middle, high = np.quantile(factor, [0.25, 0.5, 0.75])
        if middle != 0 and high - low <= ALIKE * abs(middle):
            whole = _round(1 / middle if 0 < middle < 1 else middle)
            return f"about 1/{whole:g} as large" if 0 < middle < 1 else f"about {whole:g} times as large"
    low, middle, high = np.quantile(strayed - back, [0.25, 0.5, 0.75])
    if high - low <= ALIKE * abs(middle):
        return f"about {fixed(middle, places(middle), signed=True)} off"
    return ""


def _round(factor: float) -> float:
    """A power of ten where the factor is near one, else two digits of it."""
    power = 10.0 ** round(np.log10(abs(factor)))
    near = factor > 0 and power > 1 and abs(factor / power - 1) <= ALIKE
    return float(power) if near else float(f"{factor:.2g}")


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _numeric(column: pa.Array) -> bool:
    return bool(pa.types.is_integer(column.type) or pa.types.is_floating(column.type))


def _numbers(column: pa.Array) -> Array:
    found: Array = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return found


def _spaced(words: str) -> str:
    """A space before every percent sign, as elsewhere."""
    return words.replace("%", " %")
