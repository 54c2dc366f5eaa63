"""Two scored data sets compared from summaries, whatever their size: performance by slice, and drift."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from baseline_pipeline.arrow_numbers import family
from baseline_pipeline.comparison import Comparison
from baseline_pipeline.decision import Decision, decide
from baseline_pipeline.drift.kinds import BLURRED, blurred, has_own_values, is_number
from baseline_pipeline.drift.looking import look_within
from baseline_pipeline.drift.reporting import drift_report
from baseline_pipeline.errors import DataUnreadable, UsageError
from baseline_pipeline.metrics.classes import class_name
from baseline_pipeline.scan.contrast import contrast_summaries
from baseline_pipeline.summaries.column import CategorySummary
from baseline_pipeline.summaries.data import DataPlan, DataSummary, summarise, summarise_baseline
from baseline_pipeline.summaries.engine import grid_of
from baseline_pipeline.summaries.file import SUFFIX, read_summary, write_summary
from baseline_pipeline.summaries.planning_outcomes import plan_outcomes, require_countable, require_planned
from baseline_pipeline.workbench.inspection.scoring_rows import scored_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pyarrow as pa

    from baseline_pipeline.comparison import Contrast
    from baseline_pipeline.contract import Contract
    from baseline_pipeline.drift.distances import Within
    from baseline_pipeline.snapshot import DriftReport
    from baseline_pipeline.summaries.engine import Engine
    from baseline_pipeline.workbench.workbench import Workbench

OWN_VALUES = "most rows have a value of their own, of which a summary keeps nothing: slice a text by its length"


@dataclass(frozen=True)
class Scan:
    """What a scan found.

    Attributes:
        decision: What the verdicts come to; nothing follows from it by itself.
        contrast: Performance, slice by slice.
        drift: Columns that moved.
        rows: Of the baseline, and now.
    """

    decision: Decision
    contrast: Contrast
    drift: DriftReport
    rows: tuple[int, int]


def scan(
    bench: Workbench,
    contract: Contract,
    current: str,
    baseline: str,
    *,
    score: str,
    prediction: str,
    save: Path | None,
    role: str | None = None,
) -> Scan:
    """Compare scored rows with those of the baseline.

    Args:
        bench: The project.
        contract: Columns, slices, metrics, margins.
        current: The present rows: Parquet files by path, folder or pattern.
        baseline: The baseline's rows, or a summary that was saved of them.
        score: Column of scores.
        prediction: Column of predictions.
        save: Where to keep the summary of the present rows.
        role: The model that scores rows first, where they are not scored.

    Raises:
        DataUnreadable: when rows or columns are not there, or labels of two classes have a third value.
        ContractError: for a task that cannot be counted.
        UsageError: when `save` would not be known for a summary.
    """
    _require_suffix(save)
    require_countable(contract)
    with bench.engine(contract) as engine:
        column = prediction if contract.task == "regression" else score
        with engine.named(_place(current)) as relation:
            engine.schema(relation)  # says at once what is not there
        if role is not None:
            current = scored_rows(bench, contract, engine, _place(current), role, column)
        if role is not None and not baseline.endswith(SUFFIX):
            baseline = scored_rows(bench, contract, engine, _place(baseline), role, column)
        if baseline.endswith(SUFFIX):
            before = read_summary(Path(baseline))
            require_planned(contract, before.plan.outcomes, baseline)
        else:
            plan = plan_data(contract, engine, _place(baseline), score=score, prediction=prediction)
            before = _counted(bench, engine, baseline, plan, summarise_baseline)
        after = _counted(bench, engine, current, before.plan)
        within = {}
        if not baseline.endswith(SUFFIX):
            places = (_place(baseline), _place(current))
            within = look_within(engine, places, before.columns, after.columns)
    _require_two_classes(contract, before, after)
    if save is not None:
        write_summary(after, save)
    bench.progress("comparing")
    return compare_summaries(contract, before, after, within)


def save_summary(
    bench: Workbench,
    contract: Contract,
    rows: str,
    save: Path,
    *,
    score: str,
    prediction: str,
    role: str | None = None,
) -> DataSummary:
    """Count scored rows and keep the summary, to compare later rows with; raises as `scan` does."""
    _require_suffix(save)
    require_countable(contract)
    with bench.engine(contract) as engine:
        if role is not None:
            column = prediction if contract.task == "regression" else score
            rows = scored_rows(bench, contract, engine, _place(rows), role, column)
        plan = plan_data(contract, engine, _place(rows), score=score, prediction=prediction)
        found = _counted(bench, engine, rows, plan, summarise_baseline)
    _require_two_classes(contract, found)
    write_summary(found, save)
    return found


def _require_suffix(save: Path | None) -> None:
    if save is not None and save.suffix != SUFFIX:
        message = f"--save {save}: a summary's name ends in {SUFFIX}"
        raise UsageError(message, next_step=f"write --save {save.with_suffix(SUFFIX)}")


def plan_data(
    contract: Contract, engine: Engine, rows: str, *, score: str = "score", prediction: str = "prediction"
) -> DataPlan:
    """What is counted of rows like these.

    Args:
        contract: Features, label, slices.
        engine: Where the rows are read.
        rows: The baseline's rows, by absolute path, folder or pattern.
        score: Column of scores.
        prediction: Column of predictions.
    """
    outcomes = plan_outcomes(contract, engine, rows, score=score, prediction=prediction)
    with engine.named(rows) as relation:
        types = {field.name: field.type for field in engine.schema(relation)}
    said = outcomes.score or outcomes.prediction or ("" if outcomes.scores else prediction)
    wanted = [*contract.data.feature_names, *([said] if said else []), *outcomes.scores, contract.data.label]
    there = [name for name in wanted if name in types]
    numeric = [name for name in there if _compared_as_number(contract, name, types[name], said)]
    others = [name for name in there if name not in numeric]
    declared = {feature.name for feature in contract.data.features if feature.categorical}
    some = engine.sample(rows, there)
    texts = [name for name in others if name not in declared and has_own_values(some[name])]
    close = [name for name in numeric if blurred(some[name])]
    return DataPlan(
        numbers={name: grid_of(some[name]) for name in numeric if name not in close},
        categories=tuple(name for name in others if name not in texts),
        texts=tuple(texts),
        blurred=tuple(close),
        kinds={name: family(types[name]) for name in others if name not in texts},
        absent=tuple(name for name in wanted if name not in types),
        outcomes=outcomes,
    )


def compare_summaries(
    contract: Contract, before: DataSummary, after: DataSummary, within: Mapping[str, Within] | None = None
) -> Scan:
    """Verdicts and drift from two summaries; the same ones give the same.

    Args:
        contract: Metrics, margins, slices, error rates.
        before: The baseline, counted.
        after: The present, counted under the same plan.
        within: By column, the values of cells that left too much open.

    """
    sides = (before.digest(), after.digest())
    contrast = contrast_summaries(contract, before.outcomes, after.outcomes, sides)
    comparison = Comparison.of_one(contract.name, contrast, contract.policy_digest())
    silent = {
        **dict.fromkeys(before.plan.absent, "the baseline does not have it"),
        **dict.fromkeys(before.plan.texts, OWN_VALUES),
        **dict.fromkeys(before.plan.blurred, BLURRED),
        **before.silent,
        **after.silent,
    }
    empty = {name: why for name in before.columns if name in after.columns and (why := _empty(before, after, name))}
    drift = drift_report(
        contract,
        {name: one for name, one in before.columns.items() if name not in empty},
        after.columns,
        silent | empty,
        sides=sides,
        rows=(before.rows, after.rows),
        html=None,
        prediction=before.plan.outcomes.score or before.plan.outcomes.prediction or "",
        within=within,
    )
    decision = decide(contract, comparison)
    return Scan(decision, contrast, drift, (before.rows, after.rows))


def _counted(
    bench: Workbench,
    engine: Engine,
    rows: str,
    plan: DataPlan,
    count: Callable[[Engine, str, DataPlan, Callable[[str], None]], DataSummary] = summarise,
) -> DataSummary:
    bench.progress(f"reading {rows}")
    return count(engine, _place(rows), plan, bench.progress)


def _require_two_classes(contract: Contract, *summaries: DataSummary) -> None:
    """Refuse labels of two classes that have a third value: counted as negative, it would be no evidence.

    Raises:
        DataUnreadable: with the values.
    """
    if contract.task != "binary_classification":
        return
    label, positive = contract.data.label, class_name(contract.model.positive_class)
    counts = [one.columns[label] for one in summaries if label in one.columns]
    found = {_class_of(text) for one in counts if isinstance(one, CategorySummary) for text in one.counts} - {"nan"}
    if len(found - {positive}) < 2 and not any(label in one.plan.texts for one in summaries):  # noqa: PLR2004  # one is the negative
        return
    held = ", ".join(sorted(found)[:6]) or "many"
    message = f"label {label!r} has the values {held}; a binary label has two, model.positive_class ({positive!r}) one"
    raise DataUnreadable(message, next_step="check the column, or model.positive_class")


def _class_of(text: str) -> str:
    """The class that an engine's text of a label means: of a column of floats, 1.0 is 1."""
    try:
        return class_name(float(text)) if "." in text else text
    except ValueError:
        return text


def _place(rows: str) -> str:
    """A path as it is meant where the command is typed."""
    return rows if "://" in rows else str(Path(rows).absolute())


def _compared_as_number(contract: Contract, name: str, kind: pa.DataType, said: str) -> bool:
    import pyarrow as pa

    if pa.types.is_decimal(kind):
        kind = pa.float64()  # what its cells are made of
    return is_number(contract, "prediction" if name == said else name, kind)


def _empty(before: DataSummary, after: DataSummary, name: str) -> str:
    """Why a column of two sides cannot be compared, if one of them has no value."""
    sides = (before.columns[name], after.columns[name])
    if not all(one.rows for one in sides):
        return "no rows on one side"
    return "all values are null on one side" if any(_nulls(one) == one.rows for one in sides) else ""


def _nulls(one: object) -> int:
    return int(getattr(one, "nulls", 0))
