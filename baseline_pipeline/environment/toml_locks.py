"""uv.lock, poetry.lock and pylock.toml (PEP 751)."""

from __future__ import annotations

import tomllib
from typing import Any

from packaging.utils import canonicalize_name

from baseline_pipeline.environment.lock import Package
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import digest_of


def parse(name: str, text: str) -> list[Package]:
    """The packages of a TOML lockfile; `[[package]]` (uv, poetry) or `[[packages]]` (PEP 751).

    Raises:
        ContractError: when it is not TOML, or none of the three.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{name}: not valid TOML: {error}"
        raise ContractError(message, next_step="resolve the lockfile anew") from error
    entries = document.get("package", document.get("packages"))
    if not isinstance(entries, list):
        message = f"{name}: no [[package]] or [[packages]] in it; accepted: uv.lock, poetry.lock, pylock.toml"
        raise ContractError(message, next_step="name the lockfile, not the project file")
    return [_package(name, entry) for entry in entries if not _is_project(entry)]


def _is_project(entry: dict[str, Any]) -> bool:
    """The project itself, in its own lock."""
    source = entry.get("source")
    return isinstance(source, dict) and bool({"virtual", "editable"} & source.keys()) and "version" in entry


def _package(name: str, entry: dict[str, Any]) -> Package:
    if "name" not in entry:
        message = f"{name}: a package without a name: {str(entry)[:120]}"
        raise ContractError(message, next_step="resolve the lockfile anew")
    place = entry.get("source") or entry.get("vcs") or entry.get("archive") or {}
    outside = {
        key: value for key, value in place.items() if key in {"git", "url", "path", "commit-id", "resolved_reference"}
    }
    version = entry.get("version")
    hashes = sorted(set(hashes_of(entry)))
    return Package(
        name=canonicalize_name(entry["name"]),
        version=None if version is None else str(version),
        source="" if not outside else " ".join(f"{key}={value}" for key, value in sorted(outside.items())),
        hashes=digest_of(hashes) if hashes else None,
        marker=str(entry.get("marker") or entry.get("markers") or entry.get("resolution-markers") or ""),
    )


def hashes_of(value: Any) -> list[str]:
    """Every hash below an entry, wherever the format keeps it."""
    if isinstance(value, dict):
        own = [str(value["hash"])] if "hash" in value else []
        tables = (
            [f"{kind}:{digest}" for kind, digest in value.get("hashes", {}).items()]
            if isinstance(value.get("hashes"), dict)
            else []
        )
        return own + tables + [one for key, inner in value.items() if key != "hashes" for one in hashes_of(inner)]
    return [one for inner in value for one in hashes_of(inner)] if isinstance(value, list) else []
