"""Expectations and guardrails, over all that was ever judged by them: which never fail, which always do."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from baseline_pipeline.figures import counted
from baseline_pipeline.governance.reviews import Finding, State, listed
from baseline_pipeline.quality import QualityReport
from baseline_pipeline.workbench.iteration.comparing import load_comparison

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.governance.events import Event
    from baseline_pipeline.workbench.workbench import Workbench

LEAST = 5
"""Reports or comparisons below which nothing follows from what never happened."""


def expectations_broken(bench: Workbench, contract: Contract) -> Finding:
    """Which expectations ever failed, over all stored reports of the suite as it is."""
    topic, why = "expectations", "an expectation that nothing can break guards nothing"
    suite = bench.suite(contract)
    if suite is None:
        return Finding(
            topic=topic,
            state="old",
            what="the contract names none",
            why="rows of any kind would be evaluated",
            next_step="name a suite under data.expectations",
        )
    digest = suite.digest()
    reports = [QualityReport.stored(body) for body in bench.store.records("quality", contract.name)]
    reports = [one for one in reports if one.suite == digest]
    rules = {(result.column, result.rule): False for one in reports for result in one.results}
    for one in reports:
        rules |= {(result.column, result.rule): True for result in one.failures()}
    never = [f"{column or 'table'}: {rule}" for (column, rule), failed in rules.items() if not failed]
    seen = f"{len(never)} of {len(rules)} never failed in {counted(len(reports), 'report')}"
    if len(reports) < LEAST:
        what = f"{seen}; {LEAST} are needed to tell"
        return Finding(topic=topic, state="unknown", what=what, why=why)
    return Finding(
        topic=topic,
        state="old" if never else "holds",
        what=f"{seen}{listed(never)}",
        why=why,
        next_step="narrow the limits to what the data do, or take the expectation out",
    )


def guardrails_fired(bench: Workbench, contract: Contract, events: Sequence[Event]) -> Iterator[Finding]:
    """Which guardrails ever fired, over all stored comparisons; what only concerns the anchor is left out."""
    keys = [one.content.get("comparison") for one in events if one.kind == "decision"]
    compared = (load_comparison(bench, contract.name, key) for key in dict.fromkeys(str(key) for key in keys if key))
    contrasts = [contrast for one in compared for contrast in one.contrasts if contrast.anchor_revision is None]
    cells = [cell for contrast in contrasts for cell in contrast.cells if cell.role == "guardrail"]
    seen = Counter(f"{cell.metric}[{cell.slice}]" for cell in cells)
    fired = Counter(f"{cell.metric}[{cell.slice}]" for cell in cells if cell.tier is not None)
    looks = len(contrasts)
    never = [name for name in seen if not fired[name]]
    always = [name for name in seen if fired[name] == seen[name]]
    enough: State = "unknown" if looks < LEAST else "holds"
    tell = f" in {counted(looks, 'comparison')}" + ("" if looks >= LEAST else f"; {LEAST} are needed to tell")
    yield Finding(
        topic="guardrails that never fired",
        state="old" if never and looks >= LEAST else enough,
        what=f"{len(never)} of {len(seen)}{tell}{listed(never)}",
        why="a margin so wide that nothing reaches it protects nobody, and spends error rate",
        next_step=f"see `baseline power {contract.name} --sensitivity`: what would make them fire",
    )
    yield Finding(
        topic="guardrails that always fire",
        state="old" if always and looks >= LEAST else enough,
        what=f"{len(always)} of {len(seen)}{tell}{listed(always)}",
        why="people learn to pass over an alarm that is always there",
        next_step="repair what they point at, or widen the margin with a reason",
    )
