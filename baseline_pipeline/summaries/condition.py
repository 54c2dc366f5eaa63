"""Conditions over columns as SQL: the same rows that they select in memory."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pyarrow as pa

from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.expression import Expression, contains, instant
from baseline_pipeline.expression.reading import name_of, number_of
from baseline_pipeline.summaries.dialect import STANDARD, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}


def condition_sql(expression: Expression, types: Mapping[str, pa.DataType], dialect: Dialect = STANDARD) -> str:
    r"""A condition as SQL of three values, like the condition itself: what is missing neither holds nor fails.

    Args:
        expression: The condition.
        types: Of the relation's columns.
        dialect: How the engine quotes.

    Raises:
        DataUnreadable: when a column is absent, or types do not go together, as where rows are at hand.

    Example:
        >>> storm = Expression.parse("precip > 0.1 and not origin in ['EWR']")
        >>> condition_sql(storm, {"precip": pa.int64(), "origin": pa.string()})
        '(("precip" > 0.1) AND (NOT ("origin" IN (\'EWR\'))))'
    """
    for name in expression.columns():
        if name not in types:
            message = f"condition {expression.text!r}: there is no column {name!r}; columns: {', '.join(types)}"
            raise DataUnreadable(message, next_step="give rows that have it, or name another in the contract's slice")
    try:
        expression.mask(pa.schema([(name, types[name]) for name in expression.columns()]).empty_table())
    except ValueError as error:
        message = f"condition {error}"
        step = "compare numbers with numbers and texts with texts in the contract's slice, or give rows of such types"
        raise DataUnreadable(message, next_step=step) from error
    return _Writer(types, dialect).condition(expression.tree)


class _Writer:
    """Writes one condition; `Expression` has checked what may stand in it."""

    def __init__(self, types: Mapping[str, pa.DataType], dialect: Dialect) -> None:
        self.types = types
        self.dialect = dialect

    def condition(self, node: ast.expr) -> str:
        match node:
            case ast.BoolOp(op=op, values=parts):
                word = " AND " if isinstance(op, ast.And) else " OR "
                return "(" + word.join(self.condition(part) for part in parts) + ")"
            case ast.UnaryOp(operand=inner):
                return f"(NOT {self.condition(inner)})"
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id="is_null"), args=[one]):
                return f"({self._value(one)} IS NULL)"
        return self._value(node)

    def _comparison(self, node: ast.Compare) -> str:
        """A chain holds where each link does; it is not known unless every part is."""
        looked_for = contains(node)
        if looked_for is not None:
            word, name = looked_for
            found = f"(POSITION({self.dialect.literal(word)} IN {self.dialect.name(name)}) > 0)"
            return found if isinstance(node.ops[0], ast.In) else f"(NOT {found})"
        parts, known, before = [], [self._value(node.left)], node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.List | ast.Tuple):
                word = "IN" if isinstance(op, ast.In) else "NOT IN"
                members = ", ".join(self._beside(one, before) for one in right.elts)
                parts.append(f"({self._value(before)} {word} ({members}))")
                continue
            known.append(self._value(right))
            parts.append(f"({self._beside(before, right)} {_COMPARE[type(op)]} {self._beside(right, before)})")
            before = right
        if len(parts) == 1:
            return parts[0]
        return f"(CASE WHEN {_all_known(known)} THEN {' AND '.join(parts)} END)"

    def _beside(self, node: ast.expr, other: ast.expr) -> str:
        """A value; a text beside a column of days or times is one."""
        name = name_of(other)
        kind = self.types[name] if name else pa.null()
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if (
            not isinstance(node, ast.Constant)
            or not isinstance(node.value, str)
            or not (pa.types.is_date(kind) or pa.types.is_timestamp(kind))
        ):
            return self._value(node)
        times = pa.types.is_timestamp(kind)
        text = str(instant(node.value, kind.unit if times else "us"))
        if times and kind.tz is not None:
            return f"CAST({self.dialect.literal(text + '+00:00')} AS {self.dialect.zoned})"
        return f"CAST({self.dialect.literal(text)} AS {self.dialect.time})"

    def _value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=str(text)):
                return self.dialect.literal(text)
            case ast.Constant(value=bool(holds)):
                return repr(holds).upper()
            case ast.Constant(value=int() | float() as number):
                near = number_of(number)
                return "CAST('Infinity' AS DOUBLE)" if near == math.inf else repr(near)
            case ast.UnaryOp(operand=ast.Constant() as inner):
                return f"(-{self._value(inner)})"
            case ast.UnaryOp(operand=inner):
                return f"(-CAST({self._value(inner)} AS DOUBLE))"
            case ast.BinOp(left=left, op=op, right=right):
                return self._arithmetic(
                    f"CAST({self._value(left)} AS DOUBLE)", op, f"CAST({self._value(right)} AS DOUBLE)"
                )
            case ast.Call(func=ast.Name(id="length"), args=[one]):
                return f"LENGTH({self._value(one)})"
            case ast.Name(id=name) | ast.Call(args=[ast.Constant(value=str(name))]):
                quoted = self.dialect.name(name)
                floating = pa.types.is_floating(self.types[name])
                return f"(CASE WHEN NOT isnan({quoted}) THEN {quoted} END)" if floating else quoted
        message = f"not a value: {ast.dump(node)}"
        raise AssertionError(message)

    def _arithmetic(self, left: str, op: ast.operator, right: str) -> str:
        """In double precision; what is no finite number is not known. A remainder has the divisor's sign."""
        if isinstance(op, ast.Div):
            found = f"({left} / NULLIF({right}, 0.0))"
        elif isinstance(op, ast.Mod):
            found = f"({left} - {right} * FLOOR({left} / NULLIF({right}, 0.0)))"
        else:
            found = f"({left} {_ARITHMETIC[type(op)]} {right})"
        return f"(CASE WHEN ABS({found}) < CAST('Infinity' AS DOUBLE) THEN {found} END)"


def _all_known(parts: Iterable[str]) -> str:
    return " AND ".join(f"{part} IS NOT NULL" for part in parts)
