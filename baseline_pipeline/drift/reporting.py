"""From summaries to the drift report of two data sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from baseline_pipeline.drift.columns import THRESHOLD, Design, Moved, movements
from baseline_pipeline.expression import length_of
from baseline_pipeline.snapshot import ColumnDrift, DriftReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.drift.distances import Within
    from baseline_pipeline.records import Digest
    from baseline_pipeline.summaries.column import Summary

Kind = Literal["feature", "prediction", "target"]


def drift_report(
    contract: Contract,
    before: Mapping[str, Summary],
    after: Mapping[str, Summary],
    silent: Mapping[str, str],
    *,
    sides: tuple[Digest, Digest],
    rows: tuple[int, int],
    html: Digest | None,
    prediction: str = "prediction",
    within: Mapping[str, Within] | None = None,
    designs: Mapping[str, Design] | None = None,
) -> DriftReport:
    """Drift of features, `prediction` and label, largest first; what could not be compared stands last.

    Args:
        contract: Names the label.
        before: The baseline's summaries.
        after: The present ones.
        silent: Columns that are not compared, with the reason.
        sides: Digests of the two snapshots.
        rows: Rows of either side.
        html: The vendor's page, where there is one.
        prediction: Column of what the model said.
        within: By column, the values of cells that left too much open.
        designs: By column, how many rows say as much as one independent row would.
    """
    moved = movements(before, after, seed=int("".join(side[:6] for side in sides), 16), within=within, designs=designs)
    columns = [_compared(name, _kind(contract, name, prediction), one) for name, one in moved.items()]
    columns += [
        ColumnDrift(
            column=name,
            kind=_kind(contract, name, prediction),
            method="not compared",
            score=None,
            threshold=THRESHOLD,
            drifted=False,
            note=why,
        )
        for name, why in silent.items()
    ]
    columns.sort(key=lambda one: (one.score is None, -(one.score or 0.0), one.column))
    return DriftReport(
        reference=sides[0],
        current=sides[1],
        reference_rows=rows[0],
        current_rows=rows[1],
        columns=tuple(columns),
        html=html,
    )


def _compared(name: str, kind: Kind, one: Moved) -> ColumnDrift:
    return ColumnDrift(
        column=name,
        kind=kind,
        method=one.method,
        score=one.score,
        interval=one.interval,
        p_adjusted=one.p_value,
        threshold=THRESHOLD,
        drifted=one.drifted,
        measures=one.measures,
        note="; ".join(one.notes),
    )


def _kind(contract: Contract, name: str, prediction: str) -> Kind:
    name = length_of(name) or name
    return "target" if name == contract.data.label else "prediction" if name == prediction else "feature"
