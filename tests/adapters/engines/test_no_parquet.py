"""A file that is no Parquet is told from one, with the way there."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.adapters.engines.duckdb import DuckDbEngine
from baseline_pipeline.adapters.engines.parquet_files import files_of
from baseline_pipeline.errors import DataUnreadable


def test_a_csv_is_named_with_what_is_read(tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("id,score\n1,0.5\n")

    with pytest.raises(DataUnreadable, match=r"rows.csv is no Parquet file: it begins with b'id,s'") as refused:
        DuckDbEngine(1).named(str(rows)).__enter__()
    assert "to_parquet" in refused.value.next_step


def test_a_folder_that_a_pattern_names_is_no_file(tmp_path):
    (tmp_path / "may").mkdir()

    with pytest.raises(DataUnreadable, match="may cannot be read"):
        files_of(str(tmp_path / "m*"))


def test_parquet_is_parquet_whatever_its_name(tmp_path):
    pq.write_table(pa.table({"x": [1]}), tmp_path / "rows.data")

    assert files_of(str(tmp_path / "rows.data")) == [str(tmp_path / "rows.data")]
