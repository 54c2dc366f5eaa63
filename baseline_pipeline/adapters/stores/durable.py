"""Files that are there whole or not at all, also after a crash or a power cut."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from pathlib import Path

READ_ONLY = 0o444


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_once(final: Path, content: bytes) -> None:
    """Bytes under a final name, all of them; what already stands there stays."""
    make_folder(final.parent)
    temporary = _temporary(final.parent)
    try:
        temporary.write_bytes(content)
        _make_permanent(temporary)
        try:
            os.link(temporary, final)
        except FileExistsError:
            return
        sync_folder(final.parent)
    finally:
        temporary.unlink(missing_ok=True)


def move_in(path: Path, final: Path) -> None:
    """A finished file under a final name, replacing what stood there; `path` is gone afterwards."""
    make_folder(final.parent)
    _make_permanent(path)
    try:
        path.replace(final)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_in(path, final)
    sync_folder(final.parent)


def _copy_in(path: Path, final: Path) -> None:
    """`move_in` from another file system."""
    temporary = _temporary(final.parent)
    try:
        shutil.copyfile(path, temporary)
        _make_permanent(temporary)
        temporary.replace(final)
        path.unlink()
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """A folder and those above it, synced."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Makes new names in a folder survive a power cut."""
    _sync(folder)


def _temporary(folder: Path) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=".unfinished-", dir=folder)
    os.close(descriptor)
    return Path(name)


def _make_permanent(path: Path) -> None:
    _sync(path)
    path.chmod(READ_ONLY)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
