"""The evidence of one decision, taken out whole; and the verdict computed anew from it, anywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar

from baseline_pipeline.contract import Contract
from baseline_pipeline.decision import Decision, decide
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.records import Digest, Record, digest_of, short
from baseline_pipeline.snapshot import DriftReport
from baseline_pipeline.workbench.code import as_they_stand
from baseline_pipeline.workbench.iteration.comparing import load_comparison, recompute
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.iteration.ruling import ruled
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.promotions.approving import find_decision
from baseline_pipeline.workbench.reporting import write_whole
from baseline_pipeline.workbench.stages import Policy
from baseline_pipeline.workbench.upkeep.auditing import export as export_ledger
from baseline_pipeline.workbench.workbench import Workbench, silent

if TYPE_CHECKING:
    from baseline_pipeline.adapters.stores.filesystem import FilesystemStore
    from baseline_pipeline.comparison import Comparison

INDEX = "evidence.json"
Kept = TypeVar("Kept", bound=Record)


class Reproduced(Record):
    """A decision computed anew."""

    model: str
    decision: Digest
    outcome: str
    same: bool
    cells: int
    """Verdicts computed."""
    differing: tuple[str, ...]
    """What came out otherwise."""

    def words(self) -> str:
        """The same for people."""
        if self.same:
            return (
                f"decision {short(self.decision)} of {self.model} comes out as it stands, to the last byte: "
                f"{self.outcome}, {self.cells} verdicts"
            )
        lines = [f"decision {short(self.decision)} of {self.model} comes out otherwise:"]
        return "\n".join([*lines, *(f"  {one}" for one in self.differing)])


def export_evidence(bench: Workbench, digest: str, folder: Path) -> str:
    """Write a decision's evidence and the ledger into a folder; says what was written.

    Raises:
        UsageError: when there is no such decision, or the folder holds something already.
    """
    event = find_decision(bench, digest)
    if folder.exists() and any(folder.iterdir()):
        message = f"{folder} is not empty"
        raise UsageError(message, next_step="name a new folder with --out")
    from baseline_pipeline.adapters.stores.filesystem import FilesystemStore

    model, key = event.model, str(event.content["decision"])
    comparison = load_comparison(bench, model, str(event.content["comparison"]))
    target = FilesystemStore(folder / "store")
    decision = _copied(bench, target, "decisions", model, key, Decision)
    _copied(bench, target, "contracts", model, comparison.policy, Policy)
    target.save("comparisons", model, decision.comparison, comparison)
    rows, seen = _evaluations(bench, target, model, comparison)
    for drift in filter(None, (comparison.drift, comparison.changed_drift)):
        page = _copied(bench, target, "drift", model, drift, DriftReport).html
        seen |= {page} if page else set()
    for file in sorted(rows | seen):
        copy = folder / f"{file}.unfinished"
        shutil.copyfile(bench.store.file(file), copy)
        target.put_file(copy)
    export_ledger(bench, folder / "ledger.jsonl")
    index = {"model": model, "decision": key, "record": event.seq}
    write_whole(folder / INDEX, json.dumps(index, indent=2) + "\n")
    kept = f"{len(rows)} files of rows, {len(seen)} of pictures and pages, and the ledger"
    return f"{folder}: decision {short(key)} of {model}, {kept}"


def _evaluations(
    bench: Workbench, target: FilesystemStore, model: str, comparison: Comparison
) -> tuple[set[Digest], set[Digest]]:
    """Copy what a comparison's sides are known by; the digests of the files with their rows, and of their plots."""
    from baseline_pipeline.workbench.iteration.timing import copy_times

    rows: set[Digest] = set()
    plots: set[Digest] = set()
    for contrast in comparison.contrasts:
        for side in (contrast.baseline, contrast.candidate):
            evaluation = load_evaluation(bench, model, side.evaluation)
            snapshot = load_snapshot(bench, model, evaluation.snapshot)
            target.save("evaluations", model, evaluation.key, evaluation)
            target.save("snapshots", model, snapshot.digest, snapshot)
            rows |= {evaluation.scores_file, snapshot.file}
            plots |= set() if evaluation.shap is None else set(evaluation.shap.plots.values())
        copy_times(bench, target, model, contrast.timed)
    return rows, plots


def _copied(bench: Workbench, target: FilesystemStore, kind: str, model: str, key: Digest, record: type[Kept]) -> Kept:
    body = bench.store.load(kind, model, key)
    if body is None:
        message = f"{kind} {short(key)} of {model} is not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    found = record.stored(body)
    target.save(kind, model, key, found)
    return found


def reproduced(what: str) -> Reproduced:
    """Compute a decision's verdict anew, from the project's store or from a folder of evidence alone.

    Raises:
        UsageError: when there is no such decision.
        EvidenceUnavailable: when rows are gone or damaged.
    """
    folder = Path(what)
    if (folder / INDEX).is_file():
        from baseline_pipeline.adapters.stores.filesystem import FilesystemStore

        index = json.loads((folder / INDEX).read_text())
        project = SimpleNamespace(project=Path.cwd())  # where functions of the user's own may lie
        bench: Any = SimpleNamespace(store=FilesystemStore(folder / "store"), settings=project, progress=silent)
        return _again(bench, str(index["model"]), str(index["decision"]))
    here = Workbench.here()
    event = find_decision(here, what)
    return _again(here, event.model, str(event.content["decision"]))


def _again(bench: Workbench, model: str, key: Digest) -> Reproduced:
    body = bench.store.load("decisions", model, key)
    if body is None:
        message = f"decision {short(key)} of {model} is not in the store"
        raise EvidenceUnavailable(message, next_step="check BASELINE_HOME, or restore the store")
    decision = Decision.stored(body)
    stored = load_comparison(bench, model, decision.comparison)
    policy = bench.store.load("contracts", model, stored.policy)
    if policy is None:
        message = f"the contract that decision {short(key)} was made under is not in the store"
        raise EvidenceUnavailable(message, next_step="it was made by an earlier version of this package")
    contract = Contract.model_validate_json(json.dumps(policy["contract"]))
    as_they_stand(contract, bench.settings.project)
    again = recompute(bench, contract, stored)
    differing = _differing(stored, again)
    asked = {"", *decision.reasons}
    rulings = (ruled(contract, again, decide(contract, again, asked=one), bench.settings.project) for one in asked)
    if not any(digest_of(one.body()) == key for one in rulings):
        differing.append(f"the outcome: {decide(contract, again).outcome} instead of {decision.outcome}")
    return Reproduced(
        model=model,
        decision=key,
        outcome=decision.outcome,
        same=not differing,
        cells=sum(len(contrast.cells) for contrast in again.contrasts),
        differing=tuple(differing),
    )


def _differing(stored: Comparison, again: Comparison) -> list[str]:
    found = []
    for before, after in zip(stored.contrasts, again.contrasts, strict=True):
        if before == after:
            continue
        cells = [
            f"{one.metric}[{one.slice}]: {other.verdict}, gain {other.gain}, instead of {one.verdict}, gain {one.gain}"
            for one, other in zip(before.cells, after.cells, strict=False)
            if one != other
        ]
        found += cells or [f"{before.question}: something beside the verdicts"]
    return found
