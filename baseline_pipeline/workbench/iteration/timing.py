"""Times of two models on the same requests, taken once and kept as evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from baseline_pipeline.errors import EvidenceUnavailable, ModelFailed
from baseline_pipeline.records import Digest, Record, digest_of, short
from baseline_pipeline.scoring import threads
from baseline_pipeline.snapshot import Snapshot, read
from baseline_pipeline.timing import PairedTimes, interleaved

if TYPE_CHECKING:
    import pandas as pd

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import LoadedModel, ModelCatalogue, ModelVersion, Store
    from baseline_pipeline.workbench.iteration.environment import Environment
    from baseline_pipeline.workbench.workbench import Workbench


class Times(Record):
    """Seconds of the same requests on both sides, in the order they were sent."""

    baseline: tuple[float, ...]
    candidate: tuple[float, ...]

    def paired(self) -> PairedTimes:
        """As arrays."""
        return PairedTimes(np.array(self.baseline), np.array(self.candidate))


def time_pair(
    bench: Workbench,
    contract: Contract,
    catalogue: ModelCatalogue,
    environment: Environment,
    snapshot: Snapshot,
    *,
    baseline: ModelVersion,
    candidate: ModelVersion,
) -> Digest | None:
    """The key of the times of two models, found or taken; `None` where the contract asks for none.

    Args:
        bench: The project.
        contract: Says how many requests of how many rows.
        catalogue: Loads the models.
        environment: Times of another environment are other times.
        snapshot: Where requests are drawn from, seeded by what is timed.
        baseline: One model.
        candidate: The other.
    """
    if not any(rule.measured.over_times for rule in contract.metrics):
        return None
    state = environment.state
    key = digest_of(
        {
            "baseline": baseline.digest,
            "candidate": candidate.digest,
            "snapshot": snapshot.digest,
            "requests": contract.latency.model_dump(mode="json"),
            "environment": [state.lockfile_digest, state.manifest_digest],
        }
    )
    if bench.store.load("times", contract.name, key) is None:
        bench.progress(f"timing version {candidate.version} against version {baseline.version}, in turn")
        try:
            models = [catalogue.load(version) for version in (baseline, candidate)]
        except ModelFailed:
            return None  # scoring has said so
        requests = _requests(contract, read(snapshot, bench.store, contract.data.feature_names).to_pandas(), key)
        with threads(contract.environment.threads):
            taken = _taken(contract, models, requests)
        record = Times(baseline=tuple(taken.baseline.tolist()), candidate=tuple(taken.candidate.tolist()))
        bench.store.save("times", contract.name, key, record)
    return key


def load_times(bench: Workbench, model: str, key: Digest | None) -> PairedTimes | None:
    """Stored times.

    Raises:
        EvidenceUnavailable: when the store does not hold them.
    """
    if key is None:
        return None
    body = bench.store.load("times", model, key)
    if body is None:
        message = f"times {short(key)} of {model} are not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    return Times.stored(body).paired()


def _requests(contract: Contract, features: pd.DataFrame, key: Digest) -> list[pd.DataFrame]:
    """Random rows, as many to a request as the contract says."""
    wanted = contract.latency
    rng = np.random.default_rng(int(key[:12], 16))
    chosen = rng.integers(0, len(features), (wanted.requests, wanted.rows))
    return [features.iloc[rows] for rows in chosen]


def _taken(contract: Contract, models: list[LoadedModel], requests: list[pd.DataFrame]) -> PairedTimes:
    first, second = models
    clocks = [getattr(one, "timed", None) for one in models]
    if all(clocks):  # in another environment: what passes between the processes is not the model's time
        return interleaved(clocks[0], clocks[1], requests, seconds=contract.latency.seconds, said=True)  # type: ignore[arg-type]  # both there
    return interleaved(first.predict, second.predict, requests, seconds=contract.latency.seconds)


def copy_times(bench: Workbench, target: Store, model: str, key: Digest | None) -> None:
    """Keep the times of a comparison in another store too."""
    body = None if key is None else bench.store.load("times", model, key)
    if key is not None and body is not None:
        target.save("times", model, key, Times.stored(body))
