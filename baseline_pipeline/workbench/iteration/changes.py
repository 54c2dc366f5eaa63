"""What moved since the baseline, facet by facet, in words people use."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from baseline_pipeline.comparison import ALL_ROWS, FacetChange
from baseline_pipeline.environment import lockfile as lockfiles
from baseline_pipeline.environment import manifest as manifests
from baseline_pipeline.evaluation import asked_since
from baseline_pipeline.figures import counted
from baseline_pipeline.fingerprint import Facet
from baseline_pipeline.schema_change import schema_changes
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot

if TYPE_CHECKING:
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.governance.events import Baseline
    from baseline_pipeline.records import Digest
    from baseline_pipeline.workbench.workbench import Workbench

MOST_PLACES = 4


def facet_changes(
    bench: Workbench,
    contract: Contract,
    baseline: Baseline | None,
    present: Evaluation | None,
    data_words: tuple[str, ...],
) -> tuple[FacetChange, ...]:
    """The facets of the present evaluation that differ from the baseline's."""
    if baseline is None or present is None:
        return ()
    found = []
    for facet in get_args(Facet):
        before, after = getattr(baseline.fingerprint, facet), getattr(present.fingerprint, facet)
        if before != after:
            words = _words(bench, contract, facet, baseline, present, data_words)
            found.append(FacetChange(facet=facet, before=before, after=after, details=words))
    return tuple(found)


def contract_change(
    bench: Workbench, contract: Contract, baseline: Baseline, present: Evaluation
) -> tuple[tuple[FacetChange, ...], tuple[str, ...]]:
    """That the contract came to ask for more than the baseline's evaluation holds, and primaries that cannot be had."""
    asked = asked_since(load_evaluation(bench, baseline.model, baseline.evaluation), present)
    if not asked:
        return (), ()
    places = [one.metric if one.slice == ALL_ROWS else f"{one.metric}[{one.slice}]" for one in asked]
    more = f" and {counted(len(places) - MOST_PLACES, 'more value')}" if len(places) > MOST_PLACES else ""
    words = f"measures {', '.join(places[:MOST_PLACES])}{more}"
    change = FacetChange(
        facet="contract", before=_policy(bench, baseline), after=contract.policy_digest(), details=(words,)
    )
    primaries = {rule.measured.name for rule in contract.metrics if rule.role == "primary"}
    without = [one for one in asked if one.metric in primaries and one.slice == ALL_ROWS and one.value is None]
    return (change,), tuple(f"{one.metric} not evaluated: {one.note}" for one in without)


def _policy(bench: Workbench, baseline: Baseline) -> Digest | None:
    """The policy that the baseline was decided under, as far as the store knows it."""
    decided = bench.store.load("decisions", baseline.model, baseline.decision) if baseline.decision else None
    compared = bench.store.load("comparisons", baseline.model, str(decided["comparison"])) if decided else None
    return str(compared["policy"]) if compared else None


def _words(
    bench: Workbench,
    contract: Contract,
    facet: Facet,
    baseline: Baseline,
    present: Evaluation,
    data_words: tuple[str, ...],
) -> tuple[str, ...]:
    if facet == "data":
        before = load_snapshot(bench, contract.name, baseline.snapshot)
        after = load_snapshot(bench, contract.name, present.snapshot)
        return (*schema_changes(before.columns, after.columns), *data_words)
    if facet == "dependencies":
        return _moved_packages(
            bench, contract.name, baseline.fingerprint.dependencies, present.fingerprint.dependencies
        )
    if facet == "infrastructure":
        return _moved_machine(
            bench, contract.name, baseline.fingerprint.infrastructure, present.fingerprint.infrastructure
        )
    if facet == "model":
        return (f"version {baseline.version} -> {present.subject.version}",)
    approved = load_evaluation(bench, contract.name, baseline.evaluation)
    definition = [
        f"{word}: {approved.definition.get(word)!r} -> {value!r}"
        for word, value in present.definition.items()
        if approved.definition.get(word) != value
    ]
    engine = () if approved.engine == present.engine else (f"engine {approved.engine} -> {present.engine}",)
    return (*definition, *engine) or ("the code that scores was edited",)


def _moved_packages(bench: Workbench, model: str, before: str | None, after: str | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ("lockfile declared" if after else "lockfile no longer declared",)
    old, new = (bench.store.load("lockfiles", model, digest) for digest in (before, after))
    if old is None or new is None:
        return ()
    return lockfiles.moved(lockfiles.Lock.stored(old), lockfiles.Lock.stored(new))


def _moved_machine(bench: Workbench, model: str, before: str | None, after: str | None) -> tuple[str, ...]:
    if before is None or after is None:
        return ("manifest declared" if after else "manifest no longer declared",)
    old, new = (bench.store.load("manifests", model, digest) for digest in (before, after))
    if old is None or new is None:
        return ()
    return manifests.moved(manifests.Manifest.stored(old), manifests.Manifest.stored(new))
