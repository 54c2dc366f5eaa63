"""Two schemas side by side, column by column, in words."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.snapshot import Column


def schema_changes(before: Sequence[Column], after: Sequence[Column]) -> tuple[str, ...]:
    """One line per column that changed its type, went, or came; the order of columns does not count.

    Changed and gone columns stand in the order of `before`, new ones after them in that of `after`.

    Example:
        >>> from baseline_pipeline.snapshot import Column
        >>> old = [Column(name="temp", type="double"), Column(name="gust", type="double")]
        >>> new = [Column(name="temp", type="string"), Column(name="wind_gust", type="double")]
        >>> for line in schema_changes(old, new):
        ...     print(line)
        column temp: double -> string
        column gust: gone (nearest new: wind_gust)
        column wind_gust: new (double)
    """
    old = {column.name: column.type for column in before}
    new = {column.name: column.type for column in after}
    came = [name for name in new if name not in old]
    there = [_there(name, old[name], new.get(name), came) for name in old if new.get(name) != old[name]]
    return (*there, *(f"column {name}: new ({new[name]})" for name in came))


def _there(name: str, old: str, new: str | None, came: Sequence[str]) -> str:
    if new is not None:
        return f"column {name}: {old} -> {new}"
    close = difflib.get_close_matches(name, came, n=1)
    return f"column {name}: gone" + (f" (nearest new: {close[0]})" if close else "")


def column_kind(arrow_type: str) -> str:
    """What a column holds, coarsely: values of one kind can be compared whatever their width.

    Example:
        >>> column_kind("int64"), column_kind("double"), column_kind("timestamp[us, tz=UTC]"), column_kind("string")
        ('number', 'number', 'time', 'text')
    """
    if arrow_type.startswith(("int", "uint", "float", "double", "halffloat", "decimal")):
        return "number"
    if arrow_type.startswith(("timestamp", "date", "time")):
        return "time"
    return "truth value" if arrow_type == "bool" else "text"
