"""From a comparison to an outcome with reasons: a pure function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baseline_pipeline.comparison import ALL_ROWS, Cell, Comparison, Contrast
from baseline_pipeline.figures import about, bracketed, counted, fixed
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.verdicts import Tier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract

Outcome = Literal["establish", "promote", "hold", "reject"]
Hold = Literal["needs_approval", "inconclusive", "harm_unresolved", "not_comparable", "evidence_missing"]

EXIT_CODES: dict[tuple[Outcome, Hold | None], int] = {
    ("establish", None): 0,
    ("promote", None): 0,
    ("reject", None): 1,
    ("hold", "harm_unresolved"): 1,
    ("hold", "evidence_missing"): 3,
    ("hold", "not_comparable"): 3,
    ("hold", "inconclusive"): 4,
    ("hold", "needs_approval"): 5,
}
_FIRST = "there is no baseline yet: a person establishes the first one, it is never compared with itself"
_TIERS: tuple[Tier, ...] = ("minor", "moderate", "severe")


class Decision(Record):
    """What follows from a comparison, and why; the same comparison gives the same decision."""

    model: str
    comparison: Digest
    candidate: Digest | None
    outcome: Outcome
    hold: Hold | None
    tier: Tier | None
    reasons: tuple[str, ...]
    """Most critical first, with figures."""
    actions: tuple[str, ...]
    """What the contract's response asks for at this tier."""
    approvals_required: int
    baseline_revision: int | None

    @property
    def exit_code(self) -> int:
        """0 pass, 1 degraded, 3 evidence unavailable, 4 inconclusive, 5 approval required."""
        return EXIT_CODES[(self.outcome, self.hold)]

    @property
    def nothing_moved(self) -> bool:
        """Whether there was nothing to compare, so that the baseline stays the revision it is."""
        return self.outcome == "promote" and self.reasons == (_unmoved(self.baseline_revision),)


def decide(contract: Contract, comparison: Comparison, *, asked: str = "") -> Decision:
    """The outcome of a comparison: its worst finding, in the order of the contract's gate.

    Evidence that is missing comes first (neither good nor bad; harm that was proven without it is told), then what
    cannot be compared, then proven harm, unresolved harm, too little data, missing approvals; what is left is promoted.

    Args:
        contract: The policy: approvals, response.
        comparison: The evidence.
        asked: Why people approve a promotion of the model; empty where the gate promotes by itself.
    """
    findings = _findings(comparison)
    for outcome, hold, reasons in (
        ("hold", "evidence_missing", _beside(findings, *comparison.evidence_missing, *findings.unmeasured)),
        ("hold", "not_comparable", _beside(findings, *findings.not_comparable)),
        ("reject", None, (*comparison.failures, *findings.degraded)),
        ("hold", "harm_unresolved", findings.unresolved),
        ("hold", "inconclusive", findings.inconclusive),
    ):
        if reasons:
            tier = _tier(comparison, findings) if hold in {None, "harm_unresolved"} else None
            return _decision(contract, comparison, outcome, hold, tier, tuple(reasons))  # type: ignore[arg-type]  # the literals above
    if comparison.baseline_revision is None:
        why: tuple[str, ...] = (
            "there is no baseline yet: a person establishes the first one, it is never compared with itself",
        )
        return _decision(contract, comparison, "hold", "needs_approval", None, why, approvals=1)
    passed: tuple[str, ...] = (findings.minor or (_nothing_worse(comparison, findings),)) + findings.unguarded
    tier = "minor" if findings.minor else None
    moved = {change.facet for change in comparison.changed}
    if asked and "model" in moved:
        why = (*passed, asked)
        return _decision(contract, comparison, "hold", "needs_approval", tier, why, approvals=contract.promotion.people)
    return _decision(contract, comparison, "promote", None, tier, passed)


def _beside(findings: _Findings, *missing: str) -> tuple[str, ...]:
    """What is missing, and after it the harm that was proven without it; nothing where nothing is missing."""
    return (*missing, *(f"proven without it: {harm}" for harm in findings.degraded)) if missing else ()


class _Findings(Record):
    """The gating cells of a comparison, sorted by what they mean, as sentences."""

    unmeasured: tuple[str, ...]
    not_comparable: tuple[str, ...]
    degraded: tuple[str, ...]
    unresolved: tuple[str, ...]
    inconclusive: tuple[str, ...]
    minor: tuple[str, ...]
    unguarded: tuple[str, ...]
    worst: Tier | None
    gated: int


def gating(comparison: Comparison) -> tuple[Contrast, ...]:
    """The contrasts that decide.

    Where a challenger stands against the champion on the same rows, that the rows themselves are
    other ones than the baseline's is reported and answered, but does not speak against the challenger.
    """
    challenged = any(c.moved == "model" and c.anchor_revision is None for c in comparison.contrasts)
    return tuple(c for c in comparison.contrasts if not (challenged and c.moved == "population"))


def _findings(comparison: Comparison) -> _Findings:
    contrasts = gating(comparison)
    cells = [(contrast, cell) for contrast in contrasts for cell in contrast.cells if cell.role != "report_only"]
    ordered = sorted(cells, key=_criticality)

    def sentences(**wanted: object) -> tuple[str, ...]:
        return tuple(
            _sentence(contrast, cell)
            for contrast, cell in ordered
            if all(getattr(cell, name) == value for name, value in wanted.items())
        )

    primary = [(contrast, cell) for contrast, cell in ordered if cell.role == "primary"]
    tiers = [cell.tier for _, cell in cells if cell.tier is not None]
    return _Findings(
        unmeasured=tuple(_sentence(x, c) for x, c in primary if c.verdict == "not_evaluated" and c.slice == ALL_ROWS),
        not_comparable=tuple(f"{c.question} {c.not_comparable}" for c in contrasts if c.not_comparable),
        degraded=sentences(verdict="degraded"),
        unresolved=sentences(verdict="inconclusive", tier="moderate"),
        inconclusive=tuple(_sentence(x, c) for x, c in primary if c.verdict == "inconclusive" and c.tier is None)
        + _nothing_compared(comparison),
        minor=tuple(_sentence(x, c) for x, c in ordered if c.tier == "minor"),
        unguarded=_unguarded([cell for _, cell in ordered]),
        worst=max(tiers, key=_TIERS.index) if tiers else None,
        gated=sum(cell.verdict != "not_evaluated" for _, cell in cells),
    )


def _unguarded(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Guardrails over all rows that no comparison could evaluate: they spoke neither for nor against."""
    whole = [cell for cell in cells if cell.role == "guardrail" and cell.slice == ALL_ROWS]
    known = {cell.metric for cell in whole if cell.verdict != "not_evaluated"}
    named = {cell.metric: f"{cell.metric} ({cell.note})" for cell in whole if cell.metric not in known}
    return (f"not evaluated, so nothing was guarded by it: {', '.join(named.values())}",) if named else ()


def _nothing_compared(comparison: Comparison) -> tuple[str, ...]:
    facets = ", ".join(change.facet for change in comparison.changed if change.facet != "contract")
    if comparison.baseline_revision is None or comparison.contrasts or not facets:
        return ()
    return (f"{facets} moved since baseline {comparison.baseline_revision}, and no rows are left to compare on",)


def _criticality(pair: tuple[Contrast, Cell]) -> tuple[int, bool, bool, float]:
    _, cell = pair
    tier = -1 if cell.tier is None else _TIERS.index(cell.tier)
    return (
        -tier,
        cell.role != "primary",
        cell.slice != ALL_ROWS,
        cell.p_adjusted if cell.p_adjusted is not None else 1.0,
    )


def _sentence(contrast: Contrast, cell: Cell) -> str:
    place = cell.metric if cell.slice == ALL_ROWS else f"{cell.metric}[{cell.slice}]"
    if cell.gain is None or cell.baseline is None or cell.candidate is None:
        return f"{place} {cell.verdict.replace('_', ' ')}: {cell.note}"
    decimals = cell.decimals
    baseline, candidate = fixed(cell.baseline, decimals), fixed(cell.candidate, decimals)
    interval = f" {bracketed(cell.interval, decimals, signed=True)}" if cell.interval else ""
    margin = f", margin {fixed(cell.margin, decimals)}" if cell.margin is not None else ""
    required = (
        f"; about {about(cell.rows_required)} {cell.counts} needed, {cell.rows} there"
        if cell.verdict == "inconclusive" and cell.rows_required
        else ""
    )
    note = f"; {cell.note}" if cell.note else ""
    return (
        f"{place} {cell.verdict} ({_moved(contrast)}): {baseline} -> {candidate}, "
        f"gain {fixed(cell.gain, decimals, signed=True)}{interval}{margin}{required}{note}"
    )


def _moved(contrast: Contrast) -> str:
    where = " among all rows" if contrast.beside_unchanged else ""
    return f"{contrast.moved.replace('_', ' ')}{where}, {contrast.pairing}"


def _nothing_worse(comparison: Comparison, findings: _Findings) -> str:
    if not comparison.contrasts and comparison.changed:
        return (
            f"nothing but the contract moved since baseline {comparison.baseline_revision}: what it came to ask for "
            "is measured, and judged from the next change on"
        )
    if not comparison.contrasts:
        return _unmoved(comparison.baseline_revision)
    rows = max(contrast.rows for contrast in gating(comparison))
    return (
        f"no harm found in {counted(findings.gated, 'gated comparison')} on {counted(rows, 'row')}, "
        "and every primary is shown to be no worse than its margin"
    )


def _tier(comparison: Comparison, findings: _Findings) -> Tier | None:
    return "severe" if comparison.failures else findings.worst


def _decision(
    contract: Contract,
    comparison: Comparison,
    outcome: Outcome,
    hold: Hold | None,
    tier: Tier | None,
    reasons: tuple[str, ...],
    *,
    approvals: int = 0,
) -> Decision:
    if contract.promotion.mode == "experiment":
        reasons = (*reasons, "this model is under `promotion: {mode: experiment}`: nothing follows from the outcome")
    return Decision(
        model=contract.name,
        comparison=digest_of(comparison.body()),
        candidate=comparison.candidate,
        outcome=outcome,
        hold=hold,
        tier=tier,
        reasons=reasons,
        actions=tuple(contract.response.actions(tier)) if tier else (),
        approvals_required=approvals,
        baseline_revision=comparison.baseline_revision,
    )


def _unmoved(revision: int | None) -> str:
    return f"nothing moved since baseline {revision}"
