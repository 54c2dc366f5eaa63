"""On which days a baseline may rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import UsageError
from baseline_pipeline.response.incidents import incidents
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.records import Digest
    from baseline_pipeline.workbench.workbench import Workbench


def refuse_open_incident(bench: Workbench, contract: Contract, snapshot: Digest) -> None:
    """Let no person's baseline rest on days that an open incident concerns: it would call the damage normal.

    An incident with an open alarm goes on: it concerns every day from its first window on.

    Raises:
        UsageError: naming the incident.
    """
    span = load_snapshot(bench, contract.name, snapshot).time_range
    if span is None:
        return
    first, last = (day[:10] for day in span)
    for one in incidents(bench.events(contract.name), contract.name):
        end = max(one.until, one.last)[:10]
        if one.open and one.since[:10] <= last and (one.open_alarms or first <= end):
            until = "now" if one.open_alarms else end
            message = (
                f"incident {one.id} ({one.tier}) is open and concerns {one.since[:10]} to {until}; the rows are of "
                f"{first} to {last}"
            )
            raise UsageError(
                message,
                next_step=f"close it with its cause first: `baseline incident close {one.id} --cause TEXT --by NAME`",
            )
