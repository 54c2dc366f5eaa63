"""Apache Spark: the same aggregations, spread over machines."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from baseline_pipeline.adapters.engines.folders import sampled_with_folders
from baseline_pipeline.adapters.engines.parquet_files import identity_of
from baseline_pipeline.errors import DataUnreadable, EvidenceUnavailable, ModelFailed
from baseline_pipeline.summaries.dialect import Dialect
from baseline_pipeline.summaries.engine import SAMPLE_ROWS

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from pyspark.sql import SparkSession

    from baseline_pipeline.contract.engine import SparkSection
    from baseline_pipeline.summaries.column import Summary
    from baseline_pipeline.summaries.engine import Mapped
    from baseline_pipeline.summaries.grid import Grid
    from baseline_pipeline.summaries.outcome_plan import OutcomePlan

VIEW = "given_rows"


def back_quoted(name: str) -> str:
    """A column's name as Spark quotes it.

    Example:
        >>> back_quoted("a`b")
        '`a``b`'
    """
    return "`" + name.replace("`", "``") + "`"


def escaped(text: str) -> str:
    r"""A text as Spark quotes it.

    Example:
        >>> escaped("it's")
        "'it\\'s'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@contextmanager
def spark_engine(section: SparkSection) -> Iterator[SparkSqlEngine]:
    """A session for as long as the context lasts.

    Raises:
        EvidenceUnavailable: when Spark is not installed, or does not start.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        message = "engine: {spark: ...} needs PySpark, which is not installed"
        raise EvidenceUnavailable(
            message, next_step="pip install 'baseline-pipeline[spark]'; Java 17 or later"
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(section.master).appName("baseline scan")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.shuffle.partitions": "16",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        **section.conf,
        "spark.sql.session.timeZone": "UTC",  # whatever the section says: times are counted in UTC in every engine
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        message = f"Spark does not start at {section.master}: {str(error).splitlines()[0]}"
        raise EvidenceUnavailable(
            message, next_step="check engine.spark in the contract; Spark 4 needs Java 17"
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield SparkSqlEngine(session)
    finally:
        session.stop()


class SparkSqlEngine:
    """Summaries of Parquet files by Spark SQL.

    Args:
        session: Where statements run.
    """

    dialect = Dialect(
        back_quoted,
        escaped,
        time="TIMESTAMP_NTZ",
        zoned="TIMESTAMP",
        microseconds="unix_micros(CAST({} AS TIMESTAMP))".format,
    )

    def __init__(self, session: SparkSession) -> None:
        self.session = session

    @contextmanager
    def named(self, rows: pa.Table | str) -> Iterator[str]:
        """A relation that a statement can name while the context lasts."""
        frame = self.session.read.parquet(rows) if isinstance(rows, str) else self.session.createDataFrame(rows)
        frame.createOrReplaceTempView(VIEW)
        try:
            yield VIEW
        finally:
            self.session.catalog.dropTempView(VIEW)

    def schema(self, relation: str) -> pa.Schema:
        """The columns of a relation."""
        return self.query(f"SELECT * FROM {relation} LIMIT 0").schema  # noqa: S608  # named by us

    def query(self, statement: str) -> pa.Table:
        """What a statement gives.

        Raises:
            DataUnreadable: in Spark's words, where it cannot run.
        """
        from pyspark.errors import PySparkException

        try:
            return self.session.sql(statement).toArrow()
        except PySparkException as error:
            message = f"Spark: {str(error).splitlines()[0]}"
            raise DataUnreadable(message) from error

    def counted(self, rows: pa.Table | str, grids: Mapping[str, Grid | None]) -> dict[str, Summary]:  # noqa: ARG002  # rows stay where they are
        """No column: Spark counts by SQL."""
        return {}

    def counted_outcomes(self, rows: pa.Table | str, plan: OutcomePlan) -> tuple[pa.Table, int] | None:  # noqa: ARG002  # as above
        """Nothing, as above."""
        return None

    def identity(self, rows: str) -> list[object]:
        """What tells files from others of the same name; of remote ones, their names."""
        return [rows] if "://" in rows else identity_of(rows)

    def write_mapped(
        self, rows: str, folder: Path, function: Mapped, schema: pa.Schema, progress: Callable[[str], None]
    ) -> None:
        """Parquet files of what a function makes of batches of rows, on the executors."""
        from pyspark.errors import PySparkException
        from pyspark.sql.pandas.types import from_arrow_schema

        progress("  on Spark's executors")
        frame = self.session.read.parquet(rows).mapInArrow(function, from_arrow_schema(schema))
        try:
            frame.write.mode("overwrite").parquet(str(folder))
        except PySparkException as error:
            message = f"Spark: {_cause(str(error))}"
            raise ModelFailed(message, next_step="the model and this package must be on every executor") from error

    def sample(self, rows: pa.Table | str, columns: list[str], *, everywhere: bool = False) -> pa.Table:
        """Some rows; files that this machine does not see are read by Spark."""
        if not isinstance(rows, str) or "://" not in rows:
            return sampled_with_folders(self, rows, columns, everywhere=everywhere)
        from pyspark.sql.functions import rand

        frame = self.session.read.parquet(rows).select(*columns)
        return (frame.orderBy(rand(seed=0)) if everywhere else frame).limit(SAMPLE_ROWS).toArrow()


def _cause(text: str) -> str:
    """The line that names the error in an executor's traceback."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "Error" in line or "Failed" in line), lines[0])
