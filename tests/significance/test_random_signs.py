"""Sums under random signs, and the step-down over them."""

import itertools

import numpy as np
import pytest

from baseline_pipeline.significance import step_down
from baseline_pipeline.significance.max_t import max_t
from baseline_pipeline.significance.random_signs import BLOCKS, DRAWS, ORDER, signed_sums


def test_draws_are_the_sums_of_all_sign_patterns():
    steps = np.array([[1.0], [2.0], [4.0], [8.0]])
    every = {sum(signs) for signs in itertools.product(*[(-one, one) for one in steps[:, 0]])}

    drawn = signed_sums(steps, seed=1)[0]

    assert {float(one) for one in drawn} == every
    shares = np.unique(drawn, return_counts=True)[1] / DRAWS
    assert np.allclose(shares, 1 / 16, atol=1e-3)


@pytest.mark.parametrize("units", [1, 7, 512, 513, 3000])
def test_sums_have_the_spread_of_independent_signs(units):
    rng = np.random.default_rng(units)
    steps = np.rint(rng.normal(size=(units, 3)) * 1000)

    drawn = signed_sums(steps, seed=2)

    spread = np.sqrt((steps**2).sum(axis=0))
    assert drawn.shape == (3, DRAWS)
    assert np.allclose(drawn.std(axis=1), spread, rtol=0.06)
    assert np.allclose(np.corrcoef(drawn), (steps.T @ steps) / np.outer(spread, spread), atol=0.06)


def test_every_draw_is_the_units_with_signs():
    steps = np.eye(600)

    drawn = signed_sums(steps, seed=3).T

    assert set(np.unique(drawn)) == {-1.0, 1.0}
    every = np.vstack([np.ones(600), drawn]).reshape(-1, BLOCKS, 32, 600)
    first = every[:, 0].reshape(-1, 600)  # the coset of what was observed
    assert len(first) == ORDER
    product = first[5] * first[9]
    assert any((product == one).all() for one in first)


def test_a_level_is_held_by_skewed_contributions():
    rng = np.random.default_rng(4)
    alarms = 0
    for seed in range(400):
        size = rng.exponential(size=(40, 1)) ** 2 * np.ones((1, 5)) + rng.exponential(size=(40, 5))
        worse, better = max_t(size * rng.choice([-1.0, 1.0], (40, 1)), np.ones(5), 0.05, seed=seed)
        alarms += int((worse.adjusted <= 0.05).any()) + int((better.adjusted <= 0.05).any())

    assert 20 <= alarms <= 60  # 800 tests at 5 %


@pytest.mark.parametrize("alpha", [0.0001, 0.01, 0.2])
def test_few_weights_give_what_many_do(monkeypatch, alpha):
    rng = np.random.default_rng(5)
    units = rng.normal(size=(300, 60)) + 0.1
    weights = np.exp(rng.integers(0, 4, 60) / 2)

    few = max_t(units, weights, alpha, seed=1)
    monkeypatch.setattr(step_down, "FEW", 0)
    many = max_t(units, weights, alpha, seed=1)

    for one, other in zip(few, many, strict=True):
        np.testing.assert_allclose(one.adjusted, other.adjusted, rtol=1e-12)
        np.testing.assert_allclose(one.critical, other.critical, rtol=1e-12)
