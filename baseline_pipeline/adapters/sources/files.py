"""Sources that are files: found by a glob, recognised by their bytes, read from one consistent copy."""

from __future__ import annotations

import functools
import glob
import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.sources.dvc import pin_of, tracked
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable
from baseline_pipeline.figures import counted
from baseline_pipeline.ports import Reading, SourceState
from baseline_pipeline.records import digest_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    import pyarrow as pa

    from baseline_pipeline.records import Digest

    Stat = tuple[int, int, int, int]

YOUNG_SECONDS = 2.0
PAUSE_SECONDS = 0.25


@dataclass(frozen=True)
class FileSource:
    """One file, or all that match a glob; renaming one is no change, editing one is.

    Attributes:
        pattern: path or glob, relative to `root`; a file of exactly that name wins over the glob.
        root: the project's folder.
        unfinished: says of a file in words why it cannot be complete, or `None`.
        parse: rows from every file's name and bytes.
    """

    pattern: str
    root: Path
    unfinished: Callable[[Path], str | None]
    parse: Callable[[Sequence[tuple[str, bytes]]], pa.Table]

    def state(self) -> SourceState:
        """Ready with the digest of the files' contents; hashes are kept while a file's stat stays."""
        found = self._files()
        if not found:
            return SourceState("missing", None, self._absence())
        try:
            before = {path: path.stat() for path in found}
            time.sleep(max(map(_rest, before, before.values())))
            incomplete = next((words for path in found if (words := self.unfinished(path))), None)
            if incomplete:
                return SourceState("being_written", None, incomplete)
            digests = [_sha256(path, before[path]) for path in found]
            moved = [path for path in found if _identity(path.stat()) != _identity(before[path])]
        except FileNotFoundError as error:
            return SourceState("being_written", None, f"{error.filename} went away while it was looked at")
        except OSError as error:
            return SourceState("missing", None, f"{error.filename} cannot be read: {error.strerror}")
        if moved:
            return SourceState("being_written", None, f"{self._shown(moved[0])} is being written")
        return SourceState("ready", _digest(digests), f"{counted(len(found), 'file')} match {self.pattern}")

    def read(self) -> Reading:
        """Rows of bytes that were read once, and are what `state` says they are."""
        state = self.state()
        if state.status != "ready":
            raise DataNotThereYet(state.detail, next_step="wait for the file, or correct data.source in the contract")
        try:
            contents = [(self._shown(path), path.read_bytes()) for path in self._files()]
        except OSError as error:
            message = f"{error.filename} cannot be read: {error.strerror}"
            raise DataUnreadable(message, next_step="check the file's permissions, and try again") from error
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents}
        if _digest(digests.values()) != state.digest:
            message = f"{self.pattern} changed while it was read"
            raise DataNotThereYet(message, next_step="try again when nothing writes there")
        origin: dict[str, object] = {"path": self.pattern, "files": digests, "digest": state.digest}
        pinned = tracked(self._files(), self.root)
        if pinned:
            origin["dvc"] = pinned
        return Reading(self.parse(contents), origin)

    def _files(self) -> list[Path]:
        exact = self.root / self.pattern
        if exact.is_file():
            return [exact]
        found = glob.glob(self.pattern, root_dir=self.root, recursive=True)  # noqa: PTH207  # Path.glob refuses absolute ones
        return sorted(path for path in (self.root / name for name in found) if path.is_file())

    def _absence(self) -> str:
        place = self.root / self.pattern
        if place.is_dir():
            return f"{self.pattern} is a folder; accepted: a file, or a glob such as {self.pattern.rstrip('/')}/*"
        pin = pin_of(self.pattern, self.root)
        hint = f"; {pin.relative_to(self.root)} tracks it: `dvc pull` brings it" if pin else ""
        return f"no file matches {self.pattern} in {self.root}{hint}"

    def _shown(self, path: Path) -> str:
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def _digest(contents: Iterable[Digest]) -> Digest:
    return digest_of({"files": sorted(contents)})


def _identity(stat: os.stat_result) -> Stat:
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def _rest(path: Path, stat: os.stat_result) -> float:
    """Seconds until a file has been seen unchanged for as long as a pause; none for one that is not young."""
    seen = _first_seen(path, _identity(stat))
    return max(0.0, seen + PAUSE_SECONDS - time.monotonic()) if time.time() - stat.st_mtime < YOUNG_SECONDS else 0.0


@functools.lru_cache(maxsize=4096)
def _first_seen(_path: Path, _identity: Stat) -> float:
    return time.monotonic()


def _sha256(path: Path, stat: os.stat_result) -> Digest:
    """A file's digest; one whose stat is young is hashed anew, since the next write may not show in it."""
    young = time.time() - max(stat.st_mtime, stat.st_ctime) < YOUNG_SECONDS
    return _hash(path) if young else _hash_once(path, _identity(stat))


@functools.lru_cache(maxsize=4096)
def _hash_once(path: Path, _identity: Stat) -> Digest:
    return _hash(path)


def _hash(path: Path) -> Digest:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
