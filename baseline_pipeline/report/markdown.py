"""A decision in GitHub Markdown, for a pull request or a run's page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from baseline_pipeline.figures import bracketed, count, counted, fixed, p_text
from baseline_pipeline.report.concern import concern
from baseline_pipeline.report.criticality import folded, tally
from baseline_pipeline.report.findings import model_findings
from baseline_pipeline.report.lineage import commands, doubts, environment_findings, lineage
from baseline_pipeline.report.outcome import headline, next_step, standing
from baseline_pipeline.report.verdict_line import word_of
from baseline_pipeline.report.visible import visible, without_credentials

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.comparison import Cell, Contrast
    from baseline_pipeline.report.story import DecisionStory
    from baseline_pipeline.snapshot import DriftReport

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@<!-- -->"}
_MEANING = re.compile(r"[\\`*\[\]|~#!$]|(?<!\w)_|_(?!\w)|(?<=\w):(?=//)|(?<=www)\.")
_VERDICTS = (
    "Verdict",
    "Metric",
    "Slice",
    "Baseline",
    "Candidate",
    "Gain",
    "95 % interval",
    "Margin",
    "Rows",
    "p (adjusted)",
)


def escaped(text: str) -> str:
    r"""A text that GitHub shows as it stands: no markup, HTML, table cell, mention or link begins in it.

    Example:
        >>> escaped("a|b <b> `x` [y](z)\n# no")
        'a\\|b &lt;b&gt; \\`x\\` \\[y\\](z)\\\\x0a\\# no'
    """
    marked = _MEANING.sub(lambda found: "\\" + found.group(), visible(text))
    return "".join(_ENTITIES.get(character, character) for character in marked)


def decision_markdown(story: DecisionStory, *, show_all: bool = False) -> str:
    """The decision as Markdown: the terminal's content, with verdicts and lineage in tables."""
    decision = story.decision
    tier = f" ({decision.tier})" if decision.tier else ""
    step = next_step(decision, tried=story.tried)
    blocks = [
        f"## {headline(decision.outcome, decision.hold)}{tier} · {escaped(story.card.name)}",
        f"{escaped(standing(decision))}.",
        _list((reason for reason in decision.reasons), ordered=True),
        f"**Next:** {_with_code(step)}{f'; {escaped(concern(story))}' if concern(story) else ''}",
        *_part("What changed", _list(_changes(story))),
        *(block for contrast in story.comparison.contrasts for block in _contrast(contrast, show_all=show_all)),
        *_part("Replayed", _list(story.followed)),
        *_part("Drift", _drift(story.drift)),
        *_part("Drift of the changed rows", _drift(story.changed_drift)),
        *_part("Data quality", _quality(story)),
        *_part("Doubts", _list(doubts(story))),
        *_part("Environment", _list(environment_findings(story))),
        *_part("Provenance", _provenance(story)),
        *_part("Reproduce", "\n".join(f"    {visible(command)}" for command in commands(story))),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _with_code(text: str) -> str:
    """A text whose parts between backticks are set as code."""
    pieces = text.split("`")
    return "".join(f"`{visible(piece)}`" if n % 2 else escaped(piece) for n, piece in enumerate(pieces))


def _part(title: str, body: str) -> list[str]:
    return [f"### {title}", body] if body else []


def _list(lines: Iterable[str], *, ordered: bool = False) -> str:
    return "\n".join(f"{f'{n}.' if ordered else '-'} {escaped(line)}" for n, line in enumerate(lines, 1))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = ["| " + " | ".join(escaped(cell) for cell in row) + " |" for row in rows]
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *body]) if body else ""


def _changes(story: DecisionStory) -> Iterable[str]:
    for change in story.comparison.changed:
        yield f"{change.facet}: {'; '.join(change.details) or 'digest differs'}"


def _contrast(contrast: Contrast, *, show_all: bool) -> list[str]:
    moved = contrast.moved.replace("_", " ")
    if contrast.not_comparable:
        return _part(f"{moved}: not comparable", escaped(contrast.not_comparable))
    shown, rest = folded(contrast.cells, show_all=show_all)
    left_out = (
        f" {counted(contrast.rows_left_out, 'row')} left out: {contrast.left_out_because}."
        if contrast.rows_left_out
        else ""
    )
    return [
        f"### {moved}, {contrast.pairing}, {count(contrast.rows)} rows",
        escaped(f"{contrast.question}{left_out}"),
        _list(model_findings(contrast)),
        _table(_VERDICTS, map(_verdict_row, shown)),
        f"{len(rest)} more: {tally(rest)}." if rest else "",
    ]


def _verdict_row(cell: Cell) -> tuple[str, ...]:
    decimals = cell.decimals
    note = "" if cell.only_reported and cell.verdict != "not_evaluated" else cell.note
    word = word_of(cell) + (f", {cell.tier}" if cell.tier else "") + (f": {note}" if note else "")
    return (
        word,
        cell.metric,
        cell.slice,
        fixed(cell.baseline, decimals),
        fixed(cell.candidate, decimals),
        fixed(cell.gain, decimals, signed=True),
        bracketed(cell.interval, decimals, signed=True),
        "" if cell.margin is None else fixed(cell.margin, decimals),
        count(cell.rows) if cell.counts == "rows" else f"{count(cell.rows)} {cell.counts}",
        p_text(cell.p_adjusted).removeprefix("="),
    )


def _drift(drift: DriftReport | None) -> str:
    if drift is None:
        return ""
    drifted = [column for column in drift.columns if column.drifted]
    said = f"{len(drifted)} of {len(drift.columns)} columns drifted."
    rows = ((c.column, c.kind, fixed(c.score, 3), fixed(c.threshold, 3), c.method) for c in drifted[:10])
    return "\n\n".join(filter(None, (said, _table(("Column", "Kind", "Score", "Threshold", "Method"), rows))))


def _quality(story: DecisionStory) -> str:
    if story.quality is None:
        return ""
    failures = story.quality.failures()
    said = f"{len(story.quality.results) - len(failures)} of {len(story.quality.results)} expectations hold."
    rows = ((f.column or "table", f.rule, f.observed) for f in failures)
    return "\n\n".join(filter(None, (said, _table(("Column", "Broken expectation", "Observed"), rows))))


def _provenance(story: DecisionStory) -> str:
    steps = ((step.stage, step.digest or "none", step.detail) for step in lineage(story))
    links = ((link.label, without_credentials(link.value), "") for link in story.links)
    return _table(("Step", "Digest or value", "Detail"), (*steps, *links))
