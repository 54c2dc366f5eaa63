"""What DVC says of files that it tracks: the hash that stands in version control belongs to where rows came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LARGEST = 1_000_000


def tracked(files: Iterable[Path], root: Path) -> dict[str, Any]:
    """By `.dvc` file below the project: the hash and path that it pins; empty where DVC tracks none of the files.

    A file or any folder above it may be tracked, by NAME.dvc beside it.

    Args:
        files: The source's files.
        root: The project's folder.
    """
    found: dict[str, Any] = {}
    for file in files:
        for place in (file, *file.parents):
            if place == root or not place.is_relative_to(root):
                break
            pin = place.with_name(f"{place.name}.dvc")
            if pin.is_file() and pin.stat().st_size <= LARGEST:
                found |= {str(pin.relative_to(root)): out for out in _outs(pin)}
    return found


def pin_of(pattern: str, root: Path) -> Path | None:
    """The `.dvc` file that tracks a path whose files are not there."""
    place = root / pattern.partition("*")[0].rstrip("/")
    for one in (place, *place.parents):
        if one == root or not one.is_relative_to(root):
            return None
        pin = one.with_name(f"{one.name}.dvc")
        if pin.is_file():
            return pin
    return None


def _outs(pin: Path) -> list[dict[str, Any]]:
    try:
        body = yaml.safe_load(pin.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []  # not ours to judge: the rows themselves are digested
    outs = body.get("outs") if isinstance(body, dict) else None
    names = ("md5", "hash", "etag", "path", "size", "nfiles")
    return [
        {name: out[name] for name in names if isinstance(out.get(name), str | int)}
        for out in (outs if isinstance(outs, list) else [])
        if isinstance(out, dict)
    ][:1]
