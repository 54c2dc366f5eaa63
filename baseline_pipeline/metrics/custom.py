"""A user's own loss per row, or statistic of all rows."""

from __future__ import annotations

import dis
import importlib
import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from types import CodeType, FunctionType
from typing import Any, Literal

import numpy as np

from baseline_pipeline.errors import foreign
from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.domain import mean_of, rows_needed
from baseline_pipeline.metrics.outcomes import ALL_TASKS, Array, Estimate, Metric, NotMeasurable, Outcomes


def custom_metric(
    name: str, reference: str, *, better: Literal["higher", "lower"], unit: str, columns: Sequence[str]
) -> Metric:
    """A metric that is the mean of what a function gives for every row.

    Args:
        name: What the contract calls it.
        reference: `module:function`; it takes a DataFrame with `label`, `prediction`, `score` (or `score.0`, ... by
            class), `query` where items are ranked, and the columns named, and returns a number per row.
        better: Which values are better.
        unit: Of the values.
        columns: Further columns of the data that it reads.
    """
    return _metric(name, reference, better, unit, columns, _measured, rowwise=True)


GROUPS = 40
"""Parts that a statistic is computed without, one after the other."""


def custom_statistic(
    name: str, reference: str, *, better: Literal["higher", "lower"], unit: str, columns: Sequence[str]
) -> Metric:
    """A metric that a function gives for all rows together; the arguments are those of `custom_metric`."""
    return _metric(name, reference, better, unit, columns, _statistic)


def _metric(
    name: str,
    reference: str,
    better: Literal["higher", "lower"],
    unit: str,
    columns: Sequence[str],
    measure: Callable[..., Estimate],
    *,
    rowwise: bool = False,
) -> Metric:
    return Metric(
        name=name,
        title=f"{name} ({reference})",
        better=better,
        unit=unit,
        tasks=ALL_TASKS,
        measure=partial(measure, reference=reference),
        rowwise=rowwise,
        columns=tuple(columns),
    )


def _statistic(outcomes: Outcomes, *, reference: str) -> Estimate:
    """The value on all rows, and by the delete-a-group jackknife what each part adds to it.

    Parts are whole clusters where rows move together. What a part adds is put down to its first row: sums over
    clusters and over rows then have the same variance, that of the parts.

    Source: Quenouille (1956); Kott (2001), The delete-a-group jackknife, J. Official Stat. 17:521.
    """
    rows_needed(outcomes)
    value = _number(outcomes, reference)
    rows = len(outcomes)
    unit = np.arange(rows) if outcomes.cluster is None else outcomes.cluster
    part = np.random.Generator(np.random.Philox(rows)).permutation(int(unit.max()) + 1)[unit] % GROUPS
    influence = np.zeros(rows)
    for one in np.unique(part):
        mine = np.flatnonzero(part == one)
        if len(mine) < rows:
            without = _number(outcomes.take(np.flatnonzero(part != one)), reference)
            influence[mine[0]] = (value - without) * (rows - len(mine))
    return Estimate(value, influence - influence.mean())


def _number(outcomes: Outcomes, reference: str) -> float:
    try:
        value = np.asarray(resolved(reference)(frame(outcomes)), dtype=float)
    except (Exception, SystemExit) as error:  # one that ends the process would end it with its own code
        message = f"{reference} failed: {foreign(error)}"
        raise NotMeasurable(message) from error
    if value.shape != () or not np.isfinite(value):
        given = value.tolist() if value.shape == () else f"values of shape {value.shape}"
        message = f"{reference} gave {given} for {counted(len(outcomes), 'row')}; accepted: one finite number"
        raise NotMeasurable(message)
    return float(value)


def _measured(outcomes: Outcomes, *, reference: str) -> Estimate:
    rows_needed(outcomes)
    try:
        values = np.asarray(resolved(reference)(frame(outcomes)), dtype=float)
    except (Exception, SystemExit) as error:  # one that ends the process would end it with its own code
        message = f"{reference} failed: {foreign(error)}"
        raise NotMeasurable(message) from error
    if values.shape != (len(outcomes),):
        rows = counted(len(outcomes), "row")
        message = f"{reference} gave values of shape {values.shape} for {rows}; accepted: one per row"
        raise NotMeasurable(message)
    if not np.isfinite(values).all():
        message = f"{reference} is not finite in {counted(int((~np.isfinite(values)).sum()), 'row')}"
        raise NotMeasurable(message)
    return mean_of(outcomes, values)


def frame(outcomes: Outcomes) -> Any:  # a DataFrame; importing pandas here takes half a second
    """What a user's function is given."""
    import pandas as pd

    given: dict[str, Array] = {"label": outcomes.label, "prediction": outcomes.prediction}
    if outcomes.score is not None and outcomes.score.ndim == 1:
        given["score"] = outcomes.score
    elif outcomes.score is not None:
        given |= {f"score.{number}": outcomes.score[:, number] for number in range(outcomes.score.shape[1])}
    if outcomes.query is not None:
        given["query"] = outcomes.query
    return pd.DataFrame(given | dict(outcomes.columns))


def resolved(reference: str) -> Callable[..., object]:
    """The function behind `module:function`.

    Raises:
        ImportError: when there is no such module.
        AttributeError: when it has no such function.
    """
    module, _, name = reference.partition(":")
    found: Callable[..., object] = getattr(importlib.import_module(module), name)
    return found


def doubts(reference: str) -> tuple[str, ...]:
    """What may make a function give other values tomorrow, in words: state beside its arguments.

    Example:
        >>> doubts("math:sqrt"), doubts("nowhere:at_all")
        ((), ("nowhere:at_all cannot be imported: ModuleNotFoundError: No module named 'nowhere'",))
    """
    try:
        function = resolved(reference)
    except Exception as error:  # whatever a user's module raises while it is imported
        return (f"{reference} cannot be imported: {foreign(error)}",)
    if not inspect.isfunction(function):
        return ()
    return tuple(f"{reference} {words}" for words in sorted(_state(function, set())))


def _state(function: FunctionType, seen: set[FunctionType]) -> set[str]:
    """What a function reads beside its arguments, by itself or through functions of its own module."""
    seen.add(function)
    outer = function.__globals__
    read = {name: outer[name] for code in _codes(function.__code__) for name in _globals(code) if name in outer}
    read |= inspect.getclosurevars(function).nonlocals
    written = set().union(*(_globals(code, "STORE_GLOBAL", "DELETE_GLOBAL") for code in _codes(function.__code__)))
    found = {f"writes {name}, which outlives the call and may change other figures" for name in written}
    for name, value in read.items():
        if inspect.isfunction(value) and value.__module__ == function.__module__:
            found |= set() if value in seen else _state(value, seen)
        elif not (inspect.ismodule(value) or inspect.isclass(value) or callable(value)):
            found.add(f"reads {name}, which is not among its arguments and may change")
    for name, parameter in inspect.signature(function).parameters.items():
        if isinstance(parameter.default, (dict, list, set)):
            found.add(f"keeps {name} from call to call: its default is made once and may change")
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of what is defined within it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _codes(one)


def _globals(code: CodeType, *how: str) -> set[str]:
    return {one.argval for one in dis.get_instructions(code) if one.opname in (how or ("LOAD_GLOBAL",))}
