"""The false discovery rate, against scipy."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from baseline_pipeline.significance.false_discovery import false_discovery


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_it_is_scipys(p_values):
    assert np.allclose(false_discovery(np.array(p_values)), false_discovery_control(p_values), rtol=1e-12, atol=0)
