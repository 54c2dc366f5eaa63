"""Tables and Parquet files as they lie: some rows from everywhere, and all of them counted batch by batch."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

import pyarrow as pa

from baseline_pipeline.arrow_numbers import family
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.counting import count_batches
from baseline_pipeline.summaries.counting_outcomes import (
    OutcomeCounter,
    TooManyLeaves,
    count_outcomes,
    counted_densely,
)
from baseline_pipeline.summaries.engine import SAMPLE_ROWS

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from baseline_pipeline.summaries.column import Summary
    from baseline_pipeline.summaries.engine import Mapped
    from baseline_pipeline.summaries.grid import Grid
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

Counted = TypeVar("Counted")
Part = tuple[str, int, list[str]]
"""A file, one of its row groups, and columns of it."""

PLACES = 4
BATCH = 131_072
BUFFER = 1 << 18
TOLD_EVERY = 1_000_000
WHOLE = "check that the files are whole, and that a column has one type in all files of a folder or pattern"
NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""A folder's name for rows that have no value."""


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
    with _readable(rows), ThreadPoolExecutor(min(PLACES, cores())) as pool:
        found = list(pool.map(lambda place: _first_rows(place, columns), places))
        if not found:
            return _open(files_of(rows)[0]).schema_arrow.empty_table().select(columns)
        table = pa.concat_tables([pa.Table.from_batches([one]) for one in found], promote_options="permissive")
    pa.default_memory_pool().release_unused()
    return table


def _evenly(rows: str, columns: list[str]) -> pa.Table:
    """Every so manieth row of all files."""
    names = files_of(rows)
    with _readable(rows):
        step = -(-sum(_open(name).metadata.num_rows for name in names) // SAMPLE_ROWS) or 1
        found, before = [pa.Table.from_batches([_no_rows(_with_columns(names[0], columns).schema_arrow, columns)])], 0
        for name in names:
            for batch in _with_columns(name, columns).iter_batches(BATCH, columns=columns):
                places = range(-before % step, batch.num_rows, step)
                found.append(pa.Table.from_batches([batch]).select(columns).take(pa.array(places, pa.int64())))
                before += batch.num_rows
        return pa.concat_tables(found, promote_options="permissive")


@contextmanager
def _readable(rows: str) -> Iterator[None]:
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
    file = _with_columns(name, columns)
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
    every = [(name, group) for name in names for group in range(_open(name).metadata.num_row_groups)]
    if len(every) <= PLACES:
        return every
    return [every[place * (len(every) - 1) // (PLACES - 1)] for place in range(PLACES)]


def columns_of(rows: pa.Table | str, grids: Mapping[str, Grid | None], threads: int) -> dict[str, Summary]:
    """Summaries of numbers, and of such categories as are quickly told apart: texts, whole numbers, truth values."""
    types = _types(rows)
    wanted = {name: grid for name, grid in grids.items() if name in types and _quickly(types[name], grid)}
    if not wanted:
        return {}
    if isinstance(rows, str):
        _require_alike(rows, [name for name in wanted if types[name] is None])
    parts = _counted(rows, [[name] for name in wanted], threads, partial(count_batches, grids=wanted))
    return {
        name: reduce(_merged, (part[name] for part in parts)) for name in wanted if all(name in one for one in parts)
    }


def _require_alike(rows: str, names: list[str]) -> None:
    """Let only columns through whose types may differ from file to file, as whole numbers and others do.

    Raises:
        DataUnreadable: with the first that holds, say, hours in one file and numbers in another.
    """
    for name in names:
        found: dict[str, tuple[str, pa.DataType]] = {}
        for file in files_of(rows):
            schema = _open(file).schema_arrow
            if name in schema.names and not pa.types.is_null(schema.field(name).type):
                found.setdefault(family(schema.field(name).type), (file, schema.field(name).type))
        if len(found) > 1:
            (one, kind), (other, another) = list(found.values())[:2]
            message = f"column {name!r} is {kind} in {one} and {another} in {other}"
            raise DataUnreadable(message, next_step=WHOLE)


def outcomes_of(rows: pa.Table | str, plan: OutcomePlan, threads: int) -> tuple[pa.Table, int] | None:
    """Cells of outcomes, and rows without a label; nothing where cells are many, or of a kind not counted here."""
    types = _types(rows)
    if any(types.get(name) is None for name in plan.columns()) or not counted_densely(plan, types):
        return None
    try:
        parts = _counted(rows, [plan.columns()], threads, partial(count_outcomes, plan=plan))
        counted = reduce(OutcomeCounter.merge, parts)
    except TooManyLeaves:
        return None
    return counted.table(), counted.unlabelled


def columns_in_files(rows: str) -> list[str]:
    """The columns that the first of the files holds."""
    first = files_of(rows)[0]
    with _readable(rows):
        return list(_open(first).schema_arrow.names)


def _types(rows: pa.Table | str) -> dict[str, pa.DataType | None]:
    """The type of every column; none where files differ in it."""
    if isinstance(rows, pa.Table):
        return {field.name: field.type for field in rows.schema}
    if "://" in rows:
        return {}
    schemas = [_open(name).schema_arrow for name in files_of(rows)]
    kinds = [{field.name: field.type for field in schema} for schema in schemas]
    return {name: kind if all(one.get(name) == kind for one in kinds) else None for name, kind in kinds[0].items()}


def _counted(
    rows: pa.Table | str,
    together: list[list[str]],
    threads: int,
    count: Callable[[Iterator[pa.RecordBatch]], Counted],
) -> list[Counted]:
    """What is counted of columns; every thread takes parts of its own, and none reads on once one failed.

    Args:
        rows: Where.
        together: Columns that batches hold together. Fewer stay in the processor's caches.
        threads: How many.
        count: Counts batches.
    """
    if isinstance(rows, pa.Table):
        batches = [batch for columns in together for batch in rows.select(columns).to_batches(BATCH)]
        return [count(iter(batches))]
    every = [name for columns in together for name in columns]
    waiting: SimpleQueue[Part] = SimpleQueue()
    for name in files_of(rows):
        for group in range(_with_columns(name, every).metadata.num_row_groups):
            for columns in together:
                waiting.put((name, group, columns))
    failed = Event()

    def counted(_: int) -> Counted:
        try:
            return count(_batches(waiting, every, failed))
        except BaseException:
            failed.set()
            raise

    with _readable(rows), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(counted, range(threads)))


def _batches(waiting: SimpleQueue[Part], every: list[str], failed: Event) -> Iterator[pa.RecordBatch]:
    """Batches of the parts that nobody has taken yet; texts stay dictionaries, as they lie."""
    opened: dict[str, pq.ParquetFile] = {}
    while True:
        try:
            name, group, columns = waiting.get_nowait()
        except Empty:
            return
        if name not in opened:
            opened = {name: _open(name, every)}
        for found in opened[name].iter_batches(BATCH, row_groups=[group], columns=columns, use_threads=False):
            if failed.is_set():
                return
            yield found


def _with_columns(name: str, columns: list[str]) -> pq.ParquetFile:
    """A file that has some columns.

    Raises:
        DataUnreadable: with the first that is absent.
    """
    file = _open(name)
    absent = [column for column in columns if column not in file.schema_arrow.names]
    if absent:
        message = f"{name}: no column {absent[0]!r}; columns: {', '.join(file.schema_arrow.names)}"
        raise DataUnreadable(message, next_step="files of one folder or pattern need the same columns")
    return file


def _open(name: str, as_dictionaries: list[str] | None = None) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(name, pre_buffer=False, buffer_size=BUFFER, read_dictionary=as_dictionaries)


def _quickly(kind: pa.DataType | None, grid: Grid | None) -> bool:
    """Whether values of a type are counted faster here than by SQL."""
    if grid is not None:
        return kind is None or not pa.types.is_decimal(kind)
    if kind is not None and pa.types.is_dictionary(kind):
        kind = kind.value_type
    tests = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_boolean)
    return kind is not None and any(test(kind) for test in tests)


def _merged(one: Summary, other: Summary) -> Summary:
    return one.merged(other)  # type: ignore[arg-type]  # of one column, so of one kind


def identity_of(rows: str) -> list[object]:
    """Names, sizes and times of change of the files."""
    found = [(name, Path(name).stat()) for name in files_of(rows)]
    return [[name, state.st_size, state.st_mtime_ns] for name, state in found]


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
    total = sum(_open(name).metadata.num_rows for name in names)
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
    file = _open(name)
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
