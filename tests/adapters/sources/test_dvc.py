"""Files that DVC tracks keep the hash that stands in version control."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.adapters.sources.parquet import parquet_source
from baseline_pipeline.errors import DataNotThereYet

PIN = "outs:\n- md5: {md5}\n  size: 10\n  hash: md5\n  path: {path}\n"


def test_the_hash_of_a_tracked_file_and_of_a_tracked_folder_is_where_rows_come_from(tmp_path):
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"id": [1]}), tmp_path / "data" / "rows.parquet")
    (tmp_path / "data" / "rows.parquet.dvc").write_text(PIN.format(md5="a" * 32, path="rows.parquet"))
    (tmp_path / "data.dvc").write_text(PIN.format(md5="b" * 32 + ".dir", path="data"))

    origin = parquet_source("data/*.parquet", tmp_path).read().origin

    assert {name: pin["md5"] for name, pin in origin["dvc"].items()} == {
        "data/rows.parquet.dvc": "a" * 32,
        "data.dvc": "b" * 32 + ".dir",
    }


@pytest.mark.parametrize("text", ["", "- [", "outs: 7", "outs: [7]", "\0"])
def test_a_pin_that_says_nothing_changes_nothing(tmp_path, text):
    pq.write_table(pa.table({"id": [1]}), tmp_path / "rows.parquet")
    (tmp_path / "rows.parquet.dvc").write_text(text)

    assert "dvc" not in parquet_source("rows.parquet", tmp_path).read().origin


def test_files_that_were_not_pulled_are_named_with_the_next_step(tmp_path):
    (tmp_path / "data.dvc").write_text(PIN.format(md5="b" * 32, path="data"))

    with pytest.raises(DataNotThereYet, match=r"data.dvc tracks it: `dvc pull` brings it"):
        parquet_source("data/*.parquet", tmp_path).read()
