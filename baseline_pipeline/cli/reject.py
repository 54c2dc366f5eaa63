"""`baseline reject`."""

from __future__ import annotations

from baseline_pipeline.cli.word_on_decision import speaking

command = speaking(
    "reject",
    """Reject a decision: one no outweighs every yes.

Example: baseline reject 3f9c2ab14d07 --reason "the storm slice is too thin"
""",
)
