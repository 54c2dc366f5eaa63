"""Rows with a column more, written beside where they lie, whatever their types and folders."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.adapters.engines.duckdb import duckdb_engine
from baseline_pipeline.errors import DataUnreadable

ROWS = 300
LENS = pa.table({"id": np.arange(ROWS), "focus": np.linspace(10, 90, ROWS)})


def scored(batches):
    """The rows with a score; the model asks for every column that the engine sees."""
    for batch in batches:
        yield batch.append_column("score", pa.array(np.full(batch.num_rows, 0.5)))


def mapped(folder, where, function=scored):
    """What stands in the file that is written."""
    (folder / "out").mkdir()
    with duckdb_engine(1) as engine:
        with engine.named(str(where)) as relation:
            schema = engine.schema(relation).append(pa.field("score", pa.float64()))
        engine.write_mapped(str(where), folder / "out", function, schema, lambda _: None)
    return pq.ParquetFile(folder / "out" / "rows.parquet").read()


@pytest.mark.parametrize(
    "ground",
    [
        pa.array(["flint", "crown"] * (ROWS // 2)).dictionary_encode(),
        pa.array(["flint", "crown"] * (ROWS // 2), pa.large_string()),
        pa.array(np.arange(ROWS), pa.timestamp("us", "Europe/Berlin")),
        pa.array(np.arange(ROWS), pa.duration("s")).cast(pa.duration("ms")),
    ],
    ids=["dictionary", "large", "zoned", "duration"],
)
def test_rows_keep_the_types_that_their_files_give_them(tmp_path, ground):
    pq.write_table(LENS.append_column("ground", [ground]), tmp_path / "lens.parquet")
    found = mapped(tmp_path, tmp_path / "lens.parquet")

    assert found["ground"].type == ground.type
    assert found["ground"].to_pylist() == ground.to_pylist()


def test_columns_in_folders_names_are_there_for_the_model_and_after_it(tmp_path):
    for year, maker in (("2025", "zei%C3%9F"), ("2026", "__HIVE_DEFAULT_PARTITION__")):
        folder = tmp_path / "lenses" / f"year={year}" / f"maker={maker}"
        folder.mkdir(parents=True)
        pq.write_table(LENS, folder / "rows.parquet")

    def by_year(batches):
        for batch in batches:
            yield batch.append_column("score", batch.column("year").cast(pa.float64()))

    found = mapped(tmp_path, tmp_path / "lenses", by_year)

    assert found["score"].to_pylist() == [2025.0] * ROWS + [2026.0] * ROWS
    assert found["maker"].to_pylist() == ["zeiß"] * ROWS + [None] * ROWS


def test_files_that_differ_are_written_as_the_first_or_named(tmp_path):
    (tmp_path / "lenses").mkdir()
    pq.write_table(LENS, tmp_path / "lenses" / "a.parquet")
    pq.write_table(LENS.set_column(0, "id", [np.arange(ROWS, dtype=np.int32)]), tmp_path / "lenses" / "b.parquet")
    found = mapped(tmp_path, tmp_path / "lenses")

    assert found["id"].type == pa.int64()
    assert len(found) == 2 * ROWS
    pq.write_table(LENS.drop_columns("focus"), tmp_path / "lenses" / "c.parquet")
    (tmp_path / "again").mkdir()
    with pytest.raises(DataUnreadable, match=r"c\.parquet: its columns are not those of the first file"):
        mapped(tmp_path / "again", tmp_path / "lenses")
