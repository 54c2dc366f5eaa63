"""Calm rows beside an incident's, and the model that is asked about either when they are changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from baseline_pipeline.adapters.models.remembered import remembered
from baseline_pipeline.labels import class_names
from baseline_pipeline.measuring import cluster_codes
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.monitoring.reading import LEAST_CLUSTERS
from baseline_pipeline.replay.put_back import PutBack
from baseline_pipeline.scoring import predict_all
from baseline_pipeline.workbench.iteration.elsewhere import in_declared_environment
from baseline_pipeline.workbench.iteration.environment import observe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from baseline_pipeline.contract import Contract
    from baseline_pipeline.monitoring.scored_rows import ScoredRows
    from baseline_pipeline.scoring import Predicted
    from baseline_pipeline.workbench.over_time.history import Past
    from baseline_pipeline.workbench.over_time.windows import Windows
    from baseline_pipeline.workbench.workbench import Workbench

Array = np.ndarray[Any, Any]
MOST_ROWS = 20_000
"""Rows of either side that are looked at."""


class Scorer:
    """The registered model, asked about rows that are changed.

    Args:
        bench: The project.
        contract: The features.
        past: Names model and classes.
    """

    def __init__(self, bench: Workbench, contract: Contract, past: Past) -> None:
        self.contract, self.past = contract, past
        observed = observe(contract, bench.settings.project)
        self.catalogue = remembered(in_declared_environment(bench, contract, observed, bench.catalogue(contract))[1])
        self.classes = class_names(contract) if contract.task == "binary_classification" else past.classes

    def predicted(self, features: pa.Table, version: Any = None) -> Predicted:
        """What a version, the registered one by default, says of rows.

        Raises:
            ModelFailed: when it does not load or predict.
        """
        names = pa.array([f"{number:012}" for number in range(features.num_rows)])
        found, _, _ = predict_all(
            self.contract, features, names, version or self.past.model, self.catalogue, self.classes
        )
        return found

    def outcomes(self, rows: ScoredRows, features: pa.Table) -> Outcomes:
        """Rows with other features, scored anew."""
        said = self.predicted(features)
        return replace(rows.outcomes, prediction=said.prediction, score=said.score)


@dataclass(frozen=True)
class Sides:
    """Calm rows and an incident's rows, all with labels.

    Attributes:
        calm: The former.
        now: The latter.
        learned: Whether the model learned from calm rows: they are scored out of fold then.
        cluster: Number of the cluster of every row, calm ones first; `None` where luck is told by calm windows.
        exact: Columns of the incident's rows as another source has them, by feature.
        otherwise: Whether the incident's rows were answered otherwise than the registered model would.
    """

    calm: ScoredRows
    now: ScoredRows
    learned: bool
    cluster: Array | None
    exact: Mapping[str, PutBack]
    otherwise: bool = False


def sides_of(found: Windows, calm: Array, now: Array, *, learned: bool, exact: Mapping[str, PutBack]) -> Sides:
    """Labelled rows of either side, at most 20 000 of each, spread evenly over time.

    Args:
        found: All rows.
        calm: Positions of calm rows.
        now: Positions of the incident's rows.
        learned: Whether the model learned from calm ones.
        exact: See `Sides`; of all rows of the incident.
    """
    rows = found.rows
    chosen = []
    for part in (calm, now):
        known = part[rows.labelled[part]]
        chosen.append(known[:: -(-len(known) // MOST_ROWS)] if len(known) > MOST_ROWS else known)
    cluster = None
    if rows.cluster is not None and len(np.unique(rows.cluster[chosen[1]])) >= LEAST_CLUSTERS:
        cluster = cluster_codes(rows.cluster[np.concatenate(chosen)])
    place = np.searchsorted(now, chosen[1])
    picked = {name: replace(one, column=one.column.take(pa.array(place)), rows=one.rows) for name, one in exact.items()}
    return Sides(rows.take(chosen[0]), rows.take(chosen[1]), learned, cluster, picked)
