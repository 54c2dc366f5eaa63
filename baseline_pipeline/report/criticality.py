"""Which verdicts a reader must see first, and which may be folded to a count."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.comparison import Cell
    from baseline_pipeline.verdicts import Tier, Verdict

VERDICTS: tuple[Verdict, ...] = ("degraded", "inconclusive", "not_evaluated", "improved", "unchanged")
REPORTED = "reported"
"""What is no verdict, since nothing is asked of it."""
_TIERS: tuple[Tier | None, ...] = ("severe", "moderate", "minor", None)
MOST_SHOWN = 40


def most_critical_first(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    """Primaries on all rows, then harmed slices, then the rest, then what is only reported; the worst of each first."""
    return tuple(sorted(cells, key=_criticality))


def folded(cells: Sequence[Cell], *, show_all: bool = False) -> tuple[tuple[Cell, ...], tuple[Cell, ...]]:
    """The cells a person must read, most critical first, and the others.

    Shown is every metric on all rows, slices that are degraded or whose harm may reach their margin, and primary slices
    without a verdict of their own; at most 40 unless `show_all`.
    """
    ordered = most_critical_first(cells)
    if show_all:
        return ordered, ()
    shown = tuple(cell for cell in ordered if _must_be_read(cell))[:MOST_SHOWN]
    kept = set(map(id, shown))
    return shown, tuple(cell for cell in ordered if id(cell) not in kept)


def tally(cells: Iterable[Cell]) -> str:
    """How many cells have each verdict, in words, and how many of them show minor harm; empty verdicts are left out."""
    cells = tuple(cells)
    found = Counter(REPORTED if cell.only_reported else cell.verdict for cell in cells)
    minor = Counter[str](cell.verdict for cell in cells if cell.tier == "minor")
    return ", ".join(
        f"{found[word]} {word.replace('_', ' ')}" + (f" ({minor[word]} with minor harm)" if minor[word] else "")
        for word in (*VERDICTS, REPORTED)
        if found[word]
    )


def _must_be_read(cell: Cell) -> bool:
    waiting = cell.role == "primary" and cell.verdict == "inconclusive"
    return cell.slice == ALL_ROWS or cell.verdict == "degraded" or cell.tier in {"severe", "moderate"} or waiting


def _group(cell: Cell) -> int:
    if cell.role == "primary" and cell.slice == ALL_ROWS:
        return 0
    if cell.only_reported:
        return 3
    return 1 if cell.tier is not None or cell.verdict == "degraded" else 2


def _criticality(cell: Cell) -> tuple[int, int, int, float, bool, str, str]:
    return (
        _group(cell),
        _TIERS.index(cell.tier),
        VERDICTS.index(cell.verdict),
        1.0 if cell.p_adjusted is None else cell.p_adjusted,
        cell.slice != ALL_ROWS,
        cell.metric,
        cell.slice,
    )
