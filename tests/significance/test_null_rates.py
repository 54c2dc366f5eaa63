"""The nulls that are counted are compared at all, and as what they are meant to be."""

import numpy as np
import pytest

from benchmarks.null_rates import count, kinds_of

KINDS = kinds_of(rows=600, days=60)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_null_is_compared(name):
    pairing, draw = KINDS[name]
    found = count(2, pairing, draw, np.random.default_rng(1))

    assert found["runs"] == 2
    assert found["degraded"] <= found["alarmed"] <= 2


def test_other_rows_are_others_and_as_many_as_asked_for():
    pairing, draw = KINDS["other rows, 2 %"]
    before, after = draw(np.random.default_rng(1))

    assert pairing == "unpaired"
    assert (len(before.row_id), len(after.row_id)) == (3000, 600)
    assert not set(before.row_id.to_pylist()) & set(after.row_id.to_pylist())
    assert before.outcomes.label.mean() == pytest.approx(0.02, abs=0.01)
