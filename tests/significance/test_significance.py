import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from baseline_pipeline.significance.clopper_pearson import clopper_pearson_upper
from baseline_pipeline.significance.clustered import Uncertainty, clustered, independent_sum
from baseline_pipeline.significance.max_t import max_t, statistics
from baseline_pipeline.significance.power import minimum_detectable_effect, new_rows_required
from baseline_pipeline.significance.self_normalised import lower_bound
from baseline_pipeline.significance.spending import levels, spent, spent_evenly
from baseline_pipeline.significance.tango import tango_bound
from baseline_pipeline.significance.units import MAX_UNITS, units_of


@pytest.mark.parametrize(("k", "n"), [(0, 30), (3, 50), (49, 50), (50, 50)])
def test_clopper_pearson_agrees_with_statsmodels(k, n):
    expected = proportion_confint(k, n, alpha=0.10, method="beta")[1]

    assert clopper_pearson_upper(k, n, 0.95) == pytest.approx(expected)


def test_tangos_bound_is_where_the_restricted_likelihood_score_is_one_quantile_away():
    """Against a slow search: the restricted maximum of the trinomial likelihood, found numerically."""
    worse, better, rows, z = 9, 3, 120, 1.96
    upper = tango_bound(worse, better, rows, z)
    grid = np.linspace(1e-9, 0.5, 400_001)
    q21 = grid
    q12 = q21 + upper
    inside = q12 + q21 < 1
    likelihood = np.full_like(grid, -np.inf)
    likelihood[inside] = (
        worse * np.log(q12[inside])
        + better * np.log(q21[inside])
        + (rows - worse - better) * np.log(1 - q12[inside] - q21[inside])
    )
    q = grid[likelihood.argmax()]
    score = (worse - better - rows * upper) / math.sqrt(rows * (2 * q + upper * (1 - upper)))

    assert score == pytest.approx(-z, abs=1e-3)


@pytest.mark.parametrize("rate", [0.005, 0.03, 0.2])
def test_tangos_bound_covers_as_often_as_it_says(rate):
    rng = np.random.default_rng(11)
    rows, z = 500, stats.norm.ppf(0.95)
    draws = rng.multinomial(rows, [rate, rate, 1 - 2 * rate], 3000)
    missed = sum(tango_bound(int(b), int(c), rows, z) < 0 for b, c, _ in draws)

    assert missed / 3000 <= 0.06


def test_singleton_clusters_give_the_plain_error():
    influence = np.random.default_rng(5).normal(size=400)
    influence -= influence.mean()
    plain = clustered(influence, None)
    single = clustered(influence, np.arange(400))

    assert plain.error == pytest.approx(stats.sem(influence))
    assert single.error == pytest.approx(plain.error, rel=1e-2)


def cluster_sizes(kind, groups, rng):
    return {
        "equal": np.full(groups, 40),
        "unequal": np.maximum(2, rng.lognormal(3, 0.8, groups)).astype(int),
    }[kind]


@pytest.mark.parametrize("groups", [8, 15, 30, 60])
@pytest.mark.parametrize("kind", ["equal", "unequal"])
@pytest.mark.parametrize("tail", ["normal", "heavy"])
def test_clustered_errors_hold_one_percent_with_few_unequal_clusters(groups, kind, tail):
    """4,000 nulls each: the share of one-sided rejections at 1 % has an upper 95 % bound of at most 1.5 %."""
    rng = np.random.default_rng([groups, len(kind), len(tail)])
    rejected, runs = 0, 4000
    for _ in range(runs):
        size = cluster_sizes(kind, groups, rng)
        shift = rng.normal(size=groups) if tail == "normal" else rng.standard_t(4, size=groups)
        code = np.repeat(np.arange(groups), size)
        values = shift[code] + rng.normal(size=len(code))
        mean = values.mean()
        found = clustered(values - mean, code)
        rejected += stats.t.sf(mean / found.error, found.degrees) < 0.01

    assert clopper_pearson_upper(rejected, runs) <= 0.015


def test_a_few_rows_that_carry_nearly_everything_leave_few_degrees_of_freedom():
    rng = np.random.default_rng(4)
    plain = rng.normal(size=2000)
    rare = np.where(rng.random(2000) < 0.01, plain * 20, plain * 0.1)

    assert clustered(plain, None).degrees == pytest.approx(2000, rel=0.2)
    assert clustered(rare, None).degrees < 40


def test_the_error_of_a_difference_has_welchs_degrees():
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, 40), rng.normal(0, 3, 25)
    sides = (clustered(a - a.mean(), None), clustered(b - b.mean(), None))
    found = independent_sum(*(replace(one, degrees=one.clusters - 1) for one in sides))
    expected = stats.ttest_ind(a, b, equal_var=False)

    assert found.degrees == pytest.approx(expected.df)
    assert (a.mean() - b.mean()) / found.error == pytest.approx(expected.statistic)


def test_a_side_without_an_error_leaves_the_difference_without_one():
    sides = clustered(np.array([1.0, -1.0]), np.zeros(2, dtype=int)), clustered(np.array([1.0, -1.0, 0.0]), None)

    for one, two in (sides, sides[::-1], (sides[0], sides[0])):
        found = independent_sum(one, two)
        assert (found.error, found.degrees, found.skewness) == (np.inf, 1.0, 0.0)


def test_one_cluster_has_no_error():
    assert clustered(np.zeros(5), np.zeros(5, dtype=int)) == Uncertainty(math.inf, 1.0, 1)


def test_the_effect_that_is_detectable_is_detected_as_often_as_it_says():
    rng = np.random.default_rng(9)
    effect = minimum_detectable_effect(0.01, stats.norm.ppf(0.99), 0.8)
    seen = (rng.normal(effect, 0.01, 20_000) / 0.01 > stats.norm.ppf(0.99)).mean()

    assert seen == pytest.approx(0.8, abs=0.01)


@pytest.mark.parametrize("units", [12, 16, 40])
def test_the_detectable_effect_of_few_units_is_found_as_often_as_said(units):
    rng = np.random.default_rng(units)
    effect = minimum_detectable_effect(1 / np.sqrt(units), 2.6, 0.8, units)
    found = statistics(rng.standard_normal((units, 20_000)) + effect)

    assert (found > 2.6).mean() == pytest.approx(0.8, abs=0.01)


def test_the_rows_required_pass_as_often_as_they_say():
    rng = np.random.default_rng(9)
    rows = new_rows_required(1000, 0.01, 0.0, 0.008, 0.05, 0.8)
    error = 0.01 * math.sqrt(1000 / rows)
    passed = (rng.normal(0, error, 20_000) + stats.norm.ppf(0.95) * error < 0.008).mean()

    assert passed == pytest.approx(0.8, abs=0.01)


def test_the_new_rows_required_pass_as_often_as_they_say_beside_a_baseline_that_does_not_grow():
    rng = np.random.default_rng(9)
    rows = new_rows_required(1000, 0.01, 0.002, 0.008, 0.05, 0.8)
    error = math.hypot(0.002, math.sqrt((0.01**2 - 0.002**2) * 1000 / rows))
    passed = (rng.normal(0, error, 20_000) + stats.norm.ppf(0.95) * error < 0.008).mean()

    assert passed == pytest.approx(0.8, abs=0.01)
    assert new_rows_required(1000, 0.01, 0.004, 0.008, 0.05, 0.8) is None


def correlated_units(rng, units=300, questions=12):
    """Contributions that are symmetric about zero and correlated between questions."""
    shared = rng.standard_t(5, (units, 1))
    return shared + rng.standard_t(5, (units, questions))


def test_max_t_errs_anywhere_as_rarely_as_stated_and_less_than_holm_would_need():
    rng = np.random.default_rng(5)
    runs = 2000
    alarms = sum(
        (max_t(correlated_units(rng), np.ones(12), 0.05, seed=run)[0].adjusted <= 0.05).any() for run in range(runs)
    )

    assert stats.binomtest(alarms, runs, 0.05).pvalue > 0.01


def test_max_t_is_exact_for_few_units():
    """With 12 units the sums are nowhere near normal; random signs need no approximation."""
    rng = np.random.default_rng(6)
    runs = 2000
    alarms = sum(
        (max_t(rng.standard_cauchy((12, 3)), np.ones(3), 0.05, seed=run)[0].adjusted <= 0.05).any()
        for run in range(runs)
    )

    assert stats.binomtest(alarms, runs, 0.05, alternative="greater").pvalue > 0.01


def test_what_rejected_questions_were_given_goes_to_the_others():
    rng = np.random.default_rng(7)
    units = rng.normal(0, 1, (400, 2))
    units[:, 0] += 1.0
    units[:, 1] += 0.1
    alone = max_t(units[:, 1:], np.ones(1), 0.05, seed=1)[0]
    together = max_t(units, np.array([0.9, 0.1]), 0.05, seed=1)[0]

    assert together.adjusted[1] == pytest.approx(alone.adjusted[0], abs=0.005)


def test_swapping_the_sides_swaps_worse_and_better():
    units = correlated_units(np.random.default_rng(8))
    units[:, 0] += 0.5
    units[:, 1] -= 0.5
    worse, better = max_t(units, np.ones(12), 0.01, seed=3)
    mirrored_worse, mirrored_better = max_t(-units, np.ones(12), 0.01, seed=3)

    assert np.array_equal(mirrored_better.adjusted, worse.adjusted)
    assert np.array_equal(mirrored_worse.critical, better.critical)


def test_a_bound_lies_above_zero_exactly_where_the_test_rejects():
    rng = np.random.default_rng(9)
    for _ in range(200):
        total = rng.normal(0.3, 1, 40)
        statistic = float(statistics(total[:, None])[0])

        assert (lower_bound(total, np.ones(40), 2.0) > 0) == (statistic > 2.0)


def test_many_rows_are_dealt_into_blocks_and_clusters_stay_whole():
    cluster = np.repeat(np.arange(5000), 3)
    unit = units_of(15_000, cluster, seed=4)

    assert len(np.unique(unit)) == MAX_UNITS
    assert (unit.reshape(5000, 3) == unit.reshape(5000, 3)[:, :1]).all()


@pytest.mark.parametrize("looks", [2, 10, 50])
@pytest.mark.parametrize(("alpha", "spending"), [(0.01, spent), (0.05, spent_evenly)])
def test_planned_looks_err_together_as_often_as_one(looks, alpha, spending):
    """A running sum crosses any of its bounds with the probability planned: simulated."""
    rng = np.random.default_rng(looks)
    sums = rng.normal(size=(100_000, looks)).cumsum(axis=1) / np.sqrt(np.arange(1, looks + 1))
    crossed = (sums > stats.norm.isf(np.array(levels(alpha, looks, spending)))).any(axis=1).mean()

    assert crossed == pytest.approx(alpha, abs=0.0025 if alpha > 0.01 else 0.0015)


def test_levels_that_are_spent_evenly_have_the_published_boundaries():
    """2.438 2.427 2.410 2.397 2.386: Pocock-type spending of 2.5 % over five looks."""
    found = stats.norm.isf(np.array(levels(0.025, 5, spent_evenly)))

    assert found == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=0.002)


def test_overwhelming_evidence_needs_no_more_draws_than_there_are():
    units = np.random.default_rng(1).normal(1, 0.5, (500, 1))
    worse, _ = max_t(units, np.ones(1), 1e-12, seed=1)

    assert worse.adjusted[0] < 1e-12
    assert worse.critical[0] > 7
