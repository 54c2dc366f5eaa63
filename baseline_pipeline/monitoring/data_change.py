"""What happened to the rows between two snapshots."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from baseline_pipeline.figures import counted

if TYPE_CHECKING:
    from baseline_pipeline.evaluation import Scores


@dataclass(frozen=True)
class DataChange:
    """Counts of rows by what happened to them.

    Attributes:
        same: rows of both, with equal features and label.
        changed: rows of both, with another feature value or label.
        new: rows that only the later one holds.
        gone: rows that only the earlier one holds.
    """

    same: int
    changed: int
    new: int
    gone: int

    def words(self) -> tuple[str, ...]:
        """The counts that are not zero, for people."""
        parts = (
            (self.new, "new"),
            (self.changed, "with other values than before"),
            (self.gone, "gone"),
            (self.same, "as before"),
        )
        return tuple(f"{counted(count, 'row')} {what}" for count, what in parts if count)


def data_change(before: Scores, after: Scores) -> DataChange:
    """Compare the rows of two evaluations by row id and content."""
    position = pc.index_in(after.row_id, value_set=before.row_id)
    shared = pc.is_valid(position).to_numpy(zero_copy_only=False)
    where = position.drop_null().to_numpy(zero_copy_only=False)
    equal = int((before.content[where] == after.content[shared]).sum())
    common = int(shared.sum())
    return DataChange(
        same=equal, changed=common - equal, new=len(after.row_id) - common, gone=len(before.row_id) - common
    )
