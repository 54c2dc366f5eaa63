"""`baseline power`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baseline_pipeline.cli.options import All, Json, Model, Page, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show
from baseline_pipeline.errors import UsageError


def command(
    model: Model,
    disagreement: Annotated[
        float | None,
        typer.Option(
            min=0.0001,
            max=0.5,
            help="Share of decisions in which a candidate would differ (of a regression: of the residuals' variance by "
            "which predictions would); by default as the last one did, else 0.03 (regression: 0.1).",
        ),
    ] = None,
    show_all: All = False,
    sensitivity: Annotated[
        bool,
        typer.Option("--sensitivity", help="Spoil the rows in every way that happens, and say what would be seen."),
    ] = False,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="With --sensitivity: only this one, repeatable; or module:function.", show_default=False),
    ] = None,
    report: Page = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Say what the gate could see before any candidate exists: detectable harm, realistic margin, rows needed.

    Example: baseline power flight_delays --disagreement 0.01
    Example: baseline power flight_delays --sensitivity --report heat.html
    """
    if sensitivity or scenario:
        if disagreement is not None or show_all:
            message = f"{'--all' if show_all else '--disagreement'} asks for the plan, and --sensitivity for damage"
            raise UsageError(message, next_step="ask for one of them; `--json` has every slice of a sensitivity")
        _sense(model, scenario or [], report, as_json=as_json, quiet=quiet)
        return
    if report is not None:
        message = "--report draws what --sensitivity finds, which was not asked for"
        raise UsageError(message, next_step=f"`baseline power {model} --sensitivity --report {report}`")
    from baseline_pipeline.workbench.inspection.planning import outlook, outlook_text
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    contract = bench.contract(model)
    found = outlook(bench, contract, disagreement=disagreement)
    if as_json:
        emit(found.body())
    else:
        show(outlook_text(found, contract.error_rates.power, show_all=show_all))


def _sense(model: str, names: list[str], report: Path | None, *, as_json: bool, quiet: bool) -> None:
    from baseline_pipeline.report.sensitivity import sensitivity_lines
    from baseline_pipeline.workbench.inspection.sensed import sensitivity_html
    from baseline_pipeline.workbench.inspection.sensing import sensitivity
    from baseline_pipeline.workbench.reporting import write_whole
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    found = sensitivity(bench, contract, names)
    if report is not None:
        write_whole(report, sensitivity_html(contract, found))
        say(f"written: {report}")
    if as_json:
        emit(found.body())
    else:
        show("\n".join(sensitivity_lines(found)))
