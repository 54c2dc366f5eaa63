"""Rows as they were served beside the same rows as they were learned from."""

import datetime as dt
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.errors import DataUnreadable, EvidenceUnavailable
from baseline_pipeline.workbench.replays.rows import held_out, row_set
from baseline_pipeline.workbench.replays.serving import served
from tests.conftest import SMALL

OF_THREE = """\
import numpy as np


def predict(features):
    odds = np.exp(features[["x", "z"]].to_numpy())
    return np.column_stack([odds, np.ones(len(odds))]) / (1 + odds.sum(axis=1, keepdims=True))
"""


def test_the_skewed_feature_is_named_with_what_putting_it_right_gains(project):
    rows = project.rows()
    log = rows.drop(columns=["y", "group", "day"]).iloc[::-1].iloc[:1200]
    log.loc[log.id % 2 == 0, "x"] *= -1.5
    log.loc[log.id % 3 == 0, "z"] += 1
    file = project.root / "served.parquet"
    log.assign(id=log.id.where(log.id < 1490, log.id + 9000)).to_parquet(file, index=False)
    bench = project.bench()
    contract = bench.contract("small")

    found = served(bench, contract, file)

    assert (found.rows, found.only_served) == (1190, 10)
    assert [(one.column, one.different) for one in found.skew] == [("x", 595), ("z", 397)]
    assert found.skew[1].mean_difference == pytest.approx(1.0)
    harm = {one.feature: one for one in found.harms}
    assert harm["x"].found
    assert harm["x"].metric == "brier"
    assert harm["x"].interval[0] > 0.05
    assert (harm["z"].harm, harm["z"].found) == (0.0, False)
    lines = "\n".join(found.lines())
    assert "x: 595 of 1190 rows differ (50.0%)" in lines
    assert "that costs 0.000 [0.000, 0.000] of brier, not told apart from chance" in lines
    log["z"] += log.index % 2 * 1e-6
    log.to_parquet(file, index=False)
    first = served(bench, contract, file)
    assert first.skew[0].column == "z"
    assert next(line for line in first.lines() if line[:2] == "  " and ":" in line).startswith("  x: ")
    pq.write_table(pa.table({"id": ["q"], "x": [1.0], "z": [1.0]}), file)
    with pytest.raises(EvidenceUnavailable, match="none of the 1 rows"):
        served(bench, contract, file)
    pq.write_table(pa.table({"id": [1], "x": [1.0]}), file)
    with pytest.raises(DataUnreadable, match="lacks feature 'z'; its columns: id, x"):
        served(bench, contract, file)
    pq.write_table(pa.table({"id": [1], "x": [dt.date(2026, 1, 1)], "z": [1.0]}), file)
    with pytest.raises(DataUnreadable, match="feature x is served as date32"):
        served(bench, contract, file)
    pq.write_table(pa.table({"id": [1], "x": [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)], "z": [1.0]}), file)
    with pytest.raises(DataUnreadable, match=r"feature x is served as timestamp.*learned from as double"):
        served(bench, contract, file)


def test_values_that_are_lost_on_the_way_are_told_also_where_the_model_takes_none(project):
    rows = project.rows()
    log = rows.drop(columns=["y", "group", "day"])
    log.loc[log.id < 40, "x"] = np.nan
    file = project.root / "served.parquet"
    log.to_parquet(file, index=False)
    bench = project.bench()

    found = served(bench, bench.contract("small"), file)

    lines = found.lines()
    assert "  x: 40 of 1500 rows differ (2.7%), 40 of them served without a value" in lines
    assert "the model does not score the rows as served: " in lines[-1]
    assert "gave nan for row" in lines[-1]
    assert not found.harms


def test_served_rows_that_lack_a_class_are_measured_and_one_row_alone_is_not(project):
    text = SMALL.replace("binary_classification", "multiclass_classification").replace(", positive_class: 1", "")
    (project.root / "assets" / "small" / "defs.yaml").write_text(text.replace("metric: brier", "metric: log_loss"))
    (project.root / "smallmodel.py").write_text(OF_THREE)
    sys.modules.pop("smallmodel", None)
    rows = project.rows()
    rows["y"] = np.random.default_rng(2).choice(["dry", "fine", "wet"], len(rows))
    project.write(rows)
    log = rows[rows.y != "fine"].assign(x=lambda of: of.x + 1)[["id", "x", "z"]]
    log.to_parquet(project.root / "log.parquet", index=False)
    log.head(1).to_parquet(project.root / "one.parquet", index=False)
    project.run()
    project.establish()
    bench = project.bench()
    many, one = (served(bench, bench.contract("small"), project.root / f"{name}.parquet") for name in ("log", "one"))

    assert [(each.feature, each.rows, each.harm != 0) for each in many.harms] == [("x", len(log), True)]
    assert (one.rows, one.harms) == (1, ())
    assert "what that costs cannot be measured on these rows: 1 cluster in one of the cells" in one.lines()[-1]


def test_halves_of_other_rows_of_a_snapshot_are_other_rows(project):
    project.write(project.rows())
    bench = project.bench()
    contract = bench.contract("small")
    table = pa.Table.from_pandas(project.rows())
    all_of_them, some = row_set(bench, contract, table, "s"), row_set(bench, contract, table.slice(0, 900), "s", "some")
    keys = {half.key for one in (all_of_them, some) for half in held_out(bench, contract, one)}

    assert len(keys) == 4
