"""What the four stages ask of the outside, in our own words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    import numpy as np
    import pandas as pd
    import pyarrow as pa

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores
    from baseline_pipeline.quality import QualityReport
    from baseline_pipeline.records import Digest, Record


@dataclass(frozen=True)
class SourceState:
    """What a source looks like without reading it whole.

    `digest` changes exactly when the source's bytes (or its table version) do; it is `None` unless
    `status` is `ready`. `detail` says in words what was found or is missing.
    """

    status: Literal["ready", "missing", "being_written"]
    digest: Digest | None
    detail: str


@dataclass(frozen=True)
class Reading:
    """The rows of a source, and where exactly they came from (no secrets)."""

    table: pa.Table
    origin: dict[str, object]


class Source(Protocol):
    """A place rows come from."""

    def state(self) -> SourceState:
        """Look at the source cheaply; never raises for an absent or half-written one."""
        ...

    def read(self) -> Reading:
        """All rows. Raises `DataUnreadable` with the place and the reason."""
        ...


class Store(Protocol):
    """Immutable blobs named by digest, and JSON records named by key; checked when read."""

    def put_file(self, path: Path) -> Digest:
        """Take a finished temporary file into the store; returns the SHA-256 of its bytes."""
        ...

    def file(self, digest: Digest) -> Path:
        """The blob's path, after its bytes were checked. Raises `StoreCorrupt`."""
        ...

    def save(self, kind: str, model: str, key: Digest, record: Record) -> None:
        """Keep a record; the first one saved under a key stays."""
        ...

    def load(self, kind: str, model: str, key: Digest) -> dict[str, object] | None:
        """A record's JSON, checked; `None` when there is none. Raises `StoreCorrupt`."""
        ...


@dataclass(frozen=True)
class ModelVersion:
    """An exact model: its registry version, the bytes it consists of, and what it learned from."""

    name: str
    version: str
    uri: str
    digest: Digest
    training_window: tuple[str, str] | None = None
    """First and last day, ISO, both included."""
    alias: str | None = None


class LoadedModel(Protocol):
    """A model in memory."""

    def predict(self, features: pd.DataFrame) -> object:
        """Probabilities or predictions for a batch; array-like with one entry (or row) per row."""
        ...


class ModelCatalogue(Protocol):
    """Where models are found: a registry, a URI, or a function."""

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        """The exact version behind a role; `None` where the role is not filled."""
        ...

    def candidate(self, reference: str, *, required: Sequence[str] = (), wait: float = 0.0) -> ModelVersion:
        """The exact version that a reference means, its run finished and holding the metrics asked of it.

        Raises `UsageError` where it could mean several, `TrackingUnavailable` where there is none in time.
        """
        ...

    def load(self, version: ModelVersion) -> LoadedModel:
        """Bring a version into memory. Raises `ModelFailed`."""
        ...

    def artifact(self, version: ModelVersion) -> dict[str, object]:
        """What a worker in another environment loads: `loader`, and `path` or `function`. Raises `ModelFailed`."""
        ...


@dataclass(frozen=True)
class LoadedBy:
    """A catalogue that finds what another one finds, and loads it in a way of its own.

    Attributes:
        inner: Finds versions.
        loading: Brings one into memory. Raises `ModelFailed`.
        built: The environment that models are loaded in, where it is not this one.
    """

    inner: ModelCatalogue
    loading: Callable[[ModelVersion], LoadedModel]
    built: object = None

    def resolve(self, role: Literal["champion", "challenger"]) -> ModelVersion | None:
        """The exact version behind a role."""
        return self.inner.resolve(role)

    def candidate(self, reference: str, *, required: Sequence[str] = (), wait: float = 0.0) -> ModelVersion:
        """The exact version that a reference means."""
        return self.inner.candidate(reference, required=required, wait=wait)

    def load(self, version: ModelVersion) -> LoadedModel:
        """The version, in a way of its own."""
        return self.loading(version)

    def artifact(self, version: ModelVersion) -> dict[str, object]:
        """What a worker loads."""
        return self.inner.artifact(version)


class Explainer(Protocol):
    """Takes a model's outputs apart into what each feature contributes."""

    @property
    def identity(self) -> str:
        """Name and version of what computes them; "" where it is not installed."""
        ...

    def values(
        self, frame: pd.DataFrame, predict: Callable[[pd.DataFrame], np.ndarray[Any, Any]], folder: Path
    ) -> np.ndarray[Any, Any]:
        """(n, f) or (n, f, k) contributions to each row's output, its plots written into the folder as PNG.

        Equal for equal rows and models. Raises `EvidenceUnavailable` with the reason.
        """
        ...


class QualitySuite(Protocol):
    """Expectations about a snapshot."""

    def digest(self) -> Digest:
        """Changes whenever the expectations do."""
        ...

    def validate(self, table: pa.Table, row_id: Sequence[str]) -> QualityReport:
        """Check every expectation against all rows."""
        ...


class RunTracker(Protocol):
    """Keeps one finished run per evaluation for people to browse."""

    def track(
        self,
        contract: Contract,
        evaluation: Evaluation,
        scores: Scores,
        features: pa.Table,
        plots: Mapping[str, Path] = ...,
    ) -> str:
        """Find or create the finished run of this evaluation; returns its id.

        Raises `TrackingUnavailable` within 30 s where the server does not answer.
        """
        ...


@dataclass(frozen=True)
class Launched:
    """How a process ended that was launched somewhere.

    `code` is its exit code, negative for a signal; `None` where whoever launched it does not say. `words`
    are the last it said, or why it could not be launched.
    """

    code: int | None
    words: str


class Launcher(Protocol):
    """Runs a worker: here, or where its folder can be seen too."""

    def __call__(self, command: Sequence[str], variables: Mapping[str, str], seconds: float) -> Launched:
        """Run a command to its end, with these environment variables on top of what is there.

        Raises `TimeoutError` where it was ended after so many seconds.
        """
        ...
