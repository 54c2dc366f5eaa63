"""What is known of one thing: a decision, an evaluation, a revision of a baseline."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import UsageError
from baseline_pipeline.governance.events import Event, baselines
from baseline_pipeline.records import short
from baseline_pipeline.workbench.inspection.foreseen import foreseen
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.replays.followed import followed
from baseline_pipeline.workbench.reporting import load_decision
from baseline_pipeline.workbench.upkeep.auditing import event_line

if TYPE_CHECKING:
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.workbench.workbench import Workbench

HEX = re.compile(r"[0-9a-f]{4,64}")
MOST = 40
NAMED = {"decision": "decision", "candidate": "evaluation", "champion": "evaluation"}
"""Words of an event that name a digest, and of what."""


def known_of(bench: Workbench, what: str) -> tuple[dict[str, Any], str]:
    """What is known of a decision, an evaluation or MODEL@REVISION, for programs and for people.

    Raises:
        UsageError: when there is no such thing, or several.
    """
    model, at, revision = what.partition("@")
    if at:
        return _revision(bench, model, revision)
    if HEX.fullmatch(what):
        return _digest(bench, what)
    message = f"{what!r} is no model, decision, evaluation or MODEL@REVISION"
    raise UsageError(message, next_step="see `baseline show MODEL` and `baseline audit log`")


def _revision(bench: Workbench, model: str, revision: str) -> tuple[dict[str, Any], str]:
    contract = bench.contract(model)
    events = bench.events(contract.name)
    found = next((one for one in baselines(events, model) if str(one.revision) == revision), None)
    if found is None:
        there = [str(one.revision) for one in baselines(events, model)]
        message = f"{model} has no baseline revision {revision!r}; there are {', '.join(there) or 'none'}"
        raise UsageError(message, next_step=f"`baseline show {'@'.join([model, *there[-1:]])}`")
    about = [one for one in events if one.content.get("revision") == found.revision]
    ahead = foreseen(bench, contract, found)
    lines = [
        f"{model} revision {found.revision}: version {found.version}, by {found.actor}, {found.at}: {found.reason}",
        f"  evaluation {short(found.evaluation)}, snapshot {short(found.snapshot)}",
        *(f"  {facet}: {short(value) if value else 'none'}" for facet, value in found.fingerprint.body().items()),
        *ahead.lines(model),
        *_records(about),
    ]
    body = {"baseline": found.body(), "foreseen": ahead.body(), "records": [one.body() for one in about]}
    return body, "\n".join(lines)


def _digest(bench: Workbench, beginning: str) -> tuple[dict[str, Any], str]:
    """The decision or the evaluation whose digest begins so."""
    found: dict[tuple[str, str, str], list[Event]] = {}
    about = [one for one in bench.events() if one.kind == "decision" or "decision" in one.content]
    for event, (name, kind) in product(about, NAMED.items()):
        digest = str(event.content.get(name) or "")
        if digest.startswith(beginning):
            found.setdefault((kind, event.model, digest), []).append(event)
    if len(found) != 1:
        several = ", ".join(f"{kind} {short(digest)}" for kind, _, digest in found)
        message = f"{beginning!r} could be {several}" if found else f"nothing is known of {beginning!r}"
        raise UsageError(message, next_step="see `baseline audit log`")
    ((kind, model, digest), events) = next(iter(found.items()))
    return (_decision if kind == "decision" else _evaluation)(bench, model, digest, events)


def _decision(bench: Workbench, model: str, digest: str, events: list[Event]) -> tuple[dict[str, Any], str]:
    decision = load_decision(bench, model, digest)
    hold = f" ({decision.hold})" if decision.hold else ""
    after = followed(bench, model, digest)
    lines = [
        f"decision {short(digest)} of {model}: {decision.outcome}{hold}{f', {decision.tier}' if decision.tier else ''}",
        *(f"  {number}. {reason}" for number, reason in enumerate(decision.reasons, 1)),
        f"  comparison {short(decision.comparison)}; candidate {short(decision.candidate or 'none')}",
        *(f"  {line}" for line in after),
        f"  report: baseline report {model} --decision {short(digest)}",
        *_records(events),
    ]
    body = {"decision": decision.body(), "followed": list(after), "records": [one.body() for one in events]}
    return body, "\n".join(lines)


def _evaluation(bench: Workbench, model: str, digest: str, events: list[Event]) -> tuple[dict[str, Any], str]:
    one = load_evaluation(bench, model, digest)
    run = bench.store.load("tracked", model, digest)
    values = [
        f"  {value.metric}{'' if value.slice == 'all' else f'[{value.slice}]'} {value.value:.6g}"
        for value in one.metrics
        if value.value is not None
    ]
    lines = [
        f"evaluation {short(digest)} of {model}: version {one.subject.version} on {one.rows} rows",
        f"  snapshot {short(one.snapshot)}, scores {short(one.scores_file)}, engine {one.engine}",
        *(f"  {facet}: {short(value) if value else 'none'}" for facet, value in one.fingerprint.body().items()),
        *([f"  MLflow run {run['run_id']} at {run['tracking_uri']}"] if run else []),
        *values[:MOST],
        *([f"  and {len(values) - MOST} more; --json has all"] if len(values) > MOST else []),
        *_shap(one),
        *_records(events),
    ]
    return {"evaluation": one.body(), "run": run, "records": [event.body() for event in events]}, "\n".join(lines)


def _shap(evaluation: Evaluation) -> list[str]:
    """Mean |SHAP values|, the largest first, or why there are none."""
    if evaluation.shap is None:
        return []
    if evaluation.shap.note:
        return [f"  no SHAP values: {evaluation.shap.note}"]
    ranked = sorted(evaluation.shap.importances, key=lambda one: -one.movement)[:MOST]
    return [f"  mean |SHAP| {one.movement:.4g} of {one.feature}" for one in ranked]


def _records(events: list[Event]) -> list[str]:
    return [event_line(event) for event in events]
