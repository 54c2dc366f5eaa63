"""What is to be known of two models beside their verdicts, in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import bracketed, fixed, p_text, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from baseline_pipeline.comparison import Contrast, JointShift

APART = 0.01
"""p-value from which rows are said to differ."""
MOVED_ROWS = {"data_values", "population"}
"""What moved where both sides have one model: what moves its scores follows the rows."""


def model_findings(contrast: Contrast) -> Iterator[str]:
    """What is to be known of the two models beside their verdicts, a sentence each."""
    if contrast.replay_difference:
        yield f"scoring the same rows twice moves scores by up to {contrast.replay_difference:.2g}"
    if contrast.anchor_revision is not None:
        yield from _budget(contrast)
    joint = contrast.joint
    if joint is not None:
        words = "can be told apart" if joint.p_value < APART else "look alike"
        said = f"AUC {joint.auc:.3f} of a classifier, p{p_text(joint.p_value)}"
        yield f"features together: rows of the two sides {words} ({said})"
        yield from _adjusted(joint) if joint.p_value < APART else ()
    for leanings, how in ((contrast.leanings, ""), (contrast.shap_leanings, ", by SHAP values")):
        for leaning in leanings:
            if leaning.found:
                begins = (
                    "the same model, on other values" if contrast.moved in MOVED_ROWS else "leans on another feature"
                )
                shares = f"{leaning.baseline:.0%} -> {leaning.candidate:.0%}"
                yield f"{begins}: {leaning.feature} makes {shares} of what moves the score{how}"


def _adjusted(joint: JointShift) -> Iterator[str]:
    """What is left of a change in performance where the rows look the same, and how many rows that rests on."""
    worth = f"worth {joint.effective_rows:.0f} as they are"
    for one in joint.adjusted:
        decimals = places(one.interval[1] - one.interval[0])
        yield (
            f"on the baseline's rows weighted to look like the present ({worth}): {one.metric} "
            f"{fixed(one.baseline, decimals)} -> {fixed(one.candidate, decimals)}, gain "
            f"{fixed(one.gain, decimals, signed=True)} {bracketed(one.interval, decimals, signed=True)}"
        )


def _budget(contrast: Contrast) -> Iterator[str]:
    """What small harms, each accepted by itself, have taken of what the anchor's margin allows together."""
    for cell in contrast.cells:
        if cell.role != "primary" or cell.margin is None or cell.gain is None:
            continue
        decimals = cell.decimals
        used = max(-cell.gain, 0.0)
        most = f", at most {fixed(cell.harm_bounds[1], decimals)}" if cell.harm_bounds else ""
        yield (
            f"creep budget of {cell.metric} since revision {contrast.anchor_revision}: {fixed(used, decimals)} of "
            f"{fixed(cell.margin, decimals)} used ({used / cell.margin:.0%}{most})"
        )
