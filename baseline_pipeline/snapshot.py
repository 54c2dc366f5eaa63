"""Frozen data: immutable, named by the digest of its content."""

from __future__ import annotations

import difflib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import Field

from baseline_pipeline.content import canonical, content_digest, instants_of, iso_times, sort_by_row_id
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable, StoreCorrupt
from baseline_pipeline.records import Digest, Record, digest_of, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.data import DataSection
    from baseline_pipeline.ports import Reading, Source, Store

ROWS_PER_GROUP = 131_072


class Column(Record):
    """A column's name and Arrow type."""

    name: str
    type: str


class Provenance(Record):
    """Where the rows came from; secrets are left out."""

    source: str
    """Which kind of source: csv, parquet, sql, delta, iceberg, callable."""
    origin: dict[str, Any]
    source_digest: Digest | None
    taken_at: str
    """UTC, ISO 8601."""
    engine: str


class Snapshot(Record):
    """Immutable rows, sorted by row id, in the Parquet blob `file`.

    `digest` names the content: it does not depend on row order, column order, file names, the
    Parquet writer, or the day it was taken; which columns are row id and time is part of it.
    """

    model: str
    digest: Digest
    file: Digest
    rows: int
    columns: tuple[Column, ...]
    row_id: tuple[str, ...]
    time_range: tuple[str, str] | None
    provenance: Provenance


class ColumnDrift(Record):
    """How far one column's distribution moved."""

    column: str
    kind: Literal["feature", "prediction", "target"]
    method: str
    score: float | None
    """Effect size; `None` where it could not be computed."""
    threshold: float
    drifted: bool
    note: str = ""
    interval: tuple[float, float] | None = None
    """95 % interval of the score, both sides counted as samples."""
    p_adjusted: float | None = None
    """Of no movement at all, adjusted over all columns."""
    measures: dict[str, float] = Field(default_factory=dict)
    """Every other measure of the same movement, by name."""


class DriftReport(Record):
    """Drift between two data sets, largest first."""

    reference: Digest
    current: Digest
    reference_rows: int
    current_rows: int
    columns: tuple[ColumnDrift, ...]
    html: Digest | None
    """Blob of the vendor's own report."""


def take(contract: Contract, source: Source, store: Store, *, now: str, scratch: Path) -> tuple[Snapshot, bool, Digest]:
    """The snapshot of a source's present rows, whether it is new, and the state it was taken from.

    The rows are sorted by row id and named by their content; rows that the store already holds are
    found, not written again. A found snapshot keeps its own provenance, hence the third value: the
    digest of the state that the source is in now.

    Args:
        contract: Says which columns are needed and what they mean.
        source: Where the rows come from.
        store: Keeps the snapshot.
        now: UTC, ISO 8601.
        scratch: Folder for the unfinished file, best on the store's file system.

    Raises:
        DataNotThereYet: where the source is absent, being written, or changed while it was read.
        DataUnreadable: where rows or needed columns are missing, or row ids are null or repeated.
    """
    reading, state = _read_whole(source)
    described = _described(contract, reading)
    table, time_range = in_order(contract, reading.table, described)
    digest = snapshot_digest(table, contract.data.row_id, contract.data.time)
    held = store.load("snapshots", contract.name, digest)
    if held is not None:
        return Snapshot.stored(held), False, state
    snapshot = Snapshot(
        model=contract.name,
        digest=digest,
        file=_keep(table, store, scratch),
        rows=table.num_rows,
        columns=tuple(Column(name=field.name, type=str(field.type)) for field in table.schema),
        row_id=tuple(contract.data.row_id),
        time_range=time_range,
        provenance=Provenance(
            source=contract.data.source.kind,
            origin=reading.origin,
            source_digest=state,
            taken_at=now,
            engine=f"pyarrow {pa.__version__}",
        ),
    )
    store.save("snapshots", contract.name, digest, snapshot)
    return snapshot, True, state


def read(snapshot: Snapshot, store: Store, columns: Sequence[str] | None = None) -> pa.Table:
    """A snapshot's rows, sorted by row id; all columns, or those named, in the order named.

    Raises:
        StoreCorrupt: where the file no longer is what was stored (file digest, page checksums).
        DataUnreadable: where the snapshot has no such column.
    """
    names = [column.name for column in snapshot.columns]
    wanted = names if columns is None else list(columns)
    described = f"snapshot {short(snapshot.digest)} of {snapshot.model}"
    _refuse_absent([(name, "asked for") for name in wanted], names, described)
    path = store.file(snapshot.file)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns=wanted).select(wanted)
    except (pa.ArrowException, OSError) as error:
        message = f"{described}: {path} is not readable: {error}"
        raise StoreCorrupt(message, next_step="restore the file from a backup") from error


def snapshot_digest(table: pa.Table, row_id: Sequence[str], time: str | None) -> Digest:
    """The name of sorted rows: their content, and which columns are row id and time.

    Example:
        >>> rows = pa.table({"id": [1, 2], "day": [3, 3]})
        >>> snapshot_digest(rows, ["id"], None) == snapshot_digest(rows, ["id"], "day")
        False
    """
    return digest_of({"content": content_digest(table), "row_id": list(row_id), "time": time})


def _read_whole(source: Source) -> tuple[Reading, Digest]:
    before = source.state()
    if before.status != "ready" or before.digest is None:
        raise DataNotThereYet(before.detail, next_step="wait until the source is there, or correct data.source")
    reading = source.read()
    after = source.state()
    if {after.digest, reading.origin.get("digest", before.digest)} != {before.digest}:
        message = f"the source changed while it was read: {after.detail}"
        raise DataNotThereYet(message, next_step="try again when it is at rest")
    return reading, before.digest


def _described(contract: Contract, reading: Reading) -> str:
    place = next((reading.origin[word] for word in ("path", "url", "callable") if word in reading.origin), "")
    return f"{contract.name}: {contract.data.source.kind} {place}".rstrip()


def in_order(contract: Contract, table: pa.Table, described: str) -> tuple[pa.Table, tuple[str, str] | None]:
    """A source's rows in their canonical form, by row id, and their first and last time.

    Args:
        contract: Which columns are needed, and what they mean.
        table: What was read.
        described: The source, for messages.

    Raises:
        DataUnreadable: where rows or needed columns are missing (with where the contract names them), row ids are null
            or repeated, or times are none.
    """
    _check_columns(contract, table.column_names, described)
    if table.num_rows == 0:
        message = f"{described}: no rows"
        raise DataUnreadable(message, next_step="check the source; an empty one is not evaluated")
    rows = sort_by_row_id(canonical(table), contract.data.row_id, described, contract.data.time)
    return rows, _time_range(rows, contract.data.time, described)


def _check_columns(contract: Contract, there: Sequence[str], described: str) -> None:
    data = contract.data
    needed = [(name, "data.row_id") for name in data.row_id]
    needed += [(data.label, "data.label")]
    needed += [(name, "data.features") for name in data.feature_names]
    needed += [(name, place) for name, place in _single(data) if name]
    needed += [(name, "slices") for name in contract.slice_columns()]
    needed += [(name, "metrics") for name in contract.metric_columns()]
    _refuse_absent(needed, there, described)


def _single(data: DataSection) -> tuple[tuple[str | None, str], ...]:
    return ((data.time, "data.time"), (data.cluster, "data.cluster"), (data.weight, "data.weight"))


def _refuse_absent(needed: Iterable[tuple[str, str]], there: Sequence[str], described: str) -> None:
    absent: dict[str, str] = {}
    for name, place in needed:
        if name not in there:
            absent.setdefault(name, place)
    if not absent:
        return
    words = []
    for name, place in absent.items():
        close = difflib.get_close_matches(name, there, n=1)
        words.append(f"column {name!r} ({place})" + (f", nearest: {close[0]!r}" if close else ""))
    message = f"{described}: not there: {'; '.join(words)}; columns: {', '.join(there)}"
    raise DataUnreadable(message, next_step="correct the name in the contract, or bring the column back at the source")


def _keep(table: pa.Table, store: Store, scratch: Path) -> Digest:
    scratch.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(suffix=".parquet", dir=scratch)
    try:
        with os.fdopen(descriptor, "wb") as file:
            pq.write_table(table, file, ROWS_PER_GROUP, compression="zstd", write_page_checksum=True)
            file.flush()
            os.fsync(file.fileno())
        return store.put_file(Path(name))
    finally:
        Path(name).unlink(missing_ok=True)


def _time_range(table: pa.Table, time: str | None, described: str) -> tuple[str, str] | None:
    """First and last time, UTC, ISO 8601; naive timestamps are taken as UTC."""
    if time is None or table.column(time).null_count == table.num_rows:
        return None
    column = table.column(time)
    try:
        moments = instants_of(column) if pa.types.is_string(column.type) else column
        ends = pc.min_max(moments)
        first, last = iso_times(pa.chunked_array([pa.array([ends["min"], ends["max"]], moments.type)])).to_pylist()
    except (pa.ArrowException, AttributeError) as error:  # a number has no unit of time
        why = f": {error}" if pa.types.is_string(column.type) else ""
        message = f"{described}: column {time!r} (data.time) is {column.type}, and not all of it reads as times{why}"
        raise DataUnreadable(message, next_step="accepted: dates, timestamps, or ISO 8601 text") from error
    return first, last
