"""What people do about an incident: triage, tick off steps, link, say what was done, close, review, learn."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.errors import UsageError
from baseline_pipeline.report.monitoring import review_text
from baseline_pipeline.report.visible import visible
from baseline_pipeline.response.incidents import CATEGORIES, REMEDIES, Incident, incidents, spoken
from baseline_pipeline.workbench.over_time.experiments import last_experiment
from baseline_pipeline.workbench.over_time.notifying import tell
from baseline_pipeline.workbench.over_time.playbooks import playbook_of
from baseline_pipeline.workbench.reporting import write_whole

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench

LEAST_REASON = 10
"""Characters of a cause: "fixed" explains nothing."""


def find_incident(bench: Workbench, name: str) -> Incident:
    """An incident by its name or the beginning of it.

    Raises:
        UsageError: when none begins so, or several do.
    """
    known = incidents(bench.events())
    found = [one for one in known if one.id.lower().startswith(name.lower()) or one.id.lower() == f"i-{name.lower()}"]
    if len(found) != 1:
        listed = ", ".join(one.id for one in found or known) or "none"
        message = f"{len(found)} incidents begin with {name!r}; there are: {listed}"
        raise UsageError(message, next_step="see `baseline incident list`")
    return found[0]


def say(bench: Workbench, name: str, change: str, *, actor: str, reason: str, **content: Any) -> Incident:
    """Write what a person says about an incident into the ledger.

    Returns:
        The incident as it is then.

    Raises:
        UsageError: when the incident is not there, is closed, or person or reason is missing.
    """
    one = find_incident(bench, name)
    if not one.open and change not in {"reviewed", "linked", "noted"}:
        message = f"{one.id} is closed"
        raise UsageError(message, next_step="a new alarm opens a new incident")
    if not actor.strip() or not reason.strip():
        message = "who says so, and why? both are kept"
        raise UsageError(message, next_step="add --by NAME and --reason TEXT")
    bench.ledger.append(spoken(one, change, actor=actor, reason=reason, **content))
    tell(bench, bench.contract(one.model))
    return find_incident(bench, one.id)


def triage(bench: Workbench, name: str, *, signal: bool, category: str | None, actor: str, reason: str) -> Incident:
    """Say whether an incident is real, and of what kind.

    Raises:
        UsageError: when a real one has no category, or one that is not known.
    """
    _known(category, CATEGORIES, "category", required=signal)
    return say(bench, name, "triaged", actor=actor, reason=reason, signal=signal, category=category)


def tick(bench: Workbench, name: str, step: int, *, actor: str, reason: str) -> Incident:
    """Tick a step of the playbook off.

    Raises:
        UsageError: when the playbook has no such step.
    """
    one = find_incident(bench, name)
    book = playbook_of(bench, bench.contract(one.model), one)
    steps = () if book is None else book.steps
    if not 1 <= step <= len(steps):
        message = f"step {step} stood here; the playbook of {one.id} has {len(steps)} steps"
        raise UsageError(message, next_step=f"see `baseline incident show {one.id}`")
    assert book is not None  # noqa: S101  # it has steps
    said = reason or steps[step - 1]
    return say(bench, one.id, "step", actor=actor, reason=said, step=step, playbook=book.name)


def remedy(bench: Workbench, name: str, what: str, *, outcome: str, actor: str) -> Incident:
    """Say what was done about it, and what came of that; `add a test` makes a scenario from its rows.

    Raises:
        UsageError: when the remedy is not one of those that are known.
    """
    _known(what, REMEDIES, "remedy", required=True)
    return say(bench, name, "remedied", actor=actor, reason=outcome, remedy=what, outcome=outcome)


def close(bench: Workbench, name: str, *, cause: str, category: str | None, actor: str) -> tuple[Incident, str]:
    """Close an incident with its cause.

    Returns:
        The incident, and what is proposed for the incidents file, as a diff; empty where it was noise.

    Raises:
        UsageError: when the cause says nothing, or nobody triaged it.
    """
    one = find_incident(bench, name)
    _known(category, CATEGORIES, "category", required=False)
    if one.signal is None:
        message = f"{one.id} was not triaged: is it noise or signal?"
        raise UsageError(
            message,
            next_step=f"`baseline incident triage {one.id} --signal --category CATEGORY --by NAME --reason TEXT`",
        )
    if len(cause.strip()) < LEAST_REASON:
        message = f"cause {cause!r} stood here; at least {LEAST_REASON} characters say what happened"
        raise UsageError(message)
    closed = say(bench, one.id, "closed", actor=actor, reason=cause, cause=cause, category=category)
    return closed, proposal(bench, bench.contract(one.model), closed) if closed.signal else ""


def proposal(bench: Workbench, contract: Contract, one: Incident) -> str:
    """The incidents file with this incident in it, as a unified diff; backtests judge by that file."""
    import json

    name = contract.incidents or "incidents.yaml"
    path = bench.settings.assets / contract.name / name
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    slices = [name for name in one.slices if name != "all"]
    entry = [
        f"- start: {one.since[:10]}",
        f"  end: {max(one.until, one.last, one.since)[:10]}",
        f"  what: {json.dumps(visible(one.cause), ensure_ascii=False)}",
        f"  kind: {json.dumps(one.category or 'unknown')}",
        f"  tier: {one.tier}",
        *([f"  slices: {json.dumps(slices, ensure_ascii=False)}"] if slices and "all" not in one.slices else []),
        f"  source: {json.dumps(f'incident {one.id}')}",
    ]
    kept = "" if before.strip() in {"", "[]"} else before.rstrip("\n") + "\n"
    after = kept + "\n".join(entry) + "\n"
    place = f"assets/{contract.name}/{name}"
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{place}", f"b/{place}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def review(bench: Workbench, name: str, path: Path | None, *, actor: str) -> Path:
    """Write the review of an incident, with all that is known filled in.

    Returns:
        Where it was written.
    """
    one = find_incident(bench, name)
    contract = bench.contract(one.model)
    text = review_text(one, playbook_of(bench, contract, one), experiment_words(bench, one))
    place = path or bench.settings.home / "reports" / one.model / f"{one.id}-review.md"
    write_whole(place, text)
    if not one.reviewed:
        bench.ledger.append(spoken(one, "reviewed", actor=actor, reason=f"review written: {place.name}"))
    return place


def experiment_words(bench: Workbench, one: Incident) -> list[str]:
    """What the experiment about an incident said; nothing where none was made."""
    found = last_experiment(bench, one)
    return [] if found is None else list(found.words)


def add_test(bench: Workbench, name: str, *, actor: str) -> Path:
    """Make a scenario of an incident's rows: `baseline power --sensitivity` then says whether they would be seen.

    Writes `scenarios/<id>.parquet` with the rows and `scenarios/<id>.py` with a function that puts a dose of them in
    the place of others.

    Returns:
        The function's file.

    Raises:
        UsageError: when the rows are no longer in the data.
    """
    import pyarrow.parquet as pq

    from baseline_pipeline.workbench.over_time.history import scored_past

    one = find_incident(bench, name)
    contract = bench.contract(one.model)
    past = scored_past(bench, contract)
    since = np.datetime64(one.since, "s")
    until = np.datetime64(max(one.until, one.last), "s") + np.timedelta64(1, "D")
    inside = np.flatnonzero((past.rows.at >= since) & (past.rows.at < until) & past.rows.labelled)
    if len(inside) == 0:
        message = f"no labelled row between {one.since} and {one.last} is in the data of {one.model}"
        raise UsageError(message, next_step="bring them back, or write a scenario by hand")
    stem = one.id.lower().replace("-", "_")
    folder = bench.settings.project / "scenarios"
    folder.mkdir(exist_ok=True)
    wanted = [*contract.data.feature_names, contract.data.label]
    pq.write_table(past.table.select(wanted).take(inside), folder / f"{stem}.parquet")
    file = folder / f"{stem}.py"
    file.write_text(SCENARIO.format(id=one.id, stem=stem), encoding="utf-8")
    say(bench, one.id, "noted", actor=actor, reason=f"scenario scenarios.{stem}:rows made of {len(inside)} rows")
    return file


SCENARIO = '''"""Rows of incident {id}: a scenario for `baseline power MODEL --sensitivity`."""

from pathlib import Path

import pandas as pd


def rows(frame, dose, rng):
    """The frame with a share `dose` of its rows replaced by rows of the incident."""
    seen = pd.read_parquet(Path(__file__).with_name("{stem}.parquet"))
    chosen = rng.random(len(frame)) < dose
    drawn = seen.iloc[rng.integers(0, len(seen), int(chosen.sum()))]
    for column in seen.columns.intersection(frame.columns):
        frame[column] = frame[column].astype(object) if frame[column].dtype != seen[column].dtype else frame[column]
        frame.loc[chosen, column] = drawn[column].to_numpy()
    return frame.infer_objects()
'''


def _known(word: str | None, accepted: tuple[str, ...], what: str, *, required: bool) -> None:
    if word is None and not required:
        return
    if word not in accepted:
        message = f"{what} {word!r} stood here; accepted: {', '.join(accepted)}"
        raise UsageError(message)
