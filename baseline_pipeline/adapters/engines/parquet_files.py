"""Parquet files as they lie: which there are, what they hold, and some of their rows."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.engine import SAMPLE_ROWS

if TYPE_CHECKING:
    import pyarrow.parquet as pq

PLACES = 4
BATCH = 131_072
BUFFER = 1 << 18
WHOLE = "check that the files are whole, and that a column has one type in all files of a folder or pattern"


def sampled(rows: pa.Table | str, columns: list[str], *, everywhere: bool = False) -> pa.Table:
    """At most `SAMPLE_ROWS` rows: the first ones of row groups spread evenly over the files.

    Args:
        rows: Where.
        columns: Of which columns.
        everywhere: Whether they are evenly spread rows instead, for which all are read.

    Raises:
        DataUnreadable: when there is no such file, or no such column.
    """
    if isinstance(rows, pa.Table):
        step = max(1, rows.num_rows // SAMPLE_ROWS)
        places = pa.array(range(0, rows.num_rows, step)[:SAMPLE_ROWS], pa.int64())
        return rows.select(columns).take(places)
    if everywhere:
        return _evenly(rows, columns)
    places = _spread(files_of(rows))
    with readable(rows), ThreadPoolExecutor(min(PLACES, cores())) as pool:
        found = list(pool.map(lambda place: _first_rows(place, columns), places))
        if not found:
            return open_file(files_of(rows)[0]).schema_arrow.empty_table().select(columns)
        table = pa.concat_tables([pa.Table.from_batches([one]) for one in found], promote_options="permissive")
    pa.default_memory_pool().release_unused()
    return table


def _evenly(rows: str, columns: list[str]) -> pa.Table:
    """Every so manieth row of all files."""
    names = files_of(rows)
    with readable(rows):
        step = -(-sum(open_file(name).metadata.num_rows for name in names) // SAMPLE_ROWS) or 1
        found, before = [pa.Table.from_batches([_no_rows(file_with(names[0], columns).schema_arrow, columns)])], 0
        for name in names:
            for batch in file_with(name, columns).iter_batches(BATCH, columns=columns):
                places = range(-before % step, batch.num_rows, step)
                found.append(pa.Table.from_batches([batch]).select(columns).take(pa.array(places, pa.int64())))
                before += batch.num_rows
        return pa.concat_tables(found, promote_options="permissive")


@contextmanager
def readable(rows: str) -> Iterator[None]:
    """Tell in words what Arrow says of files that cannot be read, or do not go together.

    Raises:
        DataUnreadable: in Arrow's words.
    """
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the system's, which names the file
        message = f"{rows}: {str(error).splitlines()[0]}"
        raise DataUnreadable(message, next_step=WHOLE) from error


def _first_rows(place: tuple[str, int], columns: list[str]) -> pa.RecordBatch:
    """Those of one row group of a file."""
    name, group = place
    file = file_with(name, columns)
    batches = file.iter_batches(SAMPLE_ROWS // PLACES, row_groups=[group], columns=columns, use_threads=False)
    for batch in batches:
        return batch
    return _no_rows(file.schema_arrow, columns)


def _no_rows(schema: pa.Schema, columns: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema.empty_table().select(columns).schema)


def cores() -> int:
    """How many this process may use; where the system does not say, all there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def files_of(pattern: str) -> list[str]:
    """The Parquet files that a path, a folder or a pattern stands for, in order.

    Raises:
        DataUnreadable: when there are none, one is no Parquet, or they are not on this machine.
    """
    if "://" in pattern:
        message = f"{pattern}: rows are read in this process, and from files of this machine only"
        step = "copy the files here and name them by path, or let Spark read them: `engine: {spark: {master: ...}}`"
        raise DataUnreadable(message, next_step=step)
    path = Path(pattern)
    found = sorted(map(str, path.rglob("*.parquet"))) if path.is_dir() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207  # the pattern may be absolute
    if not found:
        message = f"no Parquet file at {pattern}"
        raise DataUnreadable(message, next_step="give a file, a folder or a pattern such as 'scored/2026-11-*.parquet'")
    for name in found:
        _begins_as_parquet(name)
    return found


def _begins_as_parquet(name: str) -> None:
    """Look at the four bytes that every Parquet file begins with.

    Raises:
        DataUnreadable: where others stand there, such as a CSV's.
    """
    try:
        with Path(name).open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        raise DataUnreadable(message, next_step="name files by a pattern such as 'scored/*.parquet'") from error
    if magic not in {b"PAR1", b"PARE"}:  # the second: of an encrypted one
        message = f"{name} is no Parquet file: it begins with {magic!r}; accepted: Parquet"
        step = "write it as Parquet first, a CSV by `pandas.read_csv(...).to_parquet(...)`, and name that file"
        raise DataUnreadable(message, next_step=step)


def _spread(names: list[str]) -> list[tuple[str, int]]:
    every = [(name, group) for name in names for group in range(open_file(name).metadata.num_row_groups)]
    if len(every) <= PLACES:
        return every
    return [every[place * (len(every) - 1) // (PLACES - 1)] for place in range(PLACES)]


def columns_in_files(rows: str) -> list[str]:
    """The columns that the first of the files holds."""
    first = files_of(rows)[0]
    with readable(rows):
        return list(open_file(first).schema_arrow.names)


def types_of(rows: pa.Table | str) -> dict[str, pa.DataType | None]:
    """The type of every column; none where files differ in it."""
    if isinstance(rows, pa.Table):
        return {field.name: field.type for field in rows.schema}
    if "://" in rows:
        return {}
    schemas = [open_file(name).schema_arrow for name in files_of(rows)]
    kinds = [{field.name: field.type for field in schema} for schema in schemas]
    return {name: kind if all(one.get(name) == kind for one in kinds) else None for name, kind in kinds[0].items()}


def file_with(name: str, columns: list[str]) -> pq.ParquetFile:
    """A file that has some columns.

    Raises:
        DataUnreadable: with the first that is absent.
    """
    file = open_file(name)
    absent = [column for column in columns if column not in file.schema_arrow.names]
    if absent:
        message = f"{name}: no column {absent[0]!r}; columns: {', '.join(file.schema_arrow.names)}"
        raise DataUnreadable(message, next_step="files of one folder or pattern need the same columns")
    return file


def open_file(name: str, as_dictionaries: list[str] | None = None) -> pq.ParquetFile:
    """A file, some of whose texts are given as dictionaries.

    Raises:
        DataUnreadable: when it is damaged, with its name.
    """
    import pyarrow.parquet as pq

    with readable(name):
        return pq.ParquetFile(name, pre_buffer=False, buffer_size=BUFFER, read_dictionary=as_dictionaries)


def identity_of(rows: str) -> list[object]:
    """Names, sizes and times of change of the files."""
    found = [(name, Path(name).stat()) for name in files_of(rows)]
    return [[name, state.st_size, state.st_mtime_ns] for name, state in found]
