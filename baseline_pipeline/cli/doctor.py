"""`baseline doctor`."""

from __future__ import annotations

import typer

from baseline_pipeline.cli.options import Json
from baseline_pipeline.cli.output import emit, show


def command(as_json: Json = False) -> None:
    """Look for what is implicit or broken: homes, stores, drivers, clock, disk.

    Example: baseline doctor
    """
    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.upkeep.doctor import examine

    findings = examine(load_settings())
    if as_json:
        emit([finding.body() for finding in findings])
    else:
        for one in findings:
            show(
                f"{'ok ' if one.good else 'BAD'}  {one.what}: {one.found}"
                + (f"\n     next: {one.next_step}" if one.next_step else "")
            )
    raise typer.Exit(0 if all(one.good for one in findings) else 3)
