"""The declared environment read, the present one observed, and the two held against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from baseline_pipeline.environment import lockfile as lockfiles
from baseline_pipeline.environment import manifest as manifests
from baseline_pipeline.environment.installable import installable
from baseline_pipeline.environment.interpreter import differences
from baseline_pipeline.errors import DataNotThereYet
from baseline_pipeline.evaluation import EnvironmentState, PackageDifference
from baseline_pipeline.records import Digest, digest_of

if TYPE_CHECKING:
    from pathlib import Path

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.environment.installable import Installable
    from baseline_pipeline.environment.lockfile import Lock
    from baseline_pipeline.environment.manifest import Manifest


@dataclass(frozen=True)
class Environment:
    """Lockfile, manifest and interpreter at one moment.

    Attributes:
        state: what evaluations keep of it.
        lock: the parsed lockfile, if one is declared.
        manifest: the parsed manifest, if one is declared.
        wanted: the lockfile as an installer understands it, if one is declared.
    """

    state: EnvironmentState
    lock: Lock | None
    manifest: Manifest | None
    wanted: Installable | None = None

    @property
    def dependencies(self) -> Digest | None:
        """Moves with the lockfile's content, and with the installed packages that contradict it."""
        if self.state.lockfile_digest is None:
            return None
        return digest_of([self.state.lockfile_digest, [d.body() for d in self.state.differences]])

    @property
    def infrastructure(self) -> Digest | None:
        """Moves with the manifest's content, and with the observed facts that contradict it."""
        if self.state.manifest_digest is None:
            return None
        return digest_of([self.state.manifest_digest, list(self.state.contradictions)])


def observe(contract: Contract, project: Path) -> Environment:
    """Read the declared environment and look at the present one.

    Raises:
        DataNotThereYet: when a declared file is absent or not UTF-8.
        ContractError: when it cannot be understood.
    """
    from baseline_pipeline.adapters.environments.interpreter import installed_packages
    from baseline_pipeline.adapters.environments.machine import observed_facts

    declared = contract.environment
    facts = observed_facts()
    lock = manifest = wanted = None
    missing: tuple[PackageDifference, ...] = ()
    contradictions: tuple[str, ...] = ()
    if declared.lockfile:
        text = _read(project, declared.lockfile, "lockfile")
        lock, wanted = lockfiles.read_lockfile(declared.lockfile, text), installable(declared.lockfile, text)
        missing = differences(wanted, installed_packages())
    if declared.infrastructure:
        text = _read(project, declared.infrastructure, "infrastructure manifest")
        manifest = manifests.read_manifest(declared.infrastructure, text)
        contradictions = manifests.contradictions(manifest, facts)
    state = EnvironmentState(
        lockfile=declared.lockfile,
        lockfile_digest=lockfiles.content_digest(lock) if lock else None,
        differences=missing,
        manifest=declared.infrastructure,
        manifest_digest=manifests.content_digest(manifest) if manifest else None,
        contradictions=contradictions,
        facts=facts,
    )
    return Environment(state, lock, manifest, wanted)


def _read(project: Path, name: str, what: str) -> str:
    path = project / name
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"{what} {name} is not there (looked in {project})"
        raise DataNotThereYet(message, next_step="write the file, or take it out of the contract") from error
    except UnicodeDecodeError as error:
        message = f"{what} {name} is not UTF-8 text (byte {error.start})"
        raise DataNotThereYet(message, next_step="save the file as UTF-8") from error
