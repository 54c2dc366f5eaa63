"""Where single rows carry a metric, its difference on the same rows keeps its level."""

import numpy as np
import pytest

from baseline_pipeline.effects import Part
from baseline_pipeline.estimating import effects
from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes
from tests.two_scorings import contract

NAMES = ("r2", "root_mean_squared_error")


def pair(rng, rows=100, worse=0.0):
    """Two models that differ in noise alone, on targets of which a few are far out."""
    label = 20 + 5 * rng.standard_t(2.2, rows)
    guess = 20 + rng.normal(0, 0.5, rows)
    return [Outcomes(label, guess + rng.normal(0, 0.05, rows) + bias) for bias in (0.0, worse)]


def found(name, before, after):
    policy = contract(
        task="regression",
        model={"function": "a:b"},
        slices=[],
        metrics=[{"metric": name, "margin": {"absolute": 1.0}}],
    )
    sides = [Part(one, None, np.arange(len(one)), len(one), None) for one in (before, after)]
    return effects(policy, *sides, pairing="paired")[0]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_flipped_adds_up_to_the_harm_and_turns_with_the_sides(name):
    before, after = pair(np.random.default_rng(1), worse=0.5)
    ahead, back = found(name, before, after), found(name, after, before)

    assert ahead.total.mean() == pytest.approx(ahead.harm, abs=1e-12)
    assert ahead.total == pytest.approx(-back.total, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_heavy_tails_do_not_make_harm_of_noise(name):
    rng = np.random.default_rng(2)
    studentized = []
    for _ in range(1500):
        total = found(name, *pair(rng)).total
        studentized.append(total.sum() / np.sqrt((total**2).sum()))

    assert np.mean(np.abs(studentized) > 2.58) < 0.015


def test_swapping_the_answers_of_a_row_turns_the_sign_of_its_share():
    before, after = pair(np.random.default_rng(3), worse=0.5)
    shares = METRICS["r2"].shares(before, after)
    one = np.arange(len(before)) == 7
    swapped = [
        Outcomes(before.label, np.where(one, second.prediction, first.prediction))
        for first, second in ((before, after), (after, before))
    ]

    assert METRICS["r2"].shares(*swapped) == pytest.approx(np.where(one, -shares, shares))
