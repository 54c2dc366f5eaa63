"""Parquet files of what a function makes of others, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa

from baseline_pipeline.adapters.engines.parquet_files import BATCH, files_of, open_file
from baseline_pipeline.errors import DataUnreadable

if TYPE_CHECKING:
    from baseline_pipeline.summaries.engine import Mapped

TOLD_EVERY = 1_000_000
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""A folder's name for rows that have no value."""


def write_mapped(rows: str, folder: Path, function: Mapped, schema: pa.Schema, progress: Callable[[str], None]) -> None:
    """One file of what a function makes of all rows, a row group at a time.

    Rows keep the types that their files give them; the first file's, where files differ.

    Args:
        rows: Where, by path, folder or pattern.
        folder: Where to write `rows.parquet`.
        function: Makes batches of batches.
        schema: Of what it makes, as the engine sees it: columns that no file holds stand in folders' names.
        progress: Told how many rows are done.

    Raises:
        DataUnreadable: when a file's columns are not those of the first.
    """
    import pyarrow.parquet as pq

    names = files_of(rows)
    total = sum(open_file(name).metadata.num_rows for name in names)
    done, told = 0, 0
    writer = None
    try:
        for name in names:
            for batch in function(_with_folders(name, schema)):
                writer = writer or pq.ParquetWriter(folder / "rows.parquet", batch.schema)
                writer.write_table(_as_in_the_first(name, batch, writer.schema))
                done += batch.num_rows
                if done - told >= TOLD_EVERY or done == total:
                    progress(f"  {done} of {total} rows")
                    told = done
        writer = writer or pq.ParquetWriter(folder / "rows.parquet", schema)
    finally:
        if writer is not None:
            writer.close()


def _with_folders(name: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Batches of a file, with columns that stand in the names of its folders, as in `year=2026/rows.parquet`."""
    file = open_file(name)
    texts = dict(part.split("=", 1) for part in Path(name).parts[:-1] if "=" in part)
    values = {
        field.name: pa.scalar(None if texts[field.name] == NO_VALUE else unquote(texts[field.name])).cast(field.type)
        for field in schema
        if field.name in texts and field.name not in file.schema_arrow.names
    }
    for batch in file.iter_batches(BATCH):
        found = batch
        for column, value in values.items():
            found = found.append_column(column, pa.repeat(value, batch.num_rows))
        yield found


def _as_in_the_first(name: str, batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    table = pa.Table.from_batches([batch])
    if batch.schema.equals(schema):
        return table
    try:
        return table.select(schema.names).cast(schema)
    except (KeyError, ValueError, pa.ArrowNotImplementedError) as error:
        message = f"{name}: its columns are not those of the first file: {error}"
        step = "files of one folder or pattern need the same columns"
        raise DataUnreadable(message, next_step=step) from error
