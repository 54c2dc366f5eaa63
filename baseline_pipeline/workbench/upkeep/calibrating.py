"""`baseline calibrate`: the baseline's model on the baseline's rows, here and now, as facts that travel."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import stdtrit

from baseline_pipeline import __version__
from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.effects import part
from baseline_pipeline.errors import EvidenceUnavailable, UsageError
from baseline_pipeline.estimating import effects
from baseline_pipeline.figures import counted
from baseline_pipeline.labels import labelled_rows
from baseline_pipeline.measuring import measure
from baseline_pipeline.records import digest_of
from baseline_pipeline.replay.environment_facts import LEAST_REPEATS, EnvironmentFacts, Packed, array_digest, latency_of
from baseline_pipeline.replay.numeric_difference import numeric_difference
from baseline_pipeline.replay.offsets import Offsets
from baseline_pipeline.replay.offsets import offsets as between
from baseline_pipeline.scoring import BATCH_ROWS, predict_all, threads
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.iteration.elsewhere import in_declared_environment
from baseline_pipeline.workbench.iteration.environment import observe
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, load_scores, version_of
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot
from baseline_pipeline.workbench.workbench import utc_now

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation, Scores
    from baseline_pipeline.metrics.outcomes import Outcomes
    from baseline_pipeline.ports import LoadedModel
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
BATCHES = 20
"""Batches that a small snapshot is cut into at least."""
REPEATS = 5


def calibrate(bench: Workbench, contract: Contract, *, name: str, repeats: int = REPEATS) -> EnvironmentFacts:
    """Score the baseline's rows with the baseline's model once more, and time so many repeats.

    The first scoring is compared with the stored one and warms up; it is not timed.

    Args:
        bench: The project.
        contract: The model's contract.
        name: Of this environment.
        repeats: How often all rows are timed; intervals are over repeats.

    Raises:
        UsageError: with fewer than two repeats.
        EvidenceUnavailable: when there is no baseline, or the contract measures something else by now.
        ModelFailed: when the model does not load or predict here.
    """
    if repeats < LEAST_REPEATS:
        message = f"{counted(repeats, 'repeat')} give no interval"
        raise UsageError(message, next_step=f"take --repeats {REPEATS}")
    evaluation, stored = _reference(bench, contract)
    snapshot = load_snapshot(bench, contract.name, evaluation.snapshot)
    environment, catalogue = in_declared_environment(
        bench, contract, observe(contract, bench.settings.project), bench.catalogue(contract)
    )
    labelled, names = labelled_rows(contract, read(snapshot, bench.store), snapshot.digest)
    bench.progress(f"scoring version {evaluation.subject.version} on {counted(labelled.num_rows, 'row')}")
    predicted, timing, model = predict_all(
        contract, labelled, names, version_of(evaluation), catalogue, evaluation.classes
    )
    here = replace(stored.outcomes, prediction=predicted.prediction, score=predicted.score)
    scores, before = numbers_of(here), numbers_of(stored.outcomes)
    decided = decisions_of(contract, here)
    changed = int((decided != decisions_of(contract, stored.outcomes)).sum())
    difference = numeric_difference(before, scores)
    bench.progress(f"against the baseline: {difference.words()}")
    batch = min(BATCH_ROWS, -(-labelled.num_rows // BATCHES))
    features = labelled.select(contract.data.feature_names).to_pandas()
    runs = []
    with threads(contract.environment.threads):
        for number in range(repeats):
            runs.append(timed(model, features, batch))
            bench.progress(f"repeat {number + 1} of {repeats}: {np.median(runs[-1]):.4g} ms per row")
    state = environment.state
    return EnvironmentFacts(
        name=name,
        model=contract.name,
        taken_at=utc_now(),
        engine=__version__,
        subject=evaluation.subject.digest,
        version=evaluation.subject.version,
        snapshot=evaluation.snapshot,
        definition=digest_of(evaluation.definition),
        evaluation=evaluation.key,
        rows=labelled.num_rows,
        scores_digest=array_digest(scores),
        decisions_digest=array_digest(decided),
        against_baseline=difference,
        decisions_changed=changed,
        scores=None if difference.identical else Packed.of(scores),
        decisions=Packed.of(decided) if changed else None,
        metrics={
            one.metric: one.value for one in measure(contract, replace(stored, outcomes=here)) if one.slice == ALL_ROWS
        },
        batch_rows=batch,
        latency=latency_of(runs),
        peak_memory_mb=timing.peak_memory_mb,
        facts=state.facts,
        lockfile_digest=state.lockfile_digest,
        manifest_digest=state.manifest_digest,
        differences=state.differences,
    )


def compare_environments(
    bench: Workbench, contract: Contract, against: Path, here: Path, earlier: Path | None = None
) -> Offsets:
    """Two environments' files held against each other, on the baseline that both scored.

    Args:
        bench: The project; it holds the stored scores.
        contract: The model's contract.
        against: File of the environment that is corrected for.
        here: File of the environment that values are taken in.
        earlier: An earlier file of the latter.

    Raises:
        UsageError: when a file is none, or of another model or environment.
        EvidenceUnavailable: when the evaluation that they were compared with is not in the store.
    """
    old, new = read_facts(against), read_facts(here)
    before = None if earlier is None else read_facts(earlier)
    if new.model != contract.name:
        message = f"{here} is of model {new.model!r}, not of {contract.name!r}"
        raise UsageError(message, next_step=f"`baseline calibrate {contract.name} --output {here}`")
    if before is not None and (before.name, before.model) != (new.name, new.model):
        message = f"{earlier} is of {before.name} and {before.model}, not of {new.name} and {new.model}"
        raise UsageError(message, next_step="name an earlier file of the same environment")
    nothing = np.zeros(0)
    if (old.subject, old.snapshot, old.definition) != (new.subject, new.snapshot, new.definition):
        return between(old, new, scores=(nothing, nothing), decisions=(nothing, nothing), metrics={}, earlier=before)
    sides = [_scored(bench, contract, one) for one in (old, new)]
    scores = (numbers_of(sides[0].outcomes), numbers_of(sides[1].outcomes))
    decided = (_decided(bench, contract, old), _decided(bench, contract, new))
    same = old.scores_digest == new.scores_digest
    return between(
        old,
        new,
        scores=scores,
        decisions=decided,
        metrics={} if same else _intervals(contract, *sides, seed=int(new.evaluation[:12], 16)),
        earlier=before,
    )


def read_facts(path: Path) -> EnvironmentFacts:
    """A file that `baseline calibrate --output` wrote.

    Raises:
        UsageError: when it is none.
        EvidenceUnavailable: when another version of this package wrote it.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise UsageError(message, next_step="write it with `baseline calibrate MODEL --output FILE`") from error
    except ValueError as error:
        message = f"{path} is no calibration: it is not JSON ({error})"
        raise UsageError(message, next_step="write it with `baseline calibrate MODEL --output FILE`") from error
    return EnvironmentFacts.stored(body)


def numbers_of(outcomes: Outcomes) -> Array:
    """What is compared to the last bit: scores, or predictions where there are none."""
    return outcomes.prediction if outcomes.score is None else outcomes.score


def decisions_of(contract: Contract, outcomes: Outcomes) -> Array:
    """(n,) decisions; numbers decide nothing, and all of them are zero."""
    return np.zeros(len(outcomes), dtype=np.int64) if contract.gives_numbers else outcomes.prediction


def timed(model: LoadedModel, features: pd.DataFrame, batch: int) -> Array:
    """(b,) milliseconds per row of every batch; measured where the model lives."""
    clock = getattr(model, "timed", None)
    taken = []
    for start in range(0, len(features), batch):
        rows = features.iloc[start : start + batch]
        if clock is not None:
            seconds = float(clock(rows))
        else:
            began = time.perf_counter()
            model.predict(rows)
            seconds = time.perf_counter() - began
        taken.append(1000 * seconds / len(rows))
    return np.array(taken)


def _reference(bench: Workbench, contract: Contract) -> tuple[Evaluation, Scores]:
    baseline = bench.baseline(contract.name)
    if baseline is None:
        message = f"{contract.name} has no baseline to calibrate by"
        raise EvidenceUnavailable(
            message,
            next_step=f"`baseline run {contract.name}`, then "
            f"`baseline establish {contract.name} --by NAME --reason TEXT`",
        )
    evaluation = load_evaluation(bench, contract.name, baseline.evaluation)
    if evaluation.definition != contract.definition():
        message = f"the contract of {contract.name} measures something else than its baseline did"
        raise EvidenceUnavailable(message, next_step="establish a baseline by the present contract first")
    return evaluation, load_scores(bench, evaluation, contract)


def _scored(bench: Workbench, contract: Contract, one: EnvironmentFacts) -> Scores:
    """The rows as that environment scored them."""
    stored = load_scores(bench, load_evaluation(bench, contract.name, one.evaluation), contract)
    outcomes = stored.outcomes
    if one.scores is not None:
        values = _checked(one, one.scores)
        outcomes = replace(outcomes, prediction=values) if outcomes.score is None else replace(outcomes, score=values)
    if array_digest(numbers_of(outcomes)) != one.scores_digest:
        message = f"the file of {one.name} does not hold the scores that it names"
        raise UsageError(message, next_step=f"write it anew: `baseline calibrate {one.model} --name {one.name}`")
    if one.decisions is not None:
        outcomes = replace(outcomes, prediction=_checked(one, one.decisions))
    return replace(stored, outcomes=outcomes)


def _decided(bench: Workbench, contract: Contract, one: EnvironmentFacts) -> Array:
    return decisions_of(contract, _scored(bench, contract, one).outcomes)


def _checked(one: EnvironmentFacts, packed: Packed) -> Array:
    try:
        return packed.array()
    except ValueError as error:
        message = f"the file of {one.name} is damaged: {error}"
        raise UsageError(message, next_step=f"write it anew: `baseline calibrate {one.model}`") from error


def _intervals(contract: Contract, old: Scores, new: Scores, *, seed: int) -> dict[str, tuple[float, float] | None]:
    """95 % intervals of every metric's offset, the rows being a sample of their kind and paired."""
    everything = np.arange(len(old.outcomes))
    whole = contract.model_copy(update={"slices": []})
    found = effects(whole, part(old, everything, seed), part(new, everything, seed), pairing="paired")
    intervals: dict[str, tuple[float, float] | None] = {}
    for one in found:
        sure = one.uncertainty
        if sure is None or one.baseline is None or one.candidate is None or not np.isfinite(sure.error):
            intervals[one.metric.name] = None
            continue
        gap, half = one.candidate - one.baseline, float(stdtrit(sure.degrees, 0.975)) * sure.error
        intervals[one.metric.name] = (gap - half, gap + half)
    return intervals
