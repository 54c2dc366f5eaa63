"""Options by which people say who they are and why."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

By = Annotated[
    str | None,
    typer.Option("--by", help="Who says so; where there is a roster, the key tells.", show_default="you, as logged in"),
]
Reason = Annotated[str, typer.Option("--reason", help="Why.", show_default=False)]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", help="SSH key to sign with (private, or public with an agent).", show_default="~/.ssh/id_ed25519"
    ),
]
Signature = Annotated[
    Path | None, typer.Option("--signature", help="A statement signed elsewhere; its signature is FILE.sig.")
]


def person(by: str | None, key: Path | None, signature: Path | None, *, rostered: bool) -> str:
    """Who speaks where no signature tells: the one who is logged in."""
    if by or key or signature or rostered:
        return by or ""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
