"""Several files as one table: refused unless they share a schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from baseline_pipeline.content import canonical
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.schema_change import schema_changes
from baseline_pipeline.snapshot import Column

if TYPE_CHECKING:
    from collections.abc import Sequence


def one_table(tables: Sequence[tuple[str, pa.Table]]) -> pa.Table:
    """All rows, file after file; the order of columns within a file does not count.

    Raises:
        DataUnreadable: naming both files and every column that differs.
    """
    (first, rows), *others = [(name, canonical(table)) for name, table in tables]
    for name, table in others:
        differences = schema_changes(_columns(rows), _columns(table))
        if differences:
            message = f"{first} and {name} do not share a schema: {'; '.join(differences)}"
            raise DataUnreadable(message, next_step="write all files with one schema, or narrow the glob")
    return pa.concat_tables([rows, *(table for _, table in others)])


def _columns(table: pa.Table) -> list[Column]:
    return [Column(name=field.name, type=str(field.type)) for field in table.schema]
