"""One verdict on one line, with everything needed to judge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.figures import about, bracketed, counted, fixed, p_text
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from baseline_pipeline.comparison import Cell
    from baseline_pipeline.verdicts import Verdict

Pairing = Literal["paired", "unpaired"]


def verdict_word(verdict: Verdict) -> str:
    """The verdict in capitals, as a line starts with it.

    Example:
        >>> verdict_word("not_evaluated")
        'NOT EVALUATED'
    """
    return verdict.replace("_", " ").upper()


def word_of(cell: Cell) -> str:
    """The verdict in capitals, or that the cell is only reported and has none."""
    return "REPORTED" if cell.only_reported else verdict_word(cell.verdict)


def place(cell: Cell) -> str:
    """Where a cell stands: the metric, and its slice in brackets unless it holds all rows."""
    name = cell.metric if cell.slice == ALL_ROWS else f"{cell.metric}[{cell.slice}]"
    return visible(name)


def verdict_line(cell: Cell, pairing: Pairing) -> str:
    """The verdict, both values, gain with 95 % interval, margin, rows, p-value, detectable effect and tier.

    Of what is only reported there are values, gain and rows. Decimals follow the size of the margin. What was not
    measured is left out or said in words; the note stands at the end where a verdict could not be given, or fewer
    runs than were planned settled it.

    Args:
        cell: One metric on one slice.
        pairing: How the rows of the two sides were matched.

    Example:
        >>> from baseline_pipeline.comparison import Cell
        >>> verdict_line(Cell(
        ...     metric="recall", slice="carrier=EV", role="guardrail", unit="share", better="higher", rows=2914,
        ...     clusters=31, changed_rows=240, baseline=0.871, candidate=0.826, gain=-0.045,
        ...     interval=(-0.061, -0.029), harm_bounds=(0.024, 0.059), p_value=0.0001, p_adjusted=0.002,
        ...     margin=0.03, severe=0.06, minimum_detectable_effect=0.022, rows_required=None,
        ...     verdict="degraded", tier="moderate", note=""), "paired").split("  ")
        ... # doctest: +NORMALIZE_WHITESPACE
        ['DEGRADED recall[carrier=EV]', '0.871 -> 0.826', 'gain -0.045 [-0.061, -0.029]', 'margin 0.030',
         'n=2914 paired, 31 clusters', 'p(adjusted)=0.002', 'MDE 0.022', 'moderate']
    """
    decimals = cell.decimals
    if cell.only_reported:
        why = visible(cell.note) if cell.verdict == "not_evaluated" else ""
        told = (_values(cell, decimals), _gain(cell, decimals), _rows(cell, pairing), why)
        return "  ".join(part for part in (f"{word_of(cell)} {place(cell)}", *told) if part)
    parts = (
        f"{word_of(cell)} {place(cell)}",
        _values(cell, decimals),
        _gain(cell, decimals),
        "" if cell.margin is None else f"margin {fixed(cell.margin, decimals)}",
        _rows(cell, pairing),
        _p(cell),
        "" if cell.minimum_detectable_effect is None else f"MDE {fixed(cell.minimum_detectable_effect, decimals)}",
        cell.tier or "",
        _note(cell),
    )
    return "  ".join(part for part in parts if part)


def _values(cell: Cell, decimals: int) -> str:
    if cell.baseline is None and cell.candidate is None:
        return ""
    return f"{fixed(cell.baseline, decimals)} -> {fixed(cell.candidate, decimals)}"


def _gain(cell: Cell, decimals: int) -> str:
    if cell.gain is None:
        return ""
    return f"gain {fixed(cell.gain, decimals, signed=True)} {bracketed(cell.interval, decimals, signed=True)}".rstrip()


def _rows(cell: Cell, pairing: Pairing) -> str:
    clusters = "" if cell.clusters is None else f", {counted(cell.clusters, 'cluster')}"
    things = "" if cell.counts == "rows" else f"{cell.counts} "
    return f"n={cell.rows} {things}{pairing}{clusters}"


def _p(cell: Cell) -> str:
    if cell.verdict == "improved":  # p is of harm: beside a shown gain it is near one, and reads as doubt
        return ""
    if cell.p_adjusted is not None:
        return f"p(adjusted){p_text(cell.p_adjusted)}"
    return f"p{p_text(cell.p_value)}" if cell.p_value is not None else ""


def _note(cell: Cell) -> str:
    bounded_untested = cell.p_value is None and cell.harm_bounds is not None and cell.harm_bounds[0] is None
    if cell.verdict in {"unchanged", "improved"} and cell.tier is None and not bounded_untested:
        return ""
    needed = cell.rows_required if cell.verdict == "inconclusive" else None
    required = f"about {about(needed)} {cell.counts} needed" if needed else ""
    return "; ".join(part for part in (required, visible(cell.note)) if part)
