import datetime as dt

import pytest

from baseline_pipeline.backtest.incidents import read_incidents
from baseline_pipeline.errors import ContractError


def test_events_are_read_in_both_spellings_and_stand_in_order():
    text = """\
- {date: [2013-06-24, 2013-07-01], what: thunderstorms, source: us}
- {start: 2013-04-16, what: outage, kind: infrastructure, tier: moderate, slices: [carrier=AA], must_find: false}
"""
    outage, storms = read_incidents("i.yaml", text)

    assert (outage.first, outage.last) == (dt.date(2013, 4, 16), dt.date(2013, 4, 16))
    assert (outage.tier, outage.slices, outage.must_find) == ("moderate", ("carrier=AA",), False)
    assert (storms.last, storms.must_find) == (dt.date(2013, 7, 1), True)


@pytest.mark.parametrize(
    "text",
    [
        "- {date: soon, what: x}",
        "- {what: x}",
        "- {date: 2013-01-01, what: x, wen: y}",
        "- {date: [2013-02-01, 2013-01-01], what: x}",
        "- {start: 2013-02-01, end: 2013-01-01, what: x}",
        "- {date: 2013-01-01, what: x, tier: awful}",
        "- {date: 2013-01-01, what: x, must_find: perhaps}",
        "- just words",
    ],
)
def test_a_broken_event_names_its_line(text):
    with pytest.raises(ContractError, match=r"i\.yaml:2"):
        read_incidents("i.yaml", f"# events\n{text}")
