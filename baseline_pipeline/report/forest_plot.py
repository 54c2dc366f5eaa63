"""Forest plots: gains with their intervals and margins, one metric at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.figures import MISSING, bracketed, fixed
from baseline_pipeline.report.criticality import most_critical_first
from baseline_pipeline.report.svg import Axis, axis_over, element, mark
from baseline_pipeline.report.verdict_line import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from markupsafe import Markup

    from baseline_pipeline.comparison import Cell

MOST_SLICES = 25
_WIDEST = 5.0
_HEIGHT = 28


@dataclass(frozen=True)
class ForestPlot:
    """One metric's rows, drawn on one axis.

    Attributes:
        metric: its name.
        unit: of gains and margins.
        better: whether higher or lower values are.
        axis: the SVG of the axis below the rows.
        rows: cells with their drawing; all rows first, then the most critical slices.
        hidden: how many slices are left to the table.
    """

    metric: str
    unit: str
    better: str
    axis: Markup
    rows: tuple[tuple[Cell, Markup], ...]
    hidden: int


def forest_plots(cells: Iterable[Cell]) -> tuple[ForestPlot, ...]:
    """One plot per metric, in the order the metrics first appear; units differ, so axes do.

    Source: Lewis and Clarke (2001), Forest plots: trying to see the wood and the trees.
    """
    found: dict[str, list[Cell]] = {}
    for cell in cells:
        found.setdefault(cell.metric, []).append(cell)
    return tuple(_plot(metric, group) for metric, group in found.items())


def _plot(metric: str, cells: Sequence[Cell]) -> ForestPlot:
    ordered = sorted(most_critical_first(cells), key=lambda cell: cell.slice != ALL_ROWS)
    drawn = [cell for cell in ordered if cell.gain is not None or cell.slice == ALL_ROWS]
    shown = drawn[: MOST_SLICES + sum(cell.slice == ALL_ROWS for cell in drawn)] or ordered[:1]
    axis = _axis(shown)
    rows = tuple((cell, _row(cell, axis)) for cell in shown)
    first = shown[0]
    return ForestPlot(metric, first.unit, first.better, _ticks(axis), rows, len(ordered) - len(shown))


def _axis(cells: Sequence[Cell]) -> Axis:
    """Holds zero, every margin and every interval.

    Intervals are cut, with an arrow, beyond five margins and the largest gain; a gain only beyond fifteen margins where
    it is besides more than three times the median one.
    """
    margin = max((cell.margin or 0.0 for cell in cells), default=0.0)
    ends = [0.0, -1.3 * margin, 0.6 * margin]
    for cell in cells:
        ends.extend(value for value in (cell.gain, *(cell.interval or ())) if value is not None)
    ends = [end for end in ends if math.isfinite(end)]
    if margin:
        sizes = [abs(cell.gain) for cell in cells if cell.gain is not None and math.isfinite(cell.gain)] or [0.0]
        reach = min(max(_WIDEST * margin, 1.05 * max(sizes)), 3 * max(_WIDEST * margin, median(sizes)))
        ends = [min(max(end, -reach), reach) for end in ends]
    return axis_over(ends)


def _row(cell: Cell, axis: Axis) -> Markup:
    zero, middle = axis.percent(0.0), _HEIGHT / 2
    parts = [element("line", x1=zero, x2=zero, y1=0, y2=_HEIGHT, class_="zero")]
    if cell.margin is not None and axis.holds(-cell.margin):
        at = axis.percent(-cell.margin)
        parts.insert(0, element("rect", x=0, y=0, width=at, height=_HEIGHT, class_="harm"))
        parts.append(element("line", x1=at, x2=at, y1=0, y2=_HEIGHT, class_="margin"))
    if cell.interval is not None:
        low, high = cell.interval
        ends = {"x1": axis.percent(low), "x2": axis.percent(high)}
        parts.append(element("line", **ends, y1=middle, y2=middle, class_=f"interval {cell.verdict}"))
        beyond = (("left", low < axis.low, ends["x1"]), ("right", high > axis.high, ends["x2"]))
        parts.extend(mark(f"{side}", at, f"{middle}") for side, outside, at in beyond if outside)
    if cell.gain is not None and axis.holds(cell.gain):
        parts.append(mark(cell.verdict, axis.percent(cell.gain), f"{middle}"))
    return element("svg", *parts, class_="plot", width="100%", height=_HEIGHT, role="img", aria_label=_said(cell))


def _said(cell: Cell) -> str:
    verdict = cell.verdict.replace("_", " ")
    if cell.gain is None:
        return f"{place(cell)}: {MISSING}, {verdict}"
    decimals = cell.decimals
    gain, interval = fixed(cell.gain, decimals, signed=True), bracketed(cell.interval, decimals, signed=True)
    margin = "" if cell.margin is None else f", margin {fixed(cell.margin, decimals)}"
    return f"{place(cell)}: gain {gain} {interval}{margin}, {verdict}"


def _ticks(axis: Axis) -> Markup:
    parts = [
        element("text", text, x=axis.percent(value), y=13, text_anchor="middle", class_="tick")
        for value, text in axis.ticks()
    ]
    return element("svg", *parts, class_="axis", width="100%", height=18, aria_hidden="true")
