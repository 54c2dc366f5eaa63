"""The catalogue: every model that is declared here or known to the ledger, with the baseline that stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.contract.reading import contract_paths
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.evaluation import MetricValue
from baseline_pipeline.governance.events import REVISIONS, Baseline, baselines, current_baseline
from baseline_pipeline.governance.health import NOBODY
from baseline_pipeline.records import Record
from baseline_pipeline.report.visible import visible
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.workbench.workbench import Workbench


class Entry(Record):
    """One model of the catalogue."""

    model: str
    owner: str
    task: str
    """Both are empty where there is no contract that could be read."""
    baseline: Baseline | None
    """The present one; `None` where none was established, or it was retired."""
    revisions: tuple[Baseline, ...]
    """All there ever were, oldest first."""
    values: tuple[MetricValue, ...]
    """What the present baseline measured on all rows."""
    open_incidents: tuple[str, ...]
    frozen: bool
    """Whether an incident holds promotions."""
    trouble: str
    """What could not be read, if anything."""


def catalogue(bench: Workbench) -> list[Entry]:
    """Every model that the project declares or that the ledger knows a baseline of, by name."""
    events = bench.events()
    declared = contract_paths(bench.settings.assets)
    known = {event.model for event in events if event.kind in REVISIONS}
    return [_entry(bench, name, events, declared=name in declared) for name in sorted({*declared, *known})]


def _entry(bench: Workbench, model: str, events: Sequence[Event], *, declared: bool) -> Entry:
    present = current_baseline(events, model)
    owner, task, trouble = "", "", "it is not declared in this project"
    if declared:
        try:
            contract = bench.contract(model)
            owner, task, trouble = contract.owners.model or NOBODY, contract.task, ""
        except BaselineError as error:
            trouble = error.message
    values: tuple[MetricValue, ...] = ()
    if present is not None:
        try:
            measured = load_evaluation(bench, model, present.evaluation).metrics
            values = tuple(one for one in measured if one.slice == ALL_ROWS and one.value is not None)
        except BaselineError as error:
            trouble = trouble or error.message
    there = [one for one in incidents(events, model) if one.open]
    return Entry(
        model=model,
        owner=owner,
        task=task,
        baseline=present,
        revisions=tuple(baselines(events, model)),
        values=values,
        open_incidents=tuple(one.id for one in there),
        frozen=any(one.frozen for one in there),
        trouble=trouble,
    )


def catalogue_text(found: Sequence[Entry]) -> str:
    """The catalogue for a terminal."""
    with_one = sum(one.baseline is not None for one in found)
    if not found:
        return "no model is declared; `baseline init MODEL` starts one"
    return "\n".join(
        [f"{with_one} of {len(found)} models have a baseline", *(line for one in found for line in _lines(one))]
    )


def _lines(one: Entry) -> Iterator[str]:
    kind = f" ({one.task.replace('_', ' ')}, owner: {visible(one.owner)})" if one.task else ""
    yield f"{visible(one.model)}{kind}"
    stands = one.baseline
    if stands is not None:
        yield (
            f"  revision {stands.revision}, version {visible(stands.version)}, {stands.at[:10]}, "
            f"by {visible(stands.actor)}: {visible(stands.reason)}"
        )
    else:
        yield f"  retired after revision {one.revisions[-1].revision}" if one.revisions else "  no baseline yet"
    if one.values:
        yield f"  {', '.join(_values(one.values))}"
    if one.open_incidents:
        held = "; promotions frozen" if one.frozen else ""
        yield f"  open: {', '.join(one.open_incidents)}{held}"
    yield from (f"  {visible(line)}" for line in one.trouble.splitlines())


def _values(found: Iterable[MetricValue]) -> Iterator[str]:
    for one in found:
        sure = "" if one.low is None or one.high is None else f" [{one.low:.4g}, {one.high:.4g}]"
        yield f"{visible(one.metric)} {one.value:.4g}{sure}"
