"""A column's drift as a bar against its threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import MISSING, fixed
from baseline_pipeline.report.svg import Axis, element

if TYPE_CHECKING:
    from markupsafe import Markup

    from baseline_pipeline.snapshot import ColumnDrift

_HEIGHT = 18
_THRESHOLDS = 4.0


def drift_bar(column: ColumnDrift) -> Markup:
    """The score as a multiple of its threshold, up to four; methods differ, so bars are relative."""
    axis = Axis(0.0, _THRESHOLDS, 0.0, 100.0)
    threshold = axis.percent(1.0)
    parts = [element("rect", x=0, y=5, width="100%", height=8, rx=4, class_="rail")]
    said = f"{column.column}: {MISSING}"
    if column.score is not None and column.threshold > 0:
        kind = "degraded" if column.drifted else "unchanged"
        width = axis.percent(column.score / column.threshold)
        parts.append(element("rect", x=0, y=5, width=width, height=8, rx=4, class_=f"bar {kind}"))
        said = f"{column.column}: {fixed(column.score, 3)} against threshold {fixed(column.threshold, 3)}"
    parts.append(element("line", x1=threshold, x2=threshold, y1=1, y2=_HEIGHT - 1, class_="margin"))
    return element("svg", *parts, class_="plot", width="100%", height=_HEIGHT, role="img", aria_label=said)
