"""What a decision saw of the causes that an attribution shares out: it looks at other rows than an attribution does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from baseline_pipeline.comparison import Comparison
from baseline_pipeline.figures import fixed, places
from baseline_pipeline.records import Record
from baseline_pipeline.replay.attribution import Shared

ALONE: dict[str, str] = {"data_values": "rows alone whose values changed", "population": "new rows alone"}

BESIDE = "rows that both data sets have, changed or not"


class Decided(Record):
    """The harm that a decision saw of one cause, on rows that an attribution sees among others."""

    metric: str
    slice: str
    factor: Literal["data_values", "population"]
    harm: float
    rows: int
    """Those that the decision looked at."""
    beside: bool = False
    """Whether they hold rows beside, that are as they were."""


def decided(comparison: Comparison, shared: Sequence[Shared]) -> tuple[Decided, ...]:
    """What the decision's comparisons say of changed values and of new rows, where these are not all rows."""
    rows = {(one.metric, one.slice): one.rows for one in shared}
    return tuple(
        Decided(
            metric=cell.metric,
            slice=cell.slice,
            factor=contrast.moved,
            harm=-cell.gain,
            rows=cell.rows,
            beside=contrast.beside_unchanged,
        )
        for contrast in comparison.contrasts
        if contrast.moved in {"data_values", "population"}
        for cell in contrast.cells
        if cell.gain is not None and cell.rows < rows.get((cell.metric, cell.slice), 0)
    )


def in_words(found: Shared, seen: Sequence[Decided]) -> str:
    """Which rows an attribution's figures are of, and what the decision saw on which; empty where they are the same.

    Example:
        >>> from baseline_pipeline.replay.attribution import Contribution
        >>> part = Contribution(factor="population", harm=0.01, interval=(0.0, 0.02), p_value=0.05, found=False)
        >>> found = Shared(
        ...     metric="brier", slice="all", unit="", rows=300, before=0.2, after=0.21, harm=0.01, interval=(0.0, 0.02),
        ...     contributions=(part,), interactions=(),
        ... )
        >>> in_words(found, [Decided(metric="brier", slice="all", factor="population", harm=0.03, rows=100)])
        'figures are of all 300 rows; the decision saw harm +0.0300 on the 100 new rows alone'
    """
    there = {one.factor for one in found.contributions}
    told = [one for one in seen if (one.metric, one.slice) == (found.metric, found.slice) and one.factor in there]
    if not told:
        return ""
    decimals = places(max(abs(one.harm) for one in told) or None, 3)
    parts = [
        f"{fixed(one.harm, decimals, signed=True)} on the {one.rows} {BESIDE if one.beside else ALONE[one.factor]}"
        for one in told
    ]
    return f"figures are of all {found.rows} rows; the decision saw harm {' and '.join(parts)}"
