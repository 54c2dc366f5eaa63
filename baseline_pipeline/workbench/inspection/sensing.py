"""`baseline power --sensitivity`: which damage this baseline would see, and which it would not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.adapters.models.remembered import remembered
from baseline_pipeline.comparison import ALL_ROWS
from baseline_pipeline.content import canonical
from baseline_pipeline.errors import ContractError, EvidenceUnavailable, ModelFailed
from baseline_pipeline.evaluating import days_of, scores_of
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.labels import encode_labels, labelled_rows
from baseline_pipeline.records import Digest, Record, digest_of
from baseline_pipeline.scenarios import SCENARIOS, About, NotApplicable, Scenario
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.sensitivity import Seen, detectable_dose, seen_of
from baseline_pipeline.snapshot import read
from baseline_pipeline.workbench.asked import Asked, keep_last
from baseline_pipeline.workbench.inspection.own_scenario import scenario_of
from baseline_pipeline.workbench.iteration.comparing import previous_champion
from baseline_pipeline.workbench.iteration.evaluating import load_evaluation, version_of
from baseline_pipeline.workbench.iteration.snapshotting import load_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.evaluation import Evaluation
    from baseline_pipeline.metrics.outcomes import Outcomes
    from baseline_pipeline.ports import ModelVersion
    from baseline_pipeline.workbench.workbench import Workbench

ORIGIN = "number of the row that this one comes from"
"""Column that our own scenarios carry along; another's functions are not shown it."""


class Dosed(Record):
    """One dose of one scenario."""

    dose: float
    rows: int
    failure: str
    """Why the model gave no scores, if so: that is seen without any statistics."""
    seen: tuple[Seen, ...]

    def power(self, metric: str, name: str = ALL_ROWS) -> float | None:
        """Of one guardrail; 1 where the model fails altogether, `None` where the gate cannot judge."""
        if self.failure:
            return 1.0
        return next((one.power for one in self.seen if (one.metric, one.slice) == (metric, name)), None)


class Sensed(Record):
    """One scenario at growing doses."""

    scenario: str
    why: str
    unit: str
    skipped: str
    """What the data lack for it, if anything."""
    doses: tuple[Dosed, ...]
    detectable: dict[str, float | None]
    """Smallest dose that each metric over all rows finds with the contract's power."""


class Sensitivity(Asked):
    """Metric by source of drift by dose: the chance that the gate sees it."""

    model: str
    baseline_revision: int | None
    evaluation: Digest
    policy: Digest
    """Of the contract's metrics, margins and error rates."""
    rows: int
    left_out: int
    """Rows that the model learned from."""
    power: float
    metrics: tuple[str, ...]
    scenarios: tuple[Sensed, ...]


def sensitivity(bench: Workbench, contract: Contract, names: Sequence[str] = ()) -> Sensitivity:
    """Spoil the rows of the baseline (else the last evaluation) in every way, score them, and ask what would be seen.

    Args:
        bench: The project.
        contract: Metrics, slices, scenarios.
        names: Scenarios; the contract's by default, else all. `module:function` is one of the user's own.

    Raises:
        EvidenceUnavailable: when nothing is evaluated yet.
        ContractError: when a scenario of the user's own cannot be had or does not give a table.
    """
    baseline = bench.baseline(contract.name)
    key = baseline.evaluation if baseline else previous_champion(bench, contract.name)
    if key is None:
        message = f"nothing is evaluated yet for {contract.name}"
        raise EvidenceUnavailable(message, next_step=f"`baseline run {contract.name}`")
    chosen = list(names) or [*contract.scenarios] or [*SCENARIOS]
    project = bench.settings.project
    known = {name: scenario_of(name, project) for name in chosen}
    work = _Spoiling(bench, contract, load_evaluation(bench, contract.name, key))
    gating = [rule.measured for rule in contract.metrics if rule.role != "report_only" and rule.measured.of_rows]
    found = Sensitivity(
        model=contract.name,
        baseline_revision=baseline.revision if baseline else None,
        evaluation=key,
        policy=contract.policy_digest(),
        rows=len(work.before.outcomes),
        left_out=work.left_out,
        power=contract.error_rates.power,
        metrics=tuple(one.name for one in gating),
        scenarios=tuple(work.sensed(name, scenario, [one.name for one in gating]) for name, scenario in known.items()),
    )
    return keep_last(bench, "sensitivities", contract.name, found)


class _Spoiling:
    """The rows, the model, and what it says of them when they are spoilt."""

    def __init__(self, bench: Workbench, contract: Contract, evaluation: Evaluation) -> None:
        self.bench, self.contract, self.evaluation = bench, contract, evaluation
        snapshot = load_snapshot(bench, contract.name, evaluation.snapshot)
        labelled, _ = labelled_rows(contract, read(snapshot, bench.store), snapshot.digest)
        self.catalogue = remembered(bench.catalogue(contract))
        self.version = version_of(evaluation)
        judged = unlearned(labelled, contract.data.time, self.version)
        self.table = labelled.filter(pa.array(judged))
        self.left_out = labelled.num_rows - self.table.num_rows
        self.seed = int(evaluation.snapshot[:12], 16)
        self.frame: pd.DataFrame = self.table.to_pandas()
        leaning = sorted(evaluation.importances or (), key=lambda one: -one.movement)
        first = [one.feature for one in leaning]
        rest = [name for name in contract.data.feature_names if name not in first]
        self.about = About(
            features=(*first, *rest),
            label=contract.data.label,
            time=contract.data.time,
            segments=tuple(contract.slice_columns()),
            positive=contract.model.positive_class,
            numbers=contract.gives_numbers,
        )
        self.before = self.scores(self.frame)
        self.about = replace(self.about, off=off(self.before.outcomes))

    def sensed(self, name: str, scenario: Scenario, metrics: list[str]) -> Sensed:
        """A scenario at all of its doses."""
        marked = {ORIGIN: np.arange(len(self.frame))} if name in SCENARIOS else {}
        doses: list[Dosed] = []
        skipped = ""
        for dose in scenario.doses:
            tried: list[Dosed] = []
            try:
                for number in range(scenario.tries):
                    which = f", try {number + 1} of {scenario.tries}" if scenario.tries > 1 else ""
                    self.bench.progress(f"{name} {dose:g}{which}")
                    rng = np.random.default_rng([self.seed, int(digest_of(name)[:8], 16), number])
                    tried.append(self._dosed(scenario.spoil(self.frame.assign(**marked), self.about, dose, rng), dose))
            except NotApplicable as reason:
                skipped = str(reason)
                break
            doses.append(over_tries(tried))
        return Sensed(
            scenario=name,
            why=scenario.why,
            unit=scenario.unit,
            skipped=skipped,
            doses=tuple(doses),
            detectable={} if skipped else {metric: self._detectable(doses, metric) for metric in metrics},
        )

    def _dosed(self, spoilt: pd.DataFrame, dose: float) -> Dosed:
        origin = spoilt.pop(ORIGIN).to_numpy() if ORIGIN in spoilt else None
        try:
            after = self.scores(spoilt)
        except ModelFailed as failure:
            return Dosed(dose=dose, rows=len(spoilt), failure=failure.message, seen=())
        seen = seen_of(self.contract, self.before, after, self.seed, origin)
        return Dosed(dose=dose, rows=len(spoilt), failure="", seen=seen)

    def _detectable(self, doses: list[Dosed], metric: str) -> float | None:
        known = [(one.dose, power) for one in doses if (power := one.power(metric)) is not None]
        return detectable_dose([one for one, _ in known], [one for _, one in known], self.contract.error_rates.power)

    def scores(self, frame: pd.DataFrame) -> Scores:
        """What the model says of a table; every row is one of its own, also where rows come twice."""
        table = canonical(pa.Table.from_pandas(frame, schema=None, preserve_index=False))
        names = pa.array([f"{number:012}" for number in range(table.num_rows)])
        known = self.evaluation.classes
        labels, classes = encode_labels(self.contract, table, known)
        strange = classes[len(known) :] if known else ()
        if strange:
            message = f"label {strange[0]!r} is none that the model knows; accepted: {', '.join(known)}"
            raise ContractError(message)
        predicted, _, _ = predict_all(self.contract, table, names, self.version, self.catalogue, classes)
        return scores_of(self.contract, table, names, labels, classes, predicted)


def over_tries(tried: Sequence[Dosed]) -> Dosed:
    """One dose that was tried several times: the means of harms, errors and chances; a failure where any try fails.

    A try that a guardrail cannot judge is left out of its means.
    """
    failed = next((one for one in tried if one.failure), None)
    if failed or len(tried) == 1:
        return failed or tried[0]
    cells: dict[tuple[str, str], list[Seen]] = {}
    for seen in (seen for one in tried for seen in one.seen):
        cells.setdefault((seen.metric, seen.slice), []).append(seen)
    return tried[0].model_copy(update={"seen": tuple(_mean(seen) for seen in cells.values())})


def _mean(tries: list[Seen]) -> Seen:
    judged = [one for one in tries if one.power is not None]
    if not judged:
        return tries[0]
    means = {}
    for name in ("harm", "error", "power", "unsure"):
        values = [value for one in judged if (value := getattr(one, name)) is not None]
        means[name] = float(np.mean(values)) if values else None
    return judged[0].model_copy(update=means)


def unlearned(table: pa.Table, time: str | None, version: ModelVersion) -> np.ndarray[Any, Any]:
    """(n,) rows that the model did not learn from: a gate would leave the others out.

    Raises:
        EvidenceUnavailable: when it learned from all of them.
    """
    days = days_of(table, time)
    if days is None or version.training_window is None:
        return np.ones(table.num_rows, dtype=bool)
    first, last = (np.datetime64(day, "D") for day in version.training_window)
    judged: np.ndarray[Any, Any] = (days < first) | (days > last)
    if not judged.any():
        message = f"all {len(judged)} rows lie in the training window of version {version.version}: {first} to {last}"
        raise EvidenceUnavailable(
            message, next_step=f"bring rows it did not learn from, and `baseline run {version.name}`"
        )
    return judged


def off(outcomes: Outcomes) -> np.ndarray[Any, Any]:
    """(n,) how far off every answer is: from the label, or from certainty of it."""
    label, score = outcomes.label, outcomes.score
    if score is not None:
        sure = np.where(label == 1, score, 1 - score) if score.ndim == 1 else score[np.arange(len(score)), label]
        return np.asarray(1 - sure)
    if np.issubdtype(label.dtype, np.floating):
        return np.asarray(outcomes.prediction - label)
    return np.asarray(outcomes.prediction != label, dtype=float)
