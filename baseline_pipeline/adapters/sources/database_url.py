"""SQLAlchemy URLs: environment variables put in, passwords left out."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from baseline_pipeline.errors import DataUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sqlalchemy import URL

VARIABLE = re.compile(r"\$\{(\w+)\}")
PLACE = "data.source.sql.url"


def database_url(template: str, root: Path, environ: Mapping[str, str] = os.environ) -> URL:
    """The URL with `${VARIABLE}`s replaced and relative SQLite files put below `root`.

    Before an `@` the values are quoted, so that a password may hold any character.

    Raises:
        DataUnreadable: where a variable is not set, or the result is no URL; its text is not shown.

    Example:
        >>> from pathlib import Path
        >>> url = database_url("postgresql://me:${PW}@db/x", Path("."), {"PW": "a@b/c"})
        >>> url.password, url.host
        ('a@b/c', 'db')
    """
    import sqlalchemy as sa

    login, at, place = template.rpartition("@")
    text = _filled(login, environ, lambda value: quote(value, safe="")) + at + _filled(place, environ, str)
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        message = f"{PLACE} is not a SQLAlchemy URL once its variables are filled in"
        raise DataUnreadable(message, next_step="write it as dialect+driver://user:${PASSWORD}@host/database") from None
    plain = url.get_backend_name() == "sqlite" and url.database and not url.database.startswith((":", "file:"))
    return url.set(database=str(root / (url.database or ""))) if plain else url


def _filled(text: str, environ: Mapping[str, str], spell: Callable[[str], str]) -> str:
    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in environ:
            message = f"{PLACE}: environment variable {name} is not set"
            raise DataUnreadable(message, next_step=f"set {name} where this runs")
        return spell(environ[name])

    return VARIABLE.sub(value, text)


def hidden(url: URL) -> str:
    """The URL for people: `***` for the password, and no options, which may hold secrets too."""
    return url.set(query={}).render_as_string(hide_password=True)
