"""Where few rows stand beside many, skewed losses alarm no more often than in even numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline.effects import demanded
from baseline_pipeline.significance.clustered import Uncertainty, clustered, independent_sum, no_surer, of_counts
from baseline_pipeline.significance.skewed_t import below, reach, stretched, tempered
from tests.two_scorings import contract

SKEWNESS = st.floats(-1, 1)


@given(t=st.floats(-30, 30), skewness=SKEWNESS)
def test_a_tempered_t_is_nearer_to_zero_and_turns_with_the_sides(t, skewness):
    found = tempered(t, skewness)

    assert min(t, 0) <= found <= max(t, 0)
    assert tempered(-t, -skewness) == pytest.approx(-found, abs=1e-12)


@given(critical=st.floats(1, 6), skewness=SKEWNESS)
def test_a_bound_lies_at_zero_where_the_test_is_at_its_critical_value(critical, skewness):
    reached = stretched(critical, skewness)

    assert reached >= critical
    assert tempered(reached * 1.0001, skewness) >= critical * 0.999
    assert tempered(reached * 0.999, skewness) <= critical + 1e-6


def test_bounds_of_the_opposite_are_opposite_bounds():
    one = Uncertainty(0.1, 50.0, 100, -0.3)

    assert below(one, 1.6448536269514722) == pytest.approx(reach(one.times(-1), 0.05))
    assert reach(one, 0.05) == reach(one.symmetric(), 0.05)


def test_the_skewness_of_a_mean_is_that_of_its_rows_counted_or_not():
    rows = np.repeat([-1.0, 4.0], [40, 10])
    counts = of_counts(np.array([-1.0, 4.0]), np.array([40, 10]))

    assert clustered(rows, None).skewness == pytest.approx(1.5 / np.sqrt(50))
    assert counts.skewness == pytest.approx(1.5 / np.sqrt(50))


def test_equal_sides_of_equal_numbers_have_no_skewness():
    one = Uncertainty(0.1, 50.0, 100, 0.3)

    assert independent_sum(one.times(-1), one).skewness == 0


def test_no_side_is_surer_than_the_rows_of_both_make_it():
    rng = np.random.default_rng(5)
    none, some = np.zeros(200), (rng.random(800) < 0.05) - 0.05
    sides = [clustered(one, None) for one in (none, some)]
    found, both = no_surer(sides[0], *sides), clustered(np.r_[none, some], None)

    assert found.error == pytest.approx(both.error * np.sqrt(5), rel=0.01)
    assert found.skewness == pytest.approx(both.skewness * np.sqrt(5), rel=0.01)
    assert no_surer(sides[1], *sides[::-1]) == sides[1]


def scores_of_harm(rate, few, many, runs, rng):
    """(runs,) tempered t of a share of errors that is the same on both sides."""
    effect = demanded(contract(slices=()).metrics[0], "all", many)
    found = []
    for wrong in zip(*(rng.binomial(rows, rate, runs) for rows in (few, many)), strict=True):
        counted = [
            of_counts(np.array([-k / n, 1 - k / n]), np.maximum([n - k, k], 1))
            for k, n in zip(wrong, (few, many), strict=True)
        ]
        sides = [replace(one, clusters=n) for one, n in zip(counted, (few, many), strict=True)]
        effect.of_others((sides[0], sides[1]), (sides[0], sides[1]), 1.0)
        harm = wrong[1] / many - wrong[0] / few
        found.append(tempered(harm / effect.uncertainty.error, effect.uncertainty.skewness))
    return np.array(found)


def test_rare_errors_of_few_rows_beside_many_alarm_no_more_often_than_asked():
    found = scores_of_harm(0.02, 500, 5000, 3000, np.random.default_rng(6))

    assert np.mean(found > 2.326) < 0.012
    assert np.mean(found > 3.3) < 0.001
    assert np.mean(found < -1.645) < 0.06
