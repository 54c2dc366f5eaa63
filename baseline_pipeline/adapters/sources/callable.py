"""Rows that a function of the project returns."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from baseline_pipeline.adapters.own_modules import importing_from
from baseline_pipeline.content import rows_digest
from baseline_pipeline.errors import BaselineError, DataUnreadable, foreign
from baseline_pipeline.ports import Reading, SourceState

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class CallableSource:
    """A function without arguments; a process imports its module once and keeps it.

    Attributes:
        reference: `module:function`, looked for in the project and the environment.
        root: the project's folder.
    """

    reference: str
    root: Path

    def state(self) -> SourceState:
        """Ready with the digest of all rows in any order: the function is called."""
        try:
            return SourceState("ready", rows_digest(self._rows()), f"{self.reference} returned its rows")
        except BaselineError as error:
            return SourceState("missing", None, error.message)

    def read(self) -> Reading:
        """The function's rows, and their digest."""
        rows = self._rows()
        return Reading(rows, {"callable": self.reference, "digest": rows_digest(rows)})

    def _rows(self) -> pa.Table:
        module, _, name = self.reference.partition(":")
        with importing_from(self.root):
            try:
                found = getattr(importlib.import_module(module), name)()
            except BaselineError:
                raise
            except Exception as error:  # whatever a project's own function raises is a source that cannot be read
                message = f"{self.reference} failed: {foreign(error)}"
                raise DataUnreadable(message, next_step="call the function in a Python shell to see where") from error
        if isinstance(found, pd.DataFrame):
            return self._from_pandas(found)
        return found if isinstance(found, pa.Table) else self._from_stream(found)

    def _from_pandas(self, found: pd.DataFrame) -> pa.Table:
        try:
            return pa.Table.from_pandas(found, preserve_index=False)
        except (pa.ArrowException, TypeError, ValueError) as error:
            message = f"{self.reference} returned a column whose values share no type: {error}"
            raise DataUnreadable(message, next_step="give each column one type") from error

    def _from_stream(self, found: object) -> pa.Table:
        """What speaks Arrow's stream interface: DuckDB's results, Polars frames, readers of batches."""
        kind = type(found).__name__
        if not hasattr(found, "__arrow_c_stream__"):
            message = f"{self.reference} returned {kind}; accepted: pandas or Polars DataFrame, Arrow table or reader"
            raise DataUnreadable(message, next_step="return one of these")
        try:
            return pa.table(found)
        except Exception as error:  # whoever feeds the stream fails in words of their own
            message = f"{self.reference} returned a {kind} that cannot be read: {error}"
            raise DataUnreadable(message, next_step="return the whole table, while its connection is open") from error
