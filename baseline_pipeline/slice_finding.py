"""Slices that nobody declared: where a candidate lost most, searched on one half and confirmed on the other."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.significance.clustered import Uncertainty, clustered
from baseline_pipeline.significance.false_discovery import false_discovery
from baseline_pipeline.significance.units import units_of
from baseline_pipeline.slice_axes import LEAST_ROWS, Axis

if TYPE_CHECKING:
    from collections.abc import Sequence

Array = np.ndarray[Any, Any]
Pairs = tuple[tuple[int, int], ...]
"""Columns and levels of them, by their numbers."""

AXES, WORDS = 20, 5
"""Columns, and words of texts, that are crossed: those whose parts tell most by themselves."""
CANDIDATES = 30
PARSIMONY = 0.5
"""What every further column must add to the statistic."""
STANDS_OUT = 2.0
"""What a slice's own rows must reach on the searched half for it to be tested on the other."""
QUIET = 1.0
"""What the rest of a slice stays below where a part of it alone was hit."""
FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True)
class HarmedSlice:
    """A slice on which the candidate is worse, as the half that was not searched says.

    Attributes:
        name: Its conditions.
        rows: (k,) positions of its rows in both halves.
        tested_rows: Rows in the half that confirms, outside of slices named before.
        harm: Mean harm there, in the metric's unit.
        interval: Two-sided 95 % interval of it.
        p_value: One-sided, of no harm.
        q_value: Adjusted so that among those up to q at most a share q is expected to be false.
        confirmed: Whether that lies below the rate.
    """

    name: str
    rows: Array
    tested_rows: int
    harm: float
    interval: tuple[float, float]
    p_value: float
    q_value: float
    confirmed: bool


def find_harmed(
    parts: Sequence[Axis], harm: Array, cluster: Array | None, *, depth: int = 3, seed: int
) -> tuple[HarmedSlice, ...]:
    """Slices on which the candidate is worse, worst first.

    Whole clusters are dealt at random into two halves. On the first, every combination of up to
    `depth` columns' parts is scored by its self-normalised harm beyond that of the average row; those that
    stand out most are kept, as long as they do so on rows that no better one holds, and fewer conditions
    go before more where they say nearly the same, unless a part of a slice alone holds its harm. The second
    half, which the search never saw, gives their harm and p-values, adjusted to a false discovery rate of 5 %
    (Benjamini and Hochberg 1995), so that the search itself costs nothing. Rows that are quieter than the
    average one count as that does: a slice without a single positive seems sure of what one positive would
    turn over. The idea of a lattice of slices: Chung et al. (2019), Slice Finder, ICDE.

    Args:
        parts: The columns, cut.
        harm: (n,) loss of the candidate minus loss of the baseline.
        cluster: (n,) cluster numbers from 0, or `None`.
        depth: How many columns may be combined.
        seed: Of the halves.
    """
    unit = units_of(len(harm), cluster, seed)
    searched = (np.random.Generator(np.random.Philox(seed)).permutation(int(unit.max(initial=-1)) + 1) % 2 == 0)[unit]
    found = _searched(parts, harm, searched, depth)
    if not found:
        return ()
    usual = clustered(harm - harm.mean(), cluster)
    tested = [_tested(name, rows, own, harm, cluster, searched, usual) for name, rows, own in found]
    kept = [one for one in tested if one is not None]
    return tuple(sorted(_adjusted(kept), key=lambda one: (one.q_value, -one.harm)))


def _searched(parts: Sequence[Axis], harm: Array, searched: Array, depth: int) -> list[tuple[str, Array, Array]]:
    """The combinations that lost most beyond the average row, on the first half.

    Returns:
        Name, rows, and those of them that no better one holds, on which it must stand out by itself.
    """
    half = np.flatnonzero(searched)
    usual = float(harm[half].mean()) if len(half) else 0.0
    loss = harm[half] - usual
    square = loss**2
    quiet = float(square.mean()) if len(half) else 0.0
    best: list[tuple[float, tuple[int, ...], tuple[int, ...]]] = []
    chosen = _promising(parts, loss, square, half)
    for count in range(1, depth + 1):
        for columns in itertools.combinations(chosen, count):
            best += _scored([parts[number] for number in columns], columns, loss, square, half)
        best = sorted(best, key=lambda one: -one[0])[: 20 * CANDIDATES]
    kept: list[tuple[str, Array, Array]] = []
    explained = np.zeros(len(harm), dtype=bool)

    def stands_out(inside: Array) -> bool:
        left = harm[inside & searched & ~explained] - usual
        floor = max(float((left**2).sum()), len(left) * quiet)
        return len(left) >= LEAST_ROWS and bool(left.sum() > STANDS_OUT * np.sqrt(floor))

    combined = [tuple(zip(columns, levels, strict=True)) for _, columns, levels in best]
    for pairs in combined:
        if not stands_out(_inside(parts, pairs)):
            continue
        narrow, inside = _narrowed(parts, pairs, combined, half, loss, quiet)
        if stands_out(inside):
            name = " & ".join(parts[column].words[level] for column, level in narrow)
            kept.append((name, np.flatnonzero(inside), np.flatnonzero(inside & ~explained)))
            explained |= inside
        if len(kept) == CANDIDATES:
            break
    return kept


def _narrowed(
    parts: Sequence[Axis], pairs: Pairs, combined: Sequence[Pairs], half: Array, loss: Array, quiet: float
) -> tuple[Pairs, Array]:
    """A slice, or the part of it that holds its harm: the rest of it does not stand out, and lost less by far.

    The self-normalised harm of a slice hardly falls when rows join it that did not change, so that it cannot tell a
    slice from a part of it that alone was hit.

    Returns:
        Its conditions, and (n,) whether each row is in it.
    """
    inside = _inside(parts, pairs)
    for further in combined:
        if not set(pairs) < set(further):
            continue
        within = _inside(parts, further)
        hit, rest = loss[within[half]], loss[(inside & ~within)[half]]
        if len(hit) < LEAST_ROWS or len(rest) < LEAST_ROWS:
            continue
        spread = [max(float(part.var()), quiet) / len(part) for part in (hit, rest)]
        apart = (hit.mean() - rest.mean()) / np.sqrt(sum(spread))
        left = rest.sum() / np.sqrt(max(float((rest**2).sum()), len(rest) * quiet))
        if apart > STANDS_OUT and left < QUIET:
            return _narrowed(parts, further, combined, half, loss, quiet)
    return pairs, inside


def _inside(parts: Sequence[Axis], pairs: Pairs) -> Array:
    return np.asarray(np.logical_and.reduce([parts[column].part == level for column, level in pairs]))


def _promising(parts: Sequence[Axis], loss: Array, square: Array, half: Array) -> list[int]:
    """The columns and words with the most telling single parts; crosses of more would take long."""
    scores = [
        max((score for score, *_ in _scored([axis], (number,), loss, square, half)), default=-np.inf)
        for number, axis in enumerate(parts)
    ]
    best = np.argsort(-np.array(scores), kind="stable").tolist()
    words = [number for number in best if parts[number].is_word]
    return sorted([number for number in best if not parts[number].is_word][:AXES] + words[:WORDS])


def _scored(
    combined: Sequence[Axis], columns: tuple[int, ...], loss: Array, square: Array, half: Array
) -> list[tuple[float, tuple[int, ...], tuple[int, ...]]]:
    shape = tuple(len(axis.words) for axis in combined)
    inside = np.logical_and.reduce([axis.part[half] >= 0 for axis in combined])
    code = np.ravel_multi_index(tuple(axis.part[half][inside] for axis in combined), shape)
    size = int(np.prod(shape))
    rows = np.bincount(code, minlength=size)
    total = np.bincount(code, loss[inside], size)
    norm = np.sqrt(np.maximum(np.bincount(code, square[inside], size), rows * square.mean()))
    worse = np.flatnonzero((rows >= LEAST_ROWS) & (total > 0))
    levels = np.stack(np.unravel_index(worse, shape), axis=1)
    return [
        (float(total[number] / norm[number]) - PARSIMONY * (len(columns) - 1), columns, tuple(level))
        for number, level in zip(worse, levels.tolist(), strict=True)
    ]


def _tested(
    name: str, rows: Array, own: Array, harm: Array, cluster: Array | None, searched: Array, usual: Uncertainty
) -> HarmedSlice | None:
    """What the other half says of a slice, no surer than as many rows of any kind would be."""
    from scipy.special import stdtr, stdtrit

    fresh = own[~searched[own]]
    if len(fresh) < LEAST_ROWS // 2:
        return None
    mean = float(harm[fresh].mean())
    codes = None if cluster is None else np.unique(cluster[fresh], return_inverse=True)[1]
    uncertainty = clustered(harm[fresh] - mean, codes)
    if not np.isfinite(uncertainty.error):
        return None
    at_least = replace(usual, error=usual.error * np.sqrt(len(harm) / len(fresh)))
    uncertainty = max(uncertainty, at_least, key=lambda one: one.error)
    if uncertainty.error == 0:
        return None
    half = float(stdtrit(uncertainty.degrees, 0.975)) * uncertainty.error
    p = float(stdtr(uncertainty.degrees, -mean / uncertainty.error))
    return HarmedSlice(name, rows, len(fresh), mean, (mean - half, mean + half), p, p, confirmed=False)


def _adjusted(tested: list[HarmedSlice]) -> list[HarmedSlice]:
    if not tested:
        return []
    q = false_discovery(np.array([one.p_value for one in tested]))
    return [
        replace(one, q_value=float(value), confirmed=bool(value <= FALSE_DISCOVERIES))
        for one, value in zip(tested, q, strict=True)
    ]
