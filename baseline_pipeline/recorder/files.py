"""A file that is either whole and on the disk, or not to be seen."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

PARTIAL = re.compile(r"\..+-(\d+)-\d+\.parquet\.partial")
_counter = itertools.count(1)
_being_written: set[Path] = set()


def write_whole(directory: Path, write: Callable[[Path], None]) -> Path:
    """Write `<stamp>-<pid>-<counter>.parquet`: under a hidden `.partial` name, synced, then renamed, the folder synced.

    The stamp is the time of writing, UTC, to the microsecond. Makes the directory where it is absent.

    Raises:
        OSError: where the file cannot be had; what was begun is removed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    seconds, rest = divmod(time.time_ns(), 1_000_000_000)
    stamp = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(seconds))}.{rest // 1000:06d}Z"
    final = directory / f"{stamp}-{os.getpid()}-{next(_counter):06d}.parquet"
    partial = directory / f".{final.name}.partial"
    _being_written.add(partial)
    try:
        with partial.open("xb") as file:
            write(partial)
            os.fsync(file.fileno())
        os.replace(partial, final)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    finally:
        _being_written.discard(partial)
    with suppress(OSError):  # the file is there and whole; some file systems do not sync folders
        _sync_folder(directory)
    return final


def _sync_folder(directory: Path) -> None:
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove_leftovers(directory: Path) -> None:
    """Remove `.partial` files of processes that are gone.

    A process that runs elsewhere on a shared folder can be taken for gone; its rename then fails, and it writes the
    file anew. Does nothing where processes cannot be asked for (Windows).
    """
    if os.name != "posix" or not directory.is_dir():
        return
    for path in directory.iterdir():
        match = PARTIAL.fullmatch(path.name)
        if match and path not in _being_written and not _runs(int(match[1])):
            path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    """Whether another process of that id runs; our own id on a file we do not write is that of a former process."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it runs as somebody else
        return True
    return True
