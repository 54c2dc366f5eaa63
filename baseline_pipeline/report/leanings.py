"""What two models lean on, as two bars a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.report.svg import Axis, element

if TYPE_CHECKING:
    from markupsafe import Markup

    from baseline_pipeline.comparison import Leaning

_HEIGHT = 22


def leaning_bars(one: Leaning) -> Markup:
    """The feature's share of what moves the score: the baseline's thin above the candidate's."""
    axis = Axis(0.0, 1.0, 0.0, 100.0)
    kind = "degraded" if one.found else "unchanged"
    parts = [
        element("rect", x=0, y=3, width="100%", height=16, rx=3, class_="rail"),
        element("rect", x=0, y=4, width=axis.percent(one.baseline), height=4, rx=2, class_="bar inconclusive"),
        element("rect", x=0, y=10, width=axis.percent(one.candidate), height=8, rx=3, class_=f"bar {kind}"),
    ]
    said = f"{one.feature}: {one.baseline:.0%} of what moves the score before, {one.candidate:.0%} now"
    return element("svg", *parts, class_="plot", width="100%", height=_HEIGHT, role="img", aria_label=said)
