"""What the ledger says of lockfile and model version around an incident."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.errors import BaselineError
from baseline_pipeline.records import Digest, short
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.replays.attributing import attribute
from baseline_pipeline.workbench.replays.attributions import attribution_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.fingerprint import Facet
    from baseline_pipeline.workbench.workbench import Workbench


def moved_between(bench: Workbench, contract: Contract, calm: np.datetime64, until: np.datetime64) -> list[str]:
    """What the ledger says of lockfile and model version between calm times and the incident's end."""
    low, high = str(calm), str(until + np.timedelta64(1, "D"))
    decisions = [
        one
        for one in bench.events(contract.name)
        if one.kind == "decision" and one.content.get("comparison") and low <= one.at[:19] <= high
    ]
    words = []
    for event in decisions:
        comparison = load_comparison(bench, contract.name, str(event.content["comparison"]))
        facets = [one.facet for one in comparison.changed if one.facet in {"dependencies", "model"}]
        if facets:
            digest = str(event.content["decision"])
            told = _attributed(bench, contract, digest, facets)
            words.append(f"{' and '.join(facets)} moved on {event.at[:10]}: {told}")
    return words or [f"neither lockfile nor model version moved between {low[:10]} and {high[:10]}, says the ledger"]


def _attributed(bench: Workbench, contract: Contract, decision: Digest, facets: Sequence[Facet]) -> str:
    """What a decision's attribution says; made now where no environment has to be built."""
    known = attribution_of(bench, contract.name, decision)
    if known is None and "dependencies" not in facets:
        try:
            known = attribute(bench, contract, decision)
        except BaselineError as reason:
            return f"not attributed: {reason.message}"
    return f"baseline attribute {contract.name} {short(decision)} replays it" if known is None else known.sentence
