"""What the system itself knows for the assessment of a model's risk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.records import short

if TYPE_CHECKING:
    from baseline_pipeline.workbench.upkeep.assumptions import Assumptions


def known_facts(found: Assumptions) -> dict[str, str]:
    """What the system knows for the risk assessment, by topic."""
    contract, subject = found.contract, found.evaluation.subject
    owners = {name: value for name, value in contract.owners.model_dump().items() if value}
    whole = [one for one in found.evaluation.metrics if one.slice == "all" and one.value is not None]
    reasons = [f"{rule.metric}: {rule.why}" for rule in contract.metrics if rule.why]
    features = [f"{one.name} ({one.why})" if one.why else one.name for one in contract.data.features]
    known = {
        "purpose": contract.description or "",
        "losses": "; ".join(reasons),
        "method": f"{contract.task.replace('_', ' ')}, version {subject.version} of {subject.name}",
        "training": " to ".join(subject.training_window) if subject.training_window else "",
        "features": "; ".join(features),
        "data": (
            f"{contract.data.source.kind}, {found.evaluation.rows} labelled rows, "
            f"snapshot {short(found.baseline.snapshot)}"
        ),
        "results": "; ".join(
            f"{one.metric} {one.value:.4g}"
            + (f" [{one.low:.4g}, {one.high:.4g}]" if one.low is not None and one.high is not None else "")
            for one in whole
        ),
        "owners": "; ".join(f"{name.replace('_', ' ')}: {value}" for name, value in owners.items()),
        "approvals": (
            f"{counted(contract.promotion.people, 'person', 'people')} approve every promotion"
            if contract.promotion.critical
            else f"people approve until {contract.promotion.approvals_until} in a row went well"
        ),
        "baseline": (
            f"revision {found.baseline.revision} by {found.baseline.actor}, {found.baseline.at}: "
            f"{found.baseline.reason}"
        ),
        "monitoring": (
            f"windows of {contract.monitoring.window}, {contract.monitoring.false_alarms_per_month:g} false "
            f"alarms a month accepted"
        ),
    }
    if found.backtest is not None:
        must = [one for one in found.backtest.incidents if one.incident.must_find]
        hits = f"{len(must) - len(found.backtest.missed)} of {len(must)} known events found"
        rate = found.backtest.false_alarms.per_month
        span = f"{found.backtest.first[:10]} to {found.backtest.last[:10]}"
        known["backtest"] = f"{span}: {hits}, {rate:.2f} false alarms a month"
    return known
