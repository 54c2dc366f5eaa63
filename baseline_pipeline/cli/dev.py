"""`baseline dev`."""

from __future__ import annotations

from typing import Annotated

import typer

from baseline_pipeline.cli.output import say


def command(
    port: Annotated[int, typer.Option("--port", help="Port of Dagster's pages on 127.0.0.1.")] = 3000,
) -> None:
    """Open Dagster's pages and start its daemon on this project's state; end with Ctrl-C.

    Example: baseline dev --port 3001
    """
    import os
    import subprocess
    import sys
    from pathlib import Path

    from baseline_pipeline.settings import load_settings
    from baseline_pipeline.workbench.home import store_id

    settings = load_settings()
    store_id(settings)
    environment = {
        **os.environ,
        "DAGSTER_HOME": str(settings.dagster_home),
        "BASELINE_PROJECT_ROOT": str(settings.project),
        "BASELINE_HOME": str(settings.home),
    }
    tool = Path(sys.executable).with_name("dg")
    say(f"Dagster's pages: http://127.0.0.1:{port}   (state: {settings.home}; end with Ctrl-C)")
    workspace = Path(__file__).resolve().parents[1] / "definitions.py"
    own = settings.project / "workspace.yaml"
    where = ["-w", str(own)] if own.is_file() else ["-f", str(workspace)]
    dagster = tool.with_name("dagster")
    command = [str(dagster), "dev", *where, "--host", "127.0.0.1", "--port", str(port)]
    raise typer.Exit(subprocess.call(command, env=environment, cwd=settings.project))  # noqa: S603  # our own program, fixed words
