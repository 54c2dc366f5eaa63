"""A lockfile that was read, from the project or as it was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from baseline_pipeline.environment.installable import Installable, installable
from baseline_pipeline.environment.lock import Lock
from baseline_pipeline.environment.lockfile import read_lockfile
from baseline_pipeline.errors import DataNotThereYet
from baseline_pipeline.records import short

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.evaluation import EnvironmentState
    from baseline_pipeline.workbench.workbench import Workbench


@dataclass(frozen=True)
class Locked:
    """A lockfile that was read.

    Attributes:
        name: Its path as it was given.
        wanted: Its content as an installer understands it.
        lock: Its packages.
    """

    name: str
    wanted: Installable
    lock: Lock

    @classmethod
    def read(cls, project: Path, name: str) -> Locked:
        """A lockfile by its path, relative to the project.

        Raises:
            DataNotThereYet: when it is not there.
            ContractError: when it cannot be understood.
        """
        try:
            text = (project / name).read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
            message = f"lockfile {name} is not there, or no text (looked in {project})"
            raise DataNotThereYet(message, next_step="name a lockfile: --lock old.lock --lock new.lock") from error
        return cls(name, installable(name, text), read_lockfile(name, text))

    @classmethod
    def stored(cls, bench: Workbench, model: str, state: EnvironmentState) -> Locked | None:
        """The lockfile of an evaluation's environment, as far as it was kept."""
        if state.lockfile_digest is None:
            return None
        wanted = bench.store.load("installables", model, state.lockfile_digest)
        lock = bench.store.load("lockfiles", model, state.lockfile_digest)
        if wanted is None or lock is None:
            return None
        name = f"{state.lockfile} ({short(state.lockfile_digest)})"
        return cls(name, Installable.stored(wanted), Lock.stored(lock))
