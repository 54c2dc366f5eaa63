"""A request log as scored rows: features as the service saw them, labels where they have come."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from baseline_pipeline.adapters.sources.requests import read_requests
from baseline_pipeline.arrow_numbers import there
from baseline_pipeline.content import canonical, refuse_twins, row_names
from baseline_pipeline.errors import DataNotThereYet, DataUnreadable
from baseline_pipeline.labels import class_names, encode_labels
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.recorded import PREFIXES, Recorded, recorded
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.recorder.rows import FEATURE
from baseline_pipeline.workbench.over_time.clocks import instants, zone_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.monitoring import Requests
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
RECORDER_ID, RECORDER_TIME = "request_id", "time"


def logged_rows(bench: Workbench, contract: Contract, data: pa.Table | None, classes: Sequence[str]) -> ScoredRows:
    """The requests that the contract's log holds, ascending in time.

    What the log lacks (labels, slice columns) is taken from the model's data by row id; a feature that neither has
    is null. A request that comes twice counts once, as it came last.

    Args:
        bench: The project.
        contract: Names the log and its columns.
        data: The model's data, where they can be read.
        classes: Names of the classes, where the data have told.

    Raises:
        DataUnreadable: when the log lacks times, ids, or scores and predictions.
    """
    section = contract.monitoring.requests
    assert section is not None  # noqa: S101  # the caller has looked
    bench.progress(f"reading the request log ({section.kind})")
    table, beside = _readable(contract, section, read_requests(section, bench.settings.project))
    if table.num_rows == 0:
        message = "the request log holds no request yet"
        raise DataNotThereYet(message, next_step="wait for the first ones, or check monitoring.requests")
    names = _names(contract, section, table, data)
    kept = _last_of_each(contract, section, table, names)
    twice = table.num_rows - len(kept)
    if beside is not None:
        beside = beside.take(kept)
    table, names = table.take(pa.array(kept)), names.take(pa.array(kept))
    if data is not None:
        table = _completed(contract, section, table, names, data)
    more = [name for name in (contract.data.weight, contract.data.query) if name]
    place = {name: _place(section, table, name) for name in _kept(contract)}
    for name in dict.fromkeys([*place.values(), *more]):
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows))
    outcomes, labelled = _outcomes(contract, section, table, classes)
    stands_for = _stands_for(section, table)
    if stands_for is not None:
        outcomes = replace(outcomes, weight=stands_for if outcomes.weight is None else outcomes.weight * stands_for)
    at = instants(table, _time(contract, section, table), zone_of(contract))
    rows = ScoredRows(
        row_id=names,
        at=at,
        outcomes=outcomes,
        labelled=labelled,
        cluster=_texts(table, contract.data.cluster),
        columns=pa.table({name: table.column(place[name]) for name in contract.kept_columns()}),
        features=pa.table({name: table.column(place[name]) for name in contract.data.feature_names}),
        failed=_failed(table, section.error),
        seconds=_numbers(table, section.latency) if section.latency in table.column_names else None,
        recorded=beside,
        stands_for=stands_for,
        notes=(f"{twice} of {twice + len(kept)} requests came again under the same id; the last of each counts",)
        if twice
        else (),
    )
    return rows.take(np.argsort(at, kind="stable"))


def _readable(contract: Contract, section: Requests, table: pa.Table) -> tuple[pa.Table, Recorded | None]:
    """The log's columns in canonical form, and what a service records beside scores.

    Objects of JSON are spread over columns, `{"stage": {"predict": 0.003}}` over `stage.predict`; other nested columns
    are left out where the contract does not name them.
    """
    table = table.flatten()
    refuse_twins(table)
    nested = {
        name for name, kind in zip(table.column_names, table.schema.types, strict=True) if pa.types.is_nested(kind)
    }
    own = _own(contract, section)
    beside = [name for name in table.column_names if name.startswith(PREFIXES) and name not in own]
    if contract.task == "multiclass_classification" and section.score in nested:
        beside.append(section.score)
    plain = canonical(
        table.select([name for name in table.column_names if name not in beside and name not in nested - own])
    )
    if table.num_rows == 0 or not beside:
        return plain, None
    order = plain.column(_time(contract, section, plain)).to_numpy(zero_copy_only=False)
    return plain, recorded(table.select(beside), order, section.score)


def _own(contract: Contract, section: Requests) -> set[str]:
    """Columns of the log that the contract names, and must be plain."""
    named = [section.row_id, section.time, section.label, contract.data.time, contract.data.label, section.prediction]
    if contract.task != "multiclass_classification":
        named.append(section.score)
    kept = [*contract.data.row_id, *_kept(contract), *(FEATURE + name for name in _kept(contract))]
    return {name for name in (*named, *kept) if name is not None}


def _kept(contract: Contract) -> list[str]:
    return list(dict.fromkeys([*contract.data.feature_names, *contract.kept_columns()]))


def _place(section: Requests, table: pa.Table, name: str) -> str:
    """The log's column of a feature or slice: behind `feature.` where its name is that of a column of the log's own."""
    own = {section.score, section.prediction, section.error, section.latency, section.weight}
    return FEATURE + name if name in own or FEATURE + name in table.column_names else name


def _names(contract: Contract, section: Requests, table: pa.Table, data: pa.Table | None) -> pa.Array:
    ids = contract.data.row_id
    if section.row_id is None and all(name in table.column_names for name in ids):
        return row_names(table, ids)
    column = section.row_id or RECORDER_ID
    if column not in table.column_names or len(ids) != 1:
        message = f"the request log has no {', '.join(ids)} and no {column!r}: its requests cannot be named"
        raise DataUnreadable(message, next_step="name the column: monitoring.requests.row_id")
    values = table.column(column)
    if data is not None and values.type != data.schema.field(ids[0]).type:
        try:
            values = values.cast(data.schema.field(ids[0]).type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            message = f"column {column!r} of the request log is no {ids[0]!r} of the model's data: {error}"
            raise DataUnreadable(message, next_step="record the row id as the model's data spell it") from error
    return row_names(pa.table({ids[0]: values}), ids)


def _time(contract: Contract, section: Requests, table: pa.Table) -> str:
    wanted = [section.time, contract.data.time, RECORDER_TIME]
    found = next((name for name in wanted if name is not None and name in table.column_names), None)
    if found is None:
        message = f"the request log has no time: none of {', '.join(str(one) for one in wanted if one)}"
        raise DataUnreadable(message, next_step="name the column: monitoring.requests.time")
    return found


def _last_of_each(contract: Contract, section: Requests, table: pa.Table, names: pa.Array) -> Array:
    """Positions of the requests, of those that came twice the last."""
    time = table.column(_time(contract, section, table)).to_numpy(zero_copy_only=False)
    order = np.argsort(time, kind="stable")[::-1]
    _, first = np.unique(names.to_numpy(zero_copy_only=False)[order].astype(str), return_index=True)
    return np.asarray(np.sort(order[first]))


def _completed(contract: Contract, section: Requests, table: pa.Table, names: pa.Array, data: pa.Table) -> pa.Table:
    """Columns that only the model's data have, by row id."""
    label = contract.data.label
    extra = [contract.data.cluster] if contract.data.cluster else []
    extra += [name for name in (contract.data.weight, contract.data.query) if name]
    wanted = {name: name for name in (label, *extra)}
    wanted |= {name: _place(section, table, name) for name in _kept(contract)}
    absent = {name: at for name, at in wanted.items() if at not in table.column_names and name in data.column_names}
    if section.label is not None:
        absent.pop(label, None)
    if not absent:
        return table
    place = pc.index_in(names, value_set=row_names(data, contract.data.row_id))
    for name, at in absent.items():
        table = table.append_column(at, data.column(name).take(place))
    return table


def _outcomes(contract: Contract, section: Requests, table: pa.Table, classes: Sequence[str]) -> tuple[Outcomes, Array]:
    """What was predicted beside the labels that are known; a request without an answer has no known outcome."""
    has_score, has_prediction = (name in table.column_names for name in (section.score, section.prediction))
    if not has_score and not has_prediction:
        message = f"the request log has neither {section.score!r} nor {section.prediction!r}"
        raise DataUnreadable(message, next_step="name the column: monitoring.requests.score")
    labels, known = _labels(contract, section, table, classes)
    columns = {name: _read(table, _place(section, table, name)) for name in contract.metric_columns()}
    weight = None if contract.data.weight is None else _numbers(table, contract.data.weight)
    if contract.task == "question_answering":
        answer = pc.cast(table.column(section.prediction if has_prediction else section.score), pa.string())
        answered = pc.is_valid(answer).to_numpy(zero_copy_only=False)
        texts = pc.fill_null(answer, "").to_numpy(zero_copy_only=False)
        return Outcomes(labels, texts, None, weight, columns), known & answered
    if contract.gives_numbers:
        answer = _numbers(table, section.prediction if has_prediction else section.score)
        query = _texts(table, contract.data.query)
        asked = True
        if contract.data.query is not None:
            asked = pc.is_valid(table.column(contract.data.query)).to_numpy(zero_copy_only=False)
        return Outcomes(labels, answer, None, weight, columns, query=query), known & np.isfinite(answer) & asked
    if contract.task == "multiclass_classification":
        if not has_prediction:
            message = f"the request log has no {section.prediction!r}, and several classes have no single score"
            raise DataUnreadable(message, next_step="record the predicted class")
        said = _numbered(table.column(section.prediction), classes)
        answered = said < len(classes)
        kept = np.where(answered, said, 0)
        found = Outcomes(labels, kept, None, weight, columns, len(classes), class_names=tuple(classes))
        return found, known & answered
    score = _numbers(table, section.score) if has_score else None
    names = class_names(contract)
    threshold = np.zeros(table.num_rows) if score is None else (score >= contract.model.threshold).astype(np.int64)
    prediction, answered = threshold, np.ones(table.num_rows, dtype=bool) if score is None else np.isfinite(score)
    if has_prediction:
        column = table.column(section.prediction)
        valid = pc.is_valid(column).to_numpy(zero_copy_only=False)
        texts = pc.cast(column, pa.string())
        positive = pc.fill_null(pc.equal(texts, names[1]), fill_value=False).to_numpy(zero_copy_only=False)
        prediction = np.where(valid, positive.astype(np.int64), threshold)
        answered = answered & (valid | (score is not None))
    found = Outcomes(labels, prediction.astype(np.int64), score, weight, columns, class_names=names)
    return found, known & answered


def _labels(contract: Contract, section: Requests, table: pa.Table, classes: Sequence[str]) -> tuple[Array, Array]:
    """(n,) labels as numbers, and which of them are known."""
    label = section.label or contract.data.label
    values = np.zeros(table.num_rows, dtype=np.float64 if contract.gives_numbers else np.int64)
    if contract.task == "question_answering":
        values = np.full(table.num_rows, "", dtype=object)
    known = np.zeros(table.num_rows, dtype=bool)
    if label in table.column_names:
        known = there(table.column(label)).to_numpy()
    if not known.any():
        return values, known
    if contract.task == "multiclass_classification":
        found = _numbered(table.column(label), classes)
        return np.where(found < len(classes), found, 0), known & (found < len(classes))
    column = table.column(label).filter(pa.array(known))
    values[known] = encode_labels(contract, pa.table({contract.data.label: column}))[0]
    return values, known


def _numbered(column: pa.ChunkedArray, classes: Sequence[str]) -> Array:
    """(n,) numbers of the classes; one more than the last for what is none of them."""
    found = pc.index_in(pc.cast(column, pa.string()), value_set=pa.array(list(classes), pa.string()))
    numbers: Array = pc.fill_null(found, len(classes)).to_numpy(zero_copy_only=False)
    return numbers.astype(np.int64)


def _read(table: pa.Table, name: str) -> Array:
    """A column as metrics read it."""
    kind = table.column(name).type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbers(table, name)
    texts: Array = pc.fill_null(pc.cast(table.column(name), pa.string()), "(missing)").to_numpy(zero_copy_only=False)
    return texts.astype(str)


def _numbers(table: pa.Table, column: str) -> Array:
    try:
        found: Array = pc.cast(table.column(column), pa.float64()).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"column {column!r} of the request log holds no numbers: {error}"
        raise DataUnreadable(message, next_step="record numbers there") from error
    return found


def _stands_for(section: Requests, table: pa.Table) -> Array | None:
    """(n,) requests that each row stands for; `None` where each is one.

    Raises:
        DataUnreadable: where one stands for no positive number of them.
    """
    if section.weight not in table.column_names:
        return None
    found = np.nan_to_num(_numbers(table, section.weight), nan=1.0)
    wrong = found[~(np.isfinite(found) & (found > 0))]
    if len(wrong):
        message = f"column {section.weight!r} of the request log holds {wrong[0]:g}; accepted: positive numbers"
        raise DataUnreadable(message, next_step="record how many requests each row stands for")
    return None if (found == 1).all() else found


def _failed(table: pa.Table, column: str) -> Array | None:
    if column not in table.column_names:
        return None
    found: Array = pc.is_valid(table.column(column)).to_numpy(zero_copy_only=False)
    return found


def _texts(table: pa.Table, column: str | None) -> Array | None:
    if column is None or column not in table.column_names:
        return None
    texts: Array = pc.fill_null(pc.cast(table.column(column), pa.string()), "(missing)").to_numpy(zero_copy_only=False)
    return texts.astype(str)
