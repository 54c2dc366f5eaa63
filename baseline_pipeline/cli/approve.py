"""`baseline approve`."""

from __future__ import annotations

from baseline_pipeline.cli.word_on_decision import speaking

command = speaking(
    "approve",
    """Approve a decision that waits for people; it is promoted when enough of them have.

Example: baseline approve 3f9c2ab14d07 --reason "the slices were looked at"
""",
)
