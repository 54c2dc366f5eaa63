"""What happens to data in production, as functions of a dose: the same seed spoils the same rows."""

from baseline_pipeline.scenarios.scenario import About, NotApplicable, Scenario
from baseline_pipeline.scenarios.table import SCENARIOS

__all__ = ["SCENARIOS", "About", "NotApplicable", "Scenario"]
