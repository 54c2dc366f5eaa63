"""`baseline scan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from baseline_pipeline.cli.options import Json, Model, Quiet
from baseline_pipeline.cli.output import emit, progress, say, show
from baseline_pipeline.errors import UsageError
from baseline_pipeline.figures import counted


def command(
    model: Model,
    rows: Annotated[str, typer.Argument(help="Scored rows: Parquet files by path, folder or pattern.")],
    *,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Rows to compare with, or a .summary saved of them.")
    ] = None,
    save: Annotated[Path | None, typer.Option("--save", help="Keep the summary of the rows here (.summary).")] = None,
    score: Annotated[str, typer.Option(help="Column of scores; of several classes, NAME.CLASS each.")] = "score",
    prediction: Annotated[str, typer.Option(help="Column of predictions, where there are no scores.")] = "prediction",
    score_with: Annotated[
        str | None, typer.Option("--score-with", help="champion or challenger: scores rows that have no scores yet.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Every verdict and column.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare two scored data sets of any size: metrics on every slice with intervals, verdict, drift.

    Both are read once and summed up where they lie (`engine` in the contract: DuckDB here, or Spark); a
    saved summary of a few megabytes stands for the baseline's rows from then on. The exit code is that of a gate.

    Example: baseline scan flight_delays 'scored/2013-06-*.parquet' --baseline scored/may.parquet
    """
    from baseline_pipeline.report.json_report import scan_json
    from baseline_pipeline.report.terminal import scan_text
    from baseline_pipeline.workbench.inspection.scanning import save_summary, scan
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here(progress=progress(quiet=quiet))
    contract = bench.contract(model)
    if baseline is None:
        if save is None:
            message = "nothing to compare with and nothing to keep"
            raise UsageError(message, next_step="give --baseline (rows or a .summary), or --save FILE.summary")
        found = save_summary(bench, contract, rows, save, score=score, prediction=prediction, role=score_with)
        summed = counted(found.rows, "row")
        say(f"{summed} summed up in {save}\nnext: `baseline scan {model} NEW_ROWS --baseline {save}`")
        return
    result = scan(bench, contract, rows, baseline, score=score, prediction=prediction, save=save, role=score_with)
    if as_json:
        emit(scan_json(result.decision, result.contrast, result.drift))
    else:
        show(scan_text(result.decision, result.contrast, result.drift, show_all=show_all))
    raise typer.Exit(result.decision.exit_code)
