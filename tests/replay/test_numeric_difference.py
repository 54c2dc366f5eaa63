"""Differences to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baseline_pipeline.replay.numeric_difference import numeric_difference, ulps

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(finite, st.integers(0, 50))
def test_so_many_steps_are_so_many_ulps(value, steps):
    moved = value
    for _ in range(steps):
        moved = np.nextafter(moved, np.inf)
    if np.isfinite(moved):
        assert ulps(np.array([value]), np.array([moved])).tolist() == [steps]
        assert ulps(np.array([moved]), np.array([value])).tolist() == [steps]


@given(finite, finite)
def test_steps_are_symmetric_and_never_negative(one, two):
    there, back = ulps(np.array([one]), np.array([two]))[0], ulps(np.array([two]), np.array([one]))[0]

    assert there == back >= 0
    assert (there == 0) == (one == two)


def test_rows_count_once_however_many_of_their_values_differ():
    before = np.array([[0.5, 0.5], [0.2, 0.8], [0.1, 0.9]])
    after = np.array([[0.5, 0.5], [0.3, 0.7], [0.1, 0.9]])

    found = numeric_difference(before, after)

    assert (found.rows, found.rows_changed) == (3, 1)
    assert found.largest_absolute == pytest.approx(0.1)
    assert found.largest_relative == pytest.approx(1 / 3)
    assert found.words().startswith("1 of 3 rows differ, by up to 0.1")
    assert numeric_difference(np.array(["a", "b"]), np.array(["a", "c"])).rows_changed == 1
    with pytest.raises(ValueError, match="shape"):
        numeric_difference(before, before[:2])
