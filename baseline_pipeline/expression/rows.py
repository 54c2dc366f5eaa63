"""Conditions over columns, read by a whitelist: never `eval`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Array = np.ndarray[Any, Any]

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
_ACCEPTED = (
    "columns, numbers, texts, + - * / %, comparisons, `in [...]`, `'word' in column`, length(column), and, or, not, "
    "is_null(column), column('odd name')"
)


@dataclass(frozen=True)
class _Operand:
    """Values, and where they are known."""

    values: Any
    known: Any


@dataclass(frozen=True)
class _Truth:
    """Where a condition holds and where it fails; a missing value does neither (Kleene 1938)."""

    holds: Any
    fails: Any


@dataclass(frozen=True)
class Expression:
    """A condition that selects rows.

    Example:
        >>> storm = Expression.parse("precip > 0.1 and origin in ['EWR', 'JFK']")
        >>> storm.columns()
        ['precip', 'origin']
        >>> storm.mask(pa.table({"precip": [0.2, None, 0.3], "origin": ["EWR", "EWR", "LGA"]})).tolist()
        [True, False, False]

        A row that is not known to be a storm is not known to be none:

        >>> Expression.parse("not precip > 0.1").mask(pa.table({"precip": [0.2, None, 0.0]})).tolist()
        [False, False, True]
        >>> Expression.parse("__import__('os')")
        Traceback (most recent call last):
        ValueError: "__import__('os')": `__import__('os')` at column 1 is not accepted; accepted: columns, numbers, \
texts, + - * / %, comparisons, `in [...]`, `'word' in column`, length(column), and, or, not, is_null(column), \
column('odd name')
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
        _check_condition(text.strip(), tree)
        if _name(tree):
            message = f"{text!r}: a condition is expected, this is a value; accepted: {_ACCEPTED}"
            raise ValueError(message)
        return cls(text.strip(), tree)

    def columns(self) -> list[str]:
        """The columns it reads, each once, in the order they appear."""
        found = _names(self.tree)
        return list(dict.fromkeys(name for _, name in sorted(found)))

    def mask(self, table: pa.Table) -> Array:
        """The rows that satisfy it, (n,) bool; a missing value satisfies nothing but `is_null`.

        Raises:
            ValueError: when a column is absent or types do not go together, naming the condition.
        """
        columns = {name: _column(self.text, table, name) for name in self.columns()}
        try:
            truth = _condition(self.tree, columns)
        except TypeError as error:
            message = f"{self.text!r}: the columns' types do not go with it: {error}"
            raise ValueError(message) from error
        return np.broadcast_to(np.asarray(truth.holds, dtype=bool), table.num_rows).copy()


def length_of(axis: str) -> str | None:
    """The column whose texts' lengths are meant, where a slice is to be made of lengths.

    Example:
        >>> length_of("length(comment)"), length_of("length(column('odd name'))"), length_of("comment")
        ('comment', 'odd name', None)
    """
    if not axis.startswith("length("):
        return None
    try:
        return _measures(ast.parse(axis, mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def values_of(table: pa.Table, axis: str) -> pa.ChunkedArray:
    """A column, or the lengths of one's texts; a missing text has none.

    Raises:
        ValueError: when lengths of something else are asked for.
    """
    column = length_of(axis)
    if column is None:
        return table.column(axis)
    kind = table.column(column).type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind)):
        message = f"slice {axis!r}: column {column!r} is {kind}; accepted: text"
        raise ValueError(message)
    return pc.utf8_length(table.column(column).cast(pa.string()))


def _check_condition(text: str, node: ast.expr) -> None:
    """Refuse everything that is neither true nor false."""
    if isinstance(node, ast.BoolOp):
        for part in node.values:
            _check_condition(text, part)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        _check_condition(text, node.operand)
    elif isinstance(node, ast.Compare):
        _check_value(text, node.left)
        if contains(node) is not None:
            return
        for op, right in zip(node.ops, node.comparators, strict=True):
            (_check_members if isinstance(op, ast.In | ast.NotIn) else _check_value)(text, right)
            if type(op) not in _COMPARE and not isinstance(op, ast.In | ast.NotIn):
                _refuse(text, node)
    elif not (_name(node) or _asks_null(node)):
        _refuse(text, node)


def _check_value(text: str, node: ast.expr) -> None:
    """Refuse everything but columns, constants and arithmetic."""
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        _check_value(text, node.left)
        _check_value(text, node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _check_value(text, node.operand)
    elif not (_name(node) or _measures(node) or _is_literal(node)):
        _refuse(text, node)


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | str)


def _check_members(text: str, node: ast.expr) -> None:
    """Refuse everything but a list of texts, or of numbers."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        _refuse(text, node)
    members = [_literal(text, one) for one in node.elts]
    if len({isinstance(member, str) for member in members}) > 1:
        _refuse(text, node)


def _literal(text: str, node: ast.expr) -> int | float | str:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _literal(text, node.operand)
        return _refuse(text, node) if isinstance(value, str) else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value
    return _refuse(text, node)


def _refuse(text: str, node: ast.expr) -> NoReturn:
    there = ast.get_source_segment(text, node) or text
    message = f'"{text}": `{there}` at column {node.col_offset + 1} is not accepted; accepted: {_ACCEPTED}'
    raise ValueError(message)


def _name(node: ast.expr) -> str | None:
    """The column that a node stands for: `carrier`, or `column("odd name")`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "column":
        match node.args, node.keywords:
            case [ast.Constant(value=str(name))], []:
                return name
    return None


def _asks_null(node: ast.expr) -> str | None:
    """The column that a node asks about: `is_null(carrier)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "is_null":
        match node.args, node.keywords:
            case [one], []:
                return _name(one)
    return None


def _measures(node: ast.expr) -> str | None:
    """The column whose texts' lengths a node stands for: `length(comment)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "length":
        match node.args, node.keywords:
            case [one], []:
                return _name(one)
    return None


def contains(node: ast.Compare) -> tuple[str, str] | None:
    """What is looked for and in which column: `'refund' in comment`."""
    match node.left, node.ops, node.comparators:
        case ast.Constant(value=str(word)), [ast.In() | ast.NotIn()], [one] if _name(one):
            return word, _name(one) or ""
    return None


def _names(node: ast.AST) -> list[tuple[int, str]]:
    """Where columns are read, and which."""
    if isinstance(node, ast.expr):
        found = _name(node) or _asks_null(node) or _measures(node)
        if found:
            return [(node.col_offset, found)]
    return [pair for child in ast.iter_child_nodes(node) for pair in _names(child)]


def _column(text: str, table: pa.Table, name: str) -> _Operand:
    if name not in table.column_names:
        message = f"{text!r}: there is no column {name!r}; columns: {', '.join(table.column_names)}"
        raise ValueError(message)
    column = table.column(name).combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_decimal(column.type):
        column = column.cast(pa.float64())
    known = column.is_valid().to_numpy(zero_copy_only=False)
    values = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind == "f":
        known &= ~np.isnan(values)
    elif pa.types.is_boolean(column.type):
        values = np.where(known, values, False).astype(bool)  # noqa: FBT003  # what a missing one is filled with
    elif values.dtype == object:
        values = np.where(known, values, "")
    return _Operand(values, known)


def _condition(node: ast.expr, columns: dict[str, _Operand]) -> _Truth:
    if isinstance(node, ast.BoolOp):
        parts = [_condition(part, columns) for part in node.values]
        every, some = np.logical_and.reduce, np.logical_or.reduce
        if isinstance(node.op, ast.Or):
            every, some = some, every
        return _Truth(every([part.holds for part in parts]), some([part.fails for part in parts]))
    if isinstance(node, ast.UnaryOp):
        inner = _condition(node.operand, columns)
        return _Truth(inner.fails, inner.holds)
    if isinstance(node, ast.Compare):
        return _comparison(node, columns)
    asked = _asks_null(node)
    if asked is not None:
        known = columns[asked].known
        return _Truth(~known, known)
    operand = _value(node, columns)
    if operand.values.dtype != bool:
        message = f"column {_name(node)!r} stands for a condition and is not true or false"
        raise TypeError(message)
    return _Truth(operand.known & operand.values, operand.known & ~operand.values)


def _comparison(node: ast.Compare, columns: dict[str, _Operand]) -> _Truth:
    """A chain of comparisons holds where each does; it fails where one does, all being known."""
    looked_for = contains(node)
    if looked_for is not None:
        word, name = looked_for
        texts = _texts(columns[name], f"{word!r} in {name}")
        inside = pc.match_substring(pa.array(texts.values, pa.string()), word).to_numpy(zero_copy_only=False)
        wanted = inside if isinstance(node.ops[0], ast.In) else ~inside
        return _Truth(texts.known & wanted, texts.known & ~wanted)
    left = _value(node.left, columns)
    known: Any = left.known
    result: Any = np.True_
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(op, ast.In | ast.NotIn):
            members = np.array([_literal("", one) for one in comparator.elts])  # type: ignore[attr-defined]  # checked to be a list
            _same_kind(left.values, members)
            inside = np.isin(left.values.astype(str) if _is_text(left.values) else left.values, members)
            result = result & (inside if isinstance(op, ast.In) else ~inside)
            continue
        right = _value(comparator, columns)
        _same_kind(left.values, right.values)
        known, result = known & right.known, result & _COMPARE[type(op)](left.values, right.values)
        left = right
    return _Truth(known & result, known & np.logical_not(result))


def _value(node: ast.expr, columns: dict[str, _Operand]) -> _Operand:
    """A column, a constant, or arithmetic in double precision; what is no finite number is not known."""
    if isinstance(node, ast.Constant):
        return _Operand(np.asarray(node.value), known=np.True_)
    if isinstance(node, ast.UnaryOp):
        inner = _value(node.operand, columns)
        return _Operand(-_number(inner.values), inner.known)
    measured = _measures(node)
    if measured is not None:
        texts = _texts(columns[measured], f"length({measured})")
        lengths = pc.utf8_length(pa.array(texts.values, pa.string()))
        return _Operand(lengths.to_numpy(zero_copy_only=False), texts.known)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, columns), _value(node.right, columns)
        with np.errstate(all="ignore"):
            values = _ARITHMETIC[type(node.op)](_number(left.values), _number(right.values))
        return _Operand(values, left.known & right.known & np.isfinite(values))
    return columns[_name(node) or ""]


def _texts(operand: _Operand, what: str) -> _Operand:
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


def _same_kind(left: Array, right: Array) -> None:
    if _is_text(left) != _is_text(right):
        message = "a text is compared with something else"
        raise TypeError(message)
