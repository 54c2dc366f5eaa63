"""`baseline show`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json
from baseline_pipeline.cli.output import emit, show


def command(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="MODEL|DECISION|RUN|MODEL@REVISION",
            help="A model, or the digest (or its beginning) of a decision or an evaluation, or a baseline's revision; "
            "without one, the catalogue.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Print what is known of a model, a decision, an evaluation or a baseline: metrics, fingerprint, who, why, links.

    Of a model: its baseline, its last decisions, and whether the last one still holds. Without a name: the catalogue,
    every model with the baseline that stands for it, its owner, its figures and its open incidents.

    Example: baseline show
    Example: baseline show flight_delays@2
    """
    from baseline_pipeline.contract.reading import contract_paths
    from baseline_pipeline.workbench.inspection.cataloguing import catalogue, catalogue_text
    from baseline_pipeline.workbench.inspection.showing import known_of
    from baseline_pipeline.workbench.iteration.standing import standing, standing_text
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    if what is None:
        entries = catalogue(bench)
        if as_json:
            emit([one.body() for one in entries])
        else:
            show(catalogue_text(entries))
        return
    declared = what in contract_paths(bench.settings.assets)
    if not declared and not bench.baselines(what):
        body, text = known_of(bench, what)
        if as_json:
            emit(body)
        else:
            show(text)
        return
    found = standing(bench, what)
    if as_json:
        emit(found.body())
    else:
        show(standing_text(found))
    if declared:
        bench.contract(what)  # one that is not understood is said after what the ledger knows
