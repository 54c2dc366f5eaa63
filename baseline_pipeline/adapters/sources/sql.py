"""Rows of one SELECT, through SQLAlchemy; reading only, and silent about passwords."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from baseline_pipeline.adapters.sources.database_url import database_url, hidden
from baseline_pipeline.adapters.sources.one_select import one_select
from baseline_pipeline.adapters.sources.result_columns import result_table
from baseline_pipeline.content import rows_digest
from baseline_pipeline.errors import ContractError, DataNotThereYet, DataUnreadable
from baseline_pipeline.ports import Reading, SourceState
from baseline_pipeline.records import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from sqlalchemy import Connection, CursorResult

    from baseline_pipeline.contract.data import SqlQuery
    from baseline_pipeline.records import Digest

READ_ONLY = {"sqlite": "PRAGMA query_only = ON", "postgresql": "SET TRANSACTION READ ONLY"}


@dataclass(frozen=True)
class SqlSource:
    """A query against a database.

    Attributes:
        url: SQLAlchemy URL; `${VARIABLE}` stands for an environment variable.
        query: one SELECT.
        version_query: a cheap SELECT that changes whenever the rows do; without it all rows are read.
        root: the project's folder, which relative SQLite files are below.
    """

    url: str
    query: str
    version_query: str | None
    root: Path

    def state(self) -> SourceState:
        """Ready with the digest of the version query's result, or of all rows in any order."""
        try:
            digest = self._version() if self.version_query else rows_digest(self._rows())
        except DataUnreadable as error:
            return SourceState("missing", None, error.message)
        return SourceState(
            "ready", digest, "the version query answered" if self.version_query else "all rows were read"
        )

    def read(self) -> Reading:
        """All rows; `numeric` columns become integers where all of them are whole, else doubles."""
        url = hidden(database_url(self.url, self.root))
        rows = self._rows()
        origin: dict[str, object] = {"url": url, "query": self.query, "version_query": self.version_query}
        return Reading(rows, origin if self.version_query else {**origin, "digest": rows_digest(rows)})

    def _rows(self) -> pa.Table:
        return self._ask(self.query, result_table)

    def _version(self) -> Digest:
        answer = self._ask(self.version_query or "", lambda result: [[str(cell) for cell in row] for row in result])
        return digest_of({"query": self.query, "version": answer})

    def _ask(self, query: str, take: Callable[[CursorResult[Any]], Any]) -> Any:
        """The result of a query inside a transaction that is rolled back."""
        import sqlalchemy as sa

        url = database_url(self.url, self.root)
        shown = hidden(url)
        if url.get_backend_name() == "sqlite" and not _sqlite_is_there(url.database):
            message = f"{shown}: there is no such SQLite file"
            raise DataNotThereYet(message, next_step="check data.source.sql.url; relative files are below the project")
        try:
            engine = sa.create_engine(url, poolclass=sa.NullPool)
            with engine.connect() as connection:
                _only_read(connection)
                return take(connection.execution_options(no_parameters=True).exec_driver_sql(query))
        except ModuleNotFoundError as error:
            message = f"{shown}: the driver's package {error.name!r} is not installed"
            raise DataUnreadable(message, next_step="install it beside baseline-pipeline") from error
        except sa.exc.NoSuchModuleError as error:
            message = f"{shown}: no SQLAlchemy dialect for {url.drivername!r} is installed"
            advice = "install the database's dialect, or read it with a function of yours (data.source.callable)"
            raise DataUnreadable(message, next_step=advice) from error
        except sa.exc.SQLAlchemyError as error:
            words = str(getattr(error, "orig", None) or error).strip()
            message = f"{shown}: {words.replace(str(url.password), '***') if url.password else words}"
            kind = DataNotThereYet if isinstance(error, sa.exc.OperationalError) else DataUnreadable
            raise kind(message, next_step="check the database and data.source.sql in the contract") from None


def _only_read(connection: Connection) -> None:
    statement = READ_ONLY.get(connection.dialect.name)
    if statement:
        connection.exec_driver_sql(statement)


def _sqlite_is_there(database: str | None) -> bool:
    return not database or database == ":memory:" or database.startswith("file:") or Path(database).is_file()


def sql_source(section: SqlQuery | None, root: Path) -> SqlSource:
    """The source of a contract's `sql` section.

    Raises:
        ContractError: where a query is not one SELECT.
    """
    if section is None:
        message = "data.source.sql is empty"
        raise ContractError(message, next_step="give it a url and a query")
    one_select("data.source.sql.query", section.query)
    if section.version_query is not None:
        one_select("data.source.sql.version_query", section.version_query)
    return SqlSource(section.url, section.query, section.version_query, root)
