"""`baseline simulate --rollout`: a candidate let onto the rows at hand step by step."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.content import instants_of
from baseline_pipeline.effects import MIN_ROWS
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.evaluating import scores_of
from baseline_pipeline.figures import counted
from baseline_pipeline.labels import class_names
from baseline_pipeline.matching import match
from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.replay.rollout import REPLAYS, Rollout, Traffic, roll_out
from baseline_pipeline.row_differences import differs, without_dust
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.workbench.replays.opening import open_replaying

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Scores
    from baseline_pipeline.metrics.outcomes import Metric, Outcomes
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.workbench.replays.replaying import Replaying
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]


class RolledOut(Record):
    """What a staged rollout of a candidate would have been."""

    model: str
    champion: str
    candidate: str
    losses: tuple[str, ...]
    """Metrics that were looked at."""
    harmed_by: str
    """The metric by which an answer is worse: the first that counts decisions, else the first."""
    left_out: int
    """Rows that either model learned from: those say nothing of the other one's answers."""
    rollout: Rollout
    unlooked: tuple[str, ...] = ()
    """Metrics that gate and are no mean over rows: no rollout is stopped by them."""


def simulate_rollout(bench: Workbench, contract: Contract, candidate: str) -> RolledOut:
    """Let a candidate answer 1, 5, 25, 50, 100 % of the rows at hand, and look.

    Raises:
        UsageError: when no gating metric is a mean over rows: then there is nothing to look at one by one.
        EvidenceUnavailable: when model or rows cannot be had.
    """
    gating = [rule.measured for rule in contract.metrics if rule.role != "report_only"]
    metrics = [one for one in gating if one.rowwise and one.over_pairs is None]
    if not metrics:
        message = f"{contract.name}: no gating metric is a mean over rows"
        raise UsageError(message, next_step="add one such as brier, accuracy or mean_absolute_error")
    work = open_replaying(bench, contract)
    catalogue = bench.catalogue(contract)
    version = catalogue.candidate(candidate)
    old, new = (_scores(work, one) for one in (work.version, version))
    windows = [one.training_window for one in (work.version, version) if one.training_window is not None]
    rows = match(old, new, kind="same_rows", windows=windows).baseline
    if len(rows) == 0:
        message = (
            f"all {len(work.rows)} rows lie in a training window of version {work.version.version} or of the candidate"
        )
        again = f"bring rows that neither learned from, and `baseline run {work.contract.name}` on them"
        raise EvidenceUnavailable(message, next_step=again)
    rows = rows[_order(work, rows)]
    before = old.outcomes.take(rows)
    after = without_dust(before, new.outcomes.take(rows))
    losses = np.stack([np.stack([_loss(metric, one) for one in (before, after)], axis=1) for metric in metrics])
    deciding = next((number for number, metric in enumerate(metrics) if metric.decisions), 0)
    was, now = (_loss(metrics[deciding], replace(one, weight=None)) for one in (before, after))
    worse = differs(metrics[deciding], before, after) & (now > was)
    seed = int(digest_of([work.version.digest, version.digest, work.rows.key])[:12], 16)
    bench.progress(f"letting version {version.version} onto {counted(len(rows), 'request')}, {REPLAYS} times")
    found = RolledOut(
        model=contract.name,
        champion=work.version.version,
        candidate=version.version,
        losses=tuple(metric.name for metric in metrics),
        harmed_by=metrics[deciding].name,
        left_out=len(work.rows) - len(rows),
        rollout=roll_out(Traffic(losses, worse), contract.error_rates.false_alarm, seed),
        unlooked=tuple(one.name for one in gating if one not in metrics),
    )
    bench.store.save("rollouts", contract.name, digest_of(found.body()), found)
    return found


def _scores(work: Replaying, version: ModelVersion) -> Scores:
    rows, contract = work.rows, work.contract
    work.bench.progress(f"scoring {counted(len(rows), 'row')} with version {version.version}")
    classes = rows.classes or class_names(contract)
    predicted, _, _ = predict_all(contract, rows.table, rows.names, version, work.bench.catalogue(contract), classes)
    return scores_of(contract, rows.table, rows.names, rows.labels, rows.classes, predicted)


def _loss(metric: Metric, outcomes: Outcomes) -> Array:
    """(n,) what each row adds to the metric, by its weight if it has one, larger where it is worse."""
    try:
        found = metric.measure(outcomes)
    except NotMeasurable as reason:
        message = f"{metric.name} has no value on these rows: {reason}"
        raise EvidenceUnavailable(message, next_step="let a rollout be looked at by what can be measured") from reason
    return np.asarray((1.0 if metric.better == "lower" else -1.0) * (found.value + found.influence))


def _order(work: Replaying, rows: Array) -> Array:
    """Positions of rows in the order of time, to the instant; as they stand where there is none."""
    time = work.contract.data.time
    if time is None:
        return np.arange(len(rows))
    return np.argsort(instants_of(work.rows.table.column(time)).to_numpy()[rows], kind="stable")


def rollout_lines(found: RolledOut) -> list[str]:
    """Where it would have stopped, and whom it had harmed by then."""
    rollout = found.rollout
    lines = [
        (
            f"{found.model}: version {found.candidate} let onto {rollout.requests} requests that version "
            f"{found.champion} answered, {rollout.replays} times"
        ),
        f"  looked at: {', '.join(found.losses)}; an answer is worse by {found.harmed_by}",
    ]
    if found.unlooked:
        lines.append(f"  not looked at, since no mean over rows: {', '.join(found.unlooked)}")
    if found.left_out:
        lines.append(f"  {found.left_out} rows are left out: they lie in a training window")
    for one in rollout.steps:
        stopped = round(one.stopped * rollout.replays)
        lines.append(f"  at {one.share:4.0%} of the requests: {stopped} of {rollout.replays} rollouts stop")
    if rollout.requests_until is None:
        few = f": fewer than {MIN_ROWS} requests show hardly anything" if rollout.requests < MIN_ROWS else ""
        lines.append(f"  none stops{few}")
    else:
        lines.append(
            f"  {rollout.stopped:.1%} stop, typically after {rollout.requests_until} requests, of which the new "
            f"model answered {rollout.served} and {rollout.harmed} of them worse"
        )
    lines.append(f"  worse answers, had it gone through unlooked at: {rollout.harmed_in_full}")
    return lines
