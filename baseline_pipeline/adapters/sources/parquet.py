"""Rows of Parquet files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from baseline_pipeline.adapters.sources.files import FileSource
from baseline_pipeline.adapters.sources.one_schema import one_table
from baseline_pipeline.errors import DataUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAGIC = b"PAR1"
FOOTER = 8
"""Four bytes of metadata length, four of magic. Source: the Parquet file format specification."""


def parquet_source(pattern: str, root: Path) -> FileSource:
    """Parquet files; one without its footer counts as being written."""
    return FileSource(pattern, root, unfinished, parse)


def unfinished(path: Path) -> str | None:
    """Why a file is no whole Parquet file, or `None`."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        file.seek(max(0, size - FOOTER))
        footer = file.read(FOOTER)
    length = int.from_bytes(footer[:4], "little")
    whole = start == MAGIC and footer[4:] == MAGIC and length + FOOTER + len(MAGIC) <= size
    return None if whole else f"{path.name} has no complete Parquet footer ({size} bytes)"


def parse(contents: Sequence[tuple[str, bytes]]) -> pa.Table:
    """Rows of all files, which must share a schema; page checksums are verified where there are any."""
    return one_table([(name, _rows(name, content)) for name, content in contents])


def _rows(name: str, content: bytes) -> pa.Table:
    try:
        return pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read()
    except (pa.ArrowException, OSError) as error:
        message = f"{name} is not readable as Parquet: {error}"
        raise DataUnreadable(message, next_step="write the file again; compare it with its origin") from error
