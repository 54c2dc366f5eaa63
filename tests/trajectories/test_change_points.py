"""When a trajectory changed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline.trajectories.change_points import (
    SHORTEST,
    _residuals,
    _segmentations,
    change_points,
    without_season,
)


def wave(n, period):
    return np.sin(2 * np.pi * np.arange(n) / period)


def autoregressive(rng, n, memory):
    noise = rng.normal(size=n + 50)
    for at in range(1, n + 50):
        noise[at] += memory * noise[at - 1]
    return noise[50:]


@pytest.mark.parametrize("changes", [1, 2, 5, 9])
@pytest.mark.parametrize("seed", range(3))
def test_steps_are_found_within_two_observations(changes, seed):
    starts = [40 * (change + 1) for change in range(changes)]
    levels = np.repeat(np.arange(changes + 1) % 2, 40) * 4.0
    found = change_points(levels + np.random.default_rng(seed).normal(size=len(levels)))

    assert len(found) == changes
    assert np.abs(np.array(found) - starts).max() <= 2


@pytest.mark.parametrize("seed", range(3))
def test_a_bend_is_found(seed):
    line = np.concatenate([np.zeros(60), 0.5 * np.arange(60)])
    found = change_points(line + np.random.default_rng(seed).normal(size=120))

    assert len(found) == 1
    assert abs(found[0] - 60) <= 10


@pytest.mark.parametrize(("length", "at_most"), [(6, 0.01), (10, 0.03), (20, 0.03), (50, 0.03), (200, 0.01)])
def test_white_noise_hardly_ever_changes(length, at_most):
    runs = [change_points(np.random.default_rng([7, run]).normal(size=length)) for run in range(300)]

    assert np.mean([bool(found) for found in runs]) <= at_most


@pytest.mark.parametrize(("memory", "at_most"), [(0.5, 0.02), (0.8, 0.05)])
def test_slow_noise_is_not_taken_for_steps(memory, at_most):
    runs = [change_points(autoregressive(np.random.default_rng([8, run]), 200, memory)) for run in range(200)]

    assert np.mean([bool(found) for found in runs]) <= at_most


@pytest.mark.parametrize("shape", [np.exp, np.square, np.sqrt, lambda time: np.sin(2 * time)])
def test_a_smooth_curve_does_not_change(shape):
    curve = shape(np.linspace(0, 3, 200))
    noise = np.random.default_rng(1).normal(0, 0.01 * np.ptp(curve), 200)

    assert change_points(curve + noise) == []


def test_a_step_is_found_under_a_season():
    rng = np.random.default_rng(1)
    weekly = 5 * wave(140, 7) + rng.normal(0, 0.5, 140)

    assert change_points(weekly) == []
    assert change_points(weekly + 2.0 * (np.arange(140) >= 90)) == [90]


def test_a_season_is_taken_off_and_what_has_none_stays():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, 120)

    assert without_season(wave(120, 7) + noise).std() < 0.15
    assert np.array_equal(without_season(noise), noise)


def test_a_season_may_have_days_without_values():
    values = 5 * wave(140, 7) + np.random.default_rng(1).normal(0, 0.5, 140) + 2.0 * (np.arange(140) >= 91)
    values[np.arange(140) % 7 >= 5] = np.nan

    assert change_points(values) == [91]


def test_missing_values_are_mapped_back():
    values = np.concatenate([np.zeros(30), np.ones(30)]) + np.random.default_rng(1).normal(0, 0.1, 60)
    values[[3, 7, 11, 40]] = np.nan
    values[12] = np.inf

    assert change_points(values) == [30]


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [np.nan] * 30, [0.3] * 50, [0.1 + 0.2] * 25 + [0.3] * 25, [0, 1, 0, 1, 0], [np.nan, 1, 2], [1e308] * 9],
)
def test_what_says_nothing_has_no_changes(values):
    assert change_points(np.array(values, dtype=float)) == []


def test_an_exact_step_is_found():
    assert change_points(np.repeat([0.9, 0.8], [20, 10])) == [20]
    assert change_points(np.repeat([1e308, -1e308], 6)) == [6]


def test_an_exact_line_and_an_exact_season_do_not_change():
    assert change_points(np.arange(40.0)) == []
    assert change_points(wave(140, 7)) == []


def test_several_series_at_once_are_refused():
    with pytest.raises(ValueError, match=r"shape \(n,\) is needed, not one of shape \(2, 3\)"):
        change_points(np.zeros((2, 3)))


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(np.nan), max_size=40).map(np.array),
)
def test_points_are_rows_of_finite_values_with_room_between(values):
    found = change_points(values)
    finite = np.isfinite(values)
    sizes = [finite[start:end].sum() for start, end in itertools.pairwise([0, *found, len(values)])]

    assert found == sorted(set(found))
    assert all(finite[found])
    assert not found or min(sizes) >= SHORTEST


@given(st.integers(0, 1000), st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_units_do_not_matter(seed, scale, origin):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=40) + 5 * (np.arange(40) >= rng.integers(5, 35))

    assert change_points(values) == change_points((values + origin) * scale)


@pytest.mark.parametrize("coefficients", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_segmentations_are_the_best_of_all(coefficients, seed):
    y = np.random.default_rng(seed).normal(size=14)

    def left(points):
        return sum((_residuals(part, coefficients) ** 2).sum() for part in np.split(y, points))

    for breaks, points in enumerate(_segmentations(y, coefficients, 3)):
        possible = [
            list(starts)
            for starts in itertools.combinations(range(1, 14), breaks)
            if np.diff([0, *starts, 14]).min() >= SHORTEST
        ]

        assert left(points) == pytest.approx(min(map(left, possible)))
