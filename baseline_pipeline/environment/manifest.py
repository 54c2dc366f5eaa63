"""The infrastructure manifest: what machine the model is meant to run on, by content.

YAML, JSON or TOML, any nested mapping. These keys, at the top, are held against what is observed:
`cpu_model`, `cores`, `memory_gb` (within 5 %), `os`, `architecture`, `python`, `blas`, `threads`,
`gpu`, `driver`, `image`. Other keys are kept and compared between versions, never contradicted.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from baseline_pipeline.contract.yaml_lines import read_yaml
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import Digest, Record, digest_of

KNOWN = ("cpu_model", "cores", "memory_gb", "os", "architecture", "python", "blas", "threads", "gpu", "driver", "image")
MEMORY_TOLERANCE = 0.05
Facts = Mapping[str, str | int | float | None]


class Manifest(Record):
    """The declared machine, as nested JSON values."""

    content: dict[str, Any]


def read_manifest(name: str, text: str) -> Manifest:
    """The content of a manifest.

    Raises:
        ContractError: for anything but one mapping of finite plain values; with file and line.
    """
    try:
        if name.endswith(".toml"):
            value: Any = tomllib.loads(text)
        elif name.endswith(".json"):
            value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
        else:
            value = read_yaml(name, text).value
    except (tomllib.TOMLDecodeError, ValueError) as error:
        message = f"{name}: {error}"
        raise ContractError(message, next_step="correct the file; accepted: YAML, JSON or TOML") from error
    if not isinstance(value, dict) or not value:
        message = f"{name}: a mapping is expected, such as `cores: 2`"
        raise ContractError(message, next_step=f"known keys: {', '.join(KNOWN)}")
    return Manifest(content=json.loads(json.dumps(value, default=str)))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            message = f"key {key!r} stands there twice"
            raise ValueError(message)
        found[key] = value
    return found


def _refuse(word: str) -> None:
    message = f"{word} is not a number that can be compared"
    raise ValueError(message)


def content_digest(manifest: Manifest) -> Digest:
    """Moves with values only: not with comments, order, or the file's format."""
    return digest_of(manifest.content)


def moved(before: Manifest, after: Manifest) -> tuple[str, ...]:
    """What moved, by dotted path.

    Example:
        >>> moved(Manifest(content={"cores": 2, "a": {"b": 1}}), Manifest(content={"cores": 4}))
        ('a.b 1: gone', 'cores 2 -> 4')
    """
    old, new = dict(_flat(before.content)), dict(_flat(after.content))
    words = []
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            words.append(f"{path} {old[path]}: gone")
        elif path not in old:
            words.append(f"{path} {new[path]}: new")
        elif old[path] != new[path]:
            words.append(f"{path} {old[path]} -> {new[path]}")
    return tuple(words)


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{path}.{key}" if path else str(key))]
    return [(path, value)]


def contradictions(manifest: Manifest, facts: Facts) -> tuple[str, ...]:
    """Where the observed machine is not the declared one, in words.

    Example:
        >>> contradictions(Manifest(content={"cores": 4, "gpu": "A100"}), {"cores": 2, "gpu": None})
        ('cores 4 declared, 2 observed', 'gpu A100 declared, none observed')
    """
    found = []
    for key in KNOWN:
        declared = manifest.content.get(key)
        if declared is None:
            continue
        observed = facts.get(key)
        if not _agree(key, declared, observed):
            found.append(f"{key} {declared} declared, {'none' if observed is None else observed} observed")
    return tuple(found)


def _agree(key: str, declared: Any, observed: Any) -> bool:
    if observed is None:
        return False
    if key == "memory_gb" and isinstance(declared, int | float) and isinstance(observed, int | float):
        return abs(declared - observed) <= MEMORY_TOLERANCE * declared
    if key in {"python", "os"}:  # a prefix is enough: `3.11` names every 3.11.x
        return str(observed).lower().startswith(str(declared).lower())
    return str(declared).strip().lower() == str(observed).strip().lower()
