import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from baseline_pipeline.significance.clopper_pearson import clopper_pearson
from baseline_pipeline.significance.e_process import Bet, least_worse, log_e_value
from baseline_pipeline.significance.e_values import e_bh
from baseline_pipeline.significance.group_sequential import Plan, coin_flips, normal_step, one_coin
from baseline_pipeline.significance.spending import levels, spent


def beta(p, q):
    """B(p, q) of whole numbers, exactly."""
    return Fraction(math.factorial(p - 1) * math.factorial(q - 1), math.factorial(p + q - 1))


def exact_e_value(worse, better, a):
    """In fractions: I_1/2(p, q) of whole numbers is the chance of p heads or more in p + q - 1 flips."""
    p, q = better + a, worse + a
    flips = p + q - 1
    tail = Fraction(sum(math.comb(flips, heads) for heads in range(p, flips + 1)), 2**flips)
    return 2 * 2 ** (worse + better) * beta(q, p) / beta(a, a) * tail


@pytest.mark.parametrize("a", [10, 20, 50])
@pytest.mark.parametrize(("worse", "better"), [(1, 0), (0, 1), (7, 3), (40, 41), (120, 60), (300, 20), (0, 400)])
def test_the_e_value_agrees_with_exact_fractions(worse, better, a):
    exact = exact_e_value(worse, better, a)

    assert log_e_value(worse, better, a) == pytest.approx(math.log(exact), abs=1e-10)


@pytest.mark.parametrize(
    ("worse", "better", "expected"),
    [  # by quadrature with 60 digits
        (100_000, 100_900, -5.3601159120996),
        (10**6, 10**6, -5.4161483665533),
        (5_009_000, 4_991_000, 10.672233319577),
        (10**7, 10**7 - 3, -6.5668966321247),
        (10**6, 1_100_000, -9.9007363338635),
        (10**6, 10**7, -14.400336246137),
        (10**7, 10**6, 4273594.7553243),
    ],
)
def test_huge_counts_keep_six_digits_on_either_side(worse, better, expected):
    assert log_e_value(worse, better) == pytest.approx(expected, abs=1e-6)


def test_where_nothing_changed_there_is_no_evidence():
    assert log_e_value(0, 0) == pytest.approx(0.0, abs=1e-12)


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_a_worse_row_adds_evidence_and_a_better_one_takes_some(worse, better):
    here, more, less = log_e_value(np.array([worse, worse + 1, worse]), np.array([better, better, better + 1]))

    assert less < here < more


def test_a_fair_row_leaves_evidence_as_it_was_on_average():
    worse, better = np.meshgrid(np.arange(60), np.arange(60))
    here = np.exp(log_e_value(worse, better))
    then = (np.exp(log_e_value(worse + 1, better)) + np.exp(log_e_value(worse, better + 1))) / 2

    assert then == pytest.approx(here, rel=1e-9)


def test_a_row_that_is_likelier_better_takes_evidence_on_average():
    worse, better = np.meshgrid(np.arange(60), np.arange(60))
    here = np.exp(log_e_value(worse, better))
    then = 0.4 * np.exp(log_e_value(worse + 1, better)) + 0.6 * np.exp(log_e_value(worse, better + 1))

    assert (then < here).all()


def test_where_the_incomplete_beta_function_underflows_evidence_goes_on_smoothly():
    better = np.arange(1000, 1400)  # scipy's number gives way to the continued fraction in between
    steps = np.diff(log_e_value(0, better))

    assert (steps < 0).all()
    assert np.abs(np.diff(steps)).max() < 1e-5


def test_the_fewest_worse_rows_that_alarm_are_the_fewest():
    changed = np.arange(1, 800)
    least = least_worse(changed, 0.01)
    reached = least <= changed
    one_less = least - 1

    assert (log_e_value(least[reached], (changed - least)[reached]) >= math.log(100)).all()
    assert (log_e_value(one_less, changed - one_less) < math.log(100)).all()
    assert not reached[:7].any()


@pytest.mark.parametrize("arguments", [(-1, 0), (0, -1), (1, 1, 0.0)])
def test_counts_below_zero_and_no_concentration_are_refused(arguments):
    with pytest.raises(ValueError, match="stood here"):
        log_e_value(*arguments)


def test_streams_without_a_change_seldom_alarm_at_any_time():
    """Looked at after every single changed row, 1,000 times 3,000 of them, at 5 %."""
    rng = np.random.default_rng(3)
    worse = rng.integers(0, 2, (1000, 3000)).cumsum(axis=1)
    alarms = int((worse >= least_worse(np.arange(1, 3001), 0.05)).any(axis=1).sum())

    assert clopper_pearson(alarms, 1000, 0.99)[0] <= 0.05
    assert alarms > 0


def wealth(values):
    bet = Bet()
    for value in values:
        bet = bet.after(value)
    return bet.log_wealth


def test_the_first_bet_is_nothing_and_a_loss_is_not_bet_on():
    assert wealth([0.7]) == wealth([-0.2, -0.4, 1.0]) == 0.0


def test_a_bet_is_fixed_before_its_value():
    """So that what is won on average is nothing where the value is nothing on average."""
    bet = Bet().after(0.3).after(0.2)
    up, down = (math.exp(bet.after(value).log_wealth) for value in (0.6, -0.6))

    assert (up + down) / 2 == pytest.approx(math.exp(bet.log_wealth))


@pytest.mark.parametrize("value", [1.01, -1.01, math.nan])
def test_a_value_that_is_not_bounded_is_refused(value):
    with pytest.raises(ValueError, match="-1 to 1"):
        Bet().after(value)


@given(st.lists(st.floats(-1, 1), max_size=60))
def test_wealth_is_never_all_lost(values):
    assert math.isfinite(wealth(values))


def test_clusters_without_a_change_seldom_win():
    """Rows of a window all change alike: the worst that clusters can do."""
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(400):
        bet, most = Bet(), 0.0
        for value in rng.choice([-1.0, -0.5, 0.5, 1.0], 150):
            bet = bet.after(float(value))
            most = max(most, bet.log_wealth)
        alarms += most >= math.log(20)

    assert clopper_pearson(alarms, 400, 0.99)[0] <= 0.05


def test_e_bh_finds_what_its_definition_says():
    rng = np.random.default_rng(2)
    for _ in range(50):
        e = np.exp(rng.normal(2, 3, 12))
        for q in (0.01, 0.1, 0.4):
            counts = [k for k in range(1, 13) if np.sort(e)[-k] >= 12 / (k * q)]
            finds = set(np.argsort(-e)[: max(counts, default=0)].tolist())

            assert set(np.flatnonzero(e_bh(np.log(e)) <= q).tolist()) == finds


@pytest.mark.parametrize("values", [[], [math.nan]])
def test_no_e_values_and_missing_ones_are_refused(values):
    with pytest.raises(ValueError, match="stood here"):
        e_bh(np.array(values))


def bars(alpha, steps):
    plan, found = Plan(alpha, len(steps)), []
    for step in steps:
        plan, bar = plan.after(step)
        found.append(bar)
    return plan, found


def test_a_plan_of_equal_looks_has_the_published_boundaries():
    """4.877 3.357 2.680 2.290 2.031: O'Brien-Fleming spending of 2.5 % over five looks."""
    _, found = bars(0.025, [normal_step(400.0)] * 5)
    z = [bar / (400 * math.sqrt(look)) for look, bar in enumerate(found, start=1)]

    assert z == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=0.004)


def test_a_plan_agrees_with_the_slow_enumeration_of_all_flips():
    steps, alpha = [6, 2, 5], 0.1
    _, found = bars(alpha, [coin_flips(rows) for rows in steps])
    paths = [tuple((path >> bit) & 1 for bit in range(13)) for path in range(2**13)]
    ends = np.cumsum(steps)
    sums = np.array([[sum(path[:end]) for end in ends] for path in paths])
    alive = np.ones(len(paths), dtype=bool)
    used = 0.0
    for look, bar in enumerate(found):
        allowed = spent(alpha, (look + 1) / 3) - used
        chances = [(alive & (sums[:, look] >= s)).mean() for s in range(ends[look] + 2)]
        expected = next(s for s, chance in enumerate(chances) if chance <= allowed)

        assert bar == expected
        used += chances[expected]
        alive &= sums[:, look] < expected


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.sampled_from([0.01, 0.05]))
def test_a_plan_never_spends_more_than_it_has_nor_loses_a_path(rows, alpha):
    plan, _ = bars(alpha, [coin_flips(one) for one in rows])

    assert plan.used <= alpha
    assert plan.used + plan.mass.sum() == pytest.approx(1.0)


def test_exact_and_normal_steps_agree_where_there_are_many_rows():
    rows, unit = 5000, math.sqrt(5000) / 50
    _, exact = bars(0.01, [coin_flips(rows)] * 10)
    _, normal = bars(0.01, [normal_step(50.0)] * 10)
    excess = [2 * bar - rows * look for look, bar in enumerate(exact, start=1)]

    assert np.array(normal) * unit == pytest.approx(np.array(excess), abs=6)


def test_unequal_steps_need_other_boundaries_than_equal_ones():
    """Levels for equal looks, used where the first of two looks has nearly all rows, would spend too little."""
    _, (_, late) = bars(0.05, [normal_step(300.0), normal_step(30.0)])

    assert late / math.hypot(300, 30) < stats.norm.isf(levels(0.05, 2)[1])


def test_a_coin_for_a_window_keeps_its_size():
    assert one_coin(-3)[0] == -3
    assert one_coin(-3)[1].tolist() == [0.5, 0, 0, 0, 0, 0, 0.5]
    assert one_coin(0)[1].tolist() == [1.0]


@pytest.mark.parametrize("rows", [0, 1, 17, 4000, 10**7])
def test_flips_have_the_binomial_mean_and_variance(rows):
    least, chance = coin_flips(rows)
    worse = least + np.arange(len(chance))
    mean = float(worse @ chance)

    assert mean == pytest.approx(rows / 2)
    assert float((worse - mean) ** 2 @ chance) == pytest.approx(rows / 4, rel=1e-5)
