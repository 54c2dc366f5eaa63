"""A lockfile that was read, from the project or as it was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.environments.uv import marker_facts
from baseline_pipeline.environment.installable import Installable, installable
from baseline_pipeline.environment.lock import Lock
from baseline_pipeline.environment.lockfile import read_lockfile
from baseline_pipeline.errors import DataNotThereYet, EvidenceUnavailable, UsageError
from baseline_pipeline.records import short
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from baseline_pipeline.contract import Contract
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
    def read(cls, project: Path, name: str, python: str | None = None) -> Locked:
        """A lockfile by its path, relative to the project.

        Args:
            project: The project.
            name: The path.
            python: Interpreter that it is to be installed for; this one's version by default.

        Raises:
            DataNotThereYet: when it is not there.
            ContractError: when it cannot be understood.
            NotBuilt: when there is no such interpreter.
        """
        try:
            text = (project / name).read_text(encoding="utf-8")
        except (FileNotFoundError, IsADirectoryError, UnicodeDecodeError) as error:
            message = f"lockfile {name} is not there, or no text (looked in {project})"
            raise DataNotThereYet(message, next_step="name a lockfile: --lock old.lock --lock new.lock") from error
        facts = None if python is None else marker_facts(python)
        return cls(name, installable(name, text, facts), read_lockfile(name, text))

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


def old_and_new(
    bench: Workbench, contract: Contract, names: Sequence[str], python: str | None = None
) -> tuple[Locked, Locked]:
    """The lockfiles that a replay stands between.

    Args:
        bench: The project.
        contract: The model's contract.
        names: Paths of both; of the new one, where the contract names the old one; or none: the baseline's lockfile as
            it was kept, and the contract's as it is now.
        python: Interpreter that they are to be installed for; this one's version by default.

    Raises:
        UsageError: when another number of lockfiles is named, or none and there is nothing to take in their place.
        EvidenceUnavailable: when the baseline's lockfile as it was kept does not say all there is to install.
        DataNotThereYet: when a lockfile is not there.
    """
    declared, project = contract.environment.lockfile, bench.settings.project
    given = [declared, *names] if len(names) == 1 and declared else list(names)
    if len(given) == 2:  # noqa: PLR2004  # old and new
        old, new = (Locked.read(project, name, python) for name in given)
        return old, new
    baseline = bench.baseline(contract.name)
    if given or declared is None or baseline is None:
        message = f"{len(names)} lockfiles were given; accepted: --lock OLD --lock NEW"
        accepted = "name both; the contract's stands for the old one, and the baseline's and the contract's for both"
        raise UsageError(message, next_step=accepted)
    new = Locked.read(project, declared, python)
    approved = load_evaluation(bench, contract.name, baseline.evaluation).environment
    kept = Locked.stored(bench, contract.name, approved)
    if kept is None or not kept.wanted.whole:
        message = f"the lockfile of baseline revision {baseline.revision} was not kept with all there is to install"
        raise EvidenceUnavailable(message, next_step=f"`baseline replay {contract.name} --lock OLD --lock NEW`")
    return kept, new
