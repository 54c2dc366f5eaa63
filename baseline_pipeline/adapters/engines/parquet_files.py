"""Tables and Parquet files as they lie: some rows from everywhere, and numbers counted batch by batch."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

import pyarrow as pa

from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.counting import count_batches
from baseline_pipeline.summaries.engine import SAMPLE_ROWS

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from baseline_pipeline.summaries.column import NumberSummary
    from baseline_pipeline.summaries.engine import Mapped
    from baseline_pipeline.summaries.grid import Grid

PLACES = 4
BATCH = 32_768
TOLD_EVERY = 1_000_000


def sampled(rows: pa.Table | str, columns: list[str]) -> pa.Table:
    """At most `SAMPLE_ROWS` rows: the first ones of row groups spread evenly over the files.

    Raises:
        DataUnreadable: when there is no such file, or no such column.
    """
    import pyarrow.parquet as pq

    if isinstance(rows, pa.Table):
        step = max(1, rows.num_rows // SAMPLE_ROWS)
        places = pa.array(range(0, rows.num_rows, step)[:SAMPLE_ROWS], pa.int64())
        return rows.select(columns).take(places)
    found = []
    for file, group in _spread([_open(name) for name in files_of(rows)]):
        absent = [name for name in columns if name not in file.schema_arrow.names]
        if absent:
            message = f"{rows}: no column {absent[0]!r}; columns: {', '.join(file.schema_arrow.names)}"
            raise DataUnreadable(message)
        batches = file.iter_batches(SAMPLE_ROWS // PLACES, row_groups=[group], columns=columns, use_threads=False)
        found += [batch for batch, _ in zip(batches, range(1), strict=False)]
    if not found:
        return pq.ParquetFile(files_of(rows)[0]).schema_arrow.empty_table().select(columns)
    table = pa.Table.from_batches(found)
    pa.default_memory_pool().release_unused()
    return table


def files_of(pattern: str) -> list[str]:
    """The Parquet files that a path, a folder or a pattern stands for, in order.

    Raises:
        DataUnreadable: when there are none.
    """
    path = Path(pattern)
    found = sorted(map(str, path.rglob("*.parquet"))) if path.is_dir() else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207  # the pattern may be absolute
    if not found:
        message = f"no Parquet file at {pattern}"
        raise DataUnreadable(message, next_step="give a file, a folder or a pattern such as 'scored/2026-11-*.parquet'")
    return found


def _spread(files: list[pq.ParquetFile]) -> list[tuple[pq.ParquetFile, int]]:
    every = [(file, group) for file in files for group in range(file.metadata.num_row_groups)]
    if len(every) <= PLACES:
        return every
    return [every[place * (len(every) - 1) // (PLACES - 1)] for place in range(PLACES)]


def numbers_of(rows: pa.Table | str, grids: Mapping[str, Grid], threads: int) -> dict[str, NumberSummary]:
    """Summaries of columns of numbers; every thread counts row groups of its own."""
    if not grids:
        return {}
    if isinstance(rows, pa.Table):
        return count_batches(rows.select(list(grids)).to_batches(BATCH) or [_empty(rows, list(grids))], grids)
    waiting: SimpleQueue[tuple[str, int]] = SimpleQueue()
    names = files_of(rows)
    for name in names:
        for group in range(_open(name).metadata.num_row_groups):
            waiting.put((name, group))
    with ThreadPoolExecutor(threads) as pool:
        parts = list(pool.map(lambda _: count_batches(_batches(waiting, list(grids)), grids), range(threads)))
    return reduce(lambda one, other: {name: one[name].merged(other[name]) for name in one}, parts)


def _batches(waiting: SimpleQueue[tuple[str, int]], columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Batches of the row groups that nobody has taken yet."""
    opened: dict[str, pq.ParquetFile] = {}
    while True:
        try:
            name, group = waiting.get_nowait()
        except Empty:
            return
        if name not in opened:
            opened = {name: _open(name)}
        yield from opened[name].iter_batches(BATCH, row_groups=[group], columns=columns, use_threads=False)


def _open(name: str) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(name, pre_buffer=False, buffer_size=1 << 20)


def _empty(rows: pa.Table, columns: list[str]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], rows.schema.empty_table().select(columns).schema)


def identity_of(rows: str) -> list[object]:
    """Names, sizes and times of change of the files."""
    found = [(name, Path(name).stat()) for name in files_of(rows)]
    return [[name, state.st_size, state.st_mtime_ns] for name, state in found]


def write_mapped(rows: str, folder: Path, function: Mapped, schema: pa.Schema, progress: Callable[[str], None]) -> None:
    """One file of what a function makes of all rows, a row group at a time."""
    import pyarrow.parquet as pq

    names = files_of(rows)
    total = sum(_open(name).metadata.num_rows for name in names)
    done, told = 0, 0
    with pq.ParquetWriter(folder / "rows.parquet", schema) as writer:
        for name in names:
            for batch in function(_open(name).iter_batches(BATCH)):
                writer.write_batch(batch)
                done += batch.num_rows
                if done - told >= TOLD_EVERY or done == total:
                    progress(f"  {done} of {total} rows")
                    told = done
