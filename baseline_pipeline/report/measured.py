"""What an evaluation measured, on lines of a terminal: what a person reads where nothing is compared yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.figures import MISSING, bracketed, counted, fixed, places
from baseline_pipeline.report.lineage import learned, measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.evaluation import MetricValue
    from baseline_pipeline.report.story import DecisionStory

MOST_SLICES = 3


def measured_lines(story: DecisionStory, *, show_all: bool) -> Iterator[str]:
    """Every metric on all rows, then the slices on which the first primary is worst.

    Beside a baseline, which verdicts tell more of, only where nothing but the contract moved.

    Args:
        story: What to tell.
        show_all: Every slice of every metric.
    """
    asked = any(change.facet == "contract" for change in story.comparison.changed)
    if story.comparison.baseline_revision is not None and not asked:
        return
    values = [value for part in measured(story) for value in part]
    slices = [value for value in values if value.slice != ALL_ROWS]
    yield from (words for words in [learned(story)] if words)
    yield from (value_line(value) for value in values if value.slice == ALL_ROWS)
    shown = slices if show_all else _worst(story, slices)
    if shown and not show_all:
        yield f"worst slices by {shown[0].metric}:"
    yield from (value_line(value) for value in shown)
    if len(shown) < len(slices):
        yield f"{counted(len(slices) - len(shown), 'more value')} of slices (--all shows them)"


def value_line(value: MetricValue) -> str:
    """A metric's value with its 95 % interval and rows, or why it has none.

    Example:
        >>> from baseline_pipeline.evaluation import MetricValue
        >>> value_line(MetricValue(metric="auc", slice="all", rows=900, clusters=31, value=0.72, low=0.71, high=0.73))
        'auc  0.720 [0.710, 0.730]  n=900, 31 clusters'
    """
    name = value.metric if value.slice == ALL_ROWS else f"{value.metric}[{value.slice}]"
    clusters = "" if value.clusters is None else f", {value.clusters} clusters"
    rows = f"n={value.rows}{clusters}"
    if value.value is None:
        return f"{name}  {MISSING}: {value.note}  {rows}"
    if value.low is None or value.high is None:
        return f"{name}  {fixed(value.value, places(value.value, 3))}  {rows}"
    decimals = places((value.high - value.low) / 2)
    return f"{name}  {fixed(value.value, decimals)} {bracketed((value.low, value.high), decimals)}  {rows}"


def _worst(story: DecisionStory, slices: list[MetricValue]) -> list[MetricValue]:
    """Those of the first primary of which either end is the bad one."""
    first = next((one for one in story.trajectories if one.better != "nearer"), None)
    if first is None:
        return []
    sign = 1.0 if first.better == "higher" else -1.0
    known = [(sign * one.value, one) for one in slices if one.metric == first.metric and one.value is not None]
    return [one for _, one in sorted(known, key=lambda pair: pair[0])[:MOST_SLICES]]
