"""`baseline report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from baseline_pipeline.cli.options import Model
from baseline_pipeline.cli.output import emit, show


def command(
    model: Model,
    decision: Annotated[
        str | None, typer.Option("--decision", help="Digest of a decision; the last one by default.")
    ] = None,
    trajectory: Annotated[bool, typer.Option("--trajectory", help="The model over all its evaluations.")] = False,
    form: Annotated[
        Literal["html", "markdown", "json", "text"], typer.Option("--format", help="What to write.")
    ] = "html",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write there instead.")] = None,
) -> None:
    """Write the report of a decision, or of a model's whole history.

    Example: baseline report flight_delays --format markdown
    """
    from baseline_pipeline.errors import UsageError
    from baseline_pipeline.report.html import decision_html, model_html
    from baseline_pipeline.report.json_report import decision_json, model_json
    from baseline_pipeline.report.markdown import decision_markdown
    from baseline_pipeline.report.terminal import decision_text
    from baseline_pipeline.workbench.reporting import (
        decision_story,
        last_decision_digest,
        load_decision,
        model_story,
        write_decision_report,
        write_model_report,
        write_whole,
    )
    from baseline_pipeline.workbench.workbench import Workbench

    bench = Workbench.here()
    contract = bench.contract(model)
    if trajectory:
        history = model_story(bench, contract)
        if form == "json":
            emit(model_json(history))
        elif form == "html":
            show(str(write_whole(output, model_html(history)) if output else write_model_report(bench, contract)))
        else:
            message = f"--trajectory is written as html or json, not {form}"
            raise UsageError(message)
        return
    found = load_decision(bench, model, decision or last_decision_digest(bench, model))
    if form == "html" and output is None:
        show(str(write_decision_report(bench, contract, found)))
        return
    story = decision_story(bench, contract, found)
    if form == "json" and output is None:
        emit(decision_json(story))
        return
    import json

    text = {
        "html": lambda: decision_html(story),
        "markdown": lambda: decision_markdown(story),
        "text": lambda: decision_text(story, show_all=True),
        "json": lambda: json.dumps(decision_json(story), indent=2, sort_keys=True),
    }[form]()
    show(str(write_whole(output, text)) if output else text)
