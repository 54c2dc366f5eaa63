"""Rows of a Delta Lake table, at the version that is current when they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baseline_pipeline.errors import DataNotThereYet, DataUnreadable
from baseline_pipeline.ports import Reading, SourceState
from baseline_pipeline.records import digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.records import Digest


@dataclass(frozen=True)
class DeltaSource:
    """A Delta table; credentials come from the environment, as its object store wants them.

    Attributes:
        location: folder below `root`, or a URL (`s3://`, `abfss://`, `gs://`).
        root: the project's folder.
    """

    location: str
    root: Path

    def state(self) -> SourceState:
        """Ready with the digest of the table's identity and version; no data is read."""
        try:
            table = self._open()
        except DataUnreadable as error:
            return SourceState("missing", None, error.message)
        return SourceState("ready", _digest(table), f"{self.location} is at version {table.version()}")

    def read(self) -> Reading:
        """All rows of one version, however many are committed meanwhile."""
        table = self._open()
        try:
            rows = table.to_pyarrow_table()
        except (OSError, ValueError, ImportError) as error:
            message = f"{self.location} at version {table.version()} is not readable: {error}"
            raise DataUnreadable(message, next_step="check that its files were not vacuumed away") from error
        return Reading(rows, {"path": self.location, "version": table.version(), "digest": _digest(table)})

    def _open(self) -> Any:
        try:
            from deltalake import DeltaTable
            from deltalake.exceptions import DeltaError
        except ImportError as error:
            message = "reading a Delta table needs the package deltalake, which is not installed"
            raise DataUnreadable(message, next_step="pip install 'baseline-pipeline[delta]'") from error
        place = self.location if "://" in self.location else str(self.root / self.location)
        try:
            return DeltaTable(place)
        except (DeltaError, OSError, ValueError) as error:
            message = f"{self.location} cannot be opened as a Delta table: {error}"
            raise DataNotThereYet(
                message, next_step="check data.source.delta; it names the folder above _delta_log"
            ) from error


def _digest(table: Any) -> Digest:
    return digest_of({"table": str(table.metadata().id), "version": table.version()})
