"""`baseline show`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json
from baseline_pipeline.cli.output import emit, show


def command(
    what: Annotated[
        str,
        typer.Argument(
            metavar="MODEL|DECISION|RUN|MODEL@REVISION",
            help="A model, or the digest (or its beginning) of a decision or an evaluation, or a baseline's revision.",
            show_default=False,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Print what is known of a model, a decision, an evaluation or a baseline: metrics, fingerprint, who, why, links.

    Of a model: its baseline, its last decisions, and whether the last one still holds.

    Example: baseline show flight_delays@2
    """
    from baseline_pipeline.contract.reading import contract_paths
    from baseline_pipeline.workbench.inspection.showing import known_of
    from baseline_pipeline.workbench.iteration.standing import standing, standing_text
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    if what not in contract_paths(bench.settings.assets):
        body, text = known_of(bench, what)
        if as_json:
            emit(body)
        else:
            show(text)
        return
    found = standing(bench, bench.contract(what))
    if as_json:
        emit(found.body())
    else:
        show(standing_text(found))
