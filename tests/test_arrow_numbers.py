"""Decimals are the numbers that they say, wherever numbers are read."""

from decimal import Decimal

import numpy as np
import pyarrow as pa

from baseline_pipeline.arrow_numbers import nearest_doubles
from baseline_pipeline.contract.slices import SliceSpec
from baseline_pipeline.drift.kinds import column_kinds
from baseline_pipeline.evaluating import metric_column
from baseline_pipeline.slices import find_slices
from tests.two_scorings import contract

PRICES = pa.array([Decimal(cents).scaleb(-2) for cents in range(3000)], pa.decimal128(9, 2))


def test_a_decimal_is_its_nearest_double():
    found = nearest_doubles(PRICES)

    assert found.to_pylist() == [cents / 100 for cents in range(3000)]


def test_a_metric_reads_a_column_of_decimals_as_numbers():
    table = pa.table({"price": pa.array([Decimal("0.35"), None], pa.decimal128(9, 2))})

    assert np.array_equal(metric_column(table, "price"), [0.35, np.nan], equal_nan=True)


def test_decimals_drift_as_numbers():
    table = pa.table({"price": PRICES})
    kinds = column_kinds(contract([{"metric": "accuracy", "role": "report_only"}]), table, table)

    assert kinds.numeric == ("price",)


def test_a_quantile_slice_of_decimals_is_that_of_their_doubles():
    spec = SliceSpec(by=["price"], quantiles=7)
    tables = (pa.table({"price": PRICES}), pa.table({"price": nearest_doubles(PRICES)}))
    rows = [{one.name: one.rows.tolist() for one in find_slices([spec], table)} for table in tables]

    assert rows[0] == rows[1]
