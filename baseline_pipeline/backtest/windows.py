"""Months of a model's rows, and the known events that fall into them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from baseline_pipeline.contract.yaml_lines import read_yaml
from baseline_pipeline.errors import ContractError
from baseline_pipeline.records import Record

if TYPE_CHECKING:
    from baseline_pipeline.evaluation import Scores

FIELDS = ("date", "what", "source")


class Incident(Record):
    """A dated known event, first and last day included."""

    first: dt.date
    last: dt.date
    what: str


def months(scores: Scores) -> list[str]:
    """The months that rows fall into, `2013-06`, oldest first; none without a time column."""
    return [] if scores.day is None else [str(month) for month in np.unique(scores.day.astype("datetime64[M]"))]


def rows_of(scores: Scores, month: str) -> np.ndarray[Any, Any]:
    """Positions of one month's rows."""
    if scores.day is None:
        return np.array([], dtype=np.int64)
    return np.flatnonzero(scores.day.astype("datetime64[M]") == np.datetime64(month, "M"))


def read_incidents(name: str, text: str) -> tuple[Incident, ...]:
    """The events of an incidents file: a list of `{date, what, source}`; `date` is a day or `[first, last]`.

    Raises:
        ContractError: with file and line.

    Example:
        >>> read_incidents("i.yaml", "- {date: [2013-02-08, 2013-02-09], what: blizzard}")[0].last
        datetime.date(2013, 2, 9)
    """
    document = read_yaml(name, text)
    found = []
    for number, entry in enumerate(document.value or []):
        line = document.line((number,))
        if not isinstance(entry, dict) or not {"date", "what"} <= entry.keys() or entry.keys() - set(FIELDS):
            message = f"{name}:{line}: {entry!r} stood here; accepted: {{date, what, source}}"
            raise ContractError(message)
        days = entry["date"] if isinstance(entry["date"], list) else [entry["date"], entry["date"]]
        if len(days) != 2 or not all(isinstance(day, dt.date) for day in days) or days[0] > days[1]:  # noqa: PLR2004  # first and last
            message = f"{name}:{line}: date {entry['date']!r} stood here; accepted: a day, or [first, last]"
            raise ContractError(message)
        found.append(Incident(first=days[0], last=days[1], what=str(entry["what"])))
    return tuple(found)


def incidents_in(incidents: tuple[Incident, ...], month: str) -> tuple[Incident, ...]:
    """The events that touch a month."""
    return tuple(one for one in incidents if one.first.isoformat()[:7] <= month <= one.last.isoformat()[:7])
