"""DuckDB: aggregations in this process, out of core, on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.engines.folders import sampled_with_folders
from baseline_pipeline.adapters.engines.parquet_counting import columns_of, outcomes_of
from baseline_pipeline.adapters.engines.parquet_files import columns_in_files, cores, files_of, identity_of
from baseline_pipeline.adapters.engines.parquet_mapping import write_mapped
from baseline_pipeline.errors import DataUnreadable
from baseline_pipeline.summaries.dialect import STANDARD
from baseline_pipeline.summaries.engine import column_summaries

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb
    import pyarrow as pa

    from baseline_pipeline.summaries.column import Summary
    from baseline_pipeline.summaries.engine import Mapped
    from baseline_pipeline.summaries.grid import Grid
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan


ACCEPTED = "numbers of up to 64 bits, decimals of up to 38 digits, texts, truth values, dates and times"
STEP = "check that the files are whole, with one type a column, and what the contract's slices compare"


@contextmanager
def duckdb_engine(threads: int | None = None) -> Iterator[DuckDbEngine]:
    """An engine whose memory is given back when the context ends."""
    import pyarrow as pa

    engine = DuckDbEngine(threads)
    try:
        yield engine
    finally:
        engine.connection.close()
        pa.default_memory_pool().release_unused()


class DuckDbEngine:
    """Summaries of tables and Parquet files.

    Args:
        threads: Cores to use; all of them by default.
    """

    dialect = STANDARD

    def __init__(self, threads: int | None = None) -> None:
        import duckdb

        self._threads = threads or cores()
        self.connection: duckdb.DuckDBPyConnection = duckdb.connect(
            ":memory:", config={"threads": threads} if threads else {}
        )
        self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute(
            "SET TimeZone = 'UTC'"
        )  # else times with and without a zone are compared by the machine's

    @contextmanager
    def named(self, rows: pa.Table | str) -> Iterator[str]:
        """A relation that a statement can name while the context lasts.

        Raises:
            DataUnreadable: when there are no such rows, or names of columns differ in case alone.
        """
        _require_apart(columns_in_files(rows) if isinstance(rows, str) else rows.column_names)
        if isinstance(rows, str):
            listed = ", ".join(map(self.dialect.literal, files_of(rows)))
            yield f"read_parquet([{listed}])"
            return
        self._register(rows)
        try:
            yield "given_rows"
        finally:
            self.connection.unregister("given_rows")

    def _register(self, rows: pa.Table) -> None:
        """Let statements name a table.

        Raises:
            DataUnreadable: with the first column that DuckDB does not take from Arrow.
        """
        import duckdb

        rows = _widened(rows)
        try:
            self.connection.register("given_rows", rows)
        except duckdb.Error as error:
            for field in rows.schema:
                if not _taken(field):
                    message = f"column {field.name!r} is {field.type}, which DuckDB does not read"
                    raise DataUnreadable(message, next_step=f"accepted: {ACCEPTED}") from error
            message = f"DuckDB: {str(error).splitlines()[0]}"
            raise DataUnreadable(message, next_step=STEP) from error

    def schema(self, relation: str) -> pa.Schema:
        """The columns of a relation."""
        return self.query(f"SELECT * FROM {relation} LIMIT 0").schema  # noqa: S608  # named by us

    def query(self, statement: str) -> pa.Table:
        """What a statement gives.

        Raises:
            DataUnreadable: in DuckDB's words, where it cannot run.
        """
        import duckdb

        try:
            return self.connection.sql(statement).to_arrow_table()
        except duckdb.Error as error:
            message = f"DuckDB: {str(error).splitlines()[0]}"
            raise DataUnreadable(message, next_step=STEP) from error

    def counted(self, rows: pa.Table | str, grids: Mapping[str, Grid | None]) -> dict[str, Summary]:
        """Summaries counted batch by batch: twice as fast as by SQL, and the same."""
        return columns_of(rows, grids, self._threads)

    def counted_outcomes(self, rows: pa.Table | str, plan: OutcomePlan) -> tuple[pa.Table, int] | None:
        """Cells of outcomes counted batch by batch: four times as fast as by SQL, where leaves are few."""
        return outcomes_of(rows, plan, self._threads)

    def sample(self, rows: pa.Table | str, columns: list[str], *, everywhere: bool = False) -> pa.Table:
        """Some rows."""
        return sampled_with_folders(self, rows, columns, everywhere=everywhere)

    def identity(self, rows: str) -> list[object]:
        """What tells files from others of the same name."""
        return identity_of(rows)

    def write_mapped(
        self, rows: str, folder: Path, function: Mapped, schema: pa.Schema, progress: Callable[[str], None]
    ) -> None:
        """Parquet files of what a function makes of batches of rows."""
        write_mapped(rows, folder, function, schema, progress)

    def summaries(self, rows: pa.Table | str, grids: Mapping[str, Grid | None]) -> dict[str, Summary]:
        """The summary of every column of a table, or of Parquet files; a table's by themselves, whatever their case."""
        if isinstance(rows, str):
            with self.named(rows) as relation:
                return column_summaries(self, rows, relation, grids)
        found: dict[str, Summary] = {}
        for name, grid in grids.items():
            column = rows.select([name])
            with self.named(column) as relation:
                found |= column_summaries(self, column, relation, {name: grid})
        return found


def _require_apart(columns: list[str]) -> None:
    """Let only names through that SQL tells apart, to which `Age` and `age` are one.

    Raises:
        DataUnreadable: with the first two that it does not.
    """
    known: dict[str, str] = {}
    for name in columns:
        other = known.setdefault(name.lower(), name)
        if other is not name:
            message = f"columns {other!r} and {name!r} are one to SQL, which does not tell upper from lower case"
            raise DataUnreadable(message, next_step="rename one of them at the source")


def _widened(rows: pa.Table) -> pa.Table:
    """Numbers of half precision as single ones, which hold them exactly: DuckDB reads those from Arrow."""
    import pyarrow as pa

    fields = [field.with_type(pa.float32()) if pa.types.is_float16(field.type) else field for field in rows.schema]
    return rows.cast(pa.schema(fields)) if any(pa.types.is_float16(field.type) for field in rows.schema) else rows


def _taken(field: pa.Field) -> bool:
    """Whether DuckDB takes a column of this type."""
    import duckdb
    import pyarrow as pa

    try:
        duckdb.from_arrow(pa.schema([field]).empty_table())
    except duckdb.Error:
        return False
    return True
