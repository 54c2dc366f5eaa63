"""How a gate ended, in Markdown: for a job's summary and for one comment on a pull request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.report.markdown import decision_markdown, escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.governance.criteria import Checked
    from baseline_pipeline.governance.gate import GateExit
    from baseline_pipeline.report.story import DecisionStory

SIGNS = {0: "✅", 1: "❌", 3: "⚠️", 4: "⚠️", 5: "⏳"}


def gate_markdown(
    story: DecisionStory, ended: GateExit, checked: Sequence[Checked], *, promoted: int | None, stray: str
) -> str:
    """The gate's word first, then limits and warnings, then the decision.

    The first line is a mark by which a comment is found again and kept up to date.

    Args:
        story: What to tell of the decision.
        ended: How the gate ended.
        checked: Limits given at the gate.
        promoted: Revision of the baseline that followed, if any.
        stray: What is wrong with the champion's alias, if anything.
    """
    lines = [
        f"<!-- baseline-gate {escaped(story.card.name)} -->",
        f"# {SIGNS[ended.code]} {escaped(ended.word)} · {escaped(story.card.name)}",
        "",
    ]
    if promoted is not None:
        lines += [f"Promoted: baseline revision {promoted}.", ""]
    lines += [f"* ⚠️ {escaped(one)}" for one in (*ended.warnings, *([stray] if stray else []))]
    failures = "; ".join(story.comparison.failures)
    lines += [f"* {'❌' if failures else '✅'} loads and predicts{': ' if failures else ''}{escaped(failures)}"]
    if checked:
        lines += ["", "| Limit | | Measured |", "|---|---|---|"]
        words = {True: "passed", False: "**failed**", None: "not evaluated"}
        lines += [f"| {escaped(one.criterion.text)} | {words[one.passed]} | {escaped(one.why)} |" for one in checked]
    return "\n".join([*lines, "", decision_markdown(story), ""])
