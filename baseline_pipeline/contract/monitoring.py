"""How a model is watched over time, and who is told."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from baseline_pipeline.contract.data import SqlQuery
from baseline_pipeline.contract.redaction import ReceiverUrl, Secret
from baseline_pipeline.contract.section import CallableRef, ColumnName, Day, Duration, RelativePath, Section, Text
from baseline_pipeline.verdicts import Tier


class Requests(Section):
    """A log of scored requests; what it does not hold is taken from the model's data by row id."""

    parquet: RelativePath | None = None
    """Parquet files (a glob), such as the recorder writes."""
    csv: RelativePath | None = None
    """CSV files (a glob)."""
    jsonl: RelativePath | None = None
    """Files of one JSON object a line (a glob)."""
    sql: SqlQuery | None = None
    """A query against a database."""
    callable: CallableRef | None = None
    """`module:function` that returns a pandas DataFrame or a pyarrow Table."""
    row_id: ColumnName | None = None
    """Column that names a request as `data.row_id` does; by default those columns themselves."""
    time: ColumnName | None = None
    """When the request came; `data.time` by default."""
    score: ColumnName = "score"
    """The model's probability of the positive class, or its number."""
    prediction: ColumnName = "prediction"
    """The model's decision; made from the score where the column is not there."""
    label: ColumnName | None = None
    """The truth where the log has it; joined from the model's data otherwise."""
    version: ColumnName = "version"
    """Which version answered, where the column is there."""
    error: ColumnName = "error"
    """Null where the request went well, where the column is there."""
    latency: ColumnName = "latency_seconds"
    """Seconds, where the column is there."""
    weight: ColumnName = "sampling_weight"
    """How many requests a row stands for, where the log is a sample and the column is there."""

    @property
    def kind(self) -> str:
        """Which of the ways is used."""
        ways = ("parquet", "csv", "jsonl", "sql", "callable")
        return next(way for way in ways if getattr(self, way) is not None)

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        ways = ("parquet", "csv", "jsonl", "sql", "callable")
        given = [way for way in ways if getattr(self, way) is not None]
        if len(given) != 1:
            message = f"name exactly one log ({', '.join(ways)}); found {', '.join(given) or 'none'}"
            raise ValueError(message)
        return self


class MonitoringSection(Section):
    """How time is cut, what calm times are, and how many false alarms are accepted."""

    requests: Requests | None = None
    """Where scored requests are read; by default the champion scores the model's data."""
    window: Duration = "1d"
    """What a window spans."""
    step: Duration | None = None
    """From one window's start to the next; the window itself by default."""
    timezone: Text = "UTC"
    """Days begin at midnight there, such as `America/New_York`; seasons of hours, cut in UTC, follow its clocks."""
    reference: list[Day] | None = Field(default=None, min_length=2, max_length=2)
    """First and last day of the calm times that windows are held against. By default the training window, scored out
    of fold, where the contract names a training entry; else the first third of the windows."""
    false_alarms_per_month: float = Field(default=1.0, gt=0, le=30)
    """How many alarms a month are accepted in calm times, over everything that is watched."""
    confirm: list[int] = Field(default_factory=lambda: [1, 1], min_length=2, max_length=2)
    """`[m, n]`: an alarm opens when m of the last n windows are over the limit."""
    close_after: int = Field(default=2, ge=1)
    """Quiet windows that close an alarm."""
    horizon: int | None = Field(default=None, ge=2, le=10_000)
    """Windows for which the paired comparison with the baseline is planned; open-ended without it."""
    late_after: Duration = "1d"
    """Data or labels that are so long overdue are an alarm of their own."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        import zoneinfo

        try:
            zoneinfo.ZoneInfo(self.timezone)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:  # the last: a folder, or too long
            message = f"timezone {self.timezone!r} is not known; accepted: names such as Europe/Berlin"
            raise ValueError(message) from error
        confirm, within = self.confirm
        if not 1 <= confirm <= within:
            message = f"confirm {self.confirm} stood here; accepted: [m, n] with 1 <= m <= n"
            raise ValueError(message)
        if self.reference is not None and self.reference[0] > self.reference[1]:
            message = f"reference {self.reference[0]} to {self.reference[1]} is no span of days"
            raise ValueError(message)
        return self


class Receiver(Section):
    """Somebody who is told. Addresses and secrets are for sending: what is printed or kept has them redacted."""

    apprise: ReceiverUrl | None = Field(default=None, repr=False)
    """A URL of the library Apprise (Slack, Teams, PagerDuty, Opsgenie, e-mail...); `${VARIABLE}` for secrets."""
    webhook: ReceiverUrl | None = Field(default=None, repr=False)
    """An http(s) URL that takes signed JSON; `${VARIABLE}` for secrets."""
    secret: Secret | None = Field(default=None, repr=False)
    """What the webhook's signature is made with; `${VARIABLE}`."""
    since: Tier = Field(default="minor", alias="from")
    """The least tier that is told."""

    model_config = Section.model_config | {"populate_by_name": True}

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.apprise is None) == (self.webhook is None):
            message = "a receiver is `apprise` or `webhook`, exactly one of them"
            raise ValueError(message)
        return self
