"""What a place of the contract accepts, in words, read off its JSON Schema."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]
KINDS = {"string": "a text", "boolean": "true or false", "integer": "a whole number", "number": "a number"}
BOUNDS = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "to"}


def accepted(schema: Node, place: tuple[int | str, ...]) -> str:
    """What may stand at a place; nothing where the schema does not say.

    Args:
        schema: A JSON Schema with its `$defs`.
        place: Words and numbers that lead there.

    Example:
        >>> looks = {"anyOf": [{"type": "integer", "minimum": 1}, {"const": "open"}, {"type": "null"}]}
        >>> accepted({"properties": {"looks": looks}}, ("looks",))
        'a whole number from 1 on, or open'
    """
    said = [_option(node) for node in _at(schema, place)]
    return ", or ".join(dict.fromkeys(words for words in said if words))


def properties(schema: Node, place: tuple[int | str, ...]) -> list[str]:
    """The words of the mapping at a place."""
    return [name for node in _at(schema, place) for name in node.get("properties", {})]


def _at(schema: Node, place: tuple[int | str, ...]) -> list[Node]:
    nodes = [schema]
    for part in place:
        nodes = [step for node in _resolved(schema, nodes) for step in _step(node, part)] or nodes
    return _resolved(schema, nodes)


def _resolved(schema: Node, nodes: list[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        target = schema["$defs"][node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
        options = target.get("anyOf") or target.get("allOf")
        found.extend(_resolved(schema, options) if options else [target])
    return found


def _step(node: Node, part: int | str) -> list[Node]:
    if isinstance(part, int):
        return [node["items"]] if "items" in node else []
    if part in node.get("properties", {}):
        return [node["properties"][part]]
    further = node.get("additionalProperties")
    return [further] if isinstance(further, dict) else []


def _option(node: Node) -> str:
    if "const" in node or "enum" in node:
        return ", ".join(str(one) for one in node.get("enum", [node.get("const")]))
    kind = node.get("type")
    if "pattern" in node and "examples" in node:
        return f"a text such as {', '.join(node['examples'])}"
    if "pattern" in node:
        return f"text of the form {node['pattern']}"
    if kind == "object":
        words = ", ".join(sorted(node.get("properties", {})))
        return f"a mapping with {words}" if words else "a mapping"
    if kind == "array":
        return f"a list{_long(node)}"
    if node.get("format") == "date":
        return "a date, 2026-03-01"
    told = [f"{word} {node[name]:g}" for name, word in BOUNDS.items() if name in node]
    between = " " if {"minimum", "maximum"} <= node.keys() else " and "
    open_ended = " on" if "minimum" in node and len(told) == 1 else ""
    bounds = f" {between.join(told)}{open_ended}" if told else ""
    return f"{KINDS.get(kind or '', '')}{bounds}{', not empty' if node.get('minLength') else ''}"


def _long(node: Node) -> str:
    least, most = node.get("minItems"), node.get("maxItems")
    if least and most:
        return f" of {least}" if least == most else f" of {least} to {most}"
    return f" of {least} or more" if least else f" of at most {most}" if most else ""
