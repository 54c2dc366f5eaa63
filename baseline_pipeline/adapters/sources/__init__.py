"""Where rows come from: one kind of source a file, one line each in `SOURCES`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract import Source as SourceSection
    from baseline_pipeline.ports import Source


def _parquet(section: SourceSection, project_root: Path) -> Source:
    from baseline_pipeline.adapters.sources.parquet import parquet_source

    return parquet_source(section.parquet or "", project_root)


def _csv(section: SourceSection, project_root: Path) -> Source:
    from baseline_pipeline.adapters.sources.csv import csv_source

    return csv_source(section.csv or "", project_root)


def _sql(section: SourceSection, project_root: Path) -> Source:
    from baseline_pipeline.adapters.sources.sql import sql_source

    return sql_source(section.sql, project_root)


def _delta(section: SourceSection, project_root: Path) -> Source:
    from baseline_pipeline.adapters.sources.delta import DeltaSource

    return DeltaSource(section.delta or "", project_root)


def _iceberg(section: SourceSection, project_root: Path) -> Source:
    from baseline_pipeline.adapters.sources.iceberg import IcebergSource

    return IcebergSource(section.iceberg or "", project_root)


def _callable(section: SourceSection, project_root: Path) -> Source:
    from baseline_pipeline.adapters.sources.callable import CallableSource

    return CallableSource(section.callable or "", project_root)


SOURCES: dict[str, Callable[[SourceSection, Path], Source]] = {
    "parquet": _parquet,
    "csv": _csv,
    "sql": _sql,
    "delta": _delta,
    "iceberg": _iceberg,
    "callable": _callable,
}


def open_source(contract: Contract, project_root: Path) -> Source:
    """The source that a contract names; nothing is read yet.

    Raises:
        ContractError: where the declaration itself is not accepted, for example a query that is
            not one SELECT.
    """
    section = contract.data.source
    return SOURCES[section.kind](section, project_root)
