import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from baseline_pipeline.backtest.windows import incidents_in, months, read_incidents, rows_of
from baseline_pipeline.errors import ContractError
from baseline_pipeline.evaluation import Scores
from baseline_pipeline.metrics.outcomes import Outcomes


def scores(days):
    n = len(days)
    return Scores(
        row_id=pa.array([str(i) for i in range(n)]),
        outcomes=Outcomes(np.zeros(n), np.zeros(n)),
        cluster=None,
        day=np.array(days, dtype="datetime64[D]"),
        columns=pa.table({"a": pa.nulls(n)}),
        content=np.zeros(n, dtype=np.uint64),
    )


def test_months_are_those_that_rows_fall_into():
    side = scores(["2013-07-31", "2013-05-01", "2013-05-31"])

    assert months(side) == ["2013-05", "2013-07"]
    assert rows_of(side, "2013-05").tolist() == [1, 2]


def test_an_event_counts_for_every_month_it_touches():
    events = read_incidents("i.yaml", "- {date: [2013-06-24, 2013-07-01], what: thunderstorms, source: us}")

    assert [len(incidents_in(events, month)) for month in ("2013-05", "2013-06", "2013-07", "2013-08")] == [0, 1, 1, 0]
    assert events[0].first == dt.date(2013, 6, 24)


@pytest.mark.parametrize(
    "text",
    [
        "- {date: soon, what: x}",
        "- {what: x}",
        "- {date: 2013-01-01, what: x, wen: y}",
        "- {date: [2013-02-01, 2013-01-01], what: x}",
    ],
)
def test_a_broken_incident_names_its_line(text):
    with pytest.raises(ContractError, match=r"i\.yaml:2"):
        read_incidents("i.yaml", f"# events\n{text}")
