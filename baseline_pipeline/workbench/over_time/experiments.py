"""Experiments about incidents, as they are kept, and which one is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import JointShift
from baseline_pipeline.drift.skew import Skew
from baseline_pipeline.governance.events import Event
from baseline_pipeline.records import Record, digest_of
from baseline_pipeline.response.incidents import PIPELINE, Incident
from baseline_pipeline.response.joined import alarms_of, joined_causes
from baseline_pipeline.workbench.over_time.causes import Causes
from baseline_pipeline.workbench.over_time.resembling import Resembles
from baseline_pipeline.workbench.over_time.serving import Served

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from baseline_pipeline.monitoring.alarms import Alarm
    from baseline_pipeline.workbench.workbench import Workbench


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
    served: Served | None = None
    """The service's answers beside the registered model's; needs a request log."""
    causes: Causes | None = None
    """What made the metrics worse."""
    resembles: Resembles | None = None
    """The scenario that it looks like, where one does."""
    early: bool = False
    """Whether there were too few labelled rows to say: it is done again when there are more."""
    about: tuple[str, ...] = ()
    """Causes that joined after an earlier one, whose windows these are; all of the incident's windows without."""
    words: tuple[str, ...]
    """What it comes to: a sentence, then all that was found, and in a line each why something could not be done."""


def due(bench: Workbench, incident: Incident, alarms: Iterable[Alarm]) -> Mapping[str, Collection[str]] | None:
    """What an experiment is to look at now: keys of alarms by the cause that joined, nothing for the whole incident.

    An incident gets one, another when that came too early to say what did it, and one for each other cause that joins
    it later; `None` where none is due. As alarms come with windows, there is at most one for each window.

    Args:
        bench: The project.
        incident: Which one.
        alarms: Those that there are now.
    """
    last = last_experiment(bench, incident)
    events = bench.events(incident.model)
    if last is None or (last.early and not last.about):
        return {}
    joined = alarms_of(events, incident.id, last.about) if last.early else joined_causes(events, incident.id)
    there = {one.key for one in alarms}
    return {name: keys for name, keys in joined.items() if there & set(keys)} or None


def last_experiment(bench: Workbench, incident: Incident) -> Experiment | None:
    """The latest experiment about an incident; `None` where there is none."""
    for event in reversed(bench.events(incident.model)):
        if event.kind == "incident" and event.content.get("incident") == incident.id and "experiment" in event.content:
            body = bench.store.load("experiments", incident.model, str(event.content["experiment"]))
            return None if body is None else Experiment.stored(body)
    return None


def keep_experiment(bench: Workbench, incident: Incident, result: Experiment) -> None:
    """Keep what was found and write it into the incident's timeline; what came too early is not kept twice."""
    last = last_experiment(bench, incident)
    if result.early and last is not None and last.early and last.about == result.about:
        return
    key = digest_of(result.body())
    bench.store.save("experiments", incident.model, key, result)
    event = Event(
        kind="incident",
        model=incident.model,
        actor=PIPELINE,
        reason=result.words[0],
        key=digest_of(["incident", incident.id, "experiment", key]),
        content={"incident": incident.id, "change": "experiment", "experiment": key},
    )
    bench.ledger.append(event)
