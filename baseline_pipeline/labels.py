"""Labels as numbers, and the classes behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.arrow_numbers import there
from baseline_pipeline.content import row_names
from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import ContractError, DataUnreadable
from baseline_pipeline.figures import counted
from baseline_pipeline.metrics.classes import class_name
from baseline_pipeline.records import Digest
from baseline_pipeline.summaries.arrays import doubles

Array = np.ndarray[Any, Any]


def labelled_rows(contract: Contract, table: pa.Table, snapshot: Digest) -> tuple[pa.Table, pa.Array]:
    """The rows that have a label, in the order of their names, and the names; NaN is none.

    Raises:
        DataUnreadable: when there are none.
    """
    labelled = table.filter(there(table.column(contract.data.label)))
    if labelled.num_rows == 0:
        message = f"no row of snapshot {snapshot[:12]} has a label in {contract.data.label!r}"
        raise DataUnreadable(message, next_step="wait for the labels, or check the label column")
    names = row_names(labelled, contract.data.row_id)
    order = pc.sort_indices(names)
    return labelled.take(order), names.take(order)


def refuse_misfits(contract: Contract, classes: tuple[str, ...]) -> None:
    """Every metric finds the classes that it names.

    Raises:
        ContractError: when one names a class that no label has, or lacks one.
    """
    for rule in contract.metrics:
        wrong = rule.misfit(classes, several=contract.task == "multiclass_classification")
        if wrong:
            message = f"contract {contract.name}: metric {rule.metric!r}: {wrong}"
            where = "name classes by the values of the label column; where rows may lack one, name all in model.classes"
            raise ContractError(message, next_step=where)


def lacked(contract: Contract, table: pa.Table, known: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that an earlier evaluation knew, where these rows hold some of them and no other; else nothing.

    Args:
        contract: Names the label column, and says by itself which classes there are where it declares them.
        table: The rows.
        known: Of the earlier evaluation.
    """
    if contract.task != "multiclass_classification" or contract.model.classes is not None:
        return ()
    label = table.column(contract.data.label)
    found = set(pc.unique(pc.cast(label.filter(there(label)), pa.string())).to_pylist())
    return known if found < set(known) else ()


def class_names(contract: Contract) -> tuple[str, ...]:
    """The classes where labels are not at hand: of two, the other one has no name."""
    if contract.task != "binary_classification":
        return ()
    return ("", class_name(contract.model.positive_class))


def encode_labels(contract: Contract, table: pa.Table, known: tuple[str, ...] = ()) -> tuple[Array, tuple[str, ...]]:
    """Labels as class numbers (binary: 1 is the positive class), targets or texts, and the classes' names.

    Of several classes those come first that are known already, else those that the contract declares.

    Args:
        contract: Task, label column and classes.
        table: The rows; each has a label.
        known: Classes of a larger set of rows that these are a part of.

    Raises:
        DataUnreadable: when a binary label has more than two values, or lacks the positive one's type; when a finite
            number is asked for and there is none.
    """
    column = table.column(contract.data.label)
    if contract.gives_numbers:
        return _numbers(column, f"label {contract.data.label!r}"), ()
    if contract.task == "question_answering":
        return pc.cast(column, pa.string()).to_numpy(), ()
    texts = pc.cast(column, pa.string()).combine_chunks()
    found = sorted(pc.unique(texts).to_pylist())
    if contract.task == "multiclass_classification":
        classes = tuple(dict.fromkeys([*(known or contract.model.class_names), *found]))
        return pc.index_in(texts, value_set=pa.array(classes)).to_numpy(zero_copy_only=False).astype(np.int64), classes
    positive = class_name(contract.model.positive_class)
    others = [value for value in found if value != positive]
    if len(others) > 1:
        held, named = ", ".join(map(repr, found[:6])), f"model.positive_class ({positive!r})"
        message = f"label {contract.data.label!r} has the values {held}; a binary label has two, {named} one of them"
        raise DataUnreadable(message, next_step="check the column, or model.positive_class")
    labels = pc.equal(texts, positive).to_numpy(zero_copy_only=False).astype(np.int64)
    return labels, known or (others[0] if others else "", positive)


def _numbers(column: pa.ChunkedArray, what: str) -> Array:
    try:
        numbers = doubles(column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"{what} is {column.type} and holds no numbers: {error}"
        raise DataUnreadable(message, next_step="check the label column, or the task") from error
    infinite = int(np.isinf(numbers).sum())
    if infinite:
        message = (
            f"{what} is infinite in {counted(infinite, 'row')}; accepted: finite numbers, nothing where none is known"
        )
        raise DataUnreadable(message, next_step="correct them at the source")
    return numbers


def labels_of(contract: Contract, table: pa.Table, classes: tuple[str, ...]) -> Array:
    """Labels as larger data number them, whichever of their classes these rows hold."""
    if contract.task != "multiclass_classification":
        return encode_labels(contract, table)[0]
    texts = pc.cast(table.column(contract.data.label), pa.string())
    found: Array = pc.fill_null(pc.index_in(texts, value_set=pa.array(classes)), 0).to_numpy(zero_copy_only=False)
    return found.astype(np.int64)
