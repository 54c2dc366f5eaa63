"""Where a condition holds and where it fails, row by row."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import DAYS_AND_TIMES, NUMBERS, TEXTS, family, nearest_doubles
from baseline_pipeline.expression.instants import instant
from baseline_pipeline.expression.reading import ARITHMETIC, COMPARE, asks_null, contains, literal, measured, name_of

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Operand:
    """Values, and where they are known; of columns that can be asked for what is missing alone, their type as well."""

    values: Any
    known: Any
    unread: str = ""


@dataclass(frozen=True)
class Truth:
    """Where a condition holds and where it fails; a missing value does neither (Kleene 1938)."""

    holds: Any
    fails: Any


def column_of(text: str, table: pa.Table, name: str) -> Operand:
    """A column's values, and where they are known.

    Raises:
        ValueError: when there is no such column, naming the condition.
    """
    if name not in table.column_names:
        message = f"{text!r}: there is no column {name!r}; columns: {', '.join(table.column_names)}"
        raise ValueError(message)
    column = table.column(name).combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = nearest_doubles(column)
    known = column.is_valid().to_numpy(zero_copy_only=False)
    if not _is_read(column.type):
        return Operand(known, known, unread=str(column.type))
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        known &= ~np.isnan(values)
    elif pa.types.is_boolean(column.type):
        values = np.where(known, values, False).astype(bool)  # noqa: FBT003  # what a missing one is filled with
    elif values.dtype == object:
        values = np.where(known, values, "")
    return Operand(values, known)


def truth_of(node: ast.expr, columns: dict[str, Operand]) -> Truth:
    """Where a condition holds and where it fails.

    Raises:
        TypeError: when the columns' types do not go with it.
    """
    if isinstance(node, ast.BoolOp):
        parts = [truth_of(part, columns) for part in node.values]
        every, some = np.logical_and.reduce, np.logical_or.reduce
        if isinstance(node.op, ast.Or):
            every, some = some, every
        return Truth(every([part.holds for part in parts]), some([part.fails for part in parts]))
    if isinstance(node, ast.UnaryOp):
        inner = truth_of(node.operand, columns)
        return Truth(inner.fails, inner.holds)
    if isinstance(node, ast.Compare):
        return _comparison(node, columns)
    asked = asks_null(node)
    if asked is not None:
        known = columns[asked].known
        return Truth(~known, known)
    operand = _value(node, columns)
    if operand.values.dtype != bool:
        message = f"column {name_of(node)!r} stands for a condition and is not true or false"
        raise TypeError(message)
    return Truth(operand.known & operand.values, operand.known & ~operand.values)


def _comparison(node: ast.Compare, columns: dict[str, Operand]) -> Truth:
    """A chain of comparisons holds where each does; it fails where one does, all being known."""
    looked_for = contains(node)
    if looked_for is not None:
        word, name = looked_for
        texts = _texts(_read(columns, name), f"{word!r} in {name}")
        inside = pc.match_substring(pa.array(texts.values, pa.string()), word).to_numpy(zero_copy_only=False)
        wanted = inside if isinstance(node.ops[0], ast.In) else ~inside
        return Truth(texts.known & wanted, texts.known & ~wanted)
    left = _value(node.left, columns)
    known: Any = left.known
    result: Any = np.True_
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            members = np.array([literal("", one) for one in comparator.elts])  # type: ignore[attr-defined]  # checked to be a list
            members = _beside(members, left.values)
            _same_kind(left.values, members)
            inside = np.isin(left.values.astype(str) if _is_text(left.values) else left.values, members)
            result = result & (inside if isinstance(op, ast.In) else ~inside)
            continue
        right = _value(comparator, columns)
        these, those = _beside(left.values, right.values), _beside(right.values, left.values)
        _same_kind(these, those)
        known, result = known & right.known, result & COMPARE[type(op)](these, those)
        left = right
    return Truth(known & result, known & np.logical_not(result))


def _value(node: ast.expr, columns: dict[str, Operand]) -> Operand:
    """A column, a constant, or arithmetic in double precision; what is no finite number is not known."""
    if isinstance(node, ast.Constant):
        return Operand(np.asarray(literal("", node)), known=np.True_)
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, columns)
        return Operand(-_number(inner.values), inner.known)
    text = measured(node)
    if text is not None:
        texts = _texts(_read(columns, text), f"length({text})")
        lengths = pc.utf8_length(pa.array(texts.values, pa.string()))
        return Operand(lengths.to_numpy(zero_copy_only=False), texts.known)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, columns), _value(node.right, columns)
        with np.errstate(all="ignore"):
            values = ARITHMETIC[type(node.op)](_number(left.values), _number(right.values))
        return Operand(values, left.known & right.known & np.isfinite(values))
    return _read(columns, name_of(node) or "")


def _is_read(kind: pa.DataType) -> bool:
    """Whether conditions compare values of a type."""
    tests = (pa.types.is_boolean, pa.types.is_null, pa.types.is_duration)
    return family(kind) in {NUMBERS, TEXTS, DAYS_AND_TIMES} or any(test(kind) for test in tests)


def _read(columns: dict[str, Operand], name: str) -> Operand:
    found = columns[name]
    if found.unread:
        accepted = f"numbers, texts, truth values, days and times, or is_null({name})"
        message = f"column {name!r} is {found.unread}; accepted: {accepted}"
        raise TypeError(message)
    return found


def _texts(operand: Operand, what: str) -> Operand:
    if not _is_text(operand.values):
        message = f"`{what}` is for texts"
        raise TypeError(message)
    return operand


def _is_text(values: Array) -> bool:
    return bool(values.dtype == object) or values.dtype.kind == "U"


def _number(values: Array) -> Array:
    if values.dtype.kind not in "biuf":
        message = "arithmetic is for numbers"
        raise TypeError(message)
    return np.asarray(values, dtype=float)


def _beside(values: Array, others: Array) -> Array:
    """Texts that a condition writes as days or times, where they are compared with such; all else as it is."""
    if others.dtype.kind != "M" or values.dtype.kind != "U":
        return values
    unit = np.datetime_data(others.dtype)[0]
    return np.array([instant(str(text), unit) for text in values.ravel()]).reshape(values.shape)


def _same_kind(left: Array, right: Array) -> None:
    if _is_text(left) != _is_text(right):
        message = "a text is compared with something else"
        raise TypeError(message)
    if (left.dtype.kind == "M") != (right.dtype.kind == "M"):
        message = "a day or time is compared with something else; accepted: a text such as '2026-05-10'"
        raise TypeError(message)
