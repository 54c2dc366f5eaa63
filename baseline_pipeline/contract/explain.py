"""Pydantic's errors in words: file, line, what stood there (no secrets), what would be accepted."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from baseline_pipeline.contract.accepted import accepted, properties
from baseline_pipeline.contract.redaction import redacted_database
from baseline_pipeline.contract.section import Misplaced
from baseline_pipeline.figures import counted

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from baseline_pipeline.contract.yaml_lines import Document, Path


KINDS = {str: "a text", list: "a list", dict: "a mapping", bool: "a truth value", type(None): "nothing"}
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")
LINES = 50
"""More than these say nothing new: a list of the wrong kind is wrong in every place."""
LONGEST = 200
"""Characters that are shown of what stood there."""


def explain(document: Document, model: type[BaseModel], error: ValidationError, root: Path = ()) -> str:
    """One line per distinct error, in the order of the file; at most `LINES`, and how many more there are.

    Args:
        document: What was read, with its lines.
        model: The class that refused it.
        error: What it said.
        root: Where in the document the model starts.
    """
    schema = model.model_json_schema()
    details = [(_existing(document, root, detail), detail) for detail in error.errors()]
    above = {path[:end] for path, _ in details for end in range(len(path))}
    found: dict[tuple[int, str], str] = {}
    for path, detail in details:
        if path in above and detail["type"].endswith(("_type", "literal_error")):
            continue  # one way to read this place failed further down: the others were not meant
        hidden = _unknown_of_receiver(schema, detail) and path[-1:] == detail["loc"][-1:]
        place = path[len(root) : -1 if hidden else None]
        where = ".".join(str(part) for part in place)
        words = _words(document, path, schema, place, detail)
        line = document.line((*root, *place))
        text = f"{document.name}:{line}: {where + ': ' if where else ''}{words}"
        found[(line, text)] = text
    told = [found[key] for key in sorted(found)]
    more = [f"{document.name}: and {counted(len(told) - LINES, 'further error')}"] if told[LINES:] else []
    return "\n".join([*told[:LINES], *more])


def _existing(document: Document, root: Path, detail: ErrorDetails) -> Path:
    """The longest part of the error's location that stands in the file (unions add names of their own)."""
    path = root
    refused = detail.get("ctx", {}).get("error")
    further = refused.place if isinstance(refused, Misplaced) else ()
    for part in (*detail["loc"], *further):
        if (*path, part) in document.lines:
            path = (*path, part)
    return path


def _unknown_of_receiver(schema: dict[str, Any], detail: ErrorDetails) -> bool:
    """Whether a receiver has a word that is like none of its own, and so may be an address without its word."""
    if detail["type"] != "extra_forbidden" or detail["loc"][:1] != ("notify",):
        return False
    return not _nearest(str(detail["loc"][-1]), properties(schema, detail["loc"][:-1]))


def _stood(document: Document, path: Path, detail: ErrorDetails) -> tuple[str, str]:
    """What stood there, and what to write where that was meant as a text.

    Of receivers only what kind of value, of other addresses nothing secret.
    """
    given = detail["input"]
    if detail["loc"][:1] == ("notify",):
        return KINDS.get(type(given), "a number"), ""
    spelt = document.spelt.get(path, "")
    if isinstance(given, str | list | dict) or not spelt:
        words = "nothing" if given is None else repr(given)
        return _shortened(URL.sub(lambda found: redacted_database(found[0]), words)), ""
    read = "nothing" if given is None else str(given).lower()
    stood = read if spelt.lower() == read else f"{spelt}, which YAML reads as {read},"
    return stood, f"; in quotes: {spelt!r}"


def _words(document: Document, path: Path, schema: dict[str, Any], place: Path, detail: ErrorDetails) -> str:
    kind = detail["type"]
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        known = sorted(properties(schema, detail["loc"][:-1]))
        if _unknown_of_receiver(schema, detail):
            return f"a word stood here that is none of the contract; accepted: {', '.join(known)}"
        return f"{name!r} is not a word of the contract{_nearest(name, known)}; accepted: {', '.join(known)}"
    if kind == "missing":
        return f"{name!r} is missing"
    message = detail["msg"].removeprefix("Value error, ")
    message = f"{message[0].lower()}{message[1:]}"
    if kind == "value_error":
        return message
    stood, quoted = _stood(document, path, detail)
    words = accepted(schema, place)
    near = _nearest(str(detail["input"]), words.split(", ")) if kind == "literal_error" else ""
    told = f"accepted: {words}" if words else message
    return f"{stood} stood here{near}; {told}{quoted if 'text' in words and 'such as' not in words else ''}"


def _shortened(words: str) -> str:
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}... ({len(words)} characters)"


def _nearest(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
