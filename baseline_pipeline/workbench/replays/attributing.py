"""`baseline attribute`: which of the changes did it, by replaying all of their combinations."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pyarrow as pa

from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.errors import BaselineError, EvidenceUnavailable, UsageError
from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.outcomes import NotMeasurable
from baseline_pipeline.records import Digest, digest_of, short
from baseline_pipeline.replay.advice import sentence
from baseline_pipeline.replay.attribution import Factor, Shared
from baseline_pipeline.replay.decided import Decided, decided, in_words
from baseline_pipeline.replay.factorial import UNMOVED, Factorial, Sides, State, factorial, same_outputs
from baseline_pipeline.replay.stages import StagesCompared
from baseline_pipeline.replay.variants import Variants
from baseline_pipeline.slices import find_slices
from baseline_pipeline.workbench.iteration.comparing import load_comparison
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation
from baseline_pipeline.workbench.promotions.approving import find_decision
from baseline_pipeline.workbench.replays.advising import advice_on, drifted_features
from baseline_pipeline.workbench.replays.attributions import Attribution, keep_attribution
from baseline_pipeline.workbench.replays.feature_values import FeatureHarm, feature_harms
from baseline_pipeline.workbench.replays.locked import Locked
from baseline_pipeline.workbench.replays.states import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.adapters.environments.knobs import Knobs
    from baseline_pipeline.comparison import Comparison
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import MetricRule
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.workbench.workbench import Workbench


NO_ROWS = np.arange(0)


def attribute(
    bench: Workbench,
    contract: Contract,
    decision: str | None = None,
    *,
    locks: tuple[Locked, Locked] | None = None,
    knobs: tuple[Knobs, Knobs] | None = None,
) -> Attribution:
    """Replay every combination of what moved between the baseline and a decision's candidate.

    Args:
        bench: The project.
        contract: The model's contract.
        decision: Digest of the decision, or its beginning; the last one by default.
        locks: Old and new lockfile, where the dependencies moved.
        knobs: Old and new circumstances, where the infrastructure moved.

    Raises:
        UsageError: when there is no such decision, or nothing moved.
        EvidenceUnavailable: when model, rows or environments cannot be had, or several facets moved together of which
            none can be replayed. One that moved alone needs no replay: it is all of the change.
    """
    digest, comparison, old, new = _judged(bench, contract, decision)
    earlier = _earlier(bench, contract, comparison, old, new)
    again = _again(bench, contract, comparison)
    work = World(bench, contract, old, new, earlier, again, locks=locks, knobs=knobs)
    alone = work.around is not None and work.around[0] != "surroundings"
    if not work.factors and old.snapshot == new.snapshot and not alone:
        _nothing_to_replay(work, old, new)
    bench.progress(f"replaying {counted(2 ** len(work.factors), 'state')} of the world on both populations")
    states = work.states()
    found = factorial(states, work.around)
    shared, unmeasured = _shared(contract, comparison, found)
    drifted = drifted_features(bench, contract, comparison)
    moved = {**_moved(comparison, work), **({"population": tuple(drifted.values())} if drifted else {})}
    harms = _features(work, found, states, shared)
    stages, variants = _stages(work, found), _variants(work)
    seen = decided(comparison, shared)
    lead = shared[0] if shared else None
    advice = advice_on(bench, contract, comparison, (old, new), lead, harms, drifted)
    result = Attribution(
        model=contract.name,
        decision=digest,
        baseline=old.key,
        candidate=new.key,
        moved=moved,
        factors=found.factors,
        dropped={**found.dropped, **work.left_out},
        shared=shared,
        unmeasured=unmeasured,
        features=harms,
        stages=stages,
        sentence=_said(shared[0], {**moved, **_values(contract, lead, harms)}, seen) if lead else _unsaid(unmeasured),
        decided=seen,
        variants=variants,
        advice=advice if variants is None else f"{advice}; {variants.advice()}",
        left_open=work.left_open,
    )
    bench.store.save("attributions", contract.name, digest_of(result.body()), result)
    if digest is not None:
        keep_attribution(bench, contract.name, digest, result)
    return result


def _said(found: Shared, moved: Mapping[str, tuple[str, ...]], seen: tuple[Decided, ...]) -> str:
    """Who did how much, and of which rows that is."""
    return "; ".join(filter(None, [sentence(found, moved), in_words(found, seen)]))


def _unsaid(unmeasured: Mapping[str, str]) -> str:
    """Why no metric was shared out."""
    reasons = list(dict.fromkeys(unmeasured.values()))
    return f"no metric could be shared out{f': {reasons[0]}' if reasons else ': none that gates is measured on rows'}"


def _values(contract: Contract, found: Shared, harms: tuple[FeatureHarm, ...]) -> dict[str, tuple[str, ...]]:
    """Whose values did what all changed values together did, in words."""
    signs = {one.factor: np.sign(one.harm) for one in found.contributions}
    names = [one.feature for one in harms if one.found and np.sign(one.harm) == signs["data_values"]]
    return {"data_values": tuple(f"{one}, the label" if one == contract.data.label else one for one in names)}


def _judged(
    bench: Workbench, contract: Contract, decision: str | None
) -> tuple[Digest | None, Comparison, Evaluation, Evaluation]:
    """The decision, its comparison, and the evaluations it stood between."""
    if decision is not None:
        event = find_decision(bench, decision)
        if event.model != contract.name:
            message = f"decision {decision} is about {event.model}, not {contract.name}"
            raise UsageError(message)
    else:
        decisions = [one for one in bench.events(contract.name) if one.kind == "decision"]
        if not decisions:
            message = f"nothing was decided about {contract.name} yet"
            raise UsageError(message, next_step=f"`baseline run {contract.name}`")
        event = decisions[-1]
    comparison = load_comparison(bench, contract.name, str(event.content["comparison"]))
    if comparison.candidate is None or comparison.baseline_revision is None:
        message = f"decision {short(event.content['decision'])} compared nothing with a baseline: {event.reason}"
        raise EvidenceUnavailable(message, next_step="name another decision: see `baseline audit log`")
    revisions = {one.revision: one for one in bench.baselines(contract.name)}
    stood = revisions[comparison.baseline_revision]
    old = load_evaluation(bench, contract.name, stood.evaluation)
    new = load_evaluation(bench, contract.name, comparison.candidate)
    return str(event.content["decision"]), comparison, old, new


def _nothing_to_replay(work: World, old: Evaluation, new: Evaluation) -> NoReturn:
    if not work.together:
        message = f"nothing moved between {short(old.key)} and {short(new.key)}"
        raise UsageError(message, next_step="name another decision: see `baseline audit log`")
    if work.around is not None and same_outputs(
        work.around[1].outcomes, work.scores(frozenset(), work.rows[0]).outcomes
    ):
        words = UNMOVED.format(rows=len(work.around[1].row_id))
        message = f"{' and '.join(work.together)} moved, and {words}: there is no change to share out"
        raise UsageError(message, next_step="name another decision: see `baseline audit log`")
    facets = "; ".join(f"{facet}: {why}" for facet, why in work.together.items())
    message = f"what moved together cannot be told apart: {facets}"
    lock = f"`baseline attribute {work.contract.name} --lock OLD --lock NEW`" if "dependencies" in work.together else ""
    raise EvidenceUnavailable(message, next_step=lock or "undo one of them, and run again: it then moves alone")


def _earlier(
    bench: Workbench, contract: Contract, comparison: Comparison, old: Evaluation, new: Evaluation
) -> Evaluation | None:
    """The evaluation that held earlier values of the candidate's rows, where they are not the baseline's."""
    for one in comparison.contrasts:
        if one.moved == "data_values" and one.baseline.snapshot not in {old.snapshot, new.snapshot}:
            return load_evaluation(bench, contract.name, one.baseline.evaluation)
    return None


def _again(bench: Workbench, contract: Contract, comparison: Comparison) -> Evaluation | None:
    """The baseline's model and rows, scored again after dependencies, infrastructure or code moved."""
    for one in comparison.contrasts:
        if one.moved in {"dependencies", "infrastructure", "code"}:
            return load_evaluation(bench, contract.name, one.candidate.evaluation)
    return None


def _shared(contract: Contract, comparison: Comparison, found: Factorial) -> tuple[tuple[Shared, ...], dict[str, str]]:
    """Every gating metric on all rows, then slices that were found harmed; the worst first."""
    harmed = {
        (cell.metric, cell.slice)
        for contrast in comparison.contrasts
        for cell in contrast.cells
        if cell.slice != ALL_ROWS and cell.verdict == "degraded"
    }
    shared, unmeasured = [], {}
    for rule in contract.metrics:
        metric = rule.measured
        if not metric.of_rows or rule.role == "report_only":
            continue
        for name in [ALL_ROWS, *sorted(one for of, one in harmed if of == metric.name)]:
            try:
                one = found.shared(metric, lambda rows, old: _slices(contract, rows, old), name)
                shared.append((*_urgency(rule, one), one))
            except NotMeasurable as reason:
                unmeasured[f"{metric.name}[{name}]"] = str(reason)
    return tuple(one for *_, one in sorted(shared, key=lambda ranked: ranked[:-1])), unmeasured


def _slices(contract: Contract, columns: pa.Table, old: pa.Table) -> dict[str, np.ndarray[Any, Any]]:
    return {one.name: one.rows for one in find_slices(contract.slices, columns, quantiles_of=old)}


def _urgency(rule: MetricRule, found: Shared) -> tuple[bool, bool, float]:
    """What is shown to be harmed first, by margins; the rest as the contract has it; all rows before slices."""
    whole = found.slice == ALL_ROWS
    margin = rule.margin if whole else rule.slices.margin or rule.margin
    size = 0.0 if margin is None else margin.size(found.before)
    harmed = found.interval[0] > 0
    return not harmed, not whole, -found.harm / (size or 1.0) if harmed else 0.0


def _moved(comparison: Comparison, work: World) -> dict[str, tuple[str, ...]]:
    from baseline_pipeline.environment.lockfile import moved

    found: dict[str, tuple[str, ...]] = {change.facet: change.details for change in comparison.changed}
    if work.locks is not None:
        found["dependencies"] = moved(work.locks[0].lock, work.locks[1].lock)
    if work.around is not None and work.around[0] == "surroundings":
        found["surroundings"] = tuple(work.together)
    return found


def _stages(work: World, found: Factorial) -> dict[Factor, StagesCompared]:
    """Where the model's stages part, for each cause that acts inside it."""
    try:
        return {factor: work.parting(factor) for factor in work.factors if factor in found.factors}
    except BaselineError as failure:
        work.left_out["stages"] = failure.message
        return {}


def _variants(work: World) -> Variants | None:
    """What the contract's variants of the training entry come to."""
    try:
        return work.variants()
    except BaselineError as failure:
        work.left_out["variants"] = failure.message
        return None


def _features(
    work: World, found: Factorial, states: Mapping[State, Sides], shared: tuple[Shared, ...]
) -> tuple[FeatureHarm, ...]:
    """Which features' changed values did it to what was harmed most, where values did anything."""
    if "data_values" not in found.factors or not shared:
        return ()
    metric = next(one.measured for one in work.contract.metrics if one.measured.name == shared[0].metric)
    name = shared[0].slice
    ends = dict.fromkeys([frozenset[Factor](), max(states, key=len)])
    worlds = [partial(work.scores, state) for state in ends]
    before, after, *earlier = work.rows
    known = earlier[0] if earlier else before
    part = None if name == ALL_ROWS else lambda rows: _slices(work.contract, rows, before.table).get(name, NO_ROWS)
    try:
        return feature_harms(work.bench, work.contract, metric, known, after, worlds, part)
    except (BaselineError, NotMeasurable) as failure:
        work.left_out["features"] = failure.message if isinstance(failure, BaselineError) else str(failure)
        return ()
