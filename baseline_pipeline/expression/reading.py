"""What a condition may say: a whitelist of Python's syntax."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, NoReturn

MAX_LENGTH = 500
MAX_NODES = 100

COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
ACCEPTED = (
    "columns, numbers, texts, + - * / %, comparisons, `in [...]`, `'word' in column`, length(column), and, or, not, "
    "is_null(column), column('odd name')"
)


def read(text: str) -> ast.expr:
    """A condition as a tree.

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
        message = f"{text!r}: not a condition (column {place}); accepted: {ACCEPTED}"
        raise ValueError(message) from error
    if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
        message = f"{text[:40]!r}...: more than {MAX_NODES} parts"
        raise ValueError(message)
    _check_condition(text.strip(), tree)
    if name_of(tree):
        message = f"{text!r}: a condition is expected, this is a value; accepted: {ACCEPTED}"
        raise ValueError(message)
    return tree


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
            if type(op) not in COMPARE and not isinstance(op, ast.In | ast.NotIn):
                _refuse(text, node)
    elif not (name_of(node) or asks_null(node)):
        _refuse(text, node)


def _check_value(text: str, node: ast.expr) -> None:
    """Refuse everything but columns, constants and arithmetic."""
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        _check_value(text, node.left)
        _check_value(text, node.right)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        _check_value(text, node.operand)
    elif not (name_of(node) or measured(node) or _is_literal(node)):
        _refuse(text, node)


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float | str)


def _check_members(text: str, node: ast.expr) -> None:
    """Refuse everything but a list of texts, or of numbers."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        _refuse(text, node)
    members = [literal(text, one) for one in node.elts]
    if len({isinstance(member, str) for member in members}) > 1:
        _refuse(text, node)


def literal(text: str, node: ast.expr) -> int | float | str:
    """The number or text that a node stands for; anything else is refused."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = literal(text, node.operand)
        return _refuse(text, node) if isinstance(value, str) else -value
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value if isinstance(node.value, str) else number_of(node.value)
    return _refuse(text, node)


def number_of(value: float) -> float:
    """A number that is written in a condition: as a double, infinite if need be, beyond 64 bits.

    Example:
        >>> number_of(7), number_of(10**30), number_of(10**400)
        (7, 1e+30, inf)
    """
    return value if -(2**63) <= value < 2**64 else float(str(value))


def _refuse(text: str, node: ast.expr) -> NoReturn:
    there = ast.get_source_segment(text, node) or text
    message = f'"{text}": `{there}` at column {node.col_offset + 1} is not accepted; accepted: {ACCEPTED}'
    raise ValueError(message)


def name_of(node: ast.expr) -> str | None:
    """The column that a node stands for: `carrier`, or `column("odd name")`."""
    if isinstance(node, ast.Name):
        return node.id
    match _argument(node, "column"):
        case ast.Constant(value=str(name)):
            return name
    return None


def asks_null(node: ast.expr) -> str | None:
    """The column that a node asks about: `is_null(carrier)`."""
    column = _argument(node, "is_null")
    return None if column is None else name_of(column)


def measured(node: ast.expr) -> str | None:
    """The column whose texts' lengths a node stands for: `length(comment)`."""
    column = _argument(node, "length")
    return None if column is None else name_of(column)


def _argument(node: ast.expr, function: str) -> ast.expr | None:
    """What a call of this function is given, if the node is one, and that is all it is given."""
    match node:
        case ast.Call(func=ast.Name(id=called), args=[one], keywords=[]) if called == function:
            return one
    return None


def contains(node: ast.Compare) -> tuple[str, str] | None:
    """What is looked for and in which column: `'refund' in comment`."""
    match node.left, node.ops, node.comparators:
        case ast.Constant(value=str(word)), [ast.In() | ast.NotIn()], [one] if name_of(one):
            return word, name_of(one) or ""
    return None


def names(node: ast.AST) -> list[tuple[int, str]]:
    """Where columns are read, and which."""
    if isinstance(node, ast.expr):
        found = name_of(node) or asks_null(node) or measured(node)
        if found:
            return [(node.col_offset, found)]
    return [pair for child in ast.iter_child_nodes(node) for pair in names(child)]
