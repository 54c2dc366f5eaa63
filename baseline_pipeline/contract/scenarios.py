"""Names of the scenarios that a contract may list."""

from __future__ import annotations

from typing import Literal

ScenarioName = Literal[
    "gaussian_noise",
    "missing_values",
    "category_swap",
    "unit_error",
    "duplicated_join",
    "stale_feature",
    "label_delay",
    "momentary_spike",
    "seasonal_shift",
    "evolving_behaviour",
    "prevalence_shift",
    "sampling_bias",
    "rare_slices",
    "text_typos",
]
