"""Which columns are compared as numbers, which as categories, and which not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import measurable
from baseline_pipeline.expression import length_of
from baseline_pipeline.figures import counted
from baseline_pipeline.summaries.arrays import doubles

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract


@dataclass(frozen=True)
class Kinds:
    """Columns by how they are compared.

    Attributes:
        numeric: As numbers.
        categorical: As categories.
        silent: Not at all, with the reason.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    silent: dict[str, str]


EXACT = 2.0**53
"""Whole numbers up to which each has a double of its own."""
TOLD_APART = 0.99
"""Share of different values that doubles tell apart at least, for a column to be compared by those."""
BLURRED = "whole numbers beyond 2^53, which doubles cannot tell apart: `categorical: true` compares them one by one"
FEWEST = 100
"""Different values that a text has at least before it can be free text."""


def is_free_text(column: pa.ChunkedArray) -> bool:
    """Whether a text is a value of its own in most rows: its values say nothing as categories.

    Example:
        >>> is_free_text(pa.chunked_array([[f"ticket {n}" for n in range(500)]]))
        True
        >>> is_free_text(pa.chunked_array([["en", "fi", "en"] * 100])), is_free_text(pa.chunked_array([range(500)]))
        (False, False)
    """
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type)) and has_own_values(column)


def has_own_values(column: pa.ChunkedArray) -> bool:
    """Whether most rows have a value of their own, so that values say nothing as categories.

    Example:
        >>> has_own_values(pa.chunked_array([range(500)])), has_own_values(pa.chunked_array([[[1, 2]] * 500]))
        (True, False)
    """
    if pa.types.is_null(column.type) or pa.types.is_floating(column.type):
        return False
    if pa.types.is_nested(column.type):  # Arrow does not tell those apart
        column = column.slice(0, 5 * FEWEST)
        distinct = len({str(value) for value in column.to_pylist() if value is not None})
    else:
        distinct = len(column.unique()) - bool(column.null_count)
    return bool(distinct > max(FEWEST, (len(column) - column.null_count) / 2))


def blurred(column: pa.ChunkedArray) -> bool:
    """Whether doubles cannot tell its whole numbers apart, as those of marks that lie close together beyond 2^53.

    Example:
        >>> blurred(pa.chunked_array([[2**60, 2**60 + 1]])), blurred(pa.chunked_array([[2**60, -(2**60), 3]]))
        (True, False)
    """
    if not (pa.types.is_int64(column.type) or pa.types.is_uint64(column.type) or pa.types.is_decimal(column.type)):
        return False
    values = doubles(column)
    if not (np.abs(values) > EXACT).any():
        return False
    return bool(len(np.unique(values[~np.isnan(values)])) < TOLD_APART * pc.count_distinct(column).as_py())


def by_length(contract: Contract, reference: pa.Table, current: pa.Table) -> tuple[pa.Table, pa.Table, dict[str, str]]:
    """Both tables with `length(column)` in the place of free text, and what is said of the texts themselves.

    What is free text is told by the reference, and never where the contract declares a category.
    """
    silent = {}
    declared = {feature.name for feature in contract.data.features if feature.categorical}
    for name in reference.column_names:
        texts = (reference.column(name), current.column(name))
        if name in declared or texts[0].type != texts[1].type or not is_free_text(texts[0]):
            continue
        values = pc.count_distinct(texts[0]).as_py()
        silent[name] = f"free text ({counted(values, 'value')} in {len(texts[0])} rows): its length is compared"
        reference, current = (
            table.append_column(f"length({name})", pc.utf8_length(text)).drop_columns([name])
            for table, text in zip((reference, current), texts, strict=True)
        )
    return reference, current, silent


def column_kinds(contract: Contract, reference: pa.Table, current: pa.Table) -> Kinds:
    """The kinds of features, `prediction` and label.

    Integers, floats, decimals, days, times and hours are numbers unless the contract declares them categorical; class
    labels and predicted classes are categories. A column of another type on the two sides, or without a single
    value on one of them, is not compared, nor are numbers that doubles cannot tell apart.
    """
    numeric: list[str] = []
    categorical: list[str] = []
    silent: dict[str, str] = {}
    for name in reference.column_names:
        kind = reference.schema.field(name).type
        if current.schema.field(name).type != kind:
            silent[name] = f"the type moved: {kind} -> {current.schema.field(name).type}"
        elif any(table.column(name).null_count == table.num_rows for table in (reference, current)):
            silent[name] = "all values are null on one side"
        elif not is_number(contract, name, kind):
            categorical.append(name)
        elif any(blurred(table.column(name)) for table in (reference, current)):
            silent[name] = BLURRED
        else:
            numeric.append(name)
    return Kinds(tuple(numeric), tuple(categorical), silent)


def is_number(contract: Contract, name: str, kind: pa.DataType) -> bool:
    """Whether a column of a type is compared as numbers; days, times and hours are, along their line."""
    if length_of(name) is not None:
        return bool(pa.types.is_integer(kind))
    if name == contract.data.label and not contract.gives_numbers:
        return False
    if name == "prediction" and contract.task == "multiclass_classification":
        return False
    if any(feature.categorical for feature in contract.data.features if feature.name == name):
        return False
    return measurable(kind)
