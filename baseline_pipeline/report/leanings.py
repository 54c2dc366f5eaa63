"""What two models lean on: in words where it changed, and as two bars a feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import p_text
from baseline_pipeline.report.svg import Axis, element

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from baseline_pipeline.comparison import Contrast, Leaning

_HEIGHT = 22
APART = 0.01
"""p-value from which rows are said to differ."""


def model_findings(contrast: Contrast) -> Iterator[str]:
    """What is to be known of the two models beside their verdicts, a sentence each."""
    if contrast.replay_difference:
        yield f"scoring the same rows twice moves scores by up to {contrast.replay_difference:.2g}"
    joint = contrast.joint
    if joint is not None:
        words = "can be told apart" if joint.p_value < APART else "look alike"
        said = f"AUC {joint.auc:.3f} of a classifier, p{p_text(joint.p_value)}"
        yield f"features together: rows of the two sides {words} ({said})"
        for one in joint.adjusted if joint.p_value < APART else ():
            low, high = one.interval
            yield (
                f"{one.metric} on the baseline's rows weighted to look like the present: {one.baseline:.4g} -> "
                f"{one.candidate:.4g}, gain {one.gain:+.4g} [{low:+.4g}, {high:+.4g}]"
            )
    for leaning in contrast.leanings:
        if leaning.found:
            shares = f"{leaning.baseline:.0%} -> {leaning.candidate:.0%}"
            yield f"leans on another feature: {leaning.feature} makes {shares} of what moves the score"


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
