"""Where the rows come from and what their columns mean."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from baseline_pipeline.contract.redaction import DatabaseUrl
from baseline_pipeline.contract.section import (
    CallableRef,
    ColumnName,
    Duration,
    RelativePath,
    Section,
    Text,
    each_once,
)


class SqlQuery(Section):
    """A query against any SQLAlchemy URL."""

    url: DatabaseUrl = Field(repr=False)
    """SQLAlchemy URL with its driver named; `${VARIABLE}` stands for an environment variable."""
    query: Text
    """One SELECT statement."""
    version_query: Text | None = None
    """A cheap SELECT whose result changes whenever the data does; without it the whole query is read."""


class Source(Section):
    """Exactly one way to read the rows; paths are relative to the project root."""

    parquet: RelativePath | None = None
    """A Parquet file, or a glob over several that share a schema."""
    csv: RelativePath | None = None
    """A CSV file, or a glob over several that share a header."""
    sql: SqlQuery | None = None
    """A query against a database."""
    delta: RelativePath | None = None
    """A Delta Lake table's folder or URL."""
    iceberg: RelativePath | None = None
    """An Iceberg table's metadata file."""
    callable: CallableRef | None = None
    """`module:function` without arguments that returns a pandas DataFrame or a pyarrow Table."""

    @property
    def kind(self) -> str:
        """Which of the ways is used."""
        return next(kind for kind in type(self).model_fields if getattr(self, kind) is not None)

    @property
    def place(self) -> str:
        """Where the rows are, in a word; no query and no secret."""
        return "a database" if self.sql is not None else str(getattr(self, self.kind))

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [kind for kind in type(self).model_fields if getattr(self, kind) is not None]
        if len(given) != 1:
            accepted = ", ".join(type(self).model_fields)
            message = f"name exactly one source ({accepted}); found {', '.join(given) or 'none'}"
            raise ValueError(message)
        return self


class Feature(Section):
    """A column that the model reads, with the reason it is there."""

    name: ColumnName
    """The column."""
    why: Text | None = None
    """What the column is thought to tell the model."""
    categorical: bool = False
    """Treated as a category in drift, whatever its type."""


class DataSection(Section):
    """The rows the model is judged on."""

    source: Source
    """Where the rows are read from."""
    row_id: list[ColumnName] = Field(min_length=1)
    """Columns that together name a row; unique, never null."""
    label: ColumnName
    """The truth, as it became known."""
    features: list[Feature] = Field(min_length=1)
    """The columns handed to the model, in this order."""
    time: ColumnName | None = None
    """When the prediction was due; needed for training windows and backtests."""
    query: ColumnName | None = None
    """Rows of one value are the items ranked for one query; only where the task is ranking."""
    cluster: ColumnName | None = None
    """Rows of one value move together (a day, a customer); errors are computed over these. Of a ranking, the queries by
    default; it may name something that holds whole queries, such as the user who asked them."""
    weight: ColumnName | None = None
    """How much a row counts: a positive number; rows count alike without it."""
    label_delay: Duration | None = None
    """How long after `time` the label is known."""
    expectations: RelativePath | None = None
    """Great Expectations suite, relative to the contract's folder."""

    @model_validator(mode="before")
    @classmethod
    def _queries_move_together(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("query") is not None and given.get("cluster") is None:
            return {**given, "cluster": given["query"]}
        return given

    @field_validator("row_id")
    @classmethod
    def _each_once(cls, row_id: list[str]) -> list[str]:
        each_once(row_id)
        return row_id

    @model_validator(mode="after")
    def _columns_have_one_meaning(self) -> Self:
        names = [feature.name for feature in self.features]
        for name in names:
            if names.count(name) > 1:
                message = f"feature {name!r} is listed {names.count(name)} times"
                raise ValueError(message)
        if self.label in names:
            message = f"label {self.label!r} is also a feature: the model would read the answer"
            raise ValueError(message)
        return self

    @property
    def feature_names(self) -> list[str]:
        """The features' columns, in the contract's order."""
        return [feature.name for feature in self.features]
