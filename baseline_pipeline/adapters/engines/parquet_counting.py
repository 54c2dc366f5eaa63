"""Rows of tables and Parquet files, counted batch by batch by several threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial, reduce
from itertools import groupby
from operator import attrgetter
from queue import Empty, SimpleQueue
from threading import Event
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from baseline_pipeline.adapters.engines.parquet_files import (
    BATCH,
    WHOLE,
    file_with,
    files_of,
    open_file,
    readable,
    types_of,
)
from baseline_pipeline.arrow_numbers import family
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.counting import count_batches
from baseline_pipeline.summaries.counting_outcomes import (
    OutcomeCounter,
    TooManyLeaves,
    count_outcomes,
    counted_densely,
)

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from baseline_pipeline.summaries.column import Summary
    from baseline_pipeline.summaries.grid import Grid
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

Counted = TypeVar("Counted")
Run = list[tuple[str, list[int]]]
"""Files and row groups of them that fill a batch together."""

MOST_FILES, MOST_BYTES = 96, 1 << 28
"""Files that all threads together hold open, and bytes of all columns of a run."""


def columns_of(rows: pa.Table | str, grids: Mapping[str, Grid | None], threads: int) -> dict[str, Summary]:
    """Summaries of numbers, and of such categories as are quickly told apart: texts, whole numbers, truth values."""
    types = types_of(rows)
    _require_everywhere(rows, types, grids)
    wanted = {name: grid for name, grid in grids.items() if name in types and _quickly(types[name], grid)}
    if not wanted:
        return {}
    if isinstance(rows, str):
        _require_alike(rows, [name for name in wanted if types[name] is None])
    parts = _counted(rows, [[name] for name in wanted], threads, partial(count_batches, grids=wanted))
    return {
        name: reduce(_merged, (part[name] for part in parts)) for name in wanted if all(name in one for one in parts)
    }


def _require_everywhere(rows: pa.Table | str, types: Mapping[str, pa.DataType | None], columns: Iterable[str]) -> None:
    """Let only files through that all have the columns that the first one has.

    Raises:
        DataUnreadable: with the first that lacks one.
    """
    differing = [name for name in columns if types.get(name, pa.null()) is None]
    if isinstance(rows, str) and differing:
        for name in files_of(rows):
            file_with(name, differing)


def _require_alike(rows: str, names: list[str]) -> None:
    """Let only columns through whose types may differ from file to file, as whole numbers and others do.

    Raises:
        DataUnreadable: with the first that holds, say, hours in one file and numbers in another.
    """
    for name in names:
        found: dict[str, tuple[str, pa.DataType]] = {}
        for file in files_of(rows):
            schema = open_file(file).schema_arrow
            if name in schema.names and not pa.types.is_null(schema.field(name).type):
                found.setdefault(family(schema.field(name).type), (file, schema.field(name).type))
        if len(found) > 1:
            (one, kind), (other, another) = list(found.values())[:2]
            message = f"column {name!r} is {kind} in {one} and {another} in {other}"
            raise DataUnreadable(message, next_step=WHOLE)


def outcomes_of(rows: pa.Table | str, plan: OutcomePlan, threads: int) -> tuple[pa.Table, int] | None:
    """Cells of outcomes, and rows without a label; nothing where cells are many, or of a kind not counted here."""
    types = types_of(rows)
    _require_everywhere(rows, types, plan.columns())
    if any(types.get(name) is None for name in plan.columns()) or not counted_densely(plan, types):
        return None
    try:
        parts = _counted(rows, [plan.columns()], threads, partial(count_outcomes, plan=plan))
        counted = reduce(OutcomeCounter.merge, parts)
    except TooManyLeaves:
        return None
    return counted.table(), counted.unlabelled


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
    waiting: SimpleQueue[tuple[Run, list[str]]] = SimpleQueue()
    for run in _runs(files_of(rows), every, max(MOST_FILES // threads, 1)):
        for columns in together:
            waiting.put((run, columns))
    failed = Event()

    def counted(_: int) -> Counted:
        try:
            return count(_batches(waiting, every, failed))
        except BaseException:
            failed.set()
            raise

    with readable(rows), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(counted, range(threads)))


def _runs(names: list[str], columns: list[str], files: int) -> Iterator[Run]:
    """All row groups, of so many files at the most; small ones, each by itself, would cost several times as much.

    Raises:
        DataUnreadable: when a file lacks a column.
    """
    run: Run = []
    rows = size = 0
    for name in names:
        metadata = file_with(name, columns).metadata
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            rows, size = rows + group.num_rows, size + group.total_byte_size
            full = rows > BATCH or size > MOST_BYTES or (len(run) == files and run[-1][0] != name)
            if run and full:
                yield run
                run, rows, size = [], group.num_rows, group.total_byte_size
            if not run or run[-1][0] != name:
                run.append((name, []))
            run[-1][1].append(number)
    if run:
        yield run


def _batches(waiting: SimpleQueue[tuple[Run, list[str]]], every: list[str], failed: Event) -> Iterator[pa.RecordBatch]:
    """Batches of the runs that nobody has taken yet; texts stay dictionaries, as they lie."""
    opened: dict[str, pq.ParquetFile] = {}
    while True:
        try:
            run, columns = waiting.get_nowait()
        except Empty:
            return
        if any(name not in opened for name, _ in run):
            opened.clear()  # before others stand open
            opened |= {name: open_file(name, every) for name, _ in run}
        for found in _read(run, opened, columns):
            if failed.is_set():
                return
            yield found


def _read(run: Run, opened: Mapping[str, pq.ParquetFile], columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Batches of a run; what is small is one, though each row group has dictionaries of its own."""
    (name, groups), *others = run
    if len(groups) == 1 and not others:
        with readable(name):
            yield from opened[name].iter_batches(BATCH, row_groups=groups, columns=columns, use_threads=False)
        return

    def tables() -> Iterator[pa.Table]:
        for name, some in run:
            with readable(name):
                yield opened[name].read_row_groups(some, columns=columns, use_threads=False)

    for _, alike in groupby(tables(), attrgetter("schema")):
        yield from pa.concat_tables(alike).unify_dictionaries().combine_chunks().to_batches()


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
