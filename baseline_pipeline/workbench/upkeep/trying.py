"""A contract tried on the rows that its source has now: columns, labels, slices, and the model on some of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from baseline_pipeline.content import canonical
from baseline_pipeline.errors import BaselineError
from baseline_pipeline.evaluating import encode_labels, labelled_rows
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.slices import find_slices
from baseline_pipeline.snapshot import check_columns

if TYPE_CHECKING:
    import pyarrow as pa

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.ports import Source
    from baseline_pipeline.settings import Settings

TRIED = 50
"""Rows that the model is asked for."""


def tried(settings: Settings, contract: Contract, source: Source, *, predict: bool) -> list[str]:
    """What goes wrong on the rows at hand, in words; nothing is kept.

    Args:
        settings: Where models are found.
        contract: What is tried.
        source: A source that is ready.
        predict: Whether the model is loaded and asked for predictions too; not where its environment is another one.
    """
    try:
        table = canonical(source.read().table)
        check_columns(contract, table.column_names, "data")
        labelled, names = labelled_rows(contract, table, "at hand")
        _, classes = encode_labels(contract, labelled)
    except BaselineError as error:
        return [error.message]
    found = _slices(contract, labelled)
    if predict:
        found += _model(settings, contract, labelled.slice(0, TRIED), names.slice(0, TRIED), classes)
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
            most = f"the largest has {max(rows, default=0)} rows, and min_rows is {spec.min_rows}"
            found.append(f"slices[{number}]: none of its {len(rows)} slices is judged: {most}")
    return found


def _model(
    settings: Settings, contract: Contract, rows: pa.Table, names: pa.Array, classes: tuple[str, ...]
) -> list[str]:
    """Whether the champion loads, and says something of every row that the contract can read."""
    from baseline_pipeline.adapters.models import open_catalogue

    cache = settings.home / "cache" / "models"
    try:
        catalogue = open_catalogue(contract, settings.tracking_uri, settings.project, cache)
        version = catalogue.resolve("champion")
        if version is None:
            return ["model: there is no champion"]
        said = predict_all(contract, rows, names, version, catalogue, classes)[0].prediction
    except BaselineError as error:
        return [f"model: {error.message}"]
    if contract.model.output == "prediction" and classes and (said < 0).all():
        known = ", ".join(classes[:6])
        return [f"model: version {version.version} predicts none of the label's classes ({known}) on {len(said)} rows"]
    return []
