"""Staged rollouts: harmless ones go through at the stated rate, harmful ones stop early."""

import numpy as np
import pytest

from baseline_pipeline.replay.rollout import Traffic, roll_out


def traffic(seed, harm, count=8000, trend=0.0):
    rng = np.random.default_rng(seed)
    level = trend * np.linspace(0, 1, count)
    old = level + rng.normal(size=count)
    new = old + rng.normal(size=count) * 0.3 + harm
    return Traffic(np.stack([old, new], axis=1)[None], new > old)


def test_harm_stops_early_and_few_are_hit():
    found = roll_out(traffic(1, 0.5), 0.01, seed=3, replays=60)

    assert found.stopped == 1.0
    assert found.requests_until < 5000
    assert found.served < 1200
    assert found.harmed < found.harmed_in_full / 4
    assert sum(step.stopped for step in found.steps) == pytest.approx(1.0)
    assert found.steps[-1].stopped == 0


@pytest.mark.parametrize("trend", [0.0, 3.0])
def test_harmless_rollouts_go_through_also_where_traffic_changes(trend):
    stopped = [roll_out(traffic(seed, 0.0, 3000, trend), 0.05, seed=seed, replays=10).stopped for seed in range(40)]

    assert np.mean(stopped) < 0.09
    assert roll_out(traffic(1, 0.0, 3000), 0.01, seed=0, replays=5).requests_until is None


@pytest.mark.parametrize("count", [60, 200])
def test_few_answers_of_a_new_model_that_are_all_wrong_stop_nothing(count):
    """Three of ten are wrong of either model: by the spread of its first answers alone, one in twenty was stopped."""

    def stopped(seed):
        wrong = np.random.default_rng([count, seed]).random((count, 2)) < 0.3
        return roll_out(Traffic(wrong[None].astype(float), wrong[:, 1]), 0.01, seed, replays=1).stopped

    assert sum(stopped(seed) for seed in range(500)) <= 11


def test_the_same_seed_says_the_same():
    assert roll_out(traffic(1, 0.2), 0.01, 5, replays=20) == roll_out(traffic(1, 0.2), 0.01, 5, replays=20)
