"""A lockfile that was read, from the project or as it was kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
        python: Version or path of the interpreter that it is installed for; this one's by default.
    """

    name: str
    wanted: Installable
    lock: Lock
    python: str | None = None

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
        return cls(name, installable(name, text, facts), read_lockfile(name, text), python)

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
    bench: Workbench, contract: Contract, names: Sequence[str], pythons: Sequence[str] = ()
) -> tuple[Locked, Locked]:
    """The lockfiles that a replay stands between.

    Args:
        bench: The project.
        contract: The model's contract.
        names: Paths of both; of the new one, where the contract names the old one; or none: the baseline's lockfile as
            it was kept, and the contract's as it is now.
        pythons: Interpreter that both are to be installed for, or the old one's and the new one's; this one's version
            by default.

    Raises:
        UsageError: when another number of lockfiles or of interpreters is named, or no lockfile and there is nothing to
            take in their place.
        EvidenceUnavailable: when the baseline's lockfile as it was kept does not say all there is to install.
        DataNotThereYet: when a lockfile is not there.
    """
    if len(pythons) > 2:  # noqa: PLR2004  # old and new
        message = f"{len(pythons)} interpreters were given; accepted: --python BOTH, or --python OLD --python NEW"
        raise UsageError(message)
    python = (pythons[0], pythons[-1]) if pythons else (None, None)
    declared, project = contract.environment.lockfile, bench.settings.project
    given = [declared, *names] if len(names) == 1 and declared else list(names)
    if len(given) == 2:  # noqa: PLR2004  # old and new
        old, new = (Locked.read(project, *one) for one in zip(given, python, strict=True))
        return _told_apart(old, new)
    baseline = bench.baseline(contract.name)
    if given or declared is None or baseline is None:
        message = f"{len(names)} lockfiles were given; accepted: --lock OLD --lock NEW"
        accepted = "name both; the contract's stands for the old one, and the baseline's and the contract's for both"
        raise UsageError(message, next_step=accepted)
    if pythons:
        message = "the baseline's lockfile was kept as the present Python reads it, and --python may read another one"
        raise UsageError(message, next_step=f"name both: --lock OLD --lock {declared}")
    new = Locked.read(project, declared)
    approved = load_evaluation(bench, contract.name, baseline.evaluation).environment
    kept = Locked.stored(bench, contract.name, approved)
    if kept is None or not kept.wanted.whole:
        message = f"the lockfile of baseline revision {baseline.revision} was not kept with all there is to install"
        raise EvidenceUnavailable(message, next_step=f"`baseline replay {contract.name} --lock OLD --lock NEW`")
    return kept, new


def _told_apart(old: Locked, new: Locked) -> tuple[Locked, Locked]:
    """One lockfile under two interpreters goes by their names too."""
    if old.name != new.name or old.python == new.python:
        return old, new
    named = (replace(one, name=f"{one.name} with Python {one.python}") for one in (old, new))
    return next(named), next(named)
