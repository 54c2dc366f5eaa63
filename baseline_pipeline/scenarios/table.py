"""Every scenario by the name that contracts use."""

from __future__ import annotations

import math

from baseline_pipeline.contract.scenarios import ScenarioName
from baseline_pipeline.scenarios import rows, values
from baseline_pipeline.scenarios.scenario import Scenario

CELLS, ROWS = "share of the cells", "share of the rows"
SCENARIOS: dict[ScenarioName, Scenario] = {
    "gaussian_noise": Scenario(
        values.gaussian_noise, (0.1, 0.3, 1.0), "standard deviations", "a noisier sensor", most=math.inf
    ),
    "missing_values": Scenario(values.missing_values, (0.02, 0.1, 0.3), CELLS, "a feed that loses cells"),
    "category_swap": Scenario(values.category_swap, (0.02, 0.1, 0.3), ROWS, "codes that mean something else now"),
    "unit_error": Scenario(values.unit_error, (0.01, 0.05, 0.2), ROWS, "grams read as kilograms"),
    "duplicated_join": Scenario(values.duplicated_join, (0.02, 0.1, 0.3), ROWS, "a key that is none"),
    "stale_feature": Scenario(
        values.stale_feature, (0.05, 0.2, 0.5), ROWS, "a feature that is no longer computed", tries=12
    ),
    "label_delay": Scenario(rows.label_delay, (0.1, 0.3, 0.6), ROWS, "labels that are not there yet"),
    "momentary_spike": Scenario(values.momentary_spike, (0.02, 0.1, 0.3), ROWS, "one odd hour"),
    "seasonal_shift": Scenario(rows.seasonal_shift, (0.5, 2.0, 8.0), "times as often", "another season", most=math.inf),
    "evolving_behaviour": Scenario(rows.evolving_behaviour, (0.2, 0.5, 0.9), "share lost", "one segment grows"),
    "prevalence_shift": Scenario(
        rows.prevalence_shift, (0.2, 0.5, 1.5), "of its share", "more of what is looked for", most=math.inf
    ),
    "sampling_bias": Scenario(rows.sampling_bias, (0.2, 0.5, 0.9), "share lost", "rows that no longer arrive"),
    "rare_slices": Scenario(rows.rare_slices, (0.1, 0.2, 0.4), ROWS, "a rare segment becomes common", most=0.99),
    "text_typos": Scenario(values.text_typos, (0.05, 0.2, 0.6), CELLS, "words typed in a hurry"),
}
