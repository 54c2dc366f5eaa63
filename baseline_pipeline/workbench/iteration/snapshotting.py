"""The first stage: rows frozen, and held against what is expected of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.errors import DataUnreadable, EvidenceUnavailable
from baseline_pipeline.figures import counted
from baseline_pipeline.quality import QualityReport
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.snapshot import Snapshot, read, take
from baseline_pipeline.workbench.stages import SnapshotTaken
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.workbench import Workbench


class QualityRefused(DataUnreadable):
    """The snapshot breaks its expectations; it is kept for inspection and never evaluated."""


def take_snapshot(bench: Workbench, contract: Contract) -> SnapshotTaken:
    """Freeze the model's rows and check them; a snapshot that is there already is found, not taken again.

    The quality report is stored either way; `require_quality` is what stops a bad snapshot.

    Raises:
        DataUnreadable: when the source cannot be read or breaks the contract.
    """
    bench.progress(f"reading {contract.data.source.kind} data")
    snapshot, new, source_digest = take(
        contract, bench.source(contract), bench.store, now=utc_now(), scratch=bench.settings.scratch
    )
    bench.progress(
        f"snapshot {short(snapshot.digest)} ({'taken' if new else 'found'}): {counted(snapshot.rows, 'row')}"
    )
    taken = SnapshotTaken(
        model=contract.name,
        snapshot=snapshot.digest,
        source_digest=source_digest,
        suite=_check(bench, contract, snapshot),
    )
    report = quality_of(bench, taken)
    if report is not None and not report.success:
        bench.store.save("refusals", contract.name, _refusal(source_digest, report.suite), taken)
    return taken


def _refusal(source_digest: Digest, suite: Digest) -> Digest:
    return digest_of(["refused", source_digest, suite])


def refused(bench: Workbench, contract: Contract, source_digest: Digest | None) -> QualityReport | None:
    """The report that refused this very state of the source, if the present suite has refused it."""
    suite = bench.suite(contract)
    if suite is None or source_digest is None:
        return None
    body = bench.store.load("refusals", contract.name, _refusal(source_digest, suite.digest()))
    return None if body is None else quality_of(bench, SnapshotTaken.stored(body))


def _check(bench: Workbench, contract: Contract, snapshot: Snapshot) -> Digest | None:
    suite = bench.suite(contract)
    if suite is None:
        return None
    key = digest_of([snapshot.digest, suite.digest()])
    if bench.store.load("quality", contract.name, key) is None:
        bench.progress("checking expectations")
        report = suite.validate(read(snapshot, bench.store), contract.data.row_id)
        bench.store.save("quality", contract.name, key, report)
    return key


def load_snapshot(bench: Workbench, model: str, digest: Digest) -> Snapshot:
    """A stored snapshot.

    Raises:
        EvidenceUnavailable: when the store does not hold it.
    """
    body = bench.store.load("snapshots", model, digest)
    if body is None:
        message = f"snapshot {short(digest)} of {model} is not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    return Snapshot.stored(body)


def quality_of(bench: Workbench, taken: SnapshotTaken) -> QualityReport | None:
    """The quality report of a snapshot, where the contract names expectations."""
    if taken.suite is None:
        return None
    body = bench.store.load("quality", taken.model, taken.suite)
    return None if body is None else QualityReport.stored(body)


def require_quality(bench: Workbench, taken: SnapshotTaken) -> None:
    """Let only a snapshot through that keeps every expectation.

    Raises:
        QualityRefused: naming every broken rule, what was observed, and some of the rows.
    """
    report = quality_of(bench, taken)
    if report is None or report.success:
        return
    lines = [
        f"  {failure.column or 'table'}: {failure.rule}: {failure.observed}"
        + (f"; rows {', '.join(failure.row_ids[:5])}" if failure.row_ids else "")
        for failure in report.failures()
    ]
    message = (
        f"snapshot {short(taken.snapshot)} breaks {counted(len(lines), 'expectation')}; it is not evaluated:\n"
        + "\n".join(lines)
    )
    raise QualityRefused(
        message, next_step="repair the feed, or change the expectation with a reason; the baseline stays"
    )
