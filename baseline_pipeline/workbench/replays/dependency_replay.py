"""`baseline replay`: the same model on the same rows in the environments of two lockfiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.environment.lock import OTHER_HASHES, Lock, Package, moved
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.replay.outcome import Ending, Trial, overall
from baseline_pipeline.replay.variants import Variants
from baseline_pipeline.workbench.replays.adjusting import tried_variants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.adapters.environments.built import Built
    from baseline_pipeline.verdicts import Tier
    from baseline_pipeline.workbench.replays.locked import Locked
    from baseline_pipeline.workbench.replays.replaying import Replaying


class EnvironmentSeen(Record):
    """An environment that was replayed in."""

    lock: str
    key: Digest
    packages: int
    left_out: tuple[str, ...]
    beyond: tuple[str, ...]
    """Installed although the lockfile does not name them."""
    python: str = ""
    """The interpreter's version."""


class Replay(Record):
    """What a replay found."""

    model: str
    version: str
    snapshot: Digest
    rows: int
    old: EnvironmentSeen
    new: EnvironmentSeen
    moved: tuple[str, ...]
    """What differs between the environments: Python, packages, and hashes of the same version."""
    trials: tuple[Trial, ...]
    ending: Ending
    why: str
    variants: Variants | None = None
    """The contract's variants of the training entry, in the new environment."""

    @property
    def python_moved(self) -> bool:
        """Whether the interpreters differ."""
        return self.old.python != self.new.python

    @property
    def versions_moved(self) -> int:
        """Packages that both environments have in different versions: among these a search can look."""
        return sum(" -> " in one for one in self.moved) - self.python_moved

    @property
    def tier(self) -> Tier | None:
        """How bad what it was rejected for is."""
        return overall(self.trials).tier

    @property
    def exit_code(self) -> int:
        """How the command ends."""
        from baseline_pipeline.replay.outcome import EXIT

        return EXIT[self.ending]


def replay(work: Replaying, old: Locked, new: Locked, *, retrain: bool = True, timed: bool = True) -> Replay:
    """Replay a model under two lockfiles, and say whether the update is to be accepted.

    Args:
        work: Model and rows.
        old: Where the model stands now.
        new: What is wanted.
        retrain: Train under both too, where the contract names an entry.
        timed: Measure latency where the contract judges it.

    Raises:
        NotBuilt: when a lockfile cannot be installed.
        EvidenceUnavailable: when rows or model cannot be had.
    """
    contract, bench = work.contract, work.bench
    places = [(locked, work.environment(locked)) for locked in (old, new)]
    training = contract.model.training
    trials = [work.trial("artifact", *places, timed=timed)]
    if retrain and training is not None and training.entry is not None:
        bench.progress("training under both")
        trials.append(work.trial("retrained", *places))
        if trials[-1].ending != "evidence_missing":
            trials.append(work.trial("way_back", *places))
    variants = None
    if retrain and training is not None and training.variants:
        variants = tried_variants(work, [(one.name, built) for one, built in reversed(places)], work.halves)
    worst = overall(tuple(trials))
    found = Replay(
        model=contract.name,
        version=work.version.version,
        snapshot=work.rows.snapshot,
        rows=len(work.rows),
        old=_seen(*places[0]),
        new=_seen(*places[1]),
        moved=_moved(places),
        trials=tuple(trials),
        ending=worst.ending,
        why=worst.why,
        variants=variants,
    )
    bench.store.save("replays", contract.name, digest_of(found.body()), found)
    return found


def _moved(places: Sequence[tuple[Locked, Built]]) -> tuple[str, ...]:
    (old, before), (new, after) = places
    python = (f"Python {before.version} -> {after.version}",) if before.version != after.version else ()
    installed = [
        Lock(packages=tuple(Package(name=name, version=version) for name, version in one.packages.items()))
        for one in (before, after)
    ]
    both = before.packages.keys() & after.packages.keys()
    rebuilt = [one for one in moved(old.lock, new.lock) if one.endswith(OTHER_HASHES) and one.split()[0] in both]
    return (*python, *moved(*installed), *rebuilt)


def _seen(locked: Locked, built: Built) -> EnvironmentSeen:
    return EnvironmentSeen(
        lock=locked.name,
        key=built.key,
        packages=len(built.packages),
        left_out=built.left_out,
        beyond=built.beyond,
        python=built.version,
    )
