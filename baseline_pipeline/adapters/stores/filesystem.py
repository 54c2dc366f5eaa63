"""The store as a folder: blobs and records that are checked whenever they are read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.stores.durable import move_in, sha256_of, write_once
from baseline_pipeline.errors import StoreCorrupt, UsageError
from baseline_pipeline.records import Digest, Record, canonical_json, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOBS = "blobs"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FilesystemStore:
    """Blobs at `blobs/ab/<sha256>`, records at `<model>/<kind>/<key>.json`, below `root`.

    Everything is written to a temporary name, synced and renamed: a process that is killed leaves no
    half-written thing under a final name, and several writers of the same thing do no harm.
    """

    root: Path

    def put_file(self, path: Path) -> Digest:
        """Take a finished file in; it is gone from `path` afterwards. A damaged copy is replaced."""
        digest = sha256_of(path)
        final = self._blob(digest)
        if final.is_file() and sha256_of(final) == digest:
            path.unlink()
        else:
            move_in(path, final)
        return digest

    def file(self, digest: Digest) -> Path:
        """The blob's path, after its bytes were checked.

        Raises:
            StoreCorrupt: where it is absent, or its bytes have another digest.
        """
        path = self._blob(digest)
        if not path.is_file():
            message = f"{path} is not there"
            raise StoreCorrupt(message, next_step="check BASELINE_HOME, or restore the file from a backup")
        found = sha256_of(path)
        if found != digest:
            message = f"{path} is damaged: named {digest}, and its bytes have {found}"
            raise StoreCorrupt(message, next_step="restore the file from a backup")
        return path

    def save(self, kind: str, model: str, key: Digest, record: Record) -> None:
        """Keep a record; the first one saved under a key stays."""
        body = record.body()
        write_once(self._record(kind, model, key), canonical_json({"sha256": digest_of(body), "body": body}))

    def load(self, kind: str, model: str, key: Digest) -> dict[str, object] | None:
        """A record's JSON; `None` when there is none.

        Raises:
            StoreCorrupt: where the file is not, byte for byte, what was saved.
        """
        return _load(self._record(kind, model, key))

    def records(self, kind: str, model: str) -> Iterator[dict[str, object]]:
        """Every record of a kind, by key.

        Raises:
            StoreCorrupt: see `load`.
        """
        folder = self.root / _checked("model", model) / _checked("kind", kind)
        for path in sorted(folder.glob("[!.]*.json")):
            body = _load(path)
            if body is not None:
                yield body

    def _blob(self, digest: Digest) -> Path:
        if not DIGEST.fullmatch(digest):
            message = f"digest {digest!r} stood here; accepted: 64 hexadecimal digits in lower case"
            raise UsageError(message)
        return self.root / BLOBS / digest[:2] / digest

    def _record(self, kind: str, model: str, key: Digest) -> Path:
        return self.root / _checked("model", model) / _checked("kind", kind) / f"{_checked('key', key)}.json"


def _checked(what: str, name: str) -> str:
    if not NAME.fullmatch(name) or (what == "model" and name == BLOBS):
        message = f"{what} {name!r} stood here; accepted: {NAME.pattern}, and no model named {BLOBS!r}"
        raise UsageError(message)
    return name


def _load(path: Path) -> dict[str, object] | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        envelope: Any = json.loads(content)
        named, body = envelope["sha256"], envelope["body"]
        found = digest_of(body)
    except (ValueError, KeyError, TypeError) as error:
        message = f"{path} is damaged: it does not read as a record ({error})"
        raise StoreCorrupt(message, next_step="restore the file from a backup") from error
    if named != found or canonical_json(envelope) != content:
        message = f"{path} is damaged: named {named}, and its content has {found}"
        raise StoreCorrupt(message, next_step="restore the file from a backup")
    checked: dict[str, object] = body
    return checked
