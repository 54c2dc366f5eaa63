"""`baseline run`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.options import All, Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show


def command(
    model: Model,
    force: Annotated[bool, typer.Option("--force", help="Score again what was scored before.")] = False,
    show_all: All = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Snapshot, evaluate, compare with the baseline, decide.

    The exit code is the decision's. What was done before is found, not repeated.

    Example: baseline run flight_delays
    """
    from baseline_pipeline.report.json_report import decision_json
    from baseline_pipeline.report.terminal import decision_text
    from baseline_pipeline.workbench.iteration.pipeline import run
    from baseline_pipeline.workbench.reporting import decision_story, write_decision_report
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    decision = run(bench, model, force=force)
    contract = bench.contract(model)
    story = decision_story(bench, contract, decision)
    path = write_decision_report(bench, contract, decision)
    if as_json:
        emit(decision_json(story))
    else:
        show(decision_text(story, show_all=show_all))
    if not quiet:
        say(f"report: {path}\ntracking URI: {bench.settings.tracking_shown}")
    raise typer.Exit(decision.exit_code)
