"""Rows that a function of the project returns."""

from __future__ import annotations

import importlib
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from baseline_pipeline.content import rows_digest
from baseline_pipeline.errors import BaselineError, DataUnreadable
from baseline_pipeline.ports import Reading, SourceState

if TYPE_CHECKING:
    from collections.abc import Iterator
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
        with _importable(self.root):
            try:
                found = getattr(importlib.import_module(module), name)()
            except BaselineError:
                raise
            except Exception as error:  # whatever a project's own function raises is a source that cannot be read
                message = f"{self.reference} failed: {type(error).__name__}: {error}"
                raise DataUnreadable(message, next_step="call the function in a Python shell to see where") from error
        if isinstance(found, pa.Table):
            return found
        if not isinstance(found, pd.DataFrame):
            message = f"{self.reference} returned {type(found).__name__}; accepted: pandas DataFrame, pyarrow Table"
            raise DataUnreadable(message, next_step="return one of the two")
        try:
            return pa.Table.from_pandas(found, preserve_index=False)
        except (pa.ArrowException, TypeError, ValueError) as error:
            message = f"{self.reference} returned a column whose values share no type: {error}"
            raise DataUnreadable(message, next_step="give each column one type") from error


@contextmanager
def _importable(root: Path) -> Iterator[None]:
    """The project's modules can be imported, for as long as this lasts."""
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
