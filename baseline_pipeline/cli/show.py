"""`baseline show`."""

from __future__ import annotations

from baseline_pipeline.cli.options import Json, Model
from baseline_pipeline.cli.output import emit, show


def command(model: Model, as_json: Json = False) -> None:
    """Print a model's baseline, its last decisions, and whether the last one still holds.

    Example: baseline show flight_delays
    """
    from baseline_pipeline.workbench.standing import standing, standing_text
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    found = standing(bench, bench.contract(model))
    if as_json:
        emit(found.body())
    else:
        show(standing_text(found))
