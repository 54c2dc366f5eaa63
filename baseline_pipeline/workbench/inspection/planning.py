"""`baseline power`: the precision of the present rows, before any candidate."""

from __future__ import annotations

from math import ceil, sqrt
from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.figures import about, counted, fixed, places
from baseline_pipeline.matching import match
from baseline_pipeline.planning import APART, DISAGREEMENT, Prospect, alike, apart, prospects
from baseline_pipeline.records import Digest, Record
from baseline_pipeline.scores_file import read_scores
from baseline_pipeline.workbench.iteration.comparing import load_comparison, previous_champion
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, unseen_scores
from baseline_pipeline.workbench.iteration.timing import load_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from baseline_pipeline.comparison import Contrast
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores
    from baseline_pipeline.timing import PairedTimes
    from baseline_pipeline.workbench.workbench import Workbench


SHOWN = 3
"""Metrics that are named."""
WIDEST = 44
"""Characters of a name in the table; a cost matrix would push its figures out of sight."""


class Outlook(Record):
    """What the gate could say on the rows of one evaluation."""

    model: str
    evaluation: Digest
    disagreement: float
    disagreement_from: str
    """Where that share comes from."""
    differs: str
    """What a candidate is taken to differ in, with figures."""
    prospects: tuple[Prospect, ...]


def outlook(bench: Workbench, contract: Contract, *, disagreement: float | None = None) -> Outlook:
    """The prospects of every metric and slice on the champion's last rows.

    Args:
        bench: The project.
        contract: The model's contract.
        disagreement: Share of decisions in which a candidate would differ, of a regression of the residuals' variance
            (see `planning.prospects`); by default that of the last challenger, else what is typical.

    Raises:
        EvidenceUnavailable: when nothing is evaluated yet, or the champion learned from every row.
    """
    baseline = bench.baseline(contract.name)
    key = previous_champion(bench, contract.name) or (baseline.evaluation if baseline else None)
    if key is None:
        message = f"nothing is evaluated yet for {contract.name}"
        raise EvidenceUnavailable(message, next_step=f"`baseline run {contract.name}`")
    where = "as given"
    if disagreement is None:
        disagreement, where = disagreement_seen(bench, contract)
    scores = _judged(bench, contract, load_evaluation(bench, contract.name, key))
    seed = int(key[:12], 16)
    times = times_seen(bench, contract, key)
    found = prospects(contract, scores, disagreement=disagreement, seed=seed, times=times)
    together = alike(scores.outcomes, disagreement, seed) if contract.task == "regression" else None
    return Outlook(
        model=contract.name,
        evaluation=key,
        disagreement=disagreement,
        disagreement_from=where,
        differs=differs(contract, disagreement, together),
        prospects=found,
    )


def _judged(bench: Workbench, contract: Contract, evaluation: Evaluation) -> Scores:
    """The rows that a gate would compare: those that the model did not learn from."""
    scores, subject = unseen_scores(bench, evaluation, contract), evaluation.subject
    if len(scores.row_id) == 0:
        days = " to ".join(subject.training_window or ())
        message = f"all {evaluation.rows} rows lie in the training window of version {subject.version}: {days}"
        raise EvidenceUnavailable(
            message, next_step=f"bring rows it did not learn from, and `baseline run {contract.name}`"
        )
    return scores


def differs(contract: Contract, share: float, together: float | None = None) -> str:
    """What a candidate is taken to differ in, in the task's own terms."""
    if not contract.gives_numbers:
        return f"differs in {share:.1%} of the decisions"
    if contract.task == "ranking":
        return f"gives scores that differ by {sqrt(share):.0%} of their spread within a query"
    errors = "" if together is None else f": absolute errors of both correlate at {together:.2f}"
    return f"predicts otherwise by {sqrt(share):.0%} of a residual's spread{errors}"


def disagreement_seen(bench: Workbench, contract: Contract) -> tuple[float, str]:
    """The share that the last challenger changed, where there was one; see `planning.prospects`."""
    for contrast in _compared(bench, contract):
        share = _seen(bench, contract, contrast) if contrast.moved == "model" else 0.0
        if share > 0:
            return share, "as in the last comparison of two models"
    return APART if contract.task == "regression" else DISAGREEMENT, "typical of a retrained model"


def times_seen(bench: Workbench, contract: Contract, evaluation: Digest) -> PairedTimes | None:
    """The last times of two models that are kept, the present one's first; `None` where none were taken.

    Args:
        bench: The project.
        contract: The model's contract.
        evaluation: Of the present model.
    """
    for contrast in _compared(bench, contract):
        if contrast.timed is not None and bench.store.load("times", contract.name, contrast.timed) is not None:
            found = load_times(bench, contract.name, contrast.timed)
            return found.swapped() if found and contrast.candidate.evaluation == evaluation else found
    return None


def _compared(bench: Workbench, contract: Contract) -> Iterator[Contrast]:
    """What decisions compared, the last one first."""
    for event in reversed([event for event in bench.events(contract.name) if event.kind == "decision"]):
        digest = event.content.get("comparison")
        if digest:
            yield from load_comparison(bench, contract.name, str(digest)).contrasts


def _seen(bench: Workbench, contract: Contract, contrast: Contrast) -> float:
    """How far the two models of a contrast differ, on the rows that both scored."""
    changes = contrast.changes
    if not contract.gives_numbers:
        return 0.0 if changes is None or not changes.decisions_changed else changes.decisions_changed / changes.rows
    if contrast.pairing != "paired" or contrast.not_comparable:
        return 0.0
    old, new = (read_scores(bench.store.file(one.scores_file)) for one in (contrast.baseline, contrast.candidate))
    rows = match(old, new, kind="same_rows")
    return apart(old.outcomes.take(rows.baseline), new.outcomes.take(rows.candidate))


def outlook_text(found: Outlook, power: float, *, show_all: bool) -> str:
    """The outlook for people: all rows, and slices whose rows are too few for their margin.

    Args:
        found: The outlook.
        power: Chance of detection that it is stated for.
        show_all: Every slice of every metric.
    """
    shown = [one for one in found.prospects if show_all or one.slice == ALL_ROWS or _short(one)]
    metric = max(len("metric"), *(min(WIDEST, len(one.metric)) for one in shown)) if shown else WIDEST
    part = max(len("slice"), *(min(WIDEST, len(one.slice)) for one in shown)) if shown else WIDEST
    lines = [
        (f"{found.model}: what the gate would see of a candidate that {found.differs} ({found.disagreement_from})"),
        (
            f"{'metric':{metric}} {'slice':{part}} {'rows':>8} {'value':>10} {'margin':>10} "
            f"{'detectable':>11} {'realistic':>10} {'rows needed':>12}"
        ),
    ]
    lines += [_line(one, metric, part) for one in shown]
    if len(shown) < len(found.prospects):
        lines.append(f"{counted(len(found.prospects) - len(shown), 'more slice')} (--all shows them)")
    whole = [one for one in found.prospects if one.role == "primary" and one.enough is False]
    lines += [
        f"{one.metric}[{one.slice}]: {one.rows} {one.counts} are too few for its margin: take {_instead(one)}"
        for one in whole
    ]
    unknown = [one for one in found.prospects if one.role == "primary" and one.margin and one.enough is None]
    if unknown:
        named = [f"{one.metric}[{one.slice}] ({one.note or 'no spread is seen'})" for one in unknown[:SHOWN]]
        more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
        lines.append(f"nothing can be said of {', '.join(named)}{more}")
    elif not whole:
        lines.append(f"every primary can be shown no worse than its margin, with {power:.0%} power")
    lines.append("detectable: the harm found where it is among these differences; what differs beyond them hides some")
    lines.append("realistic: the margin an equally good candidate is shown to keep")
    return "\n".join(lines)


def _wider(one: Prospect) -> str:
    """The realistic margin, rounded up: to nearest, it may read as the one that is too narrow."""
    if one.realistic_margin is None:
        return fixed(None)
    decimals = places(one.realistic_margin)
    return fixed(ceil(one.realistic_margin * 10**decimals) / 10**decimals, decimals)


def _short(one: Prospect) -> bool:
    return one.role != "report_only" and one.enough is False


def _line(one: Prospect, metric: int, part: int) -> str:
    decimals = places(one.realistic_margin or one.margin)
    cells: Sequence[str] = [
        fixed(value, decimals) if value is not None else "-"
        for value in (one.value, one.margin, one.detectable, one.realistic_margin)
    ]
    names = f"{_clipped(one.metric):{metric}} {_clipped(one.slice):{part}}"
    row = f"{names} {one.rows:8} {cells[0]:>10} {cells[1]:>10} {cells[2]:>11} {cells[3]:>10}"
    note = one.note or (one.counts if one.counts != "rows" else "")
    return f"{row} {_needed(one):>12}{'  ' + note if note else ''}"


def _instead(one: Prospect) -> str:
    """What would do for a margin that the rows are too few for."""
    margin = f"a margin of {_wider(one)}"
    if one.rows_needed is None:
        return margin
    setting = {"rows": "", "requests": " (`latency.requests`)", "runs": " (`latency.memory_runs`)"}[one.counts]
    return f"about {_needed(one)} {one.counts}{setting}, or {margin}"


def _needed(one: Prospect) -> str:
    return "-" if one.rows_needed is None else str(about(one.rows_needed))


def _clipped(name: str) -> str:
    return name if len(name) <= WIDEST else f"{name[: WIDEST - 3]}..."
