from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from baseline_pipeline.demo import flights
from baseline_pipeline.demo.feeds import write_month
from baseline_pipeline.errors import DataUnreadable, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd


def test_a_month_file_holds_the_month_and_nothing_else(year: pd.DataFrame, tmp_path: Path) -> None:
    table = pq.read_table(write_month(tmp_path / "flights", "2013-07", year))

    assert (table.num_rows, set(table["date"].to_pylist()) <= {f"2013-07-{day:02}" for day in range(1, 32)}) == (
        29_425,
        True,
    )


def test_columns_are_plain_strings_whole_numbers_and_instants(march: pd.DataFrame, tmp_path: Path) -> None:
    schema = pq.read_schema(write_month(tmp_path, "2013-03", march))
    found = {str(schema.field(name).type) for name in schema.names}

    assert (schema.names, found) == (flights.COLUMNS, {"string", "int64", "double", "timestamp[us, tz=UTC]"})


def test_the_same_rows_give_the_same_bytes(march: pd.DataFrame, tmp_path: Path) -> None:
    first = write_month(tmp_path / "a", "2013-03", march).read_bytes()
    again = write_month(tmp_path / "b", "2013-03", march).read_bytes()

    assert first == again


def test_only_the_finished_file_is_left(march: pd.DataFrame, tmp_path: Path) -> None:
    for _ in range(2):
        write_month(tmp_path, "2013-03", march)

    assert [path.name for path in tmp_path.iterdir()] == ["2013-03.parquet"]


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(
    march: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = write_month(tmp_path, "2013-03", march).read_bytes()

    def full(table: pa.Table, file: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_month(tmp_path, "2013-03", march.head(10))

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"2013-03.parquet": before}


@pytest.mark.parametrize("month", ["2013-13", "07", "../2013-07", "2013-7", "2013-07\n"])
def test_a_month_is_a_year_and_a_month(month: str, march: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="for example 2013-07"):
        write_month(tmp_path, month, march)


def test_a_month_without_flights_is_refused(march: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(DataUnreadable, match="from 2013-03-01 to 2013-03-31"):
        write_month(tmp_path, "2013-04", march)
