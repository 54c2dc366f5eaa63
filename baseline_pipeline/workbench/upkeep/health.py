"""`baseline audit health`: what the programme's own figures rest on, gathered from ledger, store and outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.errors import EvidenceUnavailable, StoreCorrupt
from baseline_pipeline.evaluation import Evaluation
from baseline_pipeline.governance.events import anchor, current_baseline
from baseline_pipeline.governance.health import DAYS, NOBODY, Creep, FalseAlarms, Health, ModelFacts, creep_of
from baseline_pipeline.governance.health import health as folded
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.over_time.backtesting import Backtest
from baseline_pipeline.workbench.over_time.notifying import receiver_states
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.governance.events import Baseline, Event
    from baseline_pipeline.workbench.workbench import Workbench


def health(bench: Workbench, *, now: str | None = None, days: int = DAYS) -> Health:
    """The programme's own figures, in total, by owner and by model.

    Args:
        bench: The project.
        now: ISO 8601, UTC; the present by default.
        days: How far back overrides and rollbacks are counted.

    Raises:
        StoreCorrupt: when evidence is damaged.
    """
    events = bench.events()
    states = receiver_states(bench)
    contracts, troubles = bench.contracts()
    return folded(
        [_facts(bench, contract, events) for contract in contracts.values()],
        events,
        incidents(events),
        now=now or utc_now(),
        days=days,
        dead_receivers=tuple(one.name for one in states if one.dead) if states else None,
        troubles=troubles,
    )


def _facts(bench: Workbench, contract: Contract, events: Sequence[Event]) -> ModelFacts:
    baseline = current_baseline(events, contract.name)
    past = last_backtest(bench, contract)
    return ModelFacts(
        model=contract.name,
        owner=contract.owners.model or NOBODY,
        gated_slices=None if baseline is None else gated_slices(bench, contract, baseline),
        false_alarms=None if past is None else _false_alarms(contract, past),
        creep=_creep(bench, contract.name, events),
    )


def gated_slices(bench: Workbench, contract: Contract, baseline: Baseline) -> int | None:
    """Slices on which a metric gates, among those that the baseline's evaluation measured.

    Returns:
        `None` where the evaluation is not in the store.
    """
    body = bench.store.load("evaluations", contract.name, baseline.evaluation)
    if body is None:
        return None
    gating = {
        rule.measured.name
        for rule in contract.metrics
        if rule.role != "report_only" and rule.slices.role != "report_only"
    }
    return len(
        {
            one.slice
            for one in Evaluation.stored(body).metrics
            if one.slice != ALL_ROWS and one.metric in gating and one.value is not None
        }
    )


def last_backtest(bench: Workbench, contract: Contract) -> Backtest | None:
    """The backtest that speaks for the present: by the present contract where there is one, then of the latest times.

    Backtests are named by what they rest on and not by when they were made; those of another version of this package
    are passed over.

    Raises:
        StoreCorrupt: when one is damaged.
    """
    policy, accepted = contract.policy_digest(), contract.monitoring.false_alarms_per_month
    found = []
    for body in bench.store.records("backtests", contract.name):
        try:
            found.append(Backtest.stored(body))
        except StoreCorrupt:
            raise
        except EvidenceUnavailable:
            bench.progress(f"a backtest of {contract.name} was made by another version and is passed over")
    return max(
        found,
        key=lambda one: (one.contract == policy, one.accepted_per_month == accepted, one.last, one.rows, one.first),
        default=None,
    )


def _false_alarms(contract: Contract, past: Backtest) -> FalseAlarms | None:
    rate = past.false_alarms
    if rate.months <= 0:
        return None
    return FalseAlarms(
        model=contract.name,
        count=rate.count,
        months=rate.months,
        per_month=rate.per_month,
        low=rate.low,
        high=rate.high,
        accepted=contract.monitoring.false_alarms_per_month,
    )


def _creep(bench: Workbench, model: str, events: Sequence[Event]) -> tuple[Creep, ...]:
    """Of the last comparison with the present anchor; nothing where promotions have not left it behind."""
    first = anchor(events, model)
    if first is None:
        return ()
    for event in reversed(events):
        if event.kind != "decision" or event.model != model or not event.content.get("comparison"):
            continue
        if event.at < first.at:
            break
        for contrast in load_comparison(bench, model, str(event.content["comparison"])).contrasts:
            if contrast.anchor_revision == first.revision:
                return creep_of(model, contrast)
    return ()
