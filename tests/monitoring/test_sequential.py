import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import binomtest

from baseline_pipeline.errors import UsageError
from baseline_pipeline.monitoring.paired_window import PairedWindow
from baseline_pipeline.monitoring.sequential import Sequential, follow
from baseline_pipeline.significance.clopper_pearson import clopper_pearson
from baseline_pipeline.significance.e_process import log_e_value


def window(worse, better, rows=400, start="2013-05-01"):
    return PairedWindow(
        start=start, rows=rows, worse=worse, better=better, harm_sum=worse - better, harm_squares=worse + better
    )


def say(windows, **given_):
    return follow(windows, **({"alpha": 0.01, "horizon": None, "expected_rows": 20_000} | given_))


counts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=25)


@settings(deadline=None)
@given(counts, st.sampled_from([None, 1, 8, 20]), st.sampled_from(["rows", "windows", "losses"]))
def test_windows_that_come_later_never_change_an_earlier_alarm(pairs, horizon, evidence):
    windows = [window(*pair) for pair in pairs]
    said = [say(windows[:end], horizon=horizon, evidence=evidence) for end in range(len(windows) + 1)]

    for before, after in itertools.pairwise(said):
        assert after.p_value <= before.p_value
        if before.alarmed is not None:
            assert (after.alarmed, after.alarmed_at) == (before.alarmed, before.alarmed_at)
        else:
            assert after.alarmed in (None, before.looks)


@settings(deadline=None)
@given(counts)
def test_the_open_alarm_is_the_first_time_evidence_reaches_one_over_alpha(pairs):
    sums = np.array([(0, 0), *pairs]).cumsum(axis=0)[1:]
    reached = np.flatnonzero(log_e_value(sums[:, 0], sums[:, 1]) >= np.log(20)) if len(sums) else []

    assert say([window(*pair) for pair in pairs], alpha=0.05).alarmed == (reached[0] if len(reached) else None)


def test_windows_in_which_nothing_changed_say_nothing():
    found = say([window(0, 0)] * 20)

    assert (found.log_e_value, found.p_value, found.harm, found.interval) == (pytest.approx(0.0), 1.0, 0.0, None)
    assert "too few for bounds" in found.words()


def test_before_the_first_window_there_is_no_harm_to_speak_of():
    found = say([])

    assert (found.looks, found.harm, found.interval, found.alarmed) == (0, None, None, None)
    assert found.words().startswith("not known to be worse in 0 windows of 0 rows")


def test_an_alarm_names_its_window():
    windows = [window(20, 2, start=f"2013-05-{day:02}") for day in range(1, 6)]
    found = say(windows)

    assert found.alarmed_at == windows[found.alarmed].start
    assert f"known with window {found.alarmed + 1} of 5 ({found.alarmed_at})" in found.words()


def test_bounds_hold_the_harm_and_need_five_hundred_rows_and_ten_changed():
    found = say([window(9, 4)] * 50)

    assert found.interval[0] < found.harm == 5 / 400 < found.interval[1]
    assert say([window(9, 4)]).interval is None
    assert say([window(1, 1)] * 4).interval is None
    assert say([window(3, 2)] * 2).interval is not None


def test_a_plan_spends_all_it_has_and_then_says_so():
    calm, bad = [window(7, 7)] * 10, [window(40, 0)] * 5
    planned = say(calm + bad, horizon=10)

    assert planned.alarmed is None
    assert planned.log_e_value > np.log(100)
    assert "the plan of 10 looks is over: it goes on, with nothing left to alarm on" in planned.words()
    assert say(calm, horizon=10).words().endswith("; the plan of 10 looks is over")
    assert say(calm[:4], horizon=10).words().endswith("; 6 of 10 planned looks left")
    assert say(calm + bad).alarmed is not None


def test_a_plan_alarms_on_the_first_window_where_everything_is_broken():
    assert say([window(300, 0)], horizon=50).alarmed == 0
    assert say([window(300_000, 0, rows=400_000)], horizon=50).alarmed == 0


@pytest.mark.parametrize("worse", range(30, 45))
def test_one_planned_look_is_the_exact_sign_test(worse):
    exact = binomtest(worse, 54, alternative="greater").pvalue

    assert (say([window(worse, 54 - worse)], horizon=1).alarmed == 0) == (exact <= 0.01)


@pytest.mark.parametrize("evidence", ["rows", "windows", "losses"])
@pytest.mark.parametrize("horizon", [None, 30])
def test_every_kind_of_evidence_finds_a_great_harm_and_none_finds_a_gain(evidence, horizon):
    rng = np.random.default_rng(4)
    drawn = rng.multinomial(400, [0.05, 0.02, 0.93], 30).tolist()
    harmed = say([window(b, c) for b, c, _ in drawn], evidence=evidence, horizon=horizon)
    gained = say([window(c, b) for b, c, _ in drawn], evidence=evidence, horizon=horizon)

    assert harmed.alarmed is not None
    assert gained.alarmed is None


@pytest.mark.parametrize("evidence", ["rows", "windows", "losses"])
def test_windows_of_millions_of_changed_rows_are_followed(evidence):
    fair, bad = [window(5_000_000, 5_000_000, 10**8)] * 3, [window(5_100_000, 5_000_000, 10**8)] * 9
    for horizon in (None, 12):
        found = say(fair + bad, horizon=horizon, evidence=evidence, expected_rows=1e9)

        assert found.alarmed is None or found.alarmed >= 3
        assert evidence == "windows" or found.alarmed is not None


def test_a_plan_by_windows_finds_what_all_of_them_share_however_many_rows_they_have():
    bad = [window(5_020_000, 5_000_000, 10**8)] * 12

    assert say(bad, horizon=12, evidence="windows").alarmed is not None


@pytest.mark.parametrize("horizon", [None, 20])
def test_rows_that_move_together_do_not_alarm_by_windows(horizon):
    """All changed rows of a window go one way: by rows a false alarm is all but sure, by windows it is not."""
    rng = np.random.default_rng(6)
    runs = [[window(*((14, 0) if heads else (0, 14))) for heads in rng.integers(0, 2, 20)] for _ in range(300)]
    by_rows = sum(say(run, alpha=0.05, horizon=horizon).alarmed is not None for run in runs)
    by_windows = sum(say(run, alpha=0.05, horizon=horizon, evidence="windows").alarmed is not None for run in runs)

    assert by_rows > 60
    assert clopper_pearson(by_windows, 300, 0.99)[0] <= 0.05


@pytest.mark.parametrize(("evidence", "horizon"), [("rows", None), ("rows", 25), ("losses", None), ("losses", 25)])
def test_streams_without_a_change_alarm_no_more_often_than_is_said(evidence, horizon):
    """Windows of unequal size; at 5 %, with a bound that a right method breaks once in 200 times."""
    rng = np.random.default_rng(9)
    alarms = 0
    for _ in range(300):
        sizes = rng.choice([100, 400, 1500], 25)
        drawn = [(*rng.multinomial(size, [0.02, 0.02, 0.96])[:2].tolist(), int(size)) for size in sizes]
        windows = [window(*one) for one in drawn]
        alarms += say(windows, alpha=0.05, horizon=horizon, evidence=evidence).alarmed is not None

    assert clopper_pearson(alarms, 300, 0.99)[0] <= 0.05


def test_a_finding_survives_being_stored():
    found = say([window(20, 2)] * 5, horizon=9)

    assert Sequential.stored(found.body()) == found


def test_evidence_beyond_all_numbers_is_stored_as_one():
    found = say([window(10**6, 0, 10**6)] * 2)

    assert found.log_e_value > 300 * np.log(10)
    assert found.p_value == 1e-300
    assert "over a million to 1" in found.words()


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"alpha": 1.0}, {"horizon": 0}, {"expected_rows": 0}])
def test_a_plan_that_makes_no_sense_is_refused_before_the_first_window(wrong):
    with pytest.raises(UsageError, match="stood here"):
        say([], **wrong)


def test_more_changed_rows_than_rows_are_refused():
    with pytest.raises(ValidationError, match="of 5"):
        window(3, 3, rows=5)


def test_over_several_models_those_are_named_that_stand_at_one_rate():
    from types import SimpleNamespace

    from baseline_pipeline.report.monitoring import over_models

    def tick(model, worse, better):
        window = PairedWindow(
            start="2026-01-01", rows=2000, worse=worse, better=better, harm_sum=worse - better, harm_squares=worse
        )
        paired = follow([window], alpha=0.01, horizon=None, expected_rows=20_000)
        return SimpleNamespace(watched=SimpleNamespace(model=model, paired=paired))

    without = SimpleNamespace(watched=SimpleNamespace(model="plain", paired=None))
    (line,) = over_models([tick("bad", 60, 20), tick("calm", 20, 20), tick("worst", 90, 10), without])

    assert "over 3 models" in line
    assert line.index("worst (from ") < line.index("bad (from ")
    assert "calm" not in line
    assert over_models([tick("bad", 60, 20), without]) == []
