"""Which rows are compared with which, and what gain comes of it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.two_scorings import cell, churned, compared, scores, world


def test_an_identical_copy_is_unchanged_exactly():
    score, label, day = world(np.random.default_rng(0))
    old = scores(score, label, cluster=day)
    result = compared(old, scores(score, label, cluster=day))

    assert {one.verdict for one in result.cells} == {"unchanged"}
    assert cell(result, "roc_auc").interval == (0.0, 0.0)
    assert result.changes.changed_scores == 0


def test_swapping_the_sides_mirrors_the_gain():
    rng = np.random.default_rng(1)
    score, label, day = world(rng)
    one, two = scores(score, label, cluster=day), scores(churned(rng, score), label, cluster=day)
    there, back = compared(one, two), compared(two, one)

    for a, b in zip(there.cells, back.cells, strict=True):
        assert a.gain == pytest.approx(-b.gain)
        assert a.interval == pytest.approx((-b.interval[1], -b.interval[0]))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    score, label, day = world(rng, n=800, days=40)
    new = churned(rng, score, 0.1)
    order = rng.permutation(800)
    ids = np.array([f"{i:04d}" for i in range(800)])
    straight = compared(scores(score, label, cluster=day), scores(new, label, cluster=day))
    shuffled = compared(
        scores(score, label, cluster=day, ids=ids),
        scores(new[order], label[order], cluster=day[order], ids=ids[order]),
    )

    for a, b in zip(straight.cells, shuffled.cells, strict=True):
        assert a.verdict == b.verdict
        assert a.gain == pytest.approx(b.gain, abs=1e-12)


def test_rows_in_a_training_window_are_left_out_and_counted():
    score, label, day = world(np.random.default_rng(2), n=2000, days=100)
    dates = np.datetime64("2013-01-01") + day.astype("timedelta64[D]")
    side = scores(score, label, cluster=day, day=dates)
    result = compared(side, side, windows=[("2013-01-01", "2013-02-19")])

    assert result.rows == int((day >= 50).sum())
    assert "training window" in result.left_out_because


def test_nothing_but_training_rows_is_not_comparable():
    score, label, day = world(np.random.default_rng(2), n=600)
    dates = np.full(600, np.datetime64("2013-01-05"))
    side = scores(score, label, cluster=day, day=dates)
    result = compared(side, side, windows=[("2013-01-01", "2013-01-31")])

    assert result.not_comparable.startswith("No rows are left")
    assert result.cells == ()


def test_a_changed_definition_is_never_a_number():
    side = scores(*world(np.random.default_rng(2), n=600)[:2])
    result = compared(side, side, definitions=({"label": "late"}, {"label": "disrupted"}))

    assert "'late' -> 'disrupted'" in result.not_comparable


def test_new_rows_are_compared_unpaired_with_the_wider_interval():
    rng = np.random.default_rng(8)
    score, label, day = world(rng, n=4000)
    later, labels, days = world(rng, n=4000)
    result = compared(
        scores(score, label, cluster=day),
        scores(later, labels, cluster=days, start=4000),
        moved="population",
        pairing="unpaired",
    )
    low, high = cell(result, "brier").interval

    assert result.changes is None
    assert high - low > 0.01


@pytest.mark.parametrize("clustered", [True, False])
def test_the_interval_of_the_gain_agrees_with_a_paired_bootstrap(clustered):
    rng = np.random.default_rng(12)
    score, label, day = world(rng, n=2000, days=80)
    new = np.clip(score + rng.normal(0, 0.1, 2000) + 0.1 * (day % 2), 0, 1)
    old_side, new_side = (
        scores(score, label, cluster=day if clustered else None),
        scores(new, label, cluster=day if clustered else None),
    )
    result = compared(old_side, new_side)
    by_day = [np.flatnonzero(day == one) for one in range(80)]
    for name in ("brier", "roc_auc"):
        from baseline_pipeline.metrics import METRICS as TABLE

        draws = []
        for _ in range(500):
            rows = (
                np.concatenate([by_day[i] for i in rng.integers(0, 80, 80)])
                if clustered
                else rng.integers(0, 2000, 2000)
            )
            before = TABLE[name].measure(old_side.outcomes.take(rows)).value
            draws.append(TABLE[name].measure(new_side.outcomes.take(rows)).value - before)
        low, high = cell(result, name).interval

        assert (high - low) / 2 / 1.96 == pytest.approx(np.std(draws), rel=0.15)


def test_swapping_baseline_and_candidate_mirrors_the_result():
    rng = np.random.default_rng(21)
    score, label, day = world(rng, n=4000)
    better = np.clip(score + 0.05 * (label - score), 0.001, 0.999)
    there = compared(scores(score, label, cluster=day), scores(better, label, cluster=day))
    back = compared(scores(better, label, cluster=day), scores(score, label, cluster=day))
    mirrored = {"improved": "degraded", "unchanged": "unchanged"}

    for one, other in zip(there.cells, back.cells, strict=True):
        assert one.gain == pytest.approx(-other.gain)
        assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))
        assert mirrored[one.verdict] == other.verdict
    assert cell(there, "brier").verdict == "improved"
