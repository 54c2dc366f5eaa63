"""Rows that a scenario spoilt, scored by the model that scored the past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from baseline_pipeline.content import canonical
from baseline_pipeline.evaluating import scores_of
from baseline_pipeline.labels import class_names, labels_of
from baseline_pipeline.monitoring.scored_rows import ScoredRows
from baseline_pipeline.scenarios import About
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.workbench.over_time.clocks import instants

if TYPE_CHECKING:
    import pandas as pd

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.workbench import Workbench


def about_of(contract: Contract) -> About:
    """What a scenario is told of a contract's columns; features stand in the contract's order."""
    return About(
        features=tuple(contract.data.feature_names),
        label=contract.data.label,
        time=contract.data.time,
        segments=tuple(contract.slice_columns()),
        positive=contract.model.positive_class,
        numbers=contract.gives_numbers,
    )


def score_spoilt(bench: Workbench, contract: Contract, past: Past, spoilt: pd.DataFrame) -> ScoredRows:
    """Score labelled rows anew, in the order given; they are named by their place, so that a row may come twice.

    Args:
        bench: The project.
        contract: Of the model.
        past: Whose model and classes are taken.
        spoilt: Rows with all columns of `past.table`.

    Raises:
        ModelFailed: when the model gives no answer to such rows.
    """
    assert contract.data.time is not None  # noqa: S101  # the past was cut into windows by it
    table = canonical(pa.Table.from_pandas(spoilt, preserve_index=False))
    names = pa.array([f"spoilt {number:012}" for number in range(table.num_rows)])
    labels = labels_of(contract, table, past.classes)
    classes = class_names(contract) if contract.task == "binary_classification" else past.classes
    predicted, _, _ = predict_all(contract, table, names, past.model, bench.catalogue(contract), classes)
    scores = scores_of(contract, table, names, labels, past.classes, predicted)
    return ScoredRows(
        row_id=names,
        at=instants(table, contract.data.time, past.zone),
        outcomes=scores.outcomes,
        labelled=np.ones(table.num_rows, dtype=bool),
        cluster=scores.cluster,
        columns=table.select(contract.kept_columns()),
        features=table.select(contract.data.feature_names),
    )
