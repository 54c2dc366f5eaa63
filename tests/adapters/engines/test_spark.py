"""Spark as several processes counts what DuckDB counts, also where one of them dies."""

import contextlib
import os

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.adapters.engines.duckdb import duckdb_engine
from baseline_pipeline.contract import Contract
from baseline_pipeline.contract.engine import SparkSection
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.data import summarise
from baseline_pipeline.workbench.inspection.scanning import plan_data

ROWS = int(os.environ.get("BASELINE_SPARK_ROWS", "200000"))
CONTRACT = Contract.model_validate(
    {
        "name": "m",
        "task": "binary_classification",
        "data": {
            "source": {"parquet": "-"},
            "row_id": ["id"],
            "label": "y",
            "features": [{"name": name} for name in ("x", "count", "zeros", "word's `name`", "since", "at", "zoned")],
            "cluster": "day",
        },
        "model": {"registered": "m", "positive_class": True},
        "slices": [
            {"by": ["word's `name`"]},
            {"by": ["x"], "quantiles": 4},
            {"name": "odd", "where": "x / count > 0.5 and column(\"word's `name`\") in ['it\\'s', 'b\\\\c']"},
            {
                "name": "early",
                "where": "since < '2026-05-10' and at >= '2026-05-03T12:00+02:00' or zoned == '2026-05-11'",
            },
        ],
        "metrics": [{"metric": "brier", "margin": {"absolute": 0.01}}],
    }
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, ROWS)
    x[rng.random(ROWS) < 0.02] = np.nan
    x[:3] = [np.inf, -np.inf, 1e300]
    odds = rng.normal(-1, 1.5, ROWS)
    at = np.datetime64("2026-05-01", "us") + rng.integers(0, 80, ROWS) * np.timedelta64(6, "h")
    table = pa.table(
        {
            "id": np.arange(ROWS),
            "x": pa.array(x, mask=rng.random(ROWS) < 0.05),
            "count": rng.poisson(4, ROWS),
            "zeros": np.where(rng.random(ROWS) < 0.8, 0.0, rng.normal(0, 1, ROWS)),
            "word's `name`": rng.choice(["a", "it's", "b\\c", ""], ROWS),
            "y": pa.array(rng.random(ROWS) < 1 / (1 + np.exp(-odds)), mask=rng.random(ROWS) < 0.01),
            "score": 1 / (1 + np.exp(-odds)),
            "day": rng.integers(0, 40, ROWS),
            "since": pa.array(at.astype("datetime64[D]")),
            "at": pa.array(at),
            "zoned": pa.array(at, pa.timestamp("us", "America/New_York")),
        }
    )
    found = tmp_path_factory.mktemp("spark") / "rows.parquet"
    pq.write_table(table, found, row_group_size=20_000)
    return str(found)


@pytest.fixture(scope="module")
def spark():
    if not os.environ.get("BASELINE_REQUIRE_SERVICES"):
        pytest.importorskip("pyspark")
    from baseline_pipeline.adapters.engines.spark import spark_engine

    section = SparkSection(master="local-cluster[2,1,1024]", conf={"spark.executor.memory": "1g"})
    with spark_engine(section) as engine:
        yield engine


def executors():
    """The processes that count."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # some end while they are looked at
            found += [one] if "CoarseGrained" in " ".join(one.cmdline()) else []
    return found


@pytest.mark.slow
def test_two_executors_count_what_duckdb_counts_and_one_that_is_killed_changes_nothing(spark, path):
    with duckdb_engine() as embedded:
        plan = plan_data(CONTRACT, embedded, path)
        expected = summarise(embedded, path, plan)
    spark.query("SELECT 1")
    before = executors()
    killed = []

    def progress(said):
        if said.startswith("counting 9 columns"):
            killed.append(before[0].pid)
            before[0].kill()

    found = summarise(spark, path, plan, progress)

    assert len(before) == 2
    assert killed
    assert found.digest() == expected.digest()
    assert found.outcomes.unlabelled == expected.outcomes.unlabelled > 0
    for name in ("p", "pp", "loss", "squares"):
        assert np.allclose(found.outcomes.cells[name], expected.outcomes.cells[name], rtol=1e-12, atol=0)
        assert np.allclose(found.outcomes.clusters[name], expected.outcomes.clusters[name], rtol=1e-12, atol=0)


@pytest.mark.slow
def test_what_spark_cannot_read_is_said_in_words(spark):
    with spark.named(pa.table({"a": [1]})) as relation, pytest.raises(DataUnreadable, match=r"Spark: .*nothing_there"):
        spark.query(f"SELECT nothing_there FROM {relation}")
