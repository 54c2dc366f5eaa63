"""Conditions over columns, read by a whitelist: never `eval`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

MAX_LENGTH = 500
MAX_NODES = 100

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_ACCEPTED = "columns, numbers, texts, + - * / %, comparisons, `in [...]`, and, or, not, is_null(column)"


@dataclass(frozen=True)
class _Operand:
    """Values, and where they are known; a missing value satisfies no comparison."""

    values: Any
    known: Any


@dataclass(frozen=True)
class Expression:
    """A condition that selects rows.

    Example:
        >>> storm = Expression.parse("precip > 0.1 and origin in ['EWR', 'JFK']")
        >>> storm.columns()
        ['precip', 'origin']
        >>> storm.mask(pa.table({"precip": [0.2, None, 0.3], "origin": ["EWR", "EWR", "LGA"]})).tolist()
        [True, False, False]
        >>> Expression.parse("__import__('os')")
        Traceback (most recent call last):
        ValueError: "__import__('os')": `__import__('os')` at column 1 is not accepted; accepted: columns, numbers, \
texts, + - * / %, comparisons, `in [...]`, and, or, not, is_null(column)
    """

    text: str
    tree: ast.expr

    @classmethod
    def parse(cls, text: str) -> Expression:
        """Read a condition.

        Raises:
            ValueError: naming the position, what stood there, and what is accepted.
        """
        if len(text) > MAX_LENGTH:
            message = f"a condition of {len(text)} characters; at most {MAX_LENGTH} are accepted"
            raise ValueError(message)
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            place = getattr(error, "offset", None) or 1
            message = f"{text!r}: not a condition (column {place}); accepted: {_ACCEPTED}"
            raise ValueError(message) from error
        if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
            message = f"{text[:40]!r}...: more than {MAX_NODES} parts"
            raise ValueError(message)
        _check(text.strip(), tree)
        if not isinstance(tree, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Call):
            message = f"{text!r}: a condition is expected, this is a value; accepted: {_ACCEPTED}"
            raise ValueError(message)  # noqa: TRY004  # pydantic turns ValueErrors into words with a line
        return cls(text.strip(), tree)

    def columns(self) -> list[str]:
        """The columns it reads, each once, in the order they appear."""
        names = [node for node in ast.walk(self.tree) if isinstance(node, ast.Name) and node.id != "is_null"]
        return list(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))

    def mask(self, table: pa.Table) -> np.ndarray[Any, Any]:
        """The rows that satisfy it, (n,) bool; a missing value satisfies nothing but `is_null`.

        Raises:
            ValueError: when types do not go together, naming the condition.
        """
        columns = {name: _column(table, name) for name in self.columns()}
        try:
            result = _condition(self.tree, columns)
        except TypeError as error:
            message = f"{self.text!r}: the columns' types do not go with it: {error}"
            raise ValueError(message) from error
        return np.broadcast_to(np.asarray(result, dtype=bool), table.num_rows).copy()


def _check(text: str, node: ast.expr) -> None:
    """Refuse every node that is not on the list."""
    if isinstance(node, ast.Call):
        if not (isinstance(node.func, ast.Name) and node.func.id == "is_null" and _one_name(node)):
            _refuse(text, node)
        return
    if not _accepted(node):
        _refuse(text, node)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            _check(text, child)


def _accepted(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str | bool)
    if isinstance(node, ast.BinOp):
        return type(node.op) in _ARITHMETIC
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not | ast.USub)
    if isinstance(node, ast.Compare):
        return all(_compares(op, right) for op, right in zip(node.ops, node.comparators, strict=True))
    return isinstance(node, ast.BoolOp | ast.Name | ast.List | ast.Tuple)


def _compares(op: ast.cmpop, right: ast.expr) -> bool:
    if isinstance(op, ast.In | ast.NotIn):
        return isinstance(right, ast.List | ast.Tuple)
    return type(op) in _COMPARE


def _one_name(node: ast.Call) -> bool:
    return len(node.args) == 1 and isinstance(node.args[0], ast.Name) and not node.keywords


def _refuse(text: str, node: ast.expr) -> None:
    there = ast.get_source_segment(text, node) or text
    message = f'"{text}": `{there}` at column {node.col_offset + 1} is not accepted; accepted: {_ACCEPTED}'
    raise ValueError(message)


def _column(table: pa.Table, name: str) -> _Operand:
    if name not in table.column_names:
        message = f"there is no column {name!r}; columns: {', '.join(table.column_names)}"
        raise ValueError(message)
    column = table.column(name).combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    known = column.is_valid().to_numpy(zero_copy_only=False)
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        known &= ~np.isnan(values)
    elif values.dtype == object:
        blank = False if pa.types.is_boolean(column.type) else ""
        values = np.where(known, values, blank)
    return _Operand(values, known)


def _condition(node: ast.expr, columns: dict[str, _Operand]) -> Any:
    if isinstance(node, ast.BoolOp):
        parts = [_condition(part, columns) for part in node.values]
        return np.logical_and.reduce(parts) if isinstance(node.op, ast.And) else np.logical_or.reduce(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return np.logical_not(_condition(node.operand, columns))
    if isinstance(node, ast.Call):
        name = node.args[0]
        return np.logical_not(columns[name.id].known)  # type: ignore[attr-defined]  # checked to be a name
    if isinstance(node, ast.Compare):
        return _comparison(node, columns)
    operand = _value(node, columns)
    return operand.known & np.asarray(operand.values, dtype=bool)


def _comparison(node: ast.Compare, columns: dict[str, _Operand]) -> Any:
    left = _value(node.left, columns)
    result: Any = True
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            members = [_literal(item) for item in comparator.elts]  # type: ignore[attr-defined]  # checked to be a list
            inside = np.isin(left.values.astype(str) if _texts(left.values) else left.values, members)
            result = result & left.known & (inside if isinstance(op, ast.In) else ~inside)
            continue
        right = _value(comparator, columns)
        result = result & left.known & right.known & _COMPARE[type(op)](left.values, right.values)
        left = right
    return result


def _texts(values: Any) -> bool:
    return isinstance(values, np.ndarray) and values.dtype == object


def _literal(node: ast.expr) -> Any:
    value = _value(node, {})
    return value.values


def _value(node: ast.expr, columns: dict[str, _Operand]) -> _Operand:
    if isinstance(node, ast.Constant):
        return _Operand(node.value, known=True)
    if isinstance(node, ast.Name):
        return columns[node.id]
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, columns)
        return _Operand(-inner.values, inner.known)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, columns), _value(node.right, columns)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = _ARITHMETIC[type(node.op)](left.values, right.values)
        return _Operand(values, left.known & right.known)
    message = f"a value is expected at column {node.col_offset + 1}"
    raise TypeError(message)
