"""A review for people: the old assumptions first, and a model-risk assessment with what is known filled in.

Source: Board of Governors of the Federal Reserve System (2011), SR 11-7, Supervisory Guidance on Model Risk Management,
sections IV to VI, for the headings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.report.markdown import escaped
from baseline_pipeline.report.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from baseline_pipeline.governance.reviews import Finding, Review

TO_FILL_IN = "**TO FILL IN**"
_ORDER = {"old": 0, "unknown": 1, "holds": 2}
_SIGNS = {"old": "OLD", "unknown": "?", "holds": "holds"}
_FORM: tuple[tuple[str, tuple[tuple[str, str, bool], ...]], ...] = (
    (
        "Model development, implementation and use",
        (
            ("What is decided by the model?", "purpose", False),
            ("Who is affected, and who uses it?", "", False),
            ("What does a wrong answer cost?", "losses", False),
            ("What kind of model is it?", "method", False),
            ("What did it learn from?", "training", False),
            ("What does it look at, and why?", "features", False),
            ("Which data stand for its use?", "data", False),
            ("For what must it not be used?", "", False),
            ("Which simpler method was it held against?", "", True),
        ),
    ),
    (
        "Model validation: evaluation of conceptual soundness",
        (
            ("Who validated it, and who of them did not build it?", "", True),
            ("Which assumptions are known to be wrong, and how far?", "", False),
        ),
    ),
    (
        "Model validation: ongoing monitoring",
        (
            ("How is it watched?", "monitoring", False),
            ("What is acceptable behaviour, and who said so?", "baseline", False),
            ("What is done when it fails: fallback, and who decides?", "", True),
        ),
    ),
    (
        "Model validation: outcomes analysis",
        (
            ("How good was it on the baseline's rows?", "results", False),
            ("What did the back-test find?", "backtest", False),
            ("What did it do to people that the metrics do not show?", "", True),
        ),
    ),
    (
        "Governance, policies and controls",
        (
            ("Who answers for it?", "owners", False),
            ("Who approves a promotion?", "approvals", False),
            ("Which limits are set on its use?", "", True),
            ("Does anything of it come from a vendor, and what is known of that?", "", False),
        ),
    ),
)
"""Headings, questions, what of the known answers them, and whether only a high impact asks."""


def review_lines(found: Review, *, show_all: bool = False) -> list[str]:
    """The review for a terminal: what is old, what cannot be said, and how much holds."""
    baseline = found.baseline
    lines = [
        (
            f"{found.model}: baseline revision {baseline.revision} of {baseline.at[:10]}, impact {found.impact}; "
            f"{len(found.old)} of {len(found.findings)} assumptions are old"
        )
    ]
    shown = [one for one in _sorted(found.findings) if show_all or one.state != "holds"]
    for one in shown:
        lines += [f"{_SIGNS[one.state]:5} {visible(one.topic)}: {visible(one.what)}"]
        if one.state == "old":
            lines += [f"      why: {visible(one.why)}", f"      next: {visible(one.next_step)}"]
    held = [one.topic for one in found.findings if one.state == "holds"]
    if held and not show_all:
        lines.append(f"holds: {', '.join(held)}")
    return [*lines, *due_lines(found)]


def due_lines(found: Review) -> list[str]:
    """When the next review is due, and who signed the last one."""
    signed = found.signed
    last = f"signed last by {visible(signed.actor)} on {signed.at[:10]}: {visible(signed.reason)}" if signed else ""
    if found.due.because:
        words = "; ".join(map(visible, found.due.because))
        sign = f"next: baseline review {found.model} --sign --by NAME --reason TEXT"
        return [*([last] if last else []), f"REVIEW DUE: {words}", f"      {sign}"]
    return [*([last] if last else []), f"next review: {found.due.on}"]


def review_markdown(found: Review, signed_form: str = "") -> str:
    """The review with its risk assessment as Markdown; what people must answer is asked.

    Args:
        found: The review.
        signed_form: The assessment that was signed off last; it stands below, as it was written.
    """
    baseline = found.baseline
    lines = [
        f"# Review of {escaped(found.model)}",
        "",
        (
            f"* Baseline revision {baseline.revision}, version {escaped(baseline.version)}, {baseline.at}, by "
            f"{escaped(baseline.actor)}: {escaped(baseline.reason)}"
        ),
        f"* Impact class: **{found.impact}**",
        f"* Looked at: {found.at}; findings `{found.digest}`",
        *(f"* {escaped(line.strip())}" for line in due_lines(found)),
        "",
        "## Assumptions",
        "",
        "| | assumption | found | why it matters | next |",
        "|---|---|---|---|---|",
        *(
            f"| {_SIGNS[one.state]} | {escaped(one.topic)} | {escaped(one.what)} | {escaped(one.why)} | "
            f"{escaped(one.next_step) if one.state == 'old' else ''} |"
            for one in _sorted(found.findings)
        ),
        "",
        "## Model-risk assessment",
        "",
        "Headings follow SR 11-7, Supervisory Guidance on Model Risk Management (Federal Reserve, 2011).",
        "",
        *_form(found),
    ]
    if signed_form and found.signed is not None:
        by = f"{escaped(found.signed.actor)} on {found.signed.at[:10]}"
        lines += ["---", "", f"*What follows was signed off by {by}.*", "", signed_form]
    return "\n".join(lines)


def _sorted(findings: Sequence[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: _ORDER[one.state])


def _form(found: Review) -> Iterator[str]:
    for heading, questions in _FORM:
        yield from (f"### {heading}", "")
        for question, topic, high in questions:
            if high and found.impact != "high":
                continue
            known = found.known.get(topic, "")
            yield f"* *{question}* {escaped(known) if known else TO_FILL_IN}"
        yield ""
