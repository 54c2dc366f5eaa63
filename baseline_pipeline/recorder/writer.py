"""The writer's side: takes rows from the buffer, holds them as columns, writes a file where one is due."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from baseline_pipeline.recorder.buffer import Buffer, Taken
from baseline_pipeline.recorder.columns import MOST_CELLS, Columns, columns_of, one_table
from baseline_pipeline.recorder.files import remove_leftovers, write_whole
from baseline_pipeline.recorder.rows import Batch, Row, Shape
from baseline_pipeline.recorder.tally import Tally

PIECE_ROWS = 16_384
FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0
_SOONEST = 0.01
_FEW_ROWS = 256
_ARRAY_BYTES, _CELL_BYTES = 1_000, 8


@dataclass(frozen=True)
class Piece:
    """Rows turned into columns at once, their bytes in the buffer, and the records they were kept out of."""

    content: Sequence[Row] | Batch
    rows: int
    size: int
    seen: int


def pieces_of(taken: Taken, most: int) -> Iterator[Piece]:
    """What was taken, at most so many rows a piece; the seen are shared out by rows.

    Example:
        >>> rows = [(None, 10, k) for k in range(5)]
        >>> [(piece.rows, piece.size, piece.seen) for piece in pieces_of(Taken(rows, [], seen=50), most=3)]
        [(3, 30, 30), (2, 20, 20)]
    """
    total = len(taken.rows) + sum(batch.rows for batch in taken.batches)
    done = 0
    for content, rows, size in _cut(taken, most):
        yield Piece(content, rows, size, taken.seen * (done + rows) // total - taken.seen * done // total)
        done += rows


def _cut(taken: Taken, most: int) -> Iterator[tuple[Sequence[Row] | Batch, int, int]]:
    for start in range(0, len(taken.rows), most):
        for rows in _narrow(taken.rows[start : start + most]):
            yield rows, len(rows), sum(row[1] for row in rows)
    for batch in taken.batches:
        for start in range(0, batch.rows, most):
            part = batch.part(start, start + most)
            yield part, part.rows, part.size


def _narrow(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Rows of many shapes in smaller parts: as one table they would be mostly null."""
    shapes = {row[0] for row in rows}
    if len(shapes) == 1 or len(rows) <= _FEW_ROWS or len(rows) * sum(map(_width, shapes)) <= MOST_CELLS:
        yield rows
        return
    half = len(rows) // 2
    yield from _narrow(rows[:half])
    yield from _narrow(rows[half:])


def _width(shape: Shape | None) -> int:
    return len(shape.names) if shape else 0


@dataclass
class Held:
    """The rows of the next file."""

    parts: list[Columns] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    rows: int = 0
    size: int = 0

    def add(self, columns: Columns) -> None:
        self.parts.append(columns)
        self.names.update(columns.table.column_names)
        self.rows += columns.table.num_rows
        self.size += columns.table.nbytes + _ARRAY_BYTES * columns.table.num_columns

    def whole_bytes(self) -> int:
        """About the bytes of all as one table, in which each part has each column."""
        return len(self.names) * (_CELL_BYTES * self.rows + _ARRAY_BYTES * len(self.parts))


class Writer:
    """Lives in one thread.

    Args:
        directory: Of the files; made where absent, emptied of what dead processes left.
        buffer: Where the rows come from.
        sampled: Whether the buffer is a reservoir, taken once per file; a stream is taken whenever there is something.
        tally: Where files and failures are counted.
        limit: Bytes of columns held.
        rotate_seconds: Between two files.
        rotate_rows: Of a file, at most.
        metadata: Of each file, beside `seen` and `kept`.
    """

    def __init__(
        self,
        directory: Path,
        buffer: Buffer,
        *,
        sampled: bool,
        tally: Tally,
        limit: int,
        rotate_seconds: float,
        rotate_rows: int,
        metadata: Mapping[str, str],
    ) -> None:
        self._directory, self._buffer, self._sampled, self._tally = directory, buffer, sampled, tally
        self._limit, self._rotate_seconds, self._rotate_rows = limit, rotate_seconds, rotate_rows
        self._metadata = metadata
        self._backlog: deque[Piece] = deque()
        self._held, self._seen = Held(), 0
        self._retry = FIRST_RETRY
        self._retry_at = 0.0
        self._due = time.monotonic() + rotate_seconds
        try:
            remove_leftovers(directory)
        except OSError as problem:
            tally.fail(0, problem)

    def idle_seconds(self) -> float:
        """How long there is nothing to do, unless the buffer fills."""
        return max(_SOONEST, (self._retry_at or self._due) - time.monotonic())

    def step(self, *, now: bool = False) -> bool:
        """Turn what waits into columns, and write the file if it is due, or now.

        Returns:
            Whether everything due is on the disk.
        """
        due = now or time.monotonic() >= self._due
        left = self._backlog or self._held.rows
        if self._sampled and left and not self._empty(now=now):  # a reservoir is taken once the last one is written
            return False
        if due or not self._sampled:
            self._take()
        return self._empty(now=now) if due else self._drain(now=now)

    def _empty(self, *, now: bool) -> bool:
        return self._drain(now=now) and self._write(now=now)

    def _drain(self, *, now: bool) -> bool:
        while self._backlog:
            if self._is_full_with(self._backlog[0]) and not self._write(now=now):
                return False
            self._convert(self._backlog.popleft())
        return True

    def give_up(self) -> None:
        """Count what could not be written as failed; the reason is the last one noted."""
        self._take()
        rows = self._held.rows + sum(piece.rows for piece in self._backlog)
        self._held = Held()
        self._backlog.clear()
        with self._tally.lock:
            self._tally.failed += rows

    def _take(self) -> None:
        taken = self._buffer.take()
        if taken.rows or taken.batches:
            self._backlog.extend(pieces_of(taken, min(PIECE_ROWS, self._rotate_rows)))
        else:
            self._seen += taken.seen

    def _is_full_with(self, piece: Piece) -> bool:
        held = self._held
        if held.rows == 0:
            return False
        return (
            held.rows + piece.rows > self._rotate_rows or held.size >= self._limit or held.whole_bytes() >= self._limit
        )

    def _convert(self, piece: Piece) -> None:
        try:
            parts = list(columns_of(piece.content))
        except Exception as problem:  # rows no column can hold must not stop those after them
            parts = []
            self._tally.fail(piece.rows, problem)
        for columns in parts:
            self._held.add(columns)
        self._seen += piece.seen
        self._buffer.release(piece.size)

    def _write(self, *, now: bool) -> bool:
        if self._held.rows == 0:
            self._due = time.monotonic() + self._rotate_seconds
            return True
        if not now and time.monotonic() < self._retry_at:
            return False
        rows, seen = self._held.rows, max(self._seen, self._held.rows)
        try:
            merged = one_table(self._held.parts, seen / rows)
            metadata = {**self._metadata, "seen": str(seen), "kept": str(rows)}
            write_whole(self._directory, partial(_write_parquet, merged.table.replace_schema_metadata(metadata)))
        except OSError as problem:  # tried again: disks are emptied and folders come back
            self._tally.fail(0, problem)
            self._retry_at = time.monotonic() + self._retry
            self._retry = min(2 * self._retry, LONGEST_RETRY)
            return False
        except Exception as problem:  # would fail again
            self._tally.fail(rows, problem)
            self._held, self._seen = Held(), 0
            return False
        with self._tally.lock:
            self._tally.written += rows
            self._tally.files += 1
            self._tally.failed_casts += len(merged.conflicts)
        self._held, self._seen = Held(), 0
        self._retry, self._retry_at = FIRST_RETRY, 0.0
        self._due = time.monotonic() + self._rotate_seconds
        return True


def _write_parquet(table: pa.Table, path: Path) -> None:
    """Through Arrow's own file: a Python file would wait for the interpreter's lock at each write."""
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    with pa.OSFile(str(path), "wb") as file:
        pool = pa.system_memory_pool()  # gives back what it took; the default one keeps some 30 MB
        options = {"compression": "zstd", "use_dictionary": texts, "write_page_checksum": True, "memory_pool": pool}
        pq.write_table(table, file, **options)
