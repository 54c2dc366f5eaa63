"""Which messages a silence keeps back, and when."""

import pytest

from baseline_pipeline.response.messages import instant
from baseline_pipeline.response.silences import silenced
from tests.response.told import T0, message, silence


@pytest.mark.parametrize(
    ("silences", "expected"),
    [
        ([silence()], True),
        ([silence(model="cred*")], True),
        ([silence(model="fraud")], False),
        ([silence(guardrail="auc")], False),
        ([silence(guardrail="auc"), silence(guardrail="brier")], True),
        ([silence(guardrail="auc"), silence(guardrail="brier", slice="other")], False),
        ([silence(slice="carrier=[AA]")], True),
        ([silence(since="2026-01-05T13:00:00Z")], False),
        ([silence(since="2026-01-05T12:00:00Z")], True),
        ([silence(until="2026-01-05T12:00:00Z")], False),
        ([], False),
    ],
)
def test_a_message_is_silenced_where_all_it_tells_of_is(silences, expected):
    told = message(tier="severe", guardrails=("auc", "brier"), slices=("carrier=[AA]",))

    assert silenced(told, silences, instant("2026-01-05T12:00:00Z")) is expected


def test_a_message_without_guardrails_is_not_silenced_by_ones_name():
    assert not silenced(message(), [silence(guardrail="auc")], T0)


def test_a_silence_over_a_change_of_clocks_lasts_by_its_offsets():
    lasting = silence(since="2026-10-25T02:30+02:00", until="2026-10-25T02:30+01:00")
    inside, after = instant("2026-10-25T01:29:59Z"), instant("2026-10-25T01:30:00Z")

    assert silenced(message(), [lasting], inside)
    assert not silenced(message(), [lasting], after)
