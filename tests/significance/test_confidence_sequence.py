import math

import numpy as np
import pytest
from scipy import integrate, stats

from baseline_pipeline.significance.clopper_pearson import clopper_pearson
from baseline_pipeline.significance.confidence_sequence import (
    confidence_sequence,
    mean_log_e_value,
    mixture_scale,
)

SUMS = {"total": 50.0, "squares": 170.0, "rows": 5000.0}


def spread(total, squares, rows):
    return math.sqrt(squares / rows - (total / rows) ** 2)


def mixed(total, squares, rows, mean, scale, lowest):
    """The mixture of likelihood ratios by quadrature: N(0, scale) over the mean in standard deviations."""
    deviation = spread(total, squares, rows)
    centred = (total - rows * mean) / deviation

    def ratio(effect):
        return math.exp(effect * centred - rows * effect**2 / 2) * stats.norm.pdf(effect, scale=scale)

    peak = centred / rows
    width = 12 / math.sqrt(rows)
    return integrate.quad(ratio, max(lowest, peak - width), peak + width, epsabs=0, limit=400)[0]


def test_bounds_are_where_the_mixture_of_likelihoods_reaches_one_over_alpha():
    low, high = confidence_sequence(**SUMS, alpha=0.05, expected_rows=3000)
    scale = mixture_scale(0.05, 3000)

    for bound in (float(low), float(high)):
        assert mixed(**SUMS, mean=bound, scale=scale, lowest=-math.inf) == pytest.approx(20, rel=1e-6)


def test_the_e_value_is_the_half_mixture_by_quadrature():
    expected = 2 * mixed(**SUMS, mean=0.0, scale=mixture_scale(0.1, 3000), lowest=0.0)

    assert mean_log_e_value(**SUMS, alpha=0.05, expected_rows=3000) == pytest.approx(math.log(expected), rel=1e-6)


def test_the_scale_makes_the_bounds_nearly_tightest_at_the_expected_rows():
    widths = []
    for expected in (200, 2000, 20_000):
        low, high = confidence_sequence(0.0, 340.0, 2000.0, alpha=0.01, expected_rows=expected)
        widths.append(float(high - low))

    assert widths[1] == min(widths)


def test_bounds_shrink_with_rows_and_widen_with_confidence():
    rows = np.array([500.0, 5000.0, 50_000.0])
    widths = [
        np.subtract(*confidence_sequence(0 * rows, 0.03 * rows, rows, alpha=alpha, expected_rows=5000)[::-1])
        for alpha in (0.05, 0.01)
    ]

    assert (np.diff(widths[0]) < 0).all()
    assert (widths[1] > widths[0]).all()


def test_bounds_move_and_scale_with_the_values():
    values = np.random.default_rng(1).normal(size=400)
    moved = 3 * values + 2

    def bounds(of):
        return confidence_sequence(of.sum(), (of**2).sum(), len(of), alpha=0.05, expected_rows=400)

    assert np.array(bounds(moved)) == pytest.approx(3 * np.array(bounds(values)) + 2)


@pytest.mark.parametrize(("total", "squares", "rows"), [(0, 0, 0), (0, 0, 900), (1, 1, 1), (900, 900, 900)])
def test_without_a_spread_nothing_is_known(total, squares, rows):
    low, high = confidence_sequence(total, squares, rows, alpha=0.05, expected_rows=100)

    assert (float(low), float(high)) == (-math.inf, math.inf)
    assert mean_log_e_value(total, squares, rows, alpha=0.05, expected_rows=100) == 0


def test_huge_sums_stay_finite():
    low, high = confidence_sequence(1e7, 4e7, 1e9, alpha=0.01, expected_rows=1e9)

    assert 0 < low < 0.01 < high
    assert math.isfinite(mean_log_e_value(4e8, 5e8, 1e9, alpha=0.01, expected_rows=1e6))


@pytest.mark.parametrize(("alpha", "rows"), [(0, 10), (1, 10), (math.nan, 10), (0.05, 0)])
def test_rates_and_rows_that_make_no_sense_are_refused(alpha, rows):
    for bounds in (confidence_sequence, mean_log_e_value):
        with pytest.raises(ValueError, match="stood here"):
            bounds(1.0, 2.0, 3.0, alpha=alpha, expected_rows=rows)


def test_the_mean_is_between_the_bounds_at_all_times_as_often_as_is_said():
    """Skewed, three-valued rows whose mean is not zero, looked at after every 100 rows, 1,500 streams, at 5 %."""
    rng = np.random.default_rng(8)
    counts = rng.multinomial(100, [0.03, 0.01, 0.96], (1500, 400))
    rows = 100.0 * np.arange(1, 401)
    worse, better = counts[..., 0].cumsum(axis=1), counts[..., 1].cumsum(axis=1)
    low, high = confidence_sequence(worse - better, worse + better, rows, alpha=0.05, expected_rows=20_000)
    missed = int(((low > 0.02) | (high < 0.02))[:, 4:].any(axis=1).sum())

    assert clopper_pearson(missed, 1500, 0.99)[0] <= 0.05
