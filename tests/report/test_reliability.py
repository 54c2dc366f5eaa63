import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from baseline_pipeline.errors import EvidenceUnavailable
from baseline_pipeline.report.reliability import calibration_points, wilson_interval


@pytest.mark.parametrize(("successes", "rows"), [(0, 1), (1, 1), (0, 30), (3, 10), (977, 1000), (5, 5)])
def test_the_interval_agrees_with_statsmodels(successes, rows):
    expected = proportion_confint(successes, rows, method="wilson")

    assert wilson_interval(successes, rows) == pytest.approx(expected, abs=1e-12)


def test_bins_hold_equally_many_rows():
    score = np.random.default_rng(1).random(1500)

    points = calibration_points(score, (score > 0.5).astype(float))

    assert [point.rows for point in points] == [100] * 15


def test_every_row_is_in_one_bin_and_scores_rise():
    random = np.random.default_rng(2)
    score = random.integers(0, 7, 400) / 7

    points = calibration_points(score, random.integers(0, 2, 400))

    assert sum(point.rows for point in points) == 400
    assert [point.score for point in points] == sorted(point.score for point in points)


def test_the_order_of_rows_does_not_matter():
    random = np.random.default_rng(3)
    score, label = random.integers(0, 30, 300) / 30, random.integers(0, 2, 300)
    mixed = random.permutation(300)

    forwards, shuffled = calibration_points(score, label), calibration_points(score[mixed], label[mixed])

    assert [point.model_dump() for point in shuffled] == [
        pytest.approx(point.model_dump(), abs=1e-12) for point in forwards
    ]


@pytest.mark.parametrize(("score", "bins"), [([0.3] * 50, 15), ([0.0, 1.0], 15), ([0.5], 1)])
def test_equal_scores_share_one_bin(score, bins):
    points = calibration_points(np.array(score), np.ones(len(score)), bins)

    assert len(points) == len(set(score))


def test_no_rows_give_no_points():
    assert calibration_points(np.array([]), np.array([])) == ()


@pytest.mark.parametrize(
    ("score", "label", "bins", "said"),
    [
        ([0.1, np.nan], [0, 1], 15, "score nan in row 1"),
        ([0.1, 1.2], [0, 1], 15, "score 1.2 in row 1"),
        ([0.1, 0.2], [0, 2], 15, "label 2.0 in row 1"),
        ([0.1, 0.2], [0], 15, "shape"),
        ([[0.1, 0.9]], [[0, 1]], 15, "shape"),
        ([0.1], [0], 0, "0 bins"),
    ],
)
def test_bad_input_is_refused_with_its_place(score, label, bins, said):
    with pytest.raises(EvidenceUnavailable, match=said):
        calibration_points(np.array(score), np.array(label), bins)
