"""A text that is one reading SQL statement, or an error."""

from __future__ import annotations

import re

from baseline_pipeline.errors import ContractError

QUOTED = re.compile(
    r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$""", re.DOTALL
)
WRITES = re.compile(r"\b(insert|update|delete|merge|into)\b", re.IGNORECASE)


def one_select(place: str, query: str) -> None:
    """Refuse what is not one SELECT (or WITH ... SELECT).

    A guard against mistakes, besides the read-only transaction; what a user may do is the
    database's to decide.

    Raises:
        ContractError: with the place and what stood there.

    Example:
        >>> one_select("query", "SELECT 'a;b' AS x -- delete later")
        >>> one_select("query", "DELETE FROM t")
        Traceback (most recent call last):
        baseline_pipeline.errors.ContractError: query: 'DELETE' stood at the start; accepted: one SELECT
          next: write one SELECT; changes to the database belong elsewhere
    """
    bare = QUOTED.sub(" ", query).strip().rstrip(";").strip()
    first = re.match(r"[\s(]*(\w+)", bare)
    word = first[1] if first else ""
    if word.lower() not in {"select", "with"}:
        _refuse(f"{place}: {word!r} stood at the start; accepted: one SELECT")
    if ";" in bare:
        _refuse(f"{place}: ';' stood between two statements; accepted: one SELECT")
    write = WRITES.search(bare)
    if write:
        _refuse(f"{place}: {write[0]!r} stood there; accepted: one SELECT that only reads")


def _refuse(message: str) -> None:
    raise ContractError(message, next_step="write one SELECT; changes to the database belong elsewhere")
