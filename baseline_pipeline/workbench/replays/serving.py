"""`baseline compare --serving`: the baseline's rows as they were served, feature by feature."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.adapters.models.remembered import remembered
from baseline_pipeline.adapters.sources.parquet import parquet_source
from baseline_pipeline.arrow_numbers import numeric
from baseline_pipeline.content import row_names
from baseline_pipeline.drift.skew import Skew, skews
from baseline_pipeline.errors import DataUnreadable, EvidenceUnavailable, ModelFailed
from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.records import Digest, Record
from baseline_pipeline.workbench.replays.feature_values import FeatureHarm, feature_harms, harm_texts
from baseline_pipeline.workbench.replays.opening import open_replaying
from baseline_pipeline.workbench.replays.rows import RowSet, row_set
from baseline_pipeline.workbench.replays.states import scored

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench


class Served(Record):
    """The baseline's rows, and the same rows as they were served."""

    model: str
    version: str
    snapshot: Digest
    rows: int
    """Rows that both hold."""
    only_served: int
    """Served rows that the baseline's data does not hold, or that came twice."""
    skew: tuple[Skew, ...]
    """Features that differ, most rows first."""
    harms: tuple[FeatureHarm, ...]
    """The share of each of them in what they make of the first primary metric together."""
    unmeasured: str = ""
    """Why that metric has no value on these rows."""

    def lines(self) -> list[str]:
        """For a terminal."""
        lines = [
            f"{self.model} version {self.version}: {counted(self.rows, 'row')} compared, as learned from and as served"
        ]
        if self.only_served:
            lines.append(f"  {self.only_served} served rows are not in the baseline's data, or came twice: left out")
        harms = {one.feature: _harm(one, text) for one, text in zip(self.harms, harm_texts(self.harms), strict=True)}
        shown = {one.feature for one in self.harms if one.found}
        for one in sorted(self.skew, key=lambda one: one.column not in shown):
            lines.append(f"  {one.column}: {_skew(one)}")
            if one.column in harms:
                lines.append(f"    {harms[one.column]}")
        if self.unmeasured:
            lines.append(f"  what that costs cannot be measured on these rows: {self.unmeasured}")
        return lines if self.skew else [*lines, "  no feature differs"]


def _skew(one: Skew) -> str:
    text = f"{one.different} of {one.rows} rows differ ({one.different / one.rows:.1%})"
    if one.lost:
        text += f", {one.lost} of them served without a value"
    if one.mean_difference is None:
        return text
    return f"{text}, by {one.mean_difference:+.4g} on average and {one.largest_difference:.4g} at most"


def _harm(one: FeatureHarm, figures: str) -> str:
    return f"that costs {figures} of {one.metric}{'' if one.found else ', not told apart from chance'}"


def served(bench: Workbench, contract: Contract, file: Path) -> Served:
    """Join served rows with the baseline's by their row id, and say what every feature that differs costs.

    Args:
        bench: The project.
        contract: The model's contract; its champion scores both.
        file: Parquet, with the row id and the features; labels are the baseline's.

    Raises:
        DataUnreadable: when the file is not there, lacks a column, or holds values of another kind.
        EvidenceUnavailable: when no row is held by both.
    """
    work = open_replaying(bench, contract)
    log = parquet_source(file.name, file.resolve().parent).read().table
    absent = [name for name in contract.data.feature_names if name not in log.column_names]
    if absent:
        message = f"{file.name} lacks feature {absent[0]!r}; its columns: {', '.join(log.column_names)}"
        raise DataUnreadable(message, next_step="write the row id and every feature as the model was given them")
    place = pc.index_in(work.rows.names, value_set=row_names(log, contract.data.row_id))
    there = pc.is_valid(place)
    if not pc.any(there).as_py():
        message = f"none of the {len(log)} rows of {file.name} is among the baseline's {len(work.rows)}"
        raise EvidenceUnavailable(message, next_step=f"rows are joined by {', '.join(contract.data.row_id)}")
    known = work.rows.table.filter(there)
    given = log.take(place.drop_null())
    differing = skews(known, given, contract.data.feature_names)
    before = row_set(bench, contract, known, work.rows.snapshot, f"served in {file.name}", work.rows.classes)
    rule = next((one for one in contract.metrics if one.role == "primary" and one.measured.of_rows), None)
    harms: tuple[FeatureHarm, ...] = ()
    unmeasured = ""
    if differing and rule is not None:
        after = _as_served(bench, contract, before, given, [one.column for one in differing])
        catalogue = remembered(bench.catalogue(contract))
        try:
            harms = feature_harms(
                bench,
                contract,
                rule.measured,
                before,
                after,
                [lambda rows: scored(contract, catalogue, work.version, rows)],
            )
        except NotMeasurable as reason:
            unmeasured = str(reason)
        except ModelFailed as failure:  # that is a finding about what was served, and the features stand
            unmeasured = f"the model does not score the rows as served: {failure.message}"
    return Served(
        model=contract.name,
        version=work.version.version,
        snapshot=work.rows.snapshot,
        rows=len(known),
        only_served=len(log) - len(known),
        skew=differing,
        harms=harms,
        unmeasured=unmeasured,
    )


def _as_served(bench: Workbench, contract: Contract, known: RowSet, given: pa.Table, columns: list[str]) -> RowSet:
    """The baseline's rows with the columns that differ as they were served."""
    table = known.table
    for name in columns:
        kind = table.schema.field(name).type
        served_as = given.column(name).type
        if any(pa.types.is_temporal(one) and numeric(other) for one, other in ((served_as, kind), (kind, served_as))):
            message = f"feature {name} is served as {served_as}, and learned from as {kind}"
            raise DataUnreadable(message, next_step="serve what the model learned from")
        wanted = pa.float64() if pa.types.is_integer(kind) and pa.types.is_floating(given.column(name).type) else kind
        try:
            column = given.column(name).cast(wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = f"feature {name} is served as {given.column(name).type}, and learned from as {kind}: {error}"
            raise DataUnreadable(message, next_step="serve what the model learned from") from error
        table = table.set_column(table.column_names.index(name), name, column)
    return row_set(bench, contract, table, known.snapshot, "as served", known.classes)
