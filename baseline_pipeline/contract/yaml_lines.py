"""YAML read strictly, with the line every value stands on."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import yaml

from baseline_pipeline.errors import ContractError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """A parsed YAML document.

    Attributes:
        name: the file, as people call it.
        value: plain Python values.
        lines: 1-based line of every value, by its path from the root.
        spelt: what stands in the file where YAML reads it as something else than a text: `on` (true), `12:30` (750).
    """

    name: str
    value: Any
    lines: dict[Path, int]
    spelt: dict[Path, str] = field(default_factory=dict)

    def line(self, path: Path) -> int:
        """The line of a value, or of its nearest ancestor."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_yaml(name: str, text: str) -> Document:
    r"""Parse one YAML document; refuse what makes YAML ambiguous or dangerous.

    Args:
        name: The file's name, for messages.
        text: The document.

    Raises:
        ContractError: on syntax errors, duplicate keys, anchors and aliases, tags, NaN and
            infinities, days that no calendar has, more than 256 KiB or 20 levels; always with file and line.

    Example:
        >>> read_yaml("a.yaml", "x:\n  y: 1").lines[("x", "y")]
        2
        >>> read_yaml("a.yaml", "x: 1\nx: 2")
        Traceback (most recent call last):
        baseline_pipeline.errors.ContractError: a.yaml:2: key 'x' stands here a second time (first on line 1)
          next: keep one of the two
    """
    if len(text.encode()) > MAX_BYTES:
        message = f"{name}: {len(text.encode())} bytes; at most {MAX_BYTES} are accepted"
        raise ContractError(message, next_step="split the file or move long texts out of it")
    loader = yaml.SafeLoader(text)
    try:
        _refuse_anchors(name, text)
        node = loader.get_single_node()
        reader = _Reader(name, loader)
        value = None if node is None else reader.value(node, ())
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        message = f"{where}: not valid YAML: {error.problem or error.context}"
        raise ContractError(message, next_step="check brackets, quotes and indentation on this line") from error
    except yaml.YAMLError as error:
        message = f"{name}: not valid YAML: {error}"
        raise ContractError(message, next_step="save the file as plain UTF-8 text") from error
    finally:
        loader.dispose()
    return Document(name, value, reader.lines, reader.spelt)


def _refuse_anchors(name: str, text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark: Any = event.start_mark
        line = mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = f"{name}:{line}: anchors (&) and aliases (*) are not accepted"
            raise ContractError(message, next_step="write the value out where it is used")
        if tag := getattr(event, "tag", None):
            message = f"{name}:{line}: tags ({tag.replace('tag:yaml.org,2002:', '!!')}) are not accepted"
            raise ContractError(message, next_step="write the value as it is, in quotes where a text is meant")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            message = f"{name}:{line}: nested deeper than {MAX_DEPTH} levels"
            raise ContractError(message, next_step="flatten the document")


class _Reader:
    """Plain values of one document's nodes, and where they stand."""

    def __init__(self, name: str, loader: yaml.SafeLoader) -> None:
        self.name, self.loader = name, loader
        self.lines: dict[Path, int] = {}
        self.spelt: dict[Path, str] = {}

    def value(self, node: yaml.Node, path: Path) -> Any:
        """What a node holds, those below it included."""
        self.lines[path] = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
        try:
            found = self.loader.construct_object(node)
        except ValueError as error:
            message = f"{self.name}:{self.lines[path]}: {node.value} reads as a day or time, and is none: {error}"
            raise ContractError(
                message, next_step=f"correct it, or write '{node.value}', in quotes, if that text is meant"
            ) from error
        if not isinstance(found, str):
            self.spelt[path] = node.value
        if isinstance(found, float) and not math.isfinite(found):
            message = f"{self.name}:{self.lines[path]}: {node.value} is not a number that can be compared"
            raise ContractError(message, next_step="write a finite number")
        return found

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                message = f"{self.name}:{line}: keys are plain words here"
                raise ContractError(message, next_step="write each key as one word")
            if key in found:
                first = self.lines[(*path, key)]
                message = f"{self.name}:{line}: key {key!r} stands here a second time (first on line {first})"
                raise ContractError(message, next_step="keep one of the two")
            found[key] = self.value(value_node, (*path, key))
            self.lines[(*path, key)] = line
        return found
