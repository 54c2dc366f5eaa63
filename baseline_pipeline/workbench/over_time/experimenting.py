"""What an incident's rows tell when they are looked at closely: which rows, which features, which side of a join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.comparison import JointShift
from baseline_pipeline.drift.joint import separation
from baseline_pipeline.drift.skew import EQUAL, Skew, skews
from baseline_pipeline.effects import Part
from baseline_pipeline.governance.events import Event
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.response.incidents import PIPELINE, Incident
from baseline_pipeline.shift import joint_shift
from baseline_pipeline.significance.units import units_of
from baseline_pipeline.workbench.over_time.history import scored_past

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.workbench.over_time.backtesting import Windows
    from baseline_pipeline.workbench.over_time.monitoring import Watched
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
SHOWN = 5
LEAST_CLUSTERS = 10
"""Clusters below which an incident's rows are taken as independent: a day or two have no spread of their own."""
TELLING = 3.0
"""Standard deviations of calm windows from which a feature or a slice is named."""


class Experiment(Record):
    """What an incident's windows show beside calm ones."""

    model: str
    incident: str
    windows: tuple[str, str]
    rows: int
    calm_rows: int
    shift: JointShift | None
    """How well the rows can be told apart, and what of the change they explain; `None` with too few rows."""
    features: tuple[tuple[str, float], ...]
    """Measures of features that stood out, in standard deviations of calm windows."""
    slices: tuple[tuple[str, float], ...]
    """Slices that stood out against all rows, likewise."""
    skew: tuple[Skew, ...]
    """Columns that differ between request log and data, most rows first; needs both."""
    words: tuple[str, ...]


def experiment(
    bench: Workbench, contract: Contract, incident: Incident, watched: Watched, found: Windows
) -> Experiment:
    """Look at an incident's rows, keep what they tell, and write it into its timeline.

    Args:
        bench: The project.
        contract: The rules.
        incident: Which one.
        watched: The tick that saw it.
        found: Its windows.
    """
    alarms = [one for one in watched.alarms if one.key in incident.alarms]
    since = np.datetime64(min([one.opened for one in alarms] or [incident.since]), "s")
    until = np.datetime64(max([one.last for one in alarms] or [incident.last]), "s")
    starts = found.readings.starts
    inside = (starts >= since) & (starts <= until)
    now = _rows(found, starts[inside])
    calm = _rows(found, starts[found.calm])
    bench.progress(f"looking at {len(now)} rows of {incident.id} beside {len(calm)} calm ones")
    shift = _shift(contract, found.rows, calm, now)
    features, slices = _outstanding(found, inside)
    skew = _skew(bench, contract, found.rows, now) if contract.monitoring.requests is not None else ()
    result = Experiment(
        model=contract.name,
        incident=incident.id,
        windows=(str(since.astype("datetime64[m]")), str(until.astype("datetime64[m]"))),
        rows=len(now),
        calm_rows=len(calm),
        shift=shift,
        features=features,
        slices=slices,
        skew=skew,
        words=_words(shift, features, slices, skew),
    )
    key = digest_of(result.body())
    bench.store.save("experiments", contract.name, key, result)
    bench.ledger.append(_event(contract, incident, result, key))
    return result


def _event(contract: Contract, incident: Incident, result: Experiment, key: Digest) -> Event:
    return Event(
        kind="incident",
        model=contract.name,
        actor=PIPELINE,
        reason="; ".join(result.words),
        key=digest_of(["incident", incident.id, "experiment"]),
        content={"incident": incident.id, "change": "experiment", "experiment": key},
    )


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


def _skew(bench: Workbench, contract: Contract, rows: ScoredRows, now: Array) -> tuple[Skew, ...]:
    """Columns whose logged values differ from the model's data for the same rows."""
    past = scored_past(bench, contract)
    names = rows.row_id.take(pa.array(now))
    place = pc.index_in(names, value_set=past.rows.row_id)
    known = pc.is_valid(place)
    if not pc.any(known).as_py():
        return ()
    logged, own = now[known.to_numpy(zero_copy_only=False)], place.filter(known)
    one, two = past.rows.features.take(own), rows.features.take(pa.array(logged))
    found = list(skews(one, two, contract.data.feature_names))
    place_of = own.to_numpy(zero_copy_only=False)
    if rows.outcomes.score is not None and past.rows.outcomes.score is not None and rows.outcomes.score.ndim == 1:
        moved = np.abs(rows.outcomes.score[logged] - past.rows.outcomes.score[place_of]) > EQUAL
        if moved.any():
            found.append(Skew(column="(score)", rows=len(logged), different=int(moved.sum())))
    return tuple(sorted(found, key=lambda one: (-one.different, one.column)))


def _words(
    shift: JointShift | None,
    features: tuple[tuple[str, float], ...],
    slices: tuple[tuple[str, float], ...],
    skew: tuple[Skew, ...],
) -> tuple[str, ...]:
    words = []
    if skew:
        named = ", ".join(f"{one.column} in {one.different} of {one.rows} rows" for one in skew[:SHOWN])
        words.append(f"request log and data differ for the same rows: {named}")
    if shift is not None:
        apart = "can hardly be told from calm ones" if shift.auc < 0.6 else "differ from calm ones"  # noqa: PLR2004
        words.append(f"the rows {apart} (AUC {shift.auc:.2f})")
        for one in shift.adjusted:
            low, high = one.interval
            if high < 0:
                words.append(
                    f"{one.metric} is worse by {-one.gain:.3g} [{-high:.3g}, {-low:.3g}] on rows that look the same"
                )
            elif low > 0:
                words.append(f"{one.metric} is no worse on rows that look the same")
    if features:
        words.append("features that stood out: " + ", ".join(f"{name} {value:+.1f}" for name, value in features))
    if slices:
        words.append("slices that stood out: " + ", ".join(f"{name} {value:+.1f}" for name, value in slices))
    return tuple(words or ["nothing stood out beside the alarm itself"])
