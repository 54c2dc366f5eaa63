"""Every scenario: the same seed spoils the same rows, more is more, and what it lacks it says."""

import numpy as np
import pandas as pd
import pytest

from baseline_pipeline.scenarios import SCENARIOS, About, NotApplicable

FRAME = pd.DataFrame(
    {
        "x": np.random.default_rng(0).normal(size=2000),
        "z": np.random.default_rng(1).normal(size=2000),
        "word": np.random.default_rng(2).choice(["alpha", "beta", "gamma"], 2000),
        "plan": np.random.default_rng(3).choice(["a", "b", "c"], 2000, p=[0.7, 0.25, 0.05]),
        "at": pd.date_range("2026-01-01", periods=2000, freq="h").strftime("%Y-%m-%dT%H:%M:%S"),
        "y": np.random.default_rng(4).choice(["no", "yes"], 2000, p=[0.8, 0.2]),
    }
)
ABOUT = About(("x", "z", "word"), "y", "at", ("plan",), "yes")


def spoilt(name, dose, seed=7):
    return SCENARIOS[name].spoil(FRAME, ABOUT, dose, np.random.default_rng(seed))


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_seed_spoils_the_same_rows_and_leaves_the_given_ones(name):
    before = FRAME.copy()
    dose = SCENARIOS[name].doses[-1]

    one, two = spoilt(name, dose), spoilt(name, dose)

    assert all(SCENARIOS[name].takes(usual) for usual in SCENARIOS[name].doses)

    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(FRAME, before)
    assert list(one.columns) == list(FRAME.columns)
    assert len(one) != len(FRAME) or not one.equals(FRAME)
    assert one["y"].notna().all()


def changed(name, dose, column):
    found = spoilt(name, dose)
    return float((found[column].astype(str) != FRAME[column].astype(str)).mean())


@pytest.mark.parametrize(
    ("name", "column"),
    [("unit_error", "x"), ("stale_feature", "x"), ("momentary_spike", "z"), ("text_typos", "word")],
)
def test_a_dose_is_the_share_that_is_spoilt(name, column):
    low, high = (changed(name, dose, column) for dose in (0.1, 0.4))

    assert low == pytest.approx(0.1, abs=0.03)
    assert high == pytest.approx(0.4, abs=0.05)


def test_every_segment_and_class_is_hit_alike_and_columns_independently():
    """Whatever the seed: luck in who is hit would pass for how hard a slice is hit."""
    together = []
    for seed in range(20):
        gone = spoilt("missing_values", 0.2, seed)[["x", "z"]].isna()
        for _, rows in gone.groupby([FRAME["plan"], FRAME["y"]]):
            assert rows["x"].sum() == pytest.approx(0.2 * len(rows), abs=2)
        together.append((gone["x"] & gone["z"]).mean())

    assert np.mean(together) == pytest.approx(0.04, abs=0.004)


def test_a_feature_stops_at_any_of_its_values():
    found = [spoilt("stale_feature", 0.5, seed)["x"].iloc[-1] for seed in range(200)]

    assert np.mean(found) == pytest.approx(FRAME["x"].mean(), abs=0.25)
    assert np.std(found) == pytest.approx(FRAME["x"].std(), rel=0.2)


def test_what_each_scenario_does():
    assert spoilt("missing_values", 0.3)["word"].isna().mean() == pytest.approx(0.3, abs=0.03)
    assert spoilt("gaussian_noise", 1.0)["x"].std() == pytest.approx(np.sqrt(2), rel=0.08)
    assert (spoilt("unit_error", 0.2)["x"] / FRAME["x"]).round(6).isin([1.0, 1000.0]).all()
    assert len(spoilt("duplicated_join", 0.3)) == pytest.approx(2600, abs=80)
    assert (spoilt("prevalence_shift", 1.5)["y"] == "yes").mean() == pytest.approx(0.5 / 1.3, abs=0.04)
    assert (spoilt("sampling_bias", 0.9)["x"] > FRAME["x"].median()).mean() == pytest.approx(0.1 / 1.1, abs=0.03)
    assert sorted(spoilt("seasonal_shift", 8.0)["at"])[1000] > FRAME["at"].iloc[1150]
    assert (spoilt("evolving_behaviour", 0.9)["plan"] == "a").mean() > 0.93
    assert (spoilt("rare_slices", 0.4)["plan"] == "c").mean() == pytest.approx(0.4, abs=0.001)
    assert len(spoilt("label_delay", 0.6)) == 800
    spike = spoilt("momentary_spike", 0.1)
    hit = np.flatnonzero(spike["z"] != FRAME["z"])
    assert hit.max() - hit.min() < 200


@pytest.mark.parametrize("name", ["gaussian_noise", "unit_error", "momentary_spike"])
@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "int64", "uint64"])
def test_whole_numbers_stay_whole_and_in_their_type(name, kind):
    rng = np.random.default_rng(6)
    counts = pd.DataFrame({"n": rng.poisson(9, 2000).astype(kind), "y": FRAME["y"]})

    found = SCENARIOS[name].spoil(counts, About(("n",), "y"), 1.0, rng)["n"]

    change = found.astype(float) - counts["n"].astype(float)
    assert found.dtype == ("int64" if (name, kind[-4:]) == ("unit_error", "int8") else kind)
    assert (change != 0).mean() > 0.7  # none below nothing without a sign
    if name == "gaussian_noise" and not kind.startswith("u"):
        assert change.std() == pytest.approx(counts["n"].std(), rel=0.1)


def test_what_the_data_lack_is_said():
    numbers = About(("x",), "y")

    for name, words in (
        ("category_swap", "holds words"),
        ("seasonal_shift", "a time column"),
        ("evolving_behaviour", "slice column"),
        ("duplicated_join", "two features"),
    ):
        with pytest.raises(NotApplicable, match=words):
            SCENARIOS[name].spoil(FRAME, numbers, 0.3, np.random.default_rng(0))
    with pytest.raises(NotApplicable, match="numeric"):
        SCENARIOS["unit_error"].spoil(FRAME, About(("word",), "y"), 0.3, np.random.default_rng(0))


def test_other_shares_of_rows_are_no_lottery():
    """Whatever the seed, as many rows of either kind come as the dose says, and right and wrong ones alike."""
    off = np.abs(np.random.default_rng(9).normal(size=2000))
    about = About(("x",), "y", "at", ("plan",), "yes", off=off)
    before = FRAME.assign(off=off)
    found = [
        SCENARIOS["evolving_behaviour"].spoil(before, about, 0.5, np.random.default_rng(seed)) for seed in range(20)
    ]
    common = (FRAME["plan"] == "a").mean()
    share = common / (common + (1 - common) / 2)
    wanted = share * off[FRAME["plan"] == "a"].mean() + (1 - share) * off[FRAME["plan"] != "a"].mean()

    assert [(one["plan"] == "a").sum() for one in found] == pytest.approx([2000 * share] * 20, abs=1)
    assert np.std([one["off"].mean() for one in found]) < off.std() / np.sqrt(2000) / 10
    assert np.mean([one["off"].mean() for one in found]) == pytest.approx(wanted, abs=1e-3)


def test_more_of_a_target_that_is_a_whole_number_means_more_of_the_large_ones():
    counts = FRAME.assign(y=np.random.default_rng(5).poisson(3, 2000))

    found = SCENARIOS["prevalence_shift"].spoil(counts, About(("x",), "y", numbers=True), 1.5, np.random.default_rng(0))

    large = (counts["y"] > counts["y"].median()).mean()
    assert (found["y"] > counts["y"].median()).mean() == pytest.approx(2.5 * large / (1 + 1.5 * large), abs=0.002)


@pytest.mark.parametrize("numbers", [True, False])
def test_synthetic_rows_of_a_rare_segment_are_as_hard_as_its_own(numbers):
    """Two rows far apart, mixed under the label of one of them, would be harder than any there is."""
    rng = np.random.default_rng(8)
    target = 3 * FRAME["x"] + 0.2 * rng.normal(size=2000)
    labels = target if numbers else np.where(target > 0, "yes", "no")
    frame = FRAME.assign(y=labels, gone=np.nan, at_once=1.0)
    about = About(("x", "word", "gone", "at_once"), "y", None, ("plan",), None if numbers else "yes", numbers=numbers)

    def off(rows):
        said = 3 * rows["x"]
        return (said - rows["y"]).abs() if numbers else (said > 0) != (rows["y"] == "yes")

    found = SCENARIOS["rare_slices"].spoil(frame, about, 0.4, rng)
    own, made = off(frame[frame["plan"] == "c"]).mean(), off(found[2000:]).mean()

    assert made == pytest.approx(own, abs=0.12 if numbers else 0.03)


def test_one_row_of_a_segment_has_no_neighbour_to_be_mixed_with():
    alone = FRAME.assign(plan=np.where(np.arange(2000) == 7, "rare", FRAME["plan"]))

    with pytest.raises(NotApplicable, match="two rows of the rarest segment, plan = rare"):
        SCENARIOS["rare_slices"].spoil(alone, ABOUT, 0.2, np.random.default_rng(0))
