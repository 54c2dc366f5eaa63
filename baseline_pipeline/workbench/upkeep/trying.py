"""A contract tried on the rows that its source has now: columns, labels, slices, and the model on some of them."""

from __future__ import annotations

import difflib
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from baseline_pipeline.errors import BaselineError, foreign
from baseline_pipeline.evaluating import scores_of, window_doubt
from baseline_pipeline.figures import counted
from baseline_pipeline.labels import encode_labels, labelled_rows
from baseline_pipeline.metrics.custom import doubts, frame, resolved
from baseline_pipeline.scoring import Predicted, labels_for_scores, predict_all
from baseline_pipeline.slices import find_slices
from baseline_pipeline.snapshot import in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.contract.metrics import MetricRule
    from baseline_pipeline.metrics.outcomes import Array, Outcomes
    from baseline_pipeline.ports import Source
    from baseline_pipeline.settings import Settings

TRIED = 50
"""Rows that the model is asked for."""


class Tried(NamedTuple):
    """What goes wrong with a contract."""

    findings: list[str]
    """What an evaluation would go on without, or is only worth a look."""
    stops: list[BaselineError]
    """What no evaluation gets past: rows that cannot be read, a model that fails on them."""


def tried(settings: Settings, contract: Contract, source: Source, *, predict: bool) -> Tried:
    """What goes wrong on the rows at hand; nothing is kept.

    Args:
        settings: Where models are found.
        contract: What is tried.
        source: A source that is ready.
        predict: Whether the model is loaded and asked for predictions too; not where its environment is another one.
    """
    try:
        table, _ = in_order(contract, source.read().table, "data")
        labelled, names = labelled_rows(contract, table, "at hand")
        labels, classes = encode_labels(contract, labelled)
        few = [_outcomes(contract, labelled, names, labels, classes, rows) for rows in (0, 1, min(TRIED, len(labels)))]
    except BaselineError as error:
        return Tried([], [error])
    found = _labels(contract, labels, classes) + _slices(contract, labelled)
    for rule in contract.metrics:
        found += [f"metric {rule.metric}: {words}" for words in own_metric(rule, few)]
    if not predict:
        return Tried(found, [])
    asked = _model(settings, contract, labelled.slice(0, TRIED), names.slice(0, TRIED), classes)
    return Tried(found + asked.findings, asked.stops)


def _labels(contract: Contract, labels: Array, classes: tuple[str, ...]) -> list[str]:
    """Labels that the model cannot give, and a positive class that no row has."""
    column = f"label {contract.data.label!r}"
    if contract.task == "binary_classification" and not labels.any():
        return [f"{column} is {classes[0]!r} in all rows, never {classes[1]!r} (model.positive_class)"]
    declared = contract.model.class_names
    found = []
    for number in range(len(declared), len(classes) if declared else 0):
        near = difflib.get_close_matches(classes[number], declared, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        held = counted(int((labels == number).sum()), "row")
        found.append(f"{column} is {classes[number]!r} in {held}, which model.classes does not name{hint}")
    return found


def _outcomes(
    contract: Contract, table: pa.Table, names: pa.Array, labels: Array, classes: tuple[str, ...], rows: int
) -> Outcomes:
    """The first rows as metrics see them, of a model that draws its answers: the label of another row, any score."""
    drawn, score = np.random.Generator(np.random.Philox(0)), None
    if contract.wants_scores:
        several = contract.task == "multiclass_classification"
        score = drawn.dirichlet(np.ones(len(classes)), rows) if several else drawn.random(rows)
    said = Predicted(np.roll(labels[:rows], 1), score)
    return scores_of(contract, table.slice(0, rows), names.slice(0, rows), labels[:rows], classes, said).outcomes


def own_metric(rule: MetricRule, given: Sequence[Outcomes]) -> list[str]:
    """What speaks against a function of the user's own: it is called with rows of the data, with none, one and some.

    Args:
        rule: Names the function; nothing is said of our own metrics, nor of one that cannot be imported.
        given: What it is called with.
    """
    found: list[str] = []
    if rule.own is None or any("cannot be imported" in words for words in doubts(rule.own)):
        return found
    for outcomes in given:
        rows = len(outcomes)
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):  # of no rows there is no mean
                warnings.simplefilter("ignore")
                given_back, again = (resolved(rule.own)(frame(outcomes)) for _ in range(2))
            values, twice = (np.asarray(one, dtype=float) for one in (given_back, again))
        except (Exception, SystemExit) as error:  # whatever a user's function raises
            found.append(f"{rule.own} fails on {counted(rows, 'row')}: {foreign(error)}")
            continue
        shape, accepted = ((rows,), "one number per row") if rule.function else ((), "one number for all rows")
        if values.shape != shape:
            found.append(f"{rule.own} gives shape {values.shape} for {counted(rows, 'row')}; accepted: {accepted}")
        elif rows > 1 and not np.isfinite(values).all():
            one = given_back if given_back is None else values[~np.isfinite(values)][0]
            found.append(f"{rule.own} gives {one} for {counted(rows, 'row')}; accepted: {accepted}, finite")
        elif rows > 1 and not np.array_equal(values, twice):
            found.append(f"{rule.own} gives other values for the same {rows} rows when it is asked again")
    return found


def _slices(contract: Contract, table: pa.Table) -> list[str]:
    found = []
    for number, spec in enumerate(contract.slices):
        try:
            rows = [len(one.rows) for one in find_slices([spec], table)]
        except (BaselineError, ValueError) as error:
            found.append(f"slices[{number}]: {error.message if isinstance(error, BaselineError) else error}")
            continue
        if max(rows, default=0) < spec.min_rows:
            most = f"the largest has {counted(max(rows, default=0), 'row')}, and min_rows is {spec.min_rows}"
            found.append(f"slices[{number}]: none of its {len(rows)} slices is judged: {most}")
    return found


def _model(settings: Settings, contract: Contract, rows: pa.Table, names: pa.Array, classes: tuple[str, ...]) -> Tried:
    """Whether the champion loads, and says something of every row that the contract can read."""
    from baseline_pipeline.adapters.models import open_catalogue

    cache = settings.home / "cache" / "models"
    try:
        catalogue = open_catalogue(contract, settings.tracking_uri, settings.project, cache)
        version = catalogue.resolve("champion")
        if version is None:
            return Tried(["model: there is no champion"], [])
        predicted = predict_all(contract, rows, names, version, catalogue, classes)[0]
    except BaselineError as error:
        return Tried([], [type(error)(f"model: {error.message}", next_step=error.next_step)])
    said, doubt = predicted.prediction, labels_for_scores(predicted.score)
    unknown = [f"model: {words}" for words in [window_doubt(contract, version)] if words]
    if doubt:
        return Tried([f"model: version {version.version}: {doubt}", *unknown], [])
    if contract.model.output == "prediction" and classes and (said < 0).all():
        known = ", ".join(classes[:6])
        words = f"model: version {version.version} predicts none of the label's classes ({known}) on {len(said)} rows"
        return Tried([words, *unknown], [])
    return Tried(unknown, [])
