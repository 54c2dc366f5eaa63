"""The aggregation that sums up labels, predictions and scores, as SQL that DuckDB and Spark both speak."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from baseline_pipeline.expression import Expression, length_of
from baseline_pipeline.summaries.condition import condition_sql
from baseline_pipeline.summaries.grid import CELLS
from baseline_pipeline.summaries.outcome_plan import SCORE_BINS
from baseline_pipeline.summaries.sql import cell_of

if TYPE_CHECKING:
    from baseline_pipeline.summaries.dialect import Dialect
    from baseline_pipeline.summaries.outcome_plan import Cut, OutcomePlan

INVALID = -1
"""The bin of what is no probability, or no finite number."""
COARSE = 16
"""Bins of a score that sums over clusters are kept in are so many times as wide: sixty of them."""
TOLERANCE = 1e-6
"""How far a row's class probabilities may be from summing to one, as where a model is run."""
RESIDUAL_PARTS, TARGET_PARTS = 128, 32


def outcome_cells(
    plan: OutcomePlan, relation: str, types: Mapping[str, pa.DataType], dialect: Dialect, *, by_cluster: bool = False
) -> str:
    """One row per leaf, label, prediction and bin that occurs, with its sums.

    Args:
        plan: What is counted.
        relation: Where.
        types: Of the relation's columns.
        dialect: How the engine quotes.
        by_cluster: One row per cluster as well, in coarse bins.
    """
    leaves = _leaves(plan, types, dialect)
    rows, keys, sums = _regression(plan, dialect) if plan.task == "regression" else _classes(plan, types, dialect)
    if by_cluster:
        leaves.append(f"{_cluster(plan, dialect)} AS cluster")
        keys = [key.replace("bin AS bin", f"CAST(FLOOR(bin / {COARSE}.0) AS INT) AS bin") for key in keys]
    names = [one.rpartition(" AS ")[2] for one in leaves]
    weight = "1.0" if plan.weight is None else f"CAST({dialect.name(plan.weight)} AS DOUBLE)"
    totals = ["COUNT(*) AS n"]
    if plan.weight is not None:
        totals += ["SUM(w) AS w", "SUM(w * w) AS ww"]
        sums = {name: f"w * ({value})" for name, value in sums.items()}
    totals += [f"SUM({value}) AS {name}" for name, value in sums.items()]
    grouped = ", ".join(str(place + 1) for place in range(len(names) + len(keys)))
    known = _known(plan.label, types, dialect)
    return (
        f"SELECT {', '.join([*names, *keys, *totals])} FROM ("  # noqa: S608  # names are quoted, numbers are ours
        f"SELECT {', '.join([*leaves, *rows, f'{weight} AS w'])} FROM {relation} WHERE {known}) AS one "
        f"GROUP BY {grouped}"
    )


def _cluster(plan: OutcomePlan, dialect: Dialect) -> str:
    """The cluster of a row, or the block that it is dealt to by its name's digest: the same in every engine."""
    name = dialect.name(plan.cluster or "")
    return f"SUBSTRING(MD5(CAST({name} AS VARCHAR(65535))), 1, 2)" if plan.cluster_blocks else name


def unlabelled(plan: OutcomePlan, relation: str, types: Mapping[str, pa.DataType], dialect: Dialect) -> str:
    """One row: all rows, and those without a label."""
    known = _known(plan.label, types, dialect)
    return f"SELECT COUNT(*) AS n, COALESCE(SUM(CASE WHEN {known} THEN 0 ELSE 1 END), 0) AS missing FROM {relation}"  # noqa: S608  # as above


def _known(label: str, types: Mapping[str, pa.DataType], dialect: Dialect) -> str:
    name = dialect.name(label)
    return f"{name} IS NOT NULL" + (f" AND NOT isnan({name})" if pa.types.is_floating(types[label]) else "")


def _leaves(plan: OutcomePlan, types: Mapping[str, pa.DataType], dialect: Dialect) -> list[str]:
    found = [_axis(name, dialect) for name in plan.values]
    found += [_part(cut, dialect) for cut in plan.cuts]
    found += [
        f"CASE WHEN {condition_sql(Expression.parse(text), types, dialect)} THEN 1 ELSE 0 END"
        for _, text in plan.conditions
    ]
    return [f"{one} AS leaf{place}" for place, one in enumerate(found)]


def _axis(axis: str, dialect: Dialect) -> str:
    text = length_of(axis)
    return dialect.name(axis) if text is None else f"LENGTH({dialect.name(text)})"


def _part(cut: Cut, dialect: Dialect) -> str:
    """The number of a value's part, from 1; null where there is no value."""
    x = f"CAST({_axis(cut.column, dialect)} AS DOUBLE)"
    part = " + ".join(["1", *(f"CAST({x} > {edge!r} AS INT)" for edge in cut.edges)])
    return f"CASE WHEN {x} IS NOT NULL AND NOT isnan({x}) THEN {part} END"


def _classes(
    plan: OutcomePlan, types: Mapping[str, pa.DataType], dialect: Dialect
) -> tuple[list[str], list[str], dict[str, str]]:
    """Columns of each row, what is grouped by, and what is summed."""
    if plan.task == "multiclass_classification":
        return _several(plan, types, dialect)
    positive = _is(plan.label, plan.positive or "", types, dialect)
    label = f"CASE WHEN {positive} THEN 1 ELSE 0 END AS y"
    if plan.score is None:
        called = _is(plan.prediction or "", plan.positive or "", types, dialect)
        return [label, f"CASE WHEN {called} THEN 1 ELSE 0 END AS h", "0 AS bin"], ["y", "h", "bin AS bin"], {}
    p = f"CAST({dialect.name(plan.score)} AS DOUBLE)"
    valid = f"{p} >= 0 AND {p} <= 1 AND NOT isnan({p})"
    bin_of = f"CAST(GREATEST(CEIL({p} * {SCORE_BINS}.0) - 1, 0) AS INT)"
    rows = [
        label,
        f"CASE WHEN {p} >= {plan.threshold!r} THEN 1 ELSE 0 END AS h",
        f"CASE WHEN {valid} THEN {bin_of} ELSE {INVALID} END AS bin",
        f"CASE WHEN {valid} THEN {p} ELSE 0.0 END AS p",
    ]
    loss = _log_loss("CASE WHEN y = 1 THEN p ELSE 1.0 - p END")
    return rows, ["y", "h", "bin AS bin"], {"p": "p", "pp": "p * p", "loss": loss, "squares": f"({loss}) * ({loss})"}


def _log_loss(happened: str) -> str:
    """Of the probability given to what happened."""
    return f"-LN(GREATEST({happened}, 2.220446049250313e-16))"


def _several(
    plan: OutcomePlan, types: Mapping[str, pa.DataType], dialect: Dialect
) -> tuple[list[str], list[str], dict[str, str]]:
    """The same for several classes; bins are of the probability given to what happened."""
    rows = [f"{dialect.name(plan.label)} AS y"]
    p = [f"CAST({dialect.name(name)} AS DOUBLE)" for name in plan.scores]
    most = f"GREATEST({', '.join(p)})"
    first = " ".join(
        f"WHEN {one} = {most} THEN {dialect.literal(name)}" for one, name in zip(p, plan.classes, strict=True)
    )
    rows.append(f"{dialect.name(plan.prediction) if plan.prediction else f'CASE {first} END'} AS h")
    keys = ["y", "h", "bin AS bin"]
    if not p:
        return [*rows, "0 AS bin"], keys, {}
    total = f"({' + '.join(p)})"
    within = " AND ".join(f"{one} >= 0 AND {one} <= 1 AND NOT isnan({one})" for one in p)
    valid = f"{within} AND ABS({total} - 1.0) <= {TOLERANCE!r}"
    happened = " ".join(
        f"WHEN {_is(plan.label, name, types, dialect)} THEN {one}" for one, name in zip(p, plan.classes, strict=True)
    )
    happened = f"(CASE {happened} ELSE 0.0 END)"
    square = " + ".join(f"{one} * {one}" for one in p)
    bin_of = f"CAST(LEAST(GREATEST(CEIL({happened} * {SCORE_BINS}.0) - 1, 0), {SCORE_BINS - 1}) AS INT)"
    rows += [
        f"CASE WHEN {valid} THEN {bin_of} ELSE {INVALID} END AS bin",
        f"CASE WHEN {valid} THEN {happened} / {total} ELSE 0.0 END AS p",
        f"CASE WHEN {valid} THEN {square} - 2 * {happened} + 1.0 ELSE 0.0 END AS q",
    ]
    loss = _log_loss("p")
    return rows, keys, {"loss": loss, "squares": f"({loss}) * ({loss})", "brier": "q", "briers": "q * q"}


def _regression(plan: OutcomePlan, dialect: Dialect) -> tuple[list[str], list[str], dict[str, str]]:
    assert plan.residual is not None and plan.target is not None  # noqa: S101, PT018  # a regression's plan has them
    y, prediction = (f"CAST({dialect.name(name or '')} AS DOUBLE)" for name in (plan.label, plan.prediction))
    e = f"({prediction} - {y})"
    valid = f"{e} IS NOT NULL AND ABS({e}) < CAST('Infinity' AS DOUBLE)"
    rows = [
        f"CASE WHEN {valid} THEN {e} ELSE 0.0 END AS e",
        f"CASE WHEN {valid} THEN {y} ELSE 0.0 END AS t",
        f"CASE WHEN {valid} THEN 0 ELSE {INVALID} END AS bin",
    ]
    keys = [
        f"{_run_of(cell_of('t', plan.target), TARGET_PARTS)} AS y",
        f"{_run_of(cell_of('e', plan.residual), RESIDUAL_PARTS)} AS h",
        "bin AS bin",
    ]
    return rows, keys, {"e": "e", "ee": "e * e", "t": "t", "tt": "t * t"}


def _run_of(cell: str, parts: int) -> str:
    """The number of the run of cells that a cell lies in."""
    return f"CAST(LEAST(FLOOR({cell} / {CELLS // parts}.0), {parts - 1}) AS INT)"


def _is(column: str, text: str, types: Mapping[str, pa.DataType], dialect: Dialect) -> str:
    """Whether a column holds a class, compared in the column's own type."""
    kind, name = types[column], dialect.name(column)
    if pa.types.is_boolean(kind):
        return name if text == "true" else f"NOT {name}"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        try:
            return f"{name} = {float(text)!r}"
        except ValueError:
            return "1 = 0"
    return f"CAST({name} AS VARCHAR(65535)) = {dialect.literal(text)}"
