"""Where data sets are counted: one engine a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.summaries.engine import Engine


@contextmanager
def open_engine(contract: Contract) -> Iterator[Engine]:
    """The engine that the contract names, for as long as the context lasts.

    Raises:
        EvidenceUnavailable: when it is not installed or cannot be reached.
    """
    if contract.engine == "duckdb":
        from baseline_pipeline.adapters.engines.duckdb import duckdb_engine

        with duckdb_engine() as embedded:
            yield embedded
    else:
        from baseline_pipeline.adapters.engines.spark import spark_engine

        with spark_engine(contract.engine.spark) as spread:
            yield spread
