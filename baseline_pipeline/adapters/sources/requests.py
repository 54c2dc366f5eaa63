"""A log of scored requests, whichever way it is kept; files may differ in their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from baseline_pipeline.errors import DataNotThereYet, DataUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract.monitoring import Requests


def read_requests(section: Requests, project: Path) -> pa.Table:
    """All requests of a log, in no order.

    Raises:
        DataNotThereYet: when there is no such file yet.
        DataUnreadable: when one cannot be read, naming it.
    """
    if section.sql is not None:
        from baseline_pipeline.adapters.sources.sql import sql_source

        return sql_source(section.sql, project).read().table
    if section.callable is not None:
        from baseline_pipeline.adapters.sources.callable import CallableSource

        return CallableSource(section.callable, project).read().table
    if section.csv is not None:
        from baseline_pipeline.adapters.sources.csv import csv_source

        return csv_source(section.csv, project).read().table
    pattern = str(section.parquet or section.jsonl)
    files = sorted(path for path in project.glob(pattern) if path.is_file() and not path.name.startswith("."))
    if not files:
        message = f"no file matches {pattern} (looked in {project})"
        raise DataNotThereYet(message, next_step="check monitoring.requests, or wait for the first requests")
    tables = [_file(path, section.kind) for path in files if path.stat().st_size]
    if not tables:
        message = f"all files that match {pattern} are empty"
        raise DataNotThereYet(message, next_step="wait for the first requests")
    return one_table(tables)


def one_table(tables: list[pa.Table]) -> pa.Table:
    """All rows; a column that some files lack is null there, types are widened where they differ.

    Raises:
        DataUnreadable: when a column has types that nothing holds, naming it.
    """
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        message = f"files of the request log do not fit together: {error}"
        raise DataUnreadable(
            message, next_step="keep files of one kind in the folder that the contract names"
        ) from error


def _file(path: Path, kind: str) -> pa.Table:
    try:
        if kind == "parquet":
            import pyarrow.parquet as pq

            return pq.ParquetFile(path, page_checksum_verification=True).read()
        import pyarrow.json

        return pyarrow.json.read_json(path)
    except (pa.ArrowInvalid, OSError) as error:
        message = f"{path.name} of the request log cannot be read: {error}"
        raise DataUnreadable(message, next_step="remove or repair the file") from error
