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

    Of a model: its baseline, its last decisions, whether the last one still holds, which damage the baseline would not
    see, and on which machines a guardrail would fire, as far as `power --sensitivity` and `simulate` were asked.
    Without a name: the catalogue, every model with its baseline, owner, figures and open incidents.

    Example: baseline show
    Example: baseline show flight_delays@2
    """
    from baseline_pipeline.contract.reading import contract_paths
    from baseline_pipeline.errors import ContractError
    from baseline_pipeline.workbench.inspection.cataloguing import catalogue, catalogue_text
    from baseline_pipeline.workbench.inspection.foreseen import foreseen
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
    found, ahead, broken = standing(bench, what), None, None
    try:
        contract = bench.contract(what) if declared else None
        if contract is not None and found.baseline is not None:
            ahead = foreseen(bench, contract, found.baseline)
    except ContractError as error:  # said after what the ledger knows
        broken = error
    if as_json:
        emit({**found.body(), "foreseen": ahead.body() if ahead else None})
    else:
        show("\n".join([standing_text(found), *(ahead.lines(what) if ahead else [])]))
    if broken is not None:
        raise broken
