"""Rows of an Iceberg table, as its metadata file describes it."""

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
class IcebergSource:
    """An Iceberg table without a catalogue.

    Attributes:
        location: a metadata file below `root` or a URL; or the table's folder, where a
            `version-hint.text` names the current metadata.
        root: the project's folder.
    """

    location: str
    root: Path

    def state(self) -> SourceState:
        """Ready with the digest of the table's identity and current snapshot; no data is read."""
        try:
            table = self._open()
        except DataUnreadable as error:
            return SourceState("missing", None, error.message)
        if table.current_snapshot() is None:
            return SourceState("missing", None, f"{self.location} has no snapshot: nothing was ever written")
        return SourceState("ready", _digest(table), f"{self.location} is at snapshot {_current(table)}")

    def read(self) -> Reading:
        """All rows of the current snapshot."""
        table = self._open()
        if table.current_snapshot() is None:
            message = f"{self.location} has no snapshot: nothing was ever written"
            raise DataNotThereYet(message, next_step="write rows to the table first")
        try:
            rows = table.scan().to_arrow()
        except (OSError, ValueError) as error:
            message = f"{self.location} at snapshot {_current(table)} is not readable: {error}"
            raise DataUnreadable(message, next_step="check that its data files were not expired") from error
        return Reading(rows, {"path": self.location, "snapshot": str(_current(table)), "digest": _digest(table)})

    def _open(self) -> Any:
        try:
            from pyiceberg.exceptions import ValidationError
            from pyiceberg.table import StaticTable
        except ImportError as error:
            message = "reading an Iceberg table needs the package pyiceberg, which is not installed"
            raise DataUnreadable(message, next_step="pip install 'baseline-pipeline[iceberg]'") from error
        place = self.location if "://" in self.location else str(self.root / self.location)
        try:
            return StaticTable.from_metadata(place)
        except (ValidationError, OSError, ValueError) as error:
            message = f"{self.location} cannot be opened as Iceberg metadata: {error}"
            raise DataNotThereYet(message, next_step="check data.source.iceberg; it names a *.metadata.json") from error


def _current(table: Any) -> int:
    return int(table.current_snapshot().snapshot_id)


def _digest(table: Any) -> Digest:
    return digest_of({"table": str(table.metadata.table_uuid), "snapshot": _current(table)})
