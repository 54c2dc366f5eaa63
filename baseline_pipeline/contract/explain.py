"""Pydantic's errors in words: file, line, what stood there (no secrets), what would be accepted."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any

from baseline_pipeline.contract.redaction import redacted_database
from baseline_pipeline.contract.section import Misplaced

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

    from baseline_pipeline.contract.yaml_lines import Document, Path


KINDS = {str: "a text", list: "a list", dict: "a mapping", bool: "a truth value", type(None): "nothing"}
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"]+")


def explain(document: Document, model: type[BaseModel], error: ValidationError, root: Path = ()) -> str:
    """One line per distinct error, in the order of the file.

    Args:
        document: What was read, with its lines.
        model: The class that refused it.
        error: What it said.
        root: Where in the document the model starts.
    """
    schema = model.model_json_schema()
    found: dict[tuple[int, str], str] = {}
    for detail in error.errors():
        path = _existing(document, root, detail)
        if _unknown_of_receiver(schema, detail):
            path = path[:-1] if path[-1:] == detail["loc"][-1:] else path
        where = ".".join(str(part) for part in path[len(root) :])
        text = f"{document.name}:{document.line(path)}: {where + ': ' if where else ''}{_words(schema, detail)}"
        found[(document.line(path), text)] = text
    return "\n".join(found[key] for key in sorted(found))


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
    return not _nearest(str(detail["loc"][-1]), _properties(schema, detail["loc"][:-1]))


def _shown(detail: ErrorDetails) -> str:
    """What stood there; of receivers only what kind of value, of other addresses nothing secret."""
    given = detail["input"]
    if detail["loc"][:1] == ("notify",):
        return KINDS.get(type(given), "a number")
    return URL.sub(lambda found: redacted_database(found[0]), repr(given))


def _words(schema: dict[str, Any], detail: ErrorDetails) -> str:
    kind, given = detail["type"], _shown(detail)
    name = str(detail["loc"][-1]) if detail["loc"] else ""
    if kind == "extra_forbidden":
        accepted = sorted(_properties(schema, detail["loc"][:-1]))
        if _unknown_of_receiver(schema, detail):
            return f"a word stood here that is none of the contract; accepted: {', '.join(accepted)}"
        return f"{name!r} is not a word of the contract{_nearest(name, accepted)}; accepted: {', '.join(accepted)}"
    if kind == "missing":
        return f"{name!r} is missing"
    if kind == "literal_error":
        accepted = [word.strip("'") for word in str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", ")]
        near = _nearest(str(detail["input"]), accepted)
        return f"{given} stood here{near}; accepted: {', '.join(accepted)}"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        accepted = sorted(_properties(schema, detail["loc"]))
        return f"{given} stood here; accepted: a mapping with {', '.join(accepted)}"
    if kind == "string_pattern_mismatch":
        return f"{given} stood here; accepted: text of the form {detail['ctx']['pattern']}"
    message = detail["msg"].removeprefix("Value error, ")
    shown = "" if kind == "value_error" else f"{given} stood here; "
    return f"{shown}{message[0].lower()}{message[1:]}"


def _nearest(word: str, accepted: list[str]) -> str:
    close = difflib.get_close_matches(word, accepted, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _properties(schema: dict[str, Any], loc: tuple[int | str, ...]) -> list[str]:
    """The words accepted at a place, found by walking the JSON Schema."""
    places = [schema]
    for part in loc:
        places = [step for place in _resolved(schema, places) for step in _step(place, part)] or places
    return [name for place in _resolved(schema, places) for name in place.get("properties", {})]


def _resolved(schema: dict[str, Any], places: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for place in places:
        target = schema["$defs"][place["$ref"].rsplit("/", 1)[1]] if "$ref" in place else place
        options = target.get("anyOf") or target.get("allOf")
        found.extend(_resolved(schema, options) if options else [target])
    return found


def _step(place: dict[str, Any], part: int | str) -> list[dict[str, Any]]:
    if isinstance(part, int):
        return [place["items"]] if "items" in place else []
    return [place["properties"][part]] if part in place.get("properties", {}) else []
