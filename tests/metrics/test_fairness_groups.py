"""Gaps between groups of any column."""

import numpy as np
import pytest

from baseline_pipeline.metrics import METRICS
from baseline_pipeline.metrics.outcomes import Outcomes


def parity_gap(values, called):
    outcomes = Outcomes(np.zeros(len(called), int), called, columns={"of": values})
    return METRICS["demographic_parity_gap"].configured({"column": "of"}).measure(outcomes).value


def test_a_number_of_many_values_is_cut_into_quarters_and_a_missing_one_is_a_group():
    age = np.random.default_rng(1).permutation(np.repeat(np.arange(20.0, 80.0), 10))
    called = (age >= 65).astype(int)
    missing = np.concatenate([age, np.full(40, np.nan)])

    assert parity_gap(age, called) == pytest.approx(1.0)
    assert parity_gap(missing, np.concatenate([called, np.ones(40, int)])) == pytest.approx(1.0)


def test_a_number_of_few_values_is_what_it_says():
    rooms = np.repeat([1.0, 2.0, 3.0], 50)

    assert parity_gap(rooms, (np.arange(150) % 50 < 10 * rooms).astype(int)) == pytest.approx(0.4)
