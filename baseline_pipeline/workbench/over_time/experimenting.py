"""What an incident's rows tell when they are looked at closely: which rows, which features, which side of a join."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.comparison import ALL_ROWS, JointShift
from baseline_pipeline.drift.joint import FEWEST, separation
from baseline_pipeline.effects import Part
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.metrics.calibration_intercept import CALIBRATION_INTERCEPT
from baseline_pipeline.monitoring.reading import LEAST_CLUSTERS
from baseline_pipeline.replay.put_back import PutBack
from baseline_pipeline.response.incidents import Incident
from baseline_pipeline.shift import joint_shift
from baseline_pipeline.significance.units import units_of
from baseline_pipeline.slices import find_slices
from baseline_pipeline.workbench.over_time.causes import Causes, causes
from baseline_pipeline.workbench.over_time.experiments import Experiment, keep_experiment
from baseline_pipeline.workbench.over_time.history import scored_past
from baseline_pipeline.workbench.over_time.moved_meanwhile import moved_between
from baseline_pipeline.workbench.over_time.resembling import resembling
from baseline_pipeline.workbench.over_time.serving import served
from baseline_pipeline.workbench.over_time.sides import Scorer, sides_of
from baseline_pipeline.workbench.over_time.skewing import skew_of
from baseline_pipeline.workbench.over_time.telling import SHOWN, Look

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.metrics.outcomes import Metric
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.over_time.sides import Sides
    from baseline_pipeline.workbench.over_time.watched import Watched
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
OF_LEVEL = ("bias", "mean score")
"""Streams that say that scores are too high or too low as a whole."""
TELLING = 3.0
"""Standard deviations of calm windows from which a feature or a slice is named."""

NAMED = 3
"""Slices that the first sentence names."""


def experiment(
    bench: Workbench,
    contract: Contract,
    incident: Incident,
    watched: Watched,
    found: Windows,
    joined: Mapping[str, Collection[str]] | None = None,
) -> Experiment:
    """Look at an incident's rows, keep what they tell, and write it into its timeline.

    Args:
        bench: The project.
        contract: The rules.
        incident: Which one.
        watched: The tick that saw it.
        found: Its windows.
        joined: Keys of alarms whose windows are looked at, by cause; all of the incident's by default.
    """
    about = tuple(sorted(joined or ()))
    keys = set().union(*joined.values()) if joined else set(incident.alarms)
    alarms = [one for one in watched.alarms if one.key in keys]
    since = np.datetime64(min([one.opened for one in alarms] or [incident.since]), "s")
    until = np.datetime64(max([one.last for one in alarms] or [incident.last]), "s")
    slices = sorted({sign.slice for one in alarms for sign in one.signs}) if joined else sorted(incident.slices)
    starts = found.readings.starts
    inside = (starts >= since) & (starts <= until)
    now, calm = (_within(contract, found, slices, starts[chosen]) for chosen in (inside, found.calm))
    bench.progress(f"looking at {len(now)} rows of {incident.id} beside {len(calm)} calm ones")
    past, no_past = _past(bench, contract, found)
    look = Look(shift=_shift(contract, found.rows, calm, now), not_done=list(no_past))
    look.features, look.slices = _outstanding(found, inside)
    if past is not None:
        _replay(look, Scorer(bench, contract, past), bench, incident, found, calm, now)
    look.moved = moved_between(bench, contract, found.span[1], until)
    result = Experiment(
        model=contract.name,
        incident=incident.id,
        windows=(str(since.astype("datetime64[m]")), str(until.astype("datetime64[m]"))),
        rows=len(now),
        calm_rows=len(calm),
        shift=look.shift,
        features=look.features,
        slices=look.slices,
        skew=look.skew,
        served=look.served,
        causes=look.causes,
        resembles=look.resembles,
        early=look.early,
        about=about,
        words=told_of(about, slices, look.words()),
    )
    keep_experiment(bench, incident, result)
    return result


def _replay(
    look: Look, scorer: Scorer, bench: Workbench, incident: Incident, found: Windows, calm: Array, now: Array
) -> None:
    """Look at what only the registered model can tell: answers served, causes, and what they look like."""
    contract, past = scorer.contract, scorer.past
    exact: dict[str, PutBack] = {}
    if contract.monitoring.requests is not None:
        look.skew, exact = skew_of(contract, found.rows, past, now)
        look.take_served(served(bench, contract, found.rows.take(now), scorer))
    learned = bool(past.learned.any()) and bool(np.isin(found.rows.at[calm], past.rows.at[past.learned]).any())
    sides = sides_of(found, calm, now, learned=learned, exact=exact)
    if look.served is not None and not look.served.same:
        sides = replace(sides, otherwise=True)
    look.early = len(sides.now) < FEWEST
    metrics = _metrics(contract, incident)
    look.take_causes(_causes(contract, found, sides, scorer, metrics))
    if look.causes is not None:
        lead = next(one for one in metrics if one.name == look.causes.shared[0].metric)
        look.resembles = resembling(contract, sides, scorer, look.causes, lead)


def told_of(causes: Sequence[str], slices: Sequence[str], words: tuple[str, ...]) -> tuple[str, ...]:
    """The words; their first sentence says what joined, and which slices it is about where these are not all rows."""
    told = [f"{', '.join(causes)} joined"] if causes else []
    if ALL_ROWS not in slices:
        more = f" and {len(slices) - NAMED} more" if len(slices) > NAMED else ""
        told.append(f"in {', '.join(slices[:NAMED])}{more}")
    return (f"{', '.join(told)}: {words[0]}", *words[1:]) if told else words


def _past(bench: Workbench, contract: Contract, found: Windows) -> tuple[Past | None, list[str]]:
    """The registered model with the model's data, or why they cannot be had."""
    try:
        return found.past or scored_past(bench, contract), []
    except BaselineError as reason:
        return None, [f"nothing was replayed: {reason.message}"]


def _within(contract: Contract, found: Windows, slices: Sequence[str], starts: Array) -> Array:
    """Rows of some windows, of some slices where all rows are not among them."""
    rows = _rows(found, starts)
    if ALL_ROWS in slices:
        return rows
    parts = find_slices(contract.slices, found.rows.columns)
    chosen = [part.rows for part in parts if part.name in slices]
    return np.intersect1d(rows, np.concatenate(chosen)) if chosen else rows


def _metrics(contract: Contract, incident: Incident) -> list[Metric]:
    """Those that gate and are measured on rows: the ones that alarmed first, by their business weight.

    Where scores as a whole alarmed, or calibration is declared, how much too low they are is among them, after what the
    contract names: the slope does not move with them, decisions hardly do, and binned errors need many rows.
    """
    said = [stream.partition("[")[0] for stream in incident.streams]
    rules = [rule for rule in contract.metrics if rule.role != "report_only" and rule.measured.of_rows]
    rules.sort(key=lambda rule: -rule.business_weight)
    metrics = [rule.measured for rule in rules]
    alarmed = {name for name in said if name not in OF_LEVEL}
    calibrated = any(one.family == CALIBRATION_INTERCEPT.family for one in metrics) or set(OF_LEVEL) & set(said)
    if contract.task == "binary_classification" and contract.wants_scores and calibrated:
        metrics += [] if CALIBRATION_INTERCEPT.name in {one.name for one in metrics} else [CALIBRATION_INTERCEPT]
        alarmed |= {CALIBRATION_INTERCEPT.name} if set(OF_LEVEL) & set(said) else set()
    return sorted(metrics, key=lambda one: one.name not in alarmed)


def _causes(contract: Contract, found: Windows, sides: Sides, scorer: Scorer, metrics: list[Metric]) -> Causes | str:
    """What made the metrics worse, or why that cannot be said."""
    if not metrics:
        return "no gating metric is measured on rows"
    try:
        return causes(contract, found, sides, scorer, metrics)
    except BaselineError as failure:
        return failure.message


def _rows(found: Windows, starts: Array) -> Array:
    parts = [found.windowing.rows_in(found.rows.at, start) for start in starts]
    return (
        np.unique(np.concatenate([np.arange(part.start, part.stop) for part in parts])) if parts else np.zeros(0, int)
    )


def _shift(contract: Contract, rows: ScoredRows, calm: Array, now: Array) -> JointShift | None:
    calm, now = (part[rows.labelled[part]] for part in (calm, now))
    if not len(calm) or not len(now):
        return None
    features = [rows.features.take(pa.array(part)) for part in (calm, now)]
    usable = [name for name in contract.data.feature_names if features[0].schema.field(name).type != pa.null()]
    together = rows.cluster is not None and len(np.unique(rows.cluster[now])) >= LEAST_CLUSTERS
    clusters = [rows.cluster[part] if together and rows.cluster is not None else None for part in (calm, now)]
    told = separation(*(one.select(usable) for one in features), seed=0, clusters=clusters)
    if told is None:
        return None
    gating = [rule for rule in contract.metrics if rule.role != "report_only"]
    judged = contract.model_copy(update={"metrics": gating})
    return joint_shift(judged, _part(rows, calm, clusters[0]), _part(rows, now, clusters[1]), told)


def _part(rows: ScoredRows, chosen: Array, clusters: Array | None) -> Part:
    cluster = cluster_codes(clusters)
    unit = units_of(len(chosen), cluster, 0)
    return Part(rows.outcomes.take(chosen), cluster, unit, int(unit.max(initial=-1)) + 1, None)


def _outstanding(found: Windows, inside: Array) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]:
    """Features and slices that strayed most in the incident's windows, the strongest first."""
    distance = np.where(np.isfinite(found.over.distance), found.over.distance, 0.0)[inside]
    if len(distance) == 0:
        return (), ()
    peak = distance[np.abs(distance).argmax(axis=0), np.arange(distance.shape[1])]
    streams = found.over.readings.streams
    ordered = [
        (streams[number], float(np.clip(peak[number], -1e6, 1e6)))
        for number in np.argsort(-np.abs(peak))
        if abs(peak[number]) >= TELLING
    ]
    features = [(one.label, value) for one, value in ordered if one.family == "inputs"][:SHOWN]
    slices = [(one.label, value) for one, value in ordered if one.slice != "all"][:SHOWN]
    return tuple(features), tuple(slices)
