"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Model = Annotated[str, typer.Argument(help="Name of a model: a folder below assets/.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print data as JSON on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing while working.")]
