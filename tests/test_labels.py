"""Labels as data sets hold them: missing, NaN, infinite, of any type."""

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.contract import Contract
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.evaluating import encode_labels, labelled_rows

METRIC = {"regression": "mean_absolute_error", "multiclass_classification": "accuracy", "binary_classification": "f1"}


def contract(task, **model):
    return Contract.model_validate(
        {
            "name": "m",
            "task": task,
            "data": {"source": {"csv": "x.csv"}, "row_id": ["id"], "label": "y", "features": [{"name": "x"}]},
            "model": {"function": "a:b", **model},
            "metrics": [{"metric": METRIC[task], "role": "report_only"}],
        }
    )


def table(labels):
    return pa.table({"id": np.arange(len(labels)), "x": np.zeros(len(labels)), "y": labels})


@pytest.mark.parametrize(
    ("task", "model"),
    [("regression", {}), ("multiclass_classification", {}), ("binary_classification", {"positive_class": 1})],
)
def test_a_label_that_is_nan_is_as_missing_as_null(task, model):
    policy = contract(task, **model)
    labelled, names = labelled_rows(policy, table(pa.array([0.0, np.nan, 1.0, None, 1.0])), "rows")
    labels, classes = encode_labels(policy, labelled)

    assert names.to_pylist() == ["0", "2", "4"]
    assert labels.tolist() == [0, 1, 1]
    assert "nan" not in classes


def test_an_infinite_target_is_refused():
    with pytest.raises(DataUnreadable, match="label 'y' is infinite in 2 rows; accepted: finite numbers"):
        encode_labels(contract("regression"), table([1.0, np.inf, -np.inf]))


def test_values_of_a_label_are_quoted_so_that_blanks_are_seen():
    with pytest.raises(DataUnreadable, match=r"has the values ' yes ', 'no'; a binary label has two, .*\('yes'\)"):
        encode_labels(contract("binary_classification", positive_class="yes"), table([" yes ", "no"]))
