"""Options that several verbs share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(help="Name of a model: a folder below assets/.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing while working.")]
All = Annotated[bool, typer.Option("--all", help="Everything, not only what matters most.")]
Page = Annotated[Path | None, typer.Option("--report", help="Write it as a page there.", show_default=False)]
