"""Distances with known answers, and how often nothing is called something."""

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from baseline_pipeline.drift.columns import FALSE_ALARM, movements
from baseline_pipeline.drift.distances import (
    Parts,
    chi_square_p,
    jensen_shannon,
    kolmogorov_smirnov,
    number_parts,
    population_stability_index,
    wasserstein,
)
from baseline_pipeline.summaries.column import CategorySummary, NumberSummary
from baseline_pipeline.summaries.grid import Grid


def pair(before, after):
    grid = Grid.of(before)
    return NumberSummary.of(grid, before), NumberSummary.of(grid, after)


def counted(words):
    return CategorySummary({str(k): int(v) for k, v in zip(*np.unique(words, return_counts=True), strict=True)}, 0)


def test_distances_of_parts_agree_with_scipy():
    rng = np.random.default_rng(1)
    parts = Parts(rng.integers(1, 500, 12), rng.integers(1, 500, 12))
    p, q = parts.before / parts.before.sum(), parts.after / parts.after.sum()

    assert jensen_shannon(parts) == pytest.approx(jensenshannon(p, q, base=2))
    assert population_stability_index(parts) == pytest.approx(stats.entropy(p, q) + stats.entropy(q, p), rel=1e-6)
    assert chi_square_p(parts) == pytest.approx(
        stats.chi2_contingency([parts.before, parts.after], correction=False).pvalue
    )


def test_distances_of_numbers_agree_with_those_of_the_rows():
    rng = np.random.default_rng(2)
    before, after = rng.normal(0, 1, 20_000), rng.normal(0.3, 1.2, 15_000)
    one, other = pair(before, after)
    low, high = kolmogorov_smirnov(one, other)
    exact = stats.ks_2samp(before, after).statistic

    assert low <= exact <= high
    assert high - low < 0.002
    assert wasserstein(one, other) == pytest.approx(stats.wasserstein_distance(before, after), rel=0.02)


def test_one_value_of_a_billion_neither_makes_a_drift_nor_hides_one():
    rng = np.random.default_rng(3)
    before = rng.normal(0, 1, 5000)
    still, shifted = rng.normal(0, 1, 5000), rng.normal(0.5, 1, 5000)
    for spoilt in (before, still, shifted):
        spoilt[0] = 1e9
    nothing = movements(*({"x": side} for side in pair(before, still)), seed=1)["x"]
    half = movements(*({"x": side} for side in pair(before, shifted)), seed=1)["x"]

    assert not nothing.drifted
    assert half.drifted
    assert half.score == pytest.approx(0.5, abs=0.06)
    assert half.interval[0] < 0.5 < half.interval[1]


@pytest.mark.parametrize("before", [np.zeros(900), np.repeat([0.0, 1.0], 450), np.repeat([3.0, 4.0, 5.0], 300)])
def test_fractions_where_whole_numbers_were_are_a_drift(before):
    rng = np.random.default_rng(8)
    before, after = rng.permutation(before), rng.permutation(before) + 0.25
    one, other = pair(before, after)
    moved = movements({"x": one}, {"x": other}, seed=1)["x"]
    exact = stats.ks_2samp(before, after).statistic

    assert moved.drifted
    assert moved.measures["kolmogorov_smirnov"] == pytest.approx(exact)
    assert moved.measures["jensen_shannon"] > 0.9


@pytest.mark.parametrize(("was", "told"), [(7.5, 0.5 / 7.5), (8.0, 1 / 8), (0.0, 1.0), (1e12, 1e-12)])
def test_a_constant_that_moved_is_told_in_parts_of_itself(was, told):
    one, other = pair(np.full(500, was), np.full(400, was + (0.5 if was == 7.5 else 1)))
    moved = movements({"x": one}, {"x": other}, seed=1)["x"]

    assert moved.drifted
    assert moved.score == pytest.approx(told, rel=0.01)


def test_the_largest_numbers_there_are_have_cells_like_others():
    rng = np.random.default_rng(9)
    largest = np.finfo(float).max
    before, after = (np.where(rng.random(900) < share, largest, -largest) for share in (0.5, 0.8))
    one, other = pair(before, after)
    moved = movements({"x": one}, {"x": other}, seed=1)["x"]

    assert moved.drifted
    assert moved.measures["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(before, after).statistic)


def test_bins_are_the_baselines_deciles_and_gaps_have_bins_of_their_own():
    values = np.arange(1000.0)
    before, after = pair(np.concatenate([values, [np.nan] * 50]), np.concatenate([values, [np.nan] * 500, [np.inf]]))
    parts = number_parts(before, after)

    assert parts.before[-1] == 50
    assert parts.after[-1] == 500
    assert parts.after[-2] == 1
    assert np.abs(parts.before[:10] - 100).max() <= 2
    assert np.isfinite(population_stability_index(parts))


def test_what_leaves_a_heavy_value_downwards_is_seen_as_what_leaves_it_upwards_is():
    zeros = np.zeros(4000)
    for spread in (zeros, np.concatenate([zeros, np.linspace(1, 50, 400)])):
        down, up = (
            np.where(np.arange(len(spread)) % 3 == 0, -1.0, spread),
            np.where(np.arange(len(spread)) % 3 == 0, 60.0, spread),
        )
        found = [movements(*({"x": side} for side in pair(spread, after)), seed=1)["x"] for after in (down, up)]

        assert [one.drifted for one in found] == [True, True]
        assert min(one.measures["jensen_shannon"] for one in found) > 0.3


def test_missing_new_and_vanished_values_are_named():
    before = {"c": counted(["a"] * 400 + ["b"] * 300 + ["old"] * 300), "x": pair(np.zeros(9), np.zeros(9))[0]}
    after = {"c": counted(["a"] * 400 + ["b"] * 300 + ["<new>"] * 300), "x": pair(np.zeros(9), np.zeros(9))[1]}
    found = movements(before, after, seed=1)

    assert found["c"].drifted
    assert "new values: <new>" in found["c"].notes
    assert "vanished values: old" in found["c"].notes
    assert found["x"].score == 0.0


def test_values_that_begin_to_be_missing_are_a_drift_though_the_rest_is_as_before():
    rng = np.random.default_rng(4)
    before, after = rng.normal(0, 1, 4000), rng.normal(0, 1, 4000)
    after[:400] = np.nan
    found = movements(*({"x": side} for side in pair(before, after)), seed=1)["x"]

    assert found.drifted
    assert found.notes == ("missing 0.0% -> 10.0%",)


@pytest.mark.parametrize("rows", [50, 500])
def test_columns_that_did_not_move_alarm_as_rarely_as_stated(rows):
    """Twenty columns, 150 data sets: the baseline is a sample too."""
    rng = np.random.default_rng(rows)
    runs = 150
    alarms = 0
    for run in range(runs):
        before, after = {}, {}
        for column in range(10):
            before[f"n{column}"], after[f"n{column}"] = pair(rng.lognormal(size=rows), rng.lognormal(size=rows))
            words = (rng.choice(list("abcde"), rows) for _ in range(2))
            before[f"c{column}"], after[f"c{column}"] = (counted(one) for one in words)
        alarms += any(one.drifted for one in movements(before, after, seed=run).values())

    assert stats.binomtest(alarms, runs, FALSE_ALARM, alternative="greater").pvalue > 0.01


DRAWS = {
    "normal": lambda rng, rows, moved: rng.normal(moved, 1, rows),
    "whole numbers": lambda rng, rows, moved: rng.poisson(4 + 2 * moved, rows).astype(float),
    "mostly zero": lambda rng, rows, moved: np.where(rng.random(rows) < 0.8, 0, rng.gamma(2, 1 + moved, rows)),
    "heavy tails": lambda rng, rows, moved: rng.standard_t(1.5, rows) + moved,
}


def words(rng, rows, moved):
    share = np.exp(moved * (-1.0) ** np.arange(60)) / np.arange(1, 61)
    return counted([f"w{number}" for number in rng.choice(60, rows, p=share / share.sum())])


@pytest.mark.parametrize("kind", [*DRAWS, "words"])
@pytest.mark.parametrize("moved", [0.0, 0.3])
@pytest.mark.parametrize("sides", [(200, 200), (5000, 500)])
def test_intervals_hold_the_distance_as_often_as_they_say_also_where_it_is_nothing(kind, moved, sides):
    rng = np.random.default_rng(11)

    def drawn(before, after):
        if kind == "words":
            return words(rng, before, 0.0), words(rng, after, moved)
        return pair(DRAWS[kind](rng, before, 0.0), DRAWS[kind](rng, after, moved))

    truth = movements(*({"x": one} for one in drawn(400_000, 400_000)), seed=0)["x"].score if moved else 0.0
    found = [movements(*({"x": one} for one in drawn(*sides)), seed=run)["x"] for run in range(60)]

    assert all(one.interval[0] <= one.score <= one.interval[1] for one in found)
    assert sum(one.interval[0] <= truth <= one.interval[1] for one in found) >= 51


def test_the_same_seed_gives_the_same_intervals():
    rng = np.random.default_rng(5)
    sides = [{"x": side} for side in pair(rng.normal(size=500), rng.normal(0.2, 1, 500))]

    assert movements(*sides, seed=9) == movements(*sides, seed=9)


@pytest.mark.parametrize("sides", [(3000, 3000), (20_000, 600)])
def test_rare_values_make_no_drift_of_sides_of_unlike_size(sides):
    rng = np.random.default_rng(8)
    share = 1 / np.arange(1, 1501)
    p_values = []
    for _ in range(400):
        before, after = (rng.multinomial(rows, share / share.sum()) for rows in sides)
        seen = before + after > 0
        p_values.append(chi_square_p(Parts(before[seen], after[seen])))

    assert np.mean(np.array(p_values) < 0.01) < 0.03
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.09
