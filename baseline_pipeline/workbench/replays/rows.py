"""Rows as workers read them: written once, named by content."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.adapters.environments.job_files import write_rows
from baseline_pipeline.content import row_contents
from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.labels import encode_labels, labelled_rows
from baseline_pipeline.records import Digest, digest_of

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench

LEAST = 50
"""Rows below which nothing can be trained or judged."""


@dataclass(frozen=True)
class RowSet:
    """Labelled rows in the order of their names.

    Attributes:
        key: Names them by content.
        snapshot: Where they come from.
        table: All their columns.
        names: n texts.
        labels: (n,) as the contract's task encodes them.
        classes: Names of the classes.
        columns: Names of features and label.
        place: Where a worker finds those, once they are written.
    """

    key: Digest
    snapshot: Digest
    table: pa.Table
    names: pa.Array
    labels: np.ndarray[Any, Any]
    classes: tuple[str, ...]
    columns: tuple[str, ...]
    place: Path

    @cached_property
    def content(self) -> np.ndarray[Any, Any]:
        """(n,) digests of features and label."""
        return row_contents(self.table, self.columns)

    @property
    def folder(self) -> Path:
        """The folder that a worker reads; written now where nobody did before."""
        if not self.place.is_dir():
            self.place.parent.mkdir(parents=True, exist_ok=True)
            unfinished = Path(tempfile.mkdtemp(dir=self.place.parent, prefix="unfinished-"))
            try:
                write_rows(self.table.select(self.columns), unfinished)
                unfinished.rename(self.place)
            except OSError:
                if not self.place.is_dir():  # another process was first otherwise
                    raise
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        return self.place

    def __len__(self) -> int:
        return len(self.names)


def row_set(
    bench: Workbench,
    contract: Contract,
    table: pa.Table,
    snapshot: Digest,
    part: str = "all",
    classes: tuple[str, ...] = (),
) -> RowSet:
    """The labelled rows of a table, written for workers.

    Args:
        bench: The project.
        contract: What the columns mean.
        table: The rows.
        snapshot: Where they come from.
        part: Which of the snapshot's rows, or what was done to them; names the set together with the snapshot.
        classes: Those of all rows, where these are a part that may lack one.

    Raises:
        DataUnreadable: when no row has a label.
    """
    labelled, names = labelled_rows(contract, table, snapshot)
    labels, classes = encode_labels(contract, labelled, classes)
    return _set(bench, contract, labelled, names, labels, classes, snapshot, part)


def held_out(bench: Workbench, contract: Contract, rows: RowSet) -> tuple[RowSet, RowSet]:
    """Rows to train on and rows to judge on.

    Those in the declared training window are trained on, and the others judged on; without a time column, or where one
    of the two would hold fewer than 50 rows, a half is drawn by the digests of the rows' names.

    Raises:
        EvidenceUnavailable: when there are too few rows for either.
    """
    chosen = _in_window(contract, rows)
    if chosen is None or min(chosen.sum(), (~chosen).sum()) < LEAST:
        digests = [hashlib.blake2b(str(name).encode(), digest_size=1).digest()[0] for name in rows.names.to_pylist()]
        chosen = np.array(digests) % 2 == 0
    if min(chosen.sum(), (~chosen).sum()) < LEAST:
        message = f"{len(rows)} labelled rows of {contract.name} are too few to train and to judge on"
        raise EvidenceUnavailable(message, next_step="bring more rows, or replay the stored model: --no-retrain")
    window = contract.model.training and [day.isoformat() for day in contract.model.training.window]
    return tuple(  # type: ignore[return-value]  # two of them
        _set(
            bench,
            contract,
            rows.table.filter(pa.array(part)),
            rows.names.filter(pa.array(part)),
            rows.labels[part],
            rows.classes,
            rows.snapshot,
            name,
        )
        for part, name in ((chosen, f"train {window} of {rows.key}"), (~chosen, f"judge {window} of {rows.key}"))
    )


def _in_window(contract: Contract, rows: RowSet) -> np.ndarray[Any, Any] | None:
    from baseline_pipeline.evaluating import days_of

    training = contract.model.training
    days = days_of(rows.table, contract.data.time)
    if training is None or days is None:
        return None
    first, last = (np.datetime64(day.isoformat(), "D") for day in training.window)
    return np.asarray((days >= first) & (days <= last))


def _set(
    bench: Workbench,
    contract: Contract,
    table: pa.Table,
    names: pa.Array,
    labels: np.ndarray[Any, Any],
    classes: tuple[str, ...],
    snapshot: Digest,
    part: str,
) -> RowSet:
    columns = (*contract.data.feature_names, contract.data.label)
    key = digest_of([snapshot, list(columns), contract.data.row_id, part])
    return RowSet(key, snapshot, table, names, labels, classes, columns, bench.settings.home / "cache" / "rows" / key)
