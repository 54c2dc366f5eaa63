"""`baseline schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.output import emit, show


def command(
    metrics: Annotated[
        bool, typer.Option("--metrics", help="List the metrics instead, with their parameters.")
    ] = False,
) -> None:
    """Print the contract's JSON Schema, for editors.

    Example: baseline schema > contract.schema.json
    """
    if metrics:
        from baseline_pipeline.metrics import METRICS
        from baseline_pipeline.metrics.parameters import described

        for one in METRICS.values():
            told = f"; parameters: {described(one.parameters, one.defaults)}" if one.parameters else ""
            show(f"{one.name:26} {one.title}; {one.preference}; in {one.unit}; {', '.join(sorted(one.tasks))}{told}")
        return
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.reading import COMPONENT_TYPE

    schema = Contract.model_json_schema()
    frame = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A monitored model",
        "type": "object",
        "required": ["type", "attributes"],
        "properties": {"type": {"const": COMPONENT_TYPE}, "attributes": {"$ref": "#/$defs/Contract"}},
        "$defs": {**schema.pop("$defs"), "Contract": schema},
    }
    emit(frame)
