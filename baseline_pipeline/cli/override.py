"""`baseline override`."""

from __future__ import annotations

from baseline_pipeline.cli.word_on_decision import speaking

command = speaking(
    "override",
    """Promote what the gate refused: loud, signed where there is a roster, and shown in every later report.

Example: baseline override 3f9c2ab14d07 --reason "outage: the old model is worse than this one"
""",
)
