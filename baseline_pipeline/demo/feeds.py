"""The demo's data feed: one Parquet file a month, there whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.stores.durable import sync_folder
from baseline_pipeline.errors import DataUnreadable, UsageError

if TYPE_CHECKING:
    import pandas as pd

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def write_month(folder: Path, month: str, frame: pd.DataFrame) -> Path:
    """Write the rows of one month (by local `date`) to `<folder>/<month>.parquet`; returns that path.

    The file is written under a name that no `*.parquet` glob matches, synced, and renamed, so that a
    reader sees the old file, the new one, or none. The same rows in the same order give the same bytes.

    Args:
        folder: Made when it is not there.
        month: For example `2013-07`.
        frame: Rows as `flights.build` gives them; other months are left out.

    Raises:
        UsageError: where `month` is not a year and a month.
        DataUnreadable: where the frame has no rows of the month.
    """
    if not MONTH.fullmatch(month):
        message = f"month {month!r} stood here; accepted: a year and a month, for example 2013-07"
        raise UsageError(message)
    rows = frame[frame["date"].str.startswith(f"{month}-")]
    if rows.empty:
        message = f"there are no flights in {month}: the data run from {frame['date'].min()} to {frame['date'].max()}"
        raise DataUnreadable(message, next_step="choose a month between these days")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{month}.parquet"
    unfinished = _write(rows, folder)
    try:
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return path


def _write(rows: pd.DataFrame, folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pandas(rows, preserve_index=False).replace_schema_metadata(None)
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".unfinished-", suffix=".tmp", delete=False) as file:
        try:
            pq.write_table(table, file, compression="zstd", coerce_timestamps="us")
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    return Path(file.name)
