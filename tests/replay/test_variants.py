"""A variant is advised only where it is shown to be better than all that is there."""

import numpy as np
import pytest

from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from baseline_pipeline.replay.variants import held_against, paired_gain

ROWS = 2000


def scored(label, odds):
    score = 1 / (1 + np.exp(-odds))
    return Outcomes(label, (score >= 0.5).astype(int), score)


def world(seed, strength):
    """Labels, the champion, the entry's own model, and one variant for each strength of its signal."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=ROWS)
    label = (rng.random(ROWS) < 1 / (1 + np.exp(-signal))).astype(int)
    own, champion = (scored(label, 0.3 * signal + 0.3 * rng.normal(size=ROWS)) for _ in range(2))
    tried = [({"depth": n}, scored(label, s * signal + 0.3 * rng.normal(size=ROWS))) for n, s in enumerate(strength)]
    return own, champion, tried


def judged(seed, strength, metric="brier"):
    own, champion, tried = world(seed, strength)
    return held_against(METRICS[metric], "new.lock", 4000, own, champion, [*tried, ({"depth": 99}, "TypeError: no")])


def test_the_better_variant_is_advised_with_its_interval():
    found = judged(1, [0.3, 1.0, -0.5])

    assert found.best.name == "depth 1"
    assert found.advice().startswith("adjust: depth 1 is better by +0.0")
    assert found.advice().endswith("(4 variants tried); hand it in as a candidate")
    assert found.variants[2].over_default.interval[1] < 0
    assert found.lines()[-1] == "    depth 99: TypeError: no"
    assert "  * depth 1: " in "\n".join(found.lines())


def test_variants_that_are_no_better_are_seldom_advised():
    advised = sum(judged(seed, [0.3] * 5).best is not None for seed in range(200))

    assert advised <= 12  # 5 % of 200 at most, and it has to beat two


def test_what_only_beats_the_retrained_model_is_not_advised():
    own, champion, tried = world(3, [0.3])
    label = own.label
    better = scored(label, (label - 0.5) * 8)

    found = held_against(METRICS["brier"], "new.lock", 4000, own, better, [(tried[0][0], tried[0][1])])
    alone = held_against(METRICS["brier"], "new.lock", 4000, champion, None, [({"depth": 1}, better)])

    assert found.best is None
    assert found.advice() == "no variant is shown to be better by brier than what is there"
    assert alone.best.name == "depth 1"


@pytest.mark.parametrize("name", ["brier", "accuracy", "roc_auc", "calibration_slope"])
def test_a_gain_is_positive_where_the_second_is_better(name):
    own, _, _ = world(5, [])
    rng = np.random.default_rng(9)
    spoilt = scored(own.label, 3 * rng.normal(size=ROWS))

    found = paired_gain(METRICS[name], spoilt, own, None, 0.95)
    back = paired_gain(METRICS[name], own, spoilt, None, 0.95)

    assert found.gain > 0
    assert back.gain == pytest.approx(-found.gain)
    assert back.interval[0] == pytest.approx(-found.interval[1])
