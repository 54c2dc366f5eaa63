"""How the programme itself is doing: a fold over the ledger's events and incidents, by owner and in total."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from statistics import mean, median
from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.governance.events import current_baseline
from baseline_pipeline.governance.reviews import moment_of
from baseline_pipeline.records import Record
from baseline_pipeline.verdicts import TIERS, Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from baseline_pipeline.comparison import Contrast
    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.response.incidents import Incident

DAYS = 90
"""Days back in which overrides and rollbacks are counted."""
NOBODY = "nobody"
"""The owner of models that name none."""
_HOUR = 3600


class Times(Record):
    """How long something took, over some incidents."""

    count: int
    mean_hours: float
    median_hours: float


class FalseAlarms(Record):
    """False alarms of a model's last backtest."""

    model: str
    count: int
    months: float
    """Months that they were counted on."""
    per_month: float
    low: float
    """Exact 95 % interval of the rate: its lower end..."""
    high: float
    """...and its upper end."""
    accepted: float
    """What the contract accepts a month."""

    @property
    def words(self) -> str:
        """Whether the contract's rate is kept, as far as the count can tell."""
        if self.low > self.accepted:
            return "more than accepted"
        return "as accepted" if self.high <= self.accepted else "compatible with what is accepted"


class Creep(Record):
    """What small harms, each accepted by itself, have taken of a primary's margin against the anchor."""

    model: str
    metric: str
    revision: int
    """Of the anchor."""
    used: float
    """Loss against the anchor, in the metric's unit; 0 where the candidate is better."""
    margin: float
    at_most: float | None
    """Upper bound of the loss at the non-inferiority level; `None` where nothing bounds it."""
    share: float
    """Of the margin."""


class DrillFact(Record):
    """One rehearsal."""

    model: str
    at: str
    scenario: str
    detected: bool
    seconds: float


class ModelFacts(Record):
    """What is known of one model outside of the ledger."""

    model: str
    owner: str
    gated_slices: int | None
    """Slices on which a metric gates, as the baseline's evaluation found them; `None` without a baseline."""
    false_alarms: FalseAlarms | None
    """`None` where nothing was backtested."""
    creep: tuple[Creep, ...]


class Figures(Record):
    """The figures of some models; `None` where a figure rests on nothing."""

    name: str
    models: int
    with_baseline: int
    coverage: float | None
    """Share of the models that have a baseline."""
    gated_slices: float | None
    """Slices on which a metric gates, per model that has a baseline."""
    age_median_days: float | None
    """Of the present baselines."""
    age_oldest_days: float | None
    incidents: int
    detect: Times | None
    """From when the first window concerned could be judged (it had ended, its labels had come, and the ledger knew of
    the model) until the incident was written down, by the clock; of a past that was replayed with `--now`, until the
    instant that was looked at."""
    looked_back: int
    """How many of those incidents lie in a past that was replayed, or before the ledger begins."""
    known: Times | None
    """From the start of the first window until it could be judged: its length and the wait for labels, data time."""
    resolve: Times | None
    """From when it was written down until a person closed it, by the clock."""
    triaged: int
    noise_share: float | None
    """Of the incidents that a person triaged."""
    open_incidents: dict[Tier, int] | None
    """By tier; `None` where there never was an incident."""
    false_alarms: tuple[FalseAlarms, ...]
    creep: tuple[Creep, ...]
    overrides: int | None
    """In the last days; `None` where nothing ever happened to these models."""
    rollbacks: int | None
    frozen: tuple[str, ...] | None
    """Models whose promotions an incident holds."""
    drills: tuple[DrillFact, ...]
    """Oldest first."""


class Health(Record):
    """The programme's own figures."""

    at: str
    days: int
    """In which overrides and rollbacks were counted."""
    total: Figures
    owners: tuple[Figures, ...]
    models: tuple[Figures, ...]
    dead_receivers: tuple[str, ...] | None
    """Receivers that failed for a day and took nothing since; `None` where nobody was ever to be told."""
    troubles: dict[str, str]
    """Why a contract could not be read, by model; no figure counts these models."""


def health(
    facts: Sequence[ModelFacts],
    events: Sequence[Event],
    incidents: Sequence[Incident],
    *,
    now: str,
    days: int = DAYS,
    dead_receivers: tuple[str, ...] | None = None,
    troubles: Mapping[str, str] | None = None,
) -> Health:
    """The figures in total, of every owner and of every model.

    Args:
        facts: One for every model that is declared.
        events: The whole ledger, oldest first.
        incidents: All that followed from it.
        now: The time, ISO 8601, UTC.
        days: How far back overrides and rollbacks are counted.
        dead_receivers: Their names; `None` where nobody was ever to be told.
        troubles: Why a contract could not be read, by model.
    """

    def figures(name: str, chosen: Iterable[ModelFacts]) -> Figures:
        group = list(chosen)
        models = {one.model for one in group}
        return _figures(
            name,
            group,
            [one for one in events if one.model in models],
            [one for one in incidents if one.model in models],
            moment_of(now),
            days,
        )

    owners = sorted({one.owner for one in facts})
    return Health(
        at=now,
        days=days,
        total=figures("all", facts),
        owners=tuple(figures(owner, (one for one in facts if one.owner == owner)) for owner in owners),
        models=tuple(figures(one.model, [one]) for one in facts),
        dead_receivers=dead_receivers,
        troubles=dict(troubles or {}),
    )


def _figures(
    name: str,
    facts: Sequence[ModelFacts],
    events: Sequence[Event],
    incidents: Sequence[Incident],
    now: dt.datetime,
    days: int,
) -> Figures:
    present = [current_baseline(events, one.model) for one in facts]
    ages = [(now - moment_of(one.at)).total_seconds() / 86400 for one in present if one is not None]
    slices = [one.gated_slices for one in facts if one.gated_slices is not None]
    triaged = [one.signal for one in incidents if one.signal is not None]
    recent = [one for one in events if moment_of(one.at) >= now - dt.timedelta(days=days)]
    kinds = Counter(one.kind for one in recent)
    opening = {
        str(one.content["incident"]): one
        for one in events
        if one.kind == "incident" and one.content.get("change") == "opened" and "known" in one.content
    }
    waits = [_wait(opening[one.id], events) for one in incidents if one.id in opening]
    there = Counter(one.tier for one in incidents if one.open)
    return Figures(
        name=name,
        models=len(facts),
        with_baseline=len(ages),
        coverage=len(ages) / len(facts) if facts else None,
        gated_slices=mean(slices) if slices else None,
        age_median_days=median(ages) if ages else None,
        age_oldest_days=max(ages, default=None),
        incidents=len(incidents),
        detect=_times((start, end) for start, end, _ in waits),
        looked_back=sum(back for _, _, back in waits),
        known=_times((one.since, str(opening[one.id].content["known"])) for one in incidents if one.id in opening),
        resolve=_times(
            (one.opened, moment.at) for one in incidents for moment in one.timeline if moment.change == "closed"
        ),
        triaged=len(triaged),
        noise_share=triaged.count(False) / len(triaged) if triaged else None,
        open_incidents={tier: there[tier] for tier in TIERS} if incidents else None,
        false_alarms=tuple(one.false_alarms for one in facts if one.false_alarms is not None),
        creep=tuple(creep for one in facts for creep in one.creep),
        overrides=_overridden(events, recent) if events else None,
        rollbacks=kinds["rollback"] if events else None,
        frozen=tuple(dict.fromkeys(one.model for one in incidents if one.frozen and one.open)) if events else None,
        drills=tuple(drills(events)),
    )


def _overridden(events: Sequence[Event], recent: Sequence[Event]) -> int:
    """Decisions that people overrode lately, each once; a no that came later leaves none."""
    said = {event.content.get("decision"): event.seq for event in events if event.kind == "rejection"}
    over = {(one.model, one.content.get("decision")): one.seq for one in recent if one.kind == "override"}
    return sum(said.get(decision, 0) < seq for (_, decision), seq in over.items())


def _wait(opened: Event, events: Sequence[Event]) -> tuple[str, str, bool]:
    """From when an incident could be found until it was, and whether a past was looked back at."""
    known = str(opened.content["known"])
    if "looked" in opened.content:
        return known, max(known, str(opened.content["looked"]), key=moment_of), True
    first = next(one.at for one in events if one.model == opened.model)
    since = max(known, first, key=moment_of)
    return since, max(since, opened.at, key=moment_of), since != known


def _times(spans: Iterable[tuple[str, str]]) -> Times | None:
    hours = [(moment_of(end) - moment_of(start)).total_seconds() / _HOUR for start, end in spans]
    return Times(count=len(hours), mean_hours=mean(hours), median_hours=median(hours)) if hours else None


def drills(events: Iterable[Event]) -> list[DrillFact]:
    """The rehearsals among events, oldest first."""
    return [
        DrillFact(
            model=one.model,
            at=one.at,
            scenario=str(one.content["drill"].get("scenario", "")),
            detected=bool(one.content["drill"]["detected"]),
            seconds=float(one.content["drill"]["seconds"]),
        )
        for one in events
        if one.kind == "review" and "drill" in one.content
    ]


def creep_of(model: str, contrast: Contrast) -> tuple[Creep, ...]:
    """What a comparison with the anchor says of every primary's creep budget.

    Source: Everson-Stewart and Emerson (2010), Bio-creep in non-inferiority trials, Stat. Med. 29:2769.
    """
    if contrast.anchor_revision is None:
        return ()
    return tuple(
        Creep(
            model=model,
            metric=cell.metric,
            revision=contrast.anchor_revision,
            used=max(-cell.gain, 0.0),
            margin=cell.margin,
            at_most=cell.harm_bounds[1] if cell.harm_bounds else None,
            share=max(-cell.gain, 0.0) / cell.margin,
        )
        for cell in contrast.cells
        if cell.role == "primary" and cell.slice == ALL_ROWS and cell.margin and cell.gain is not None
    )
