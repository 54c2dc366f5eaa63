"""A decision for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import MISSING, bracketed, counted, fixed
from baseline_pipeline.records import short
from baseline_pipeline.report.concern import concern
from baseline_pipeline.report.criticality import folded, tally
from baseline_pipeline.report.findings import model_findings
from baseline_pipeline.report.lineage import doubts, environment_findings
from baseline_pipeline.report.measured import measured_lines
from baseline_pipeline.report.outcome import headline, next_step, standing
from baseline_pipeline.report.verdict_line import verdict_line
from baseline_pipeline.report.visible import visible
from baseline_pipeline.report.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

    from baseline_pipeline.comparison import Contrast
    from baseline_pipeline.decision import Decision
    from baseline_pipeline.report.story import DecisionStory
    from baseline_pipeline.snapshot import ColumnDrift, DriftReport

MOST_DRIFT = 5
MOST_REASONS = 8
_STYLES = {
    r"(?m)^REJECT\b|^HOLD: harm unresolved|^ *DEGRADED\b|\bsevere\b|\bmoderate\b": "bold red",
    r"(?m)^(PROMOTE|ESTABLISH)\b|^ *IMPROVED\b": "bold green",
    r"(?m)^HOLD: (?!harm)[a-z ]+?(?=  )|^ *(INCONCLUSIVE|NOT EVALUATED)\b": "bold yellow",
    r"(?m)^(Why|What changed|Measured|Comparison|Drift|Data quality|Doubts|Environment|Next)\b.*$": "bold",
    r"(?m)^ *(UNCHANGED|REPORTED)\b": "dim",
}


def decision_text(story: DecisionStory, *, width: int = 100, show_all: bool = False) -> str:
    """The decision as plain text: outcome, reasons, what changed, verdicts, drift, environment, next step.

    Where no baseline stands, what was measured stands for the verdicts.
    Verdicts stand most critical first; what need not be read is folded to a count.

    Args:
        story: What to tell.
        width: Columns of the terminal; fewer than 40 are taken as 40.
        show_all: Every verdict, and every drifting column.
    """
    width = max(width, 40)
    blocks = (
        _banner(story),
        _section("Why", _reasons(story.decision, show_all=show_all)),
        _section("What changed", _changes(story)),
        _section("Measured", measured_lines(story, show_all=show_all)),
        *(_contrast(contrast, show_all=show_all) for contrast in story.comparison.contrasts),
        _section("Drift", _drift(story.drift, show_all=show_all)),
        _section("Drift of the changed rows", _drift(story.changed_drift, show_all=show_all)),
        _section("Data quality", _quality(story)),
        _section("Doubts", doubts(story)),
        _section("Environment", environment_findings(story)),
        _section("Replayed", story.followed),
        _section("Next", [next_step(story.decision, tried=story.tried), *_asked(story)]),
    )
    return "\n\n".join("\n".join(_wrapped(block, width)) for block in blocks if block) + "\n"


def contrast_text(contrast: Contrast, *, width: int = 100, show_all: bool = False) -> str:
    """One comparison of two evaluations as plain text.

    Args:
        contrast: What was compared.
        width: Columns of the terminal; fewer than 40 are taken as 40.
        show_all: Every verdict.
    """
    return "\n".join(_wrapped(_contrast(contrast, show_all=show_all), max(width, 40))) + "\n"


def scan_text(decision: Decision, contrast: Contrast, drift: DriftReport, *, width: int = 100, show_all: bool) -> str:
    """What two data sets say of each other: outcome and reasons, verdicts, drift.

    Args:
        decision: What the verdicts come to.
        contrast: Performance, slice by slice.
        drift: Columns that moved.
        width: Columns of the terminal; fewer than 40 are taken as 40.
        show_all: Every verdict and column.
    """
    tier = f"  ({decision.tier})" if decision.tier else ""
    lines = [f"{scan_headline(decision)}  {decision.model}{tier}"]
    lines += _section("Why", decision.reasons)
    lines += _contrast(contrast, show_all=show_all)
    lines += _section("Drift", _drift(drift, show_all=show_all))
    return "\n".join(_wrapped(lines, max(width, 40))) + "\n"


def scan_headline(decision: Decision) -> str:
    """One word for what the present rows mean."""
    words = {"promote": "PASS", "reject": "DEGRADED"}
    return words.get(decision.outcome, (decision.hold or decision.outcome).replace("_", " ").upper())


def coloured(text: str) -> Text:
    """A report's text with rich styles; the caller's console decides whether they are shown (NO_COLOR)."""
    from rich.text import Text

    styled = Text(text)
    for pattern, style in _STYLES.items():
        styled.highlight_regex(pattern, style)
    return styled


def _banner(story: DecisionStory) -> list[str]:
    decision = story.decision
    tier = f"  ({decision.tier})" if decision.tier else ""
    return [f"{headline(decision.outcome, decision.hold)}  {story.card.name}{tier}", standing(decision)]


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = [f"  {line}" for line in lines]
    return [title, *found] if found else []


def _reasons(decision: Decision, *, show_all: bool) -> Iterator[str]:
    told = decision.reasons if show_all else decision.reasons[:MOST_REASONS]
    yield from (f"{number}. {reason}" for number, reason in enumerate(told, 1))
    if len(told) < len(decision.reasons):
        yield f"{counted(len(decision.reasons) - len(told), 'more reason')} (--all shows them)"


def _changes(story: DecisionStory) -> Iterator[str]:
    for change in story.comparison.changed:
        before, after = (short(digest) if digest else "none" for digest in (change.before, change.after))
        yield f"{change.facet}  {before} -> {after}"
        for detail in change.details:
            yield f"  {detail}"


def _contrast(contrast: Contrast, *, show_all: bool) -> list[str]:
    moved = contrast.moved.replace("_", " ")
    lines = [contrast.question]
    if contrast.not_comparable:
        return _section(f"Comparison: {moved}", [*lines, f"not comparable: {contrast.not_comparable}"])
    if contrast.rows_left_out:
        lines.append(f"{counted(contrast.rows_left_out, 'row')} left out: {contrast.left_out_because}")
    if contrast.changes:
        changes = contrast.changes
        decided = (
            "" if changes.decisions_changed is None else f", {counted(changes.decisions_changed, 'decision')} changed"
        )
        decided += f", {changes.labels_changed} labels changed" if changes.labels_changed else ""
        lines.append(f"{changes.changed_scores} of {changes.rows} scores differ{decided}")
    lines.extend(model_findings(contrast))
    shown, rest = folded(contrast.cells, show_all=show_all)
    lines.extend(verdict_line(cell, contrast.pairing) for cell in shown)
    if rest:
        lines.append(f"{len(rest)} more: {tally(rest)} (--all shows them)")
    return _section(f"Comparison: {moved}, {contrast.pairing}, {counted(contrast.rows, 'row')}", lines)


def _drift(drift: DriftReport | None, *, show_all: bool) -> Iterator[str]:
    if drift is None:
        return
    drifted = [column for column in drift.columns if column.drifted or column.score is None]
    yield f"{sum(column.drifted for column in drift.columns)} of {len(drift.columns)} columns drifted"
    yield from map(_drift_line, drift.columns if show_all else drifted[:MOST_DRIFT])
    hidden = len(drifted) - MOST_DRIFT
    if hidden > 0 and not show_all:
        yield f"{hidden} more (--all shows them)"


def _drift_line(column: ColumnDrift) -> str:
    word = "drifted" if column.drifted else "steady" if column.score is not None else MISSING
    note = f"  {column.note}" if column.note else ""
    score = "" if column.score is None else f"  {fixed(column.score, 3)} {bracketed(column.interval, 3)}".rstrip()
    return f"{word} {column.column}{score}  threshold {fixed(column.threshold, 3)}  {column.method}{note}"


def _quality(story: DecisionStory) -> Iterator[str]:
    if story.quality is None:
        return
    failures = story.quality.failures()
    yield f"{len(story.quality.results) - len(failures)} of {len(story.quality.results)} expectations hold"
    for failure in failures:
        yield f"broken: {failure.column or 'table'}  {failure.rule}  observed {failure.observed}"


def _asked(story: DecisionStory) -> list[str]:
    asked = [f"the contract asks to: {', '.join(story.decision.actions)}"] if story.decision.actions else []
    return [*asked, *([concern(story)] if concern(story) else [])]


def _wrapped(lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        text = visible(line.lstrip(" "))
        indent = " " * (len(line) - len(line.lstrip(" ")))
        yield from wrap(text, width, indent=indent, hanging=indent + "    ")
