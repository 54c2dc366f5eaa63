"""whylogs: two profiles and their drift scores; no performance."""

import whylogs as why
from measured import CATEGORIES, NUMBERS, Parts, frames
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores

parts = Parts()
baseline, current = (one[NUMBERS + CATEGORIES] for one in frames(parts))
before = parts.time("profile_baseline", lambda: why.log(baseline).profile().view())
after = parts.time("profile_current", lambda: why.log(current).profile().view())
parts.time("drift", lambda: calculate_drift_scores(target_view=after, reference_view=before, with_thresholds=True))
parts.tell("drift of 25 columns from sketches")
