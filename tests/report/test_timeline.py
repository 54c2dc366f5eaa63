"""A metric over windows of time."""

import re

import pytest

from baseline_pipeline.report.timeline import timeline


@pytest.mark.parametrize(("windows", "days", "narrow"), [(65, 9, 3), (9, 9, 3), (2, 2, 2), (1, 1, 1)])
def test_three_days_at_most_stand_below_a_narrow_timeline(windows, days, narrow):
    starts = [f"2026-{1 + n // 28:02d}-{1 + n % 28:02d}T00:00" for n in range(windows)]
    drawn = timeline(starts, [1.0] * windows, ([None] * windows, [None] * windows), events=[], marks=[])

    styles = re.findall(r'class="(tick[ a-z]*)"[^>]*>2026-', drawn)
    assert (len(styles), styles.count("tick")) == (days, narrow)
