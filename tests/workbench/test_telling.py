"""Which metric an experiment says is worse."""

import numpy as np
from scipy.stats import t

from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.replay.attribution import Replayed, share_along
from baseline_pipeline.workbench.over_time.telling import shown_worse

GROUPS, ROWS, METRIC = 20, 5, "mean_absolute_error"


def changed(rng, harm=0.0):
    """A metric over days of which some are calm: every day has an effect of its own."""
    day = np.repeat(np.arange(GROUPS), ROWS)
    off = np.abs(5 + rng.normal(size=GROUPS)[day] + 0.1 * rng.normal(size=len(day)))
    now = day >= GROUPS // 2
    sides = [
        Replayed(Outcomes(np.zeros(chosen.sum()), (off + more)[chosen]), np.flatnonzero(chosen))
        for chosen, more in ((~now, 0.0), (now, harm))
    ]
    cells = dict(zip(("calm", "now"), sides, strict=True))
    return share_along(METRICS[METRIC], cells, {"concept": {"now": 1.0, "calm": -1.0}}, ("calm", "now"), day)


def test_what_alarmed_counts_before_all_others():
    rng = np.random.default_rng(1)
    worse = [changed(rng, 9.0), changed(rng, 12.0)]

    assert shown_worse(worse) == worse[0]


def test_another_metric_is_named_where_what_alarmed_is_not_shown_to_be_worse():
    rng = np.random.default_rng(1)
    metrics = [changed(rng, -4.0), changed(rng, -4.0), changed(rng, 12.0)]

    assert shown_worse(metrics) == metrics[2]


def test_of_many_others_on_few_days_hardly_any_is_named_by_luck():
    rng = np.random.default_rng(2)
    named = [shown_worse([changed(rng, -4.0), *(changed(rng) for _ in range(16))]) for _ in range(300)]

    assert sum(one is not None for one in named) <= 16  # 2.5 % of 300, one side of 5 %, and three standard errors


def test_few_days_are_asked_for_more_than_normal_quantiles_would():
    rng = np.random.default_rng(1)
    first, other = changed(rng, -4.0), changed(rng, 12.0)
    width = (other.interval[1] - other.interval[0]) / 2
    harm = 1.45 * width  # of ten others, with 19 degrees: normal quantiles ask for 1.43 times the width, t for 1.51
    close = other.model_copy(update={"harm": harm, "p_value": float(2 * t(19).sf(harm / (width / t(19).ppf(0.975))))})

    assert shown_worse([first, *(first for _ in range(9)), close]) is None
    assert shown_worse([first, close]) == close
