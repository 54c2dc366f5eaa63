"""Rows of CSV files, read strictly (RFC 4180: commas, double quotes, a header; UTF-8)."""

from __future__ import annotations

import csv
import io
import time
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pcsv

from baseline_pipeline.adapters.sources.files import FileSource
from baseline_pipeline.adapters.sources.one_schema import one_table
from baseline_pipeline.adapters.sources.text_types import typed
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.figures import counted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


OPEN_LINE_SECONDS = 30.0
"""A writer's buffers break off within lines: a file that ends so is waited for, this long after its last write."""


def csv_source(pattern: str, root: Path) -> FileSource:
    """CSV files; an empty one, or one that has just broken off within a line, counts as being written."""
    return FileSource(pattern, root, unfinished, parse)


def unfinished(path: Path) -> str | None:
    """Why a file cannot be complete, or `None`."""
    stat = path.stat()
    if not stat.st_size:
        return f"{path.name} is empty: not even a header"
    age = time.time() - stat.st_mtime
    if age >= OPEN_LINE_SECONDS:
        return None
    with path.open("rb") as file:
        file.seek(-1, io.SEEK_END)
        closed = file.read(1) in b"\r\n"
    wait = f"it is taken as it is {OPEN_LINE_SECONDS:.0f} s after its last write"
    return None if closed else f"{path.name} was written {max(age, 0):.0f} s ago and ends within a line; {wait}"


def parse(contents: Sequence[tuple[str, bytes]]) -> pa.Table:
    """Rows of all files, which must share a header; types are found over all rows (see `text_types`).

    A field without quotes and without characters is null; `NA` is a text. Blank lines are skipped.

    Raises:
        DataUnreadable: on a line with another number of fields, an open quote, bytes that are not
            UTF-8, names that are empty or doubled; with file and line.
    """
    texts = one_table([(name, _texts(name, content)) for name, content in contents])
    return pa.table({name: typed(texts.column(name)) for name in texts.column_names})


def _texts(name: str, content: bytes) -> pa.Table:
    header = _header(name, content)
    if content.count(b'"') % 2:
        _locate(name, content, len(header))
    try:
        return pcsv.read_csv(
            pa.BufferReader(content),
            read_options=pcsv.ReadOptions(block_size=1 << 24),
            parse_options=pcsv.ParseOptions(newlines_in_values=b'"' in content),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowException as error:
        _locate(name, content, len(header))
        message = f"{name} is not readable as CSV: {error}"
        raise DataUnreadable(message, next_step="write the file again as plain CSV") from error


def _header(name: str, content: bytes) -> list[str]:
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", errors="replace", newline=""))
    try:
        header = next((fields for fields in lines if fields), [])
    except csv.Error as error:
        message = f"{name}:1: {error}"
        raise DataUnreadable(message, next_step="close the quote that is opened in the header") from error
    twice = [column for column, count in Counter(header).items() if count > 1]
    if not header or "" in header or twice:
        fault = f"column {twice[0]!r} stands there {header.count(twice[0])} times" if twice else "a column has no name"
        message = f"{name}:{lines.line_num}: {fault}; header: {', '.join(header)}"
        raise DataUnreadable(message, next_step="give every column its own name")
    return header


def _locate(name: str, content: bytes, width: int) -> None:
    """Read again, slowly, to say on which line the fault is."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"{name}:{line}: byte {content[error.start]:#04x} is not UTF-8"
        raise DataUnreadable(message, next_step="save the file as UTF-8") from error
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for fields in lines:
            if fields and len(fields) != width:
                message = f"{name}:{start}: {counted(len(fields), 'field')}, and the header has {width}"
                raise DataUnreadable(message, next_step="repair or remove this line; quote fields with commas in them")
            start = lines.line_num + 1
    except csv.Error as error:
        message = f"{name}:{start}: {error}"
        raise DataUnreadable(message, next_step="close the quote that is opened on this line") from error
