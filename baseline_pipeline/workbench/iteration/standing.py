"""Where a model stands: its baseline, its last decision, and what moved since."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import BaselineError
from baseline_pipeline.governance.approvals import standing_override
from baseline_pipeline.governance.events import Baseline, last_decision
from baseline_pipeline.records import Digest, Record, digest_of, short
from baseline_pipeline.workbench.iteration.watching import last_watched, look
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.iteration.watching import Look
    from baseline_pipeline.workbench.workbench import Workbench


class Line(Record):
    """One event, for people."""

    at: str
    actor: str
    kind: str
    reason: str


class Standing(Record):
    """What is known of a model."""

    model: str
    baseline: Baseline | None
    moved: tuple[str, ...]
    """Facets that are not as they were at the last decision: that decision is no longer current."""
    trouble: str
    """Why the present could not be looked at, if so."""
    override: str
    """That what stands was promoted against the gate, if so."""
    history: tuple[Line, ...]


def standing(bench: Workbench, model: str) -> Standing:
    """The model's baseline, history, and whether the last decision is current.

    What the ledger knows is there whatever became of the model's contract.
    """
    moved: tuple[str, ...] = ()
    trouble = ""
    try:
        contract = bench.contract(model)
        seen = look(bench, contract)
        now, (done, _) = seen.watched, last_watched(bench, contract, seen)
        if done is not None:
            moved = tuple(facet for facet in type(now).model_fields if getattr(now, facet) != getattr(done, facet))
            if done.registry is not None and done.registry == _before_promotion(bench, contract, seen):
                moved = tuple(facet for facet in moved if facet != "registry")
    except BaselineError as error:
        trouble = error.message
    events = bench.events(model)
    lines = tuple(Line(at=one.at, actor=one.actor, kind=one.kind, reason=one.reason) for one in events)
    return Standing(
        model=model,
        baseline=bench.baseline(model),
        moved=moved,
        trouble=trouble,
        override=standing_override(events, utc_now()),
        history=lines,
    )


def _before_promotion(bench: Workbench, contract: Contract, seen: Look) -> Digest | None:
    """What the registry was before the last decision moved the champion's alias, if that is all that moved it."""
    baseline, champion = bench.baseline(contract.name), contract.model.champion
    decision = last_decision(events := bench.events(contract.name), contract.name)
    if decision is None or baseline is None or seen.registry.get(champion) != baseline.version:
        return None
    intended = (
        one for one in events if one.kind == "promotion_intended" and one.content["revision"] == baseline.revision
    )
    own = next((one for one in intended if one.content["decision"] == decision.content["decision"]), None)
    return None if own is None else digest_of({**seen.registry, champion: own.content["found"]})


def standing_text(found: Standing) -> str:
    """The same, for a terminal."""
    lines = [found.model]
    if found.baseline is None:
        establish = f"`baseline establish {found.model} --by NAME --reason TEXT`"
        lines.append(f"  no baseline yet: `baseline run {found.model}`, then {establish}")
    else:
        one = found.baseline
        lines.append(
            f"  baseline revision {one.revision}: version {one.version} on snapshot {short(one.snapshot)}, "
            f"{one.at}, by {one.actor}: {one.reason}"
        )
    if found.override:
        lines.append(f"  {found.override}")
    if found.trouble:
        lines.append(f"  cannot look at the present: {found.trouble}")
    elif found.moved:
        lines.append(f"  moved since the last decision: {', '.join(found.moved)}; `baseline run {found.model}`")
    elif found.history:
        lines.append("  the last decision is current: nothing moved since")
    lines += [f"  {one.at}  {one.kind.replace('_', ' '):20} {one.actor}: {one.reason}" for one in found.history[-12:]]
    return "\n".join(lines)
